#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the tests run of the code that reads files and texts: every line, and at least 95 % of the branches.

usage: coverage.py FOLDER MODEL [EIGEN_DIRECTORY]    needs g++ and its gcov

Compiles the tests of io/ and text/ and those that load damaged files with g++ --coverage -O0 in FOLDER, runs all
but what is exhaustive, and prints both figures of each header and folder. An inline function that nobody calls is
in no test's code; so that it counts as not run, one source more includes the headers and keeps all of them. No
header has a mark that hides a line. A line was run and a branch taken if that is so of any instance. Two things are
left out: branches that only an exception would take; and, where instances of a line differ in how many branches they
have, all but those with the best share, so that a branch which only the others have and no test takes is not seen.
"""

import json
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("io", "text")
SOURCES = ("main", "result", "model", "bodies", "heads", "config", "overflow", "teach", "teach_errors", "teach_more",
           "text_windows", "wide_text", "io/*", "text/*")
LEAST = {"line": 100.0, "branch": 95.0}
# What goes through each byte runs no other code than the rest, and takes minutes without optimisation.
LEFT_OUT = ["--test-suite-exclude=*exhaustive*", "--test-case-exclude=every single-byte change*"]
# Without fused multiply-adds the portable kernels give other bits, which some tests ask for.
FLAGS = ["-std=c++17", "-O0", "--coverage", "-w", "-march=x86-64-v3"]


def headers():
    return [path for folder in FOLDERS for path in sorted((ROOT / "include/fewfit" / folder).glob("*.hpp"))]


def units(folder):
    """The sources to compile, two of them made here: what is one program anyway compiles faster in few pieces."""
    tests = [path for name in SOURCES for path in sorted((ROOT / "tests").glob(name + ".cpp"))]
    groups = {"main": tests[:1], "system_calls": [ROOT / "tests/system_calls.cpp"],
              "all_else": [t for t in tests[1:] if t.parent.name != "text"],
              "text": [t for t in tests if t.parent.name == "text"], "unused": headers()}
    for name, included in groups.items():
        path = folder / f"{name}.cpp"
        path.write_text("".join(f'#include "{file}"\n' for file in included))
        yield path


def build(folder, model, eigen):
    """Two programs: the suite, and the one whose file asks a system that fails."""
    objects = []
    for source in units(folder):
        keep = ["-fkeep-inline-functions"] if source.stem == "unused" else []
        objects.append(source.with_suffix(".o"))
        subprocess.run(["g++", *FLAGS, *keep, f"-I{ROOT / 'include'}", f"-I{ROOT / 'tests'}", "-isystem", eigen,
                        f'-DFEWFIT_SOURCE_DIR="{ROOT}"', f'-DFEWFIT_MODEL="{model}"', "-c", source, "-o",
                        objects[-1]], check=True, cwd=folder)
    programs = {"tests": [o for o in objects if o.stem != "system_calls"],
                "failing": [o for o in objects if o.stem in ("main", "system_calls")]}
    for name, linked in programs.items():
        subprocess.run(["g++", "--coverage", *linked, "-o", folder / name, "-lutf8proc", "-lpthread"], check=True)
    return [folder / name for name in programs]


def instances(folder):
    """gcov's lines of the headers as {(file, line): [(count, [times that each branch was taken])]}.

    A template's line has an entry for each instance. gcovr has no count for lambdas in templates of which several
    sources have instances (8.8: 13 million times run, shown as never run), so the figures are made here.
    """
    found = {}
    for data in sorted(folder.glob("*.gcda")):
        run = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout", data], check=True,
                             cwd=folder, capture_output=True, text=True)
        for file in (f for text in run.stdout.splitlines() if text for f in json.loads(text)["files"]):
            path = pathlib.Path(file["file"])
            if path.parent.name in FOLDERS and path.parent.parent == ROOT / "include/fewfit":
                for line in file["lines"]:
                    taken = [b["count"] for b in line["branches"] if not b["throw"]]
                    key = (path.relative_to(ROOT).as_posix(), line["line_number"])
                    found.setdefault(key, []).append((line["count"], taken))
    return found


def best_branches(entries):
    """Taken and all branches of a line: instances of one shape together, the best shape alone, the others dropped."""
    shapes = {}
    for _, taken in entries:
        so_far = shapes.setdefault(len(taken), [0] * len(taken))
        shapes[len(taken)] = [a + b for a, b in zip(so_far, taken)]
    return max(((sum(map(bool, s)), len(s)) for s in shapes.values()), key=lambda f: (f[0] - f[1], f[1]))


def report(folder):
    """{file: {metric: [covered, of]}}; prints what nothing ran."""
    files = {}
    for (file, number), entries in sorted(instances(folder).items()):
        done, of = best_branches(entries)
        was_run = any(count for count, _ in entries)
        if not was_run or done != of:
            print(f"{file}:{number}: " + (f"{of - done} of {of} branches not taken" if was_run else "not run"))
        figures = files.setdefault(file, {metric: [0, 0] for metric in LEAST})
        for metric, (some, all_of) in {"line": (int(was_run), 1), "branch": (done, of)}.items():
            figures[metric][0] += some
            figures[metric][1] += all_of
    return files


def main():
    folder, model = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    eigen = sys.argv[3] if len(sys.argv) > 3 else "/usr/include/eigen3"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.rglob("*.gcda"):
        old.unlink()
    began = time.monotonic()
    programs = build(folder, model, eigen)
    built = time.monotonic()
    for program in programs:
        subprocess.run([program, *LEFT_OUT, "--minimal"], check=True)
    print(f"compiled in {built - began:.0f} s, run in {time.monotonic() - built:.0f} s")
    files = report(folder)
    fine = True
    for name in (*files, *(f"include/fewfit/{f}/" for f in FOLDERS)):
        parts = [figures for file, figures in files.items() if file.startswith(name)]
        figures = {metric: [sum(p[metric][i] for p in parts) for i in (0, 1)] for metric in LEAST}
        percent = {metric: 100 * done / max(of, 1) for metric, (done, of) in figures.items()}
        print(f"{name:50} " + ", ".join(f"{m} {percent[m]:6.2f} % of {figures[m][1]}" for m in LEAST))
        if name.endswith("/"):
            fine = fine and all(percent[metric] >= LEAST[metric] for metric in LEAST)
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
