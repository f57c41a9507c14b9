#!/usr/bin/env python3
"""Compiles each header as the only thing a file includes, with our warnings as errors.

usage: headers_alone.py COMPILER EIGEN_DIRECTORY FLAGS...
"""

import pathlib
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror".split()


def main():
    compiler, eigen = sys.argv[1:3]
    flags = [flag for argument in sys.argv[3:] for flag in argument.split()]
    failed = 0
    for header in sorted(INCLUDE.rglob("*.hpp")):
        name = header.relative_to(INCLUDE).as_posix()
        command = [compiler, *flags, *WARNINGS, "-fsyntax-only", "-I", str(INCLUDE), "-isystem", eigen, "-x", "c++", "-"]
        # Twice: a second inclusion must be as if it were not there.
        result = subprocess.run(command, input=f'#include "{name}"\n#include "{name}"\nint main() {{}}\n', text=True)
        print("ok    " if result.returncode == 0 else "FAILED", name, flush=True)
        failed += result.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
