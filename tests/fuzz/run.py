#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fuzzes a target under AddressSanitizer and UndefinedBehaviorSanitizer with clang's libFuzzer.

    python3 tests/fuzz/run.py model_file --seconds 300
    python3 tests/fuzz/run.py texts --runs 20000000 --jobs 2

Begins with tests/fuzz/corpus/TARGET, keeps what it learns in build/fuzz/TARGET, and ends with how many inputs it has
tried. Whatever it finds is left in build/fuzz/TARGET.found, and the exit status is 1. An input may take ten seconds
(slow ones are named from one second on), and the whole 2 GB of memory.
"""

import argparse
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import time

from concurrent.futures import ThreadPoolExecutor

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LONGEST = {"model_file": 1 << 16, "texts": 4096}
# What is not asked there takes clang longer than all the rest.
DEFINES = {"model_file": "-DFEWFIT_X86_DOT_KERNELS=0", "texts": "-DFEWFIT_X86_KERNELS=0"}
FLAGS = ["-std=c++17", "-O1", "-g1", "-fno-omit-frame-pointer", "-fno-sanitize-recover=all",
         "-fsanitize=fuzzer,address,undefined,float-cast-overflow", "-fno-sanitize-coverage=trace-cmp",
         f"-fsanitize-ignorelist={HERE}/ignored.txt", f"-fsanitize-coverage-ignorelist={HERE}/ignored.txt",
         "-D_GLIBCXX_ASSERTIONS"]
if platform.machine() in ("x86_64", "AMD64"):
    FLAGS.append("-march=x86-64-v3")
# Freed memory is kept apart up to 16 MB, which is longer than any file lives; entropic choice costs a tenth.
ENVIRONMENT = dict(os.environ, ASAN_OPTIONS="malloc_context_size=4:quarantine_size_mb=16")


def build(target, program, compiler, eigen):
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([compiler, *FLAGS, DEFINES[target], f'-DFEWFIT_SOURCE_DIR="{ROOT}"', "-I", ROOT / "include",
                    "-I", ROOT / "tests", "-isystem", eigen, HERE / f"{target}.cpp", "-o", program, "-lutf8proc"],
                   check=True)


def fuzz(program, target, corpus, found, job, arguments):
    """What one fuzzer did: executions, memory, whether it ended well, and what it said where it did not."""
    limit = f"-runs={arguments.runs // arguments.jobs}"
    if arguments.seconds:
        limit = f"-max_total_time={arguments.seconds}"
    done = subprocess.run([program, corpus, HERE / "corpus" / target, limit, f"-seed={arguments.seed + job}",
                           f"-max_len={arguments.longest or LONGEST[target]}", "-timeout=10", "-report_slow_units=1",
                           "-rss_limit_mb=2048", "-print_final_stats=1", "-len_control=0", "-reload=600",
                           "-entropic=0", f"-artifact_prefix={found}/"],
                          stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, errors="replace",
                          env=ENVIRONMENT, check=False)
    stats = dict(re.findall(r"stat::(\w+):\s+(\d+)", done.stderr))
    slow = re.findall(r"Slowest unit: .*", done.stderr)
    said = done.stderr[-4000:] if done.returncode != 0 else "\n".join(slow)
    return (int(stats.get("number_of_executed_units", 0)), int(stats.get("peak_rss_mb", 0)), done.returncode == 0,
            said)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("target", choices=LONGEST)
    parser.add_argument("--seconds", type=int, default=0)
    parser.add_argument("--runs", type=int, default=1000000, help="where no time is given; of all jobs together")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--compiler", default="clang++")
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    parser.add_argument("--longest", type=int, help="bytes of an input")
    parser.add_argument("--folder", type=pathlib.Path, default=ROOT / "build" / "fuzz")
    arguments = parser.parse_args()
    program, corpus = arguments.folder / f"fuzz_{arguments.target}", arguments.folder / arguments.target
    found = arguments.folder / f"{arguments.target}.found"
    shutil.rmtree(found, ignore_errors=True)
    for folder in (corpus, found, HERE / "corpus" / arguments.target):
        folder.mkdir(parents=True, exist_ok=True)
    build(arguments.target, program, arguments.compiler, arguments.eigen)
    start = time.monotonic()
    with ThreadPoolExecutor(arguments.jobs) as jobs:
        results = list(jobs.map(lambda job: fuzz(program, arguments.target, corpus, found, job, arguments),
                                range(arguments.jobs)))
    executions, memory, ended_well, said = zip(*results)
    print(*filter(None, said), sep="\n", end="")
    # A slow one is none: whatever else the machine does makes inputs slow.
    count = sum(not path.name.startswith("slow-unit") for path in found.iterdir())
    print(f"{arguments.target}: {sum(executions):,} executions in {time.monotonic() - start:.0f} s, peak "
          f"{max(memory)} MB, {count} found")
    return 0 if all(ended_well) and all(executions) and count == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
