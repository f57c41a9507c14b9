#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs a leg of the check and says at its end how many tests ran and which did not.

usage: skipped.py preset BUILD_DIRECTORY PRESET           ctest --preset, in the sources' folder
       skipped.py cases [COMMAND...] -- PROGRAM [LIST]     a program of doctest's, under another one if need be, but for
                                                           the cases whose names are lines of a file

Of a preset those are skipped that the preset leaves out of the programs' tests, and whatever unittest skipped in
them.
"""

import pathlib
import re
import subprocess
import sys


def output(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


def tests(*command, **options):
    return re.findall(r"^ *Test +#\d+: (\S+)", output(*command, "-N", **options), re.M)


def run_preset(build, preset):
    status = subprocess.run(["ctest", "--preset", preset], check=False).returncode
    # At once: ctest -N below empties the file.
    log = pathlib.Path(build, "Testing", "Temporary", "LastTest.log").read_text(encoding="utf-8", errors="replace")
    ran = tests("ctest", "--preset", preset)
    left_out = [name for name in tests("ctest", "-L", "program", cwd=build) if name not in ran]
    # A method's name, its description in the next line if it has one, and what became of it.
    methods = re.findall(r"^(test_\w+) \([^\n]*(?:\n(?!test_)[^\n]*)?? \.\.\. skipped", log, re.M)
    return status, len(ran), left_out + methods


def cases(program, *filters):
    lines = output(program, "--list-test-cases", *filters).splitlines()
    return [line for line in lines if not line.startswith(("[doctest]", "===="))]


def run_cases(*arguments):
    under, (program, *lists) = arguments[:arguments.index("--")], arguments[arguments.index("--") + 1:]
    unwanted = [line for name in lists for line in pathlib.Path(name).read_text(encoding="utf-8").splitlines()
                if line and not line.startswith("#")]
    everything = cases(program, "--no-skip=true")
    if unknown := set(unwanted) - set(everything):
        sys.exit(f"{lists[0]}: no such cases: {'; '.join(unknown)}")
    # To doctest a comma ends a name, and a backslash is no letter.
    filters = ["--test-case-exclude=" + ",".join(re.sub(r"[,*\\]", "?", name) for name in unwanted)] * bool(unwanted)
    status = subprocess.run([*under, program, *filters], check=False).returncode
    ran = cases(program, *filters)
    return status, len(ran), [name for name in everything if name not in ran]


def main():
    run = {"preset": run_preset, "cases": run_cases}[sys.argv[1]]
    status, ran, skipped = run(*sys.argv[2:])
    print(f"{ran} tests run, {len(skipped)} skipped: {'; '.join(skipped)}", flush=True)
    return status if ran else 1  # doctest calls it a success that no test ran


if __name__ == "__main__":
    sys.exit(main())
