#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds the ids to the original's whatever surrounds the tokenizer: compiler, locale, utf8proc.

    python3 tests/build/surroundings.py g++ clang++ [--utf8proc utf8proc-2.11.3 ...]

Every Unicode scalar value is tokenised in three contexts under each compiler, with the system's utf8proc and with one
that is wrong about whatever Unicode 9 did not know, in the C locale and in a Turkish one, where "I" has another lower
case. With --utf8proc, folders of utf8proc's sources, those versions are linked, too.
"""
import argparse
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DIGESTS = [
    "e091c6be5726b46c80498aaa709ab862849358cfa552ac33020c57eb99ed640d",
    "6ef776c5a48734a36a8a805835e8248a53b063719faae667cda69980abf6a842",
    "50e3f6ef792f2716793f13313a5c677e0c94330d00643b774c510e5080da8db5",
]


def build(compiler, folder, name, *more):
    program = str(folder / name)
    source = str(ROOT / "tests" / "build" / "surroundings.cpp")
    subprocess.run([compiler, "-std=c++17", "-O2", f"-I{ROOT / 'include'}", f'-DFEWFIT_SOURCE_DIR="{ROOT}"', source,
                    "-o", program, *more], check=True)
    return program


def is_right(label, program, environment):
    done = subprocess.run([program], env={**os.environ, **environment}, capture_output=True, text=True)
    about, *digests = done.stdout.splitlines() or [done.stderr.strip()]
    right = done.returncode == 0 and digests == 2 * DIGESTS
    print(f"{'right' if right else 'WRONG'}  {label}: {about}", flush=True)
    return right


def own_locale(folder, name):
    """The environment of a locale, made here: not every machine has it. None where it can't be made."""
    made = subprocess.run(["localedef", "-i", name, "-f", "UTF-8", folder / f"{name}.UTF-8"], capture_output=True)
    return {"LOCPATH": str(folder), "LC_ALL": f"{name}.UTF-8"} if made.returncode == 0 else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("compilers", nargs="+")
    parser.add_argument("--utf8proc", nargs="+", default=[], help="folders of utf8proc's sources")
    arguments = parser.parse_args()
    right = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        turkish = own_locale(folder, "tr_TR")
        if turkish is None:
            sys.exit("no Turkish locale can be made here: localedef and Debian's package locales are needed")
        for compiler in arguments.compilers:
            program = build(compiler, folder, "system", "-lutf8proc")
            right &= is_right(f"{compiler}, C", program, {"LC_ALL": "C"})
            right &= is_right(f"{compiler}, tr_TR", program, turkish)
            program = build(compiler, folder, "wrong", "-DWRONG_UTF8PROC", "-lutf8proc")
            right &= is_right(f"{compiler}, wrong utf8proc", program, {"LC_ALL": "C"})
            for source in arguments.utf8proc:
                code = str(folder / "utf8proc.o")
                subprocess.run(["cc", "-O2", "-c", os.path.join(source, "utf8proc.c"), "-o", code], check=True)
                program = build(compiler, folder, "other", f"-I{source}", code)
                right &= is_right(f"{compiler}, {os.path.basename(source)}", program, {"LC_ALL": "C"})
    sys.exit(0 if right else 1)


if __name__ == "__main__":
    main()
