#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Deletes and inverts every check of a file, one at a time: a test must fail each time.

    build/venv/bin/python tests/mutants/mutants.py                    all of them, in 20 minutes
    build/venv/bin/python tests/mutants/mutants.py --list             what it finds
    build/venv/bin/python tests/mutants/mutants.py --only io/blob     those of one header

The models are those of the release build, tqdm is in the environment of ./check.

It finds the checks itself, in the headers that read what strangers wrote (sites.py): each `if` and each `?:` that
decides about an error, inverted and with each part of an `||` left out; each bound of a number that is read; flags,
shares and reserved bytes; each part of an answer that is all check. All mutants are compiled into one program: a
check becomes a question whether it is its turn to be wrong, and the environment says whose turn it is. So there is
one long compilation, and a mutant costs as much as the tests need to notice it. Survivors are listed, and the exit
status is 1 if there are any.
"""

import argparse
import itertools
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

from concurrent.futures import ThreadPoolExecutor

from tqdm import tqdm

import sites

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TESTS = ("io/blob", "io/sections", "io/mapped_file", "io/crc32c", "result", "bodies", "heads", "teach_errors",
         "model", "config", "text/trie", "text/short_words", "text/added_tokens", "text/unicode", "text/wordpiece",
         "text/basic_tokenizer", "text/tokenizer", "memory", "answers", "teach_more", "teach", "evidence",
         "hostile_files", "overflow")
PROGRAMS = {"suite": TESTS, "system": ("system_calls",)}  # the second names the system's calls anew
DEAR = 0.1  # seconds of a test case: it is asked after all that take less
FLAGS = ["-std=c++17", "-O1", "-march=x86-64-v3", "-w"]


def transform(folder):
    """Copies the headers, every check a question. Returns the mutants, in order, each with its header."""
    include = folder / "include"
    shutil.copytree(ROOT / "include", include)
    mutants = []
    for header in sites.HEADERS:
        path = include / "fewfit" / f"{header}.hpp"
        text = path.read_text(encoding="utf-8")
        found = sites.find(text)
        if not found:
            raise SystemExit(f"{header}.hpp has no checks, or none that sites.py knows as such")
        for site in reversed(found):
            numbers = range(len(mutants), len(mutants) + len(site.mutants))
            mutants += [(header, mutant) for mutant in site.mutants]
            text = f"{text[:site.begin]}{site.replacement.format(*numbers)}{text[site.end:]}"
        text = text.replace("#pragma once\n", '#pragma once\n#include "fewfit/mutant.hpp"\n', 1)
        path.write_text(text, encoding="utf-8")
    shutil.copy(HERE / "mutant.hpp", include / "fewfit" / "mutant.hpp")
    return mutants


def compile_tests(folder, eigen, model, breadth):
    """The programs. One object a file, as many at once as there are processors."""
    defines = [f'-DFEWFIT_SOURCE_DIR="{ROOT}"', f'-DFEWFIT_MODEL="{model}"', f'-DFEWFIT_BREADTH="{breadth}"']
    sources = ["main.cpp", *(f"{test}.cpp" for tests in PROGRAMS.values() for test in tests)]

    def one(source):
        made = folder / (source.replace("/", "_") + ".o")
        subprocess.run(["g++", *FLAGS, *defines, "-I", folder / "include", "-I", ROOT / "tests", "-isystem", eigen,
                        "-c", ROOT / "tests" / source, "-o", made], check=True)
        return made

    with ThreadPoolExecutor(os.cpu_count()) as jobs:
        objects = dict(zip(sources, jobs.map(one, sources)))
    for name, tests in PROGRAMS.items():
        parts = [objects["main.cpp"], *(objects[f"{test}.cpp"] for test in tests)]
        subprocess.run(["g++", *parts, "-o", folder / name, "-lutf8proc", "-lpthread"], check=True)
    return [folder / name for name in PROGRAMS]


def run(program, *arguments, number=-1, seconds=600):
    """What the tests print, and whether they pass. An endless loop is a failure, too."""
    try:
        done = subprocess.run([program, *arguments, "--test-suite-exclude=*exhaustive*"], capture_output=True,
                              env={**os.environ, "FEWFIT_MUTANT": str(number)}, timeout=seconds, text=True,
                              errors="replace", check=False)
    except subprocess.TimeoutExpired:
        return "", False
    return done.stdout, done.returncode == 0


def groups(program):
    """Filters for the tests, cheap ones together and first, dear ones each alone; and how long each group took."""
    printed, all_pass = run(program, "--duration=true")
    if not all_pass:
        raise SystemExit(f"the tests fail without any mutant:\n{printed}")
    cases = [(float(seconds), re.sub(r"[,*\\]", "?", name).strip())
             for seconds, name in re.findall(r"^([\d.]+) s: (.*)$", printed, re.MULTILINE)]
    dear = sorted(case for case in cases if case[0] >= DEAR)
    cheap = sum(seconds for seconds, _ in cases if seconds < DEAR)
    return [(cheap, program, "--test-case-exclude=" + ",".join(name for _, name in dear)),
            *((seconds, program, f"--test-case={name}") for seconds, name in dear)]


def passes(number, in_order, noticed):
    """Whether all tests pass while a mutant is at work. Who noticed the last ones is asked first about the next."""
    for group in sorted(in_order, key=lambda group: -noticed.get(group, -1)):
        seconds, program, chosen = group
        if not run(program, chosen, "--abort-after=1", number=number, seconds=20 + 10 * seconds)[1]:
            noticed[group] = number
            return False
    return True


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--only", default="")
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    parser.add_argument("--model", default=ROOT / "build/release/interviews.fewfit")
    parser.add_argument("--breadth", default=ROOT / "build/release/breadth")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        mutants = transform(folder)
        chosen = [n for n, (header, *_) in enumerate(mutants) if header.startswith(arguments.only)]
        if arguments.list:
            for number in chosen:
                header, mutant = mutants[number]
                print(f"{header}.hpp:{mutant.line}: {mutant.how}: {mutant.what}")
            return 0
        start = time.monotonic()
        programs = compile_tests(folder, arguments.eigen, arguments.model, arguments.breadth)
        # The cheapest of each program, then the others by their time.
        in_order = sorted(itertools.chain.from_iterable(map(groups, programs)), key=lambda group: group[0])
        print(f"compiled in {time.monotonic() - start:.0f} s; {len(chosen)} mutants", flush=True)
        survivors, noticed = [], {}
        with ThreadPoolExecutor(arguments.jobs) as jobs:
            asked = jobs.map(lambda n: passes(n, in_order, noticed), chosen)
            for number, alive in zip(chosen, tqdm(asked, total=len(chosen), unit="mutant", disable=None)):
                header, mutant = mutants[number]
                if alive:
                    survivors.append(number)
                    tqdm.write(f"SURVIVES {header}.hpp:{mutant.line}: {mutant.how}: {mutant.what}")
    checks = len({(header, mutant.line) for header, mutant in (mutants[number] for number in chosen)})
    print(f"checks in {checks} lines, {len(chosen)} mutants, {len(survivors)} survive, "
          f"{time.monotonic() - start:.0f} s")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
