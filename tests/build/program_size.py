#!/usr/bin/env python3
"""A small program stays small: examples/hello, -O2 for plain x86-64 or arm64, stripped, with utf8proc in it.

usage: program_size.py COMPILER EIGEN_DIRECTORY
"""

import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
MOST = 624 * 1024  # bytes


def main():
    compiler, eigen = sys.argv[1:3]
    asked = [compiler, "-print-file-name=libutf8proc.a"]
    archive = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    if not os.path.isabs(archive):
        print("there is no libutf8proc.a to measure with")
        return 77  # skipped
    with tempfile.TemporaryDirectory() as directory:
        program = pathlib.Path(directory) / "hello"
        subprocess.run([compiler, "-std=c++17", "-O2", "-s", f"-I{ROOT / 'include'}", "-isystem", eigen,
                        ROOT / "examples/hello.cpp", "-o", program, archive], check=True)
        size = program.stat().st_size
    print(f"{size} bytes, of which utf8proc has {os.path.getsize(archive)}; {MOST} are allowed")
    return 0 if size <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
