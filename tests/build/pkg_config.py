#!/usr/bin/env python3
"""A consumer without a build system: one compiler call with pkg-config's flags.

usage: pkg_config.py COMPILER PREFIX MODEL
"""

import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parent / "consumer" / "header_only.cpp"


def main():
    compiler, prefix, model = sys.argv[1:]
    environment = dict(os.environ, PKG_CONFIG_PATH=f"{prefix}/share/pkgconfig")
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "fewfit >= 0.1"], env=environment, check=True,
                           capture_output=True, text=True).stdout
    print(flags.strip())
    with tempfile.TemporaryDirectory() as directory:
        program = f"{directory}/program"
        subprocess.run([compiler, "-std=c++17", str(SOURCE), "-o", program, *shlex.split(flags)], check=True)
        subprocess.run([program, model], check=True)


if __name__ == "__main__":
    main()
