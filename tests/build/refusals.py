#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the headers refuse to be compiled with, each with a sentence; and what is refused only until it is allowed.

usage: refusals.py COMPILER EIGEN_DIRECTORY
"""

import pathlib
import subprocess
import sys

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"
BIG_ENDIAN = ["-Wno-builtin-macro-redefined", "-U__BYTE_ORDER__", "-D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__"]
REFUSED = {
    "a big-endian machine": (BIG_ENDIAN, "little-endian: this machine is not"),
    "-ffast-math": (["-ffast-math"], "-ffast-math breaks that"),
    "-Ofast": (["-Ofast"], "-ffast-math breaks that"),
    "C++14": (["-std=c++14"], "fewfit needs C++17"),
}
ALLOWED = {
    "C++17": [],
    "-ffast-math that is allowed": ["-ffast-math", "-DFEWFIT_ALLOW_FAST_MATH"],
}


def preprocess(flags, header):
    command = [sys.argv[1], "-std=c++17", *flags, "-E", "-I", str(INCLUDE), "-isystem", sys.argv[2], "-x", "c++", "-"]
    done = subprocess.run(command, input=f'#include "fewfit/{header}"\n', text=True, capture_output=True, check=False)
    return done.returncode, done.stderr


def main():
    failed = 0
    for header in ("fewfit.hpp", "api.hpp"):
        for what, (flags, sentence) in REFUSED.items():
            status, said = preprocess(flags, header)
            good = status != 0 and sentence in said
            print("refused" if good else "FAILED ", f"{header}: {what}", "" if good else said[-1000:], flush=True)
            failed += not good
        for what, flags in ALLOWED.items():
            status, said = preprocess(flags, header)
            print("allowed" if status == 0 else "FAILED ", f"{header}: {what}", said[-1000:], flush=True)
            failed += status != 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
