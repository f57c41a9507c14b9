#!/usr/bin/env python3
"""Compiles each header as the only thing a file includes, with our warnings as errors.

usage: headers_alone.py COMPILER EIGEN_DIRECTORY [--outermost] FLAGS...

With --outermost those headers that no other includes: they bring all others along, for another compiler's warnings.
What a header lacks one compiler finds as well as another that has the same standard library.
"""

import pathlib
import re
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
WARNINGS = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror".split()


def outermost(headers):
    included = {name for h in headers for name in re.findall(r'#include "(fewfit/.*)"', h.read_text(encoding="utf-8"))}
    return [h for h in headers if h.relative_to(INCLUDE).as_posix() not in included]


def main():
    compiler, eigen = sys.argv[1:3]
    flags = [flag for argument in sys.argv[3:] for flag in argument.split() if flag != "--outermost"]
    headers = sorted(INCLUDE.rglob("*.hpp"))
    failed = 0
    for header in outermost(headers) if "--outermost" in sys.argv else headers:
        name = header.relative_to(INCLUDE).as_posix()
        command = [compiler, *flags, *WARNINGS, "-fsyntax-only", "-I", str(INCLUDE), "-isystem", eigen, "-x", "c++", "-"]
        # Twice: a second inclusion must be as if it were not there.
        result = subprocess.run(command, input=f'#include "{name}"\n#include "{name}"\nint main() {{}}\n', text=True)
        print("ok    " if result.returncode == 0 else "FAILED", name, flush=True)
        failed += result.returncode != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
