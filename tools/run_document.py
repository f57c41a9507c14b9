#!/usr/bin/env python3
"""Runs the commands of a document, so that what it says is what works.

usage: run_document.py DOCUMENT [DIRECTORY]

Each ```sh block is run by `sh -eu` in DIRECTORY (a temporary one without it); each other block that begins with a
comment that is a file name becomes that file. $FEWFIT is this repository.
"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(text, directory):
    environment = {"STEPS": "", **os.environ, "FEWFIT": str(ROOT)}
    for language, block in re.findall(r"^```(\w+)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        name = re.match(r"# (\S+\.\w+)\n", block)
        if language == "sh":
            print(re.sub("^", "$ ", block.strip(), flags=re.MULTILINE), flush=True)
            subprocess.run(["sh", "-eu", "-c", block], cwd=directory, env=environment, check=True)
        elif name:
            pathlib.Path(directory, name[1]).write_text(block, encoding="utf-8")


def main():
    text = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    if len(sys.argv) > 2:
        return run(text, sys.argv[2])
    with tempfile.TemporaryDirectory() as directory:
        run(text, directory)


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(f"run_document: a command failed with status {error.returncode}")
