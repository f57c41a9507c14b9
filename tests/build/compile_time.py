#!/usr/bin/env python3
"""What the two ways to include fewfit cost a compiler; holds that the light one is light.

usage: compile_time.py COMPILER EIGEN_DIRECTORY
"""

import os
import pathlib
import resource
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "include"

UNITS = [
    ("header_only.cpp", "fewfit.hpp, everything inline: every file that uses it"),
    ("light_main.cpp", "api.hpp: every file that uses it"),
    ("light_implementation.cpp", "fewfit.hpp with FEWFIT_IMPLEMENTATION: once a program"),
]


def seconds(compiler, eigen, unit):
    """Processor time, so that other work on the machine does not count as much."""
    command = [compiler, "-std=c++17", "-O2", "-c", "-o", os.devnull, "-I", str(INCLUDE), "-isystem", eigen]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([*command, str(HERE / "consumer" / unit)], check=True)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def main():
    compiler, eigen = sys.argv[1:3]
    measured = {unit: seconds(compiler, eigen, unit) for unit, _ in UNITS}
    for unit, what in UNITS:
        print(f"{measured[unit]:6.2f} s  {what}")
    if measured["light_main.cpp"] > 0.5 * measured["header_only.cpp"]:
        print("api.hpp is not light: it costs more than half of the whole library")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
