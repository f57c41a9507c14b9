#!/usr/bin/env python3
"""Converts every model folder in a folder, in one process: NAME becomes OUT/NAME.fewfit.

usage: convert_all.py FOLDER OUT
"""

import contextlib
import io
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

from fewfit_convert import cli  # noqa: E402  (needs the line above)


def main():
    source, out = map(pathlib.Path, sys.argv[1:])
    folders = sorted(path.parent for path in source.glob("*/config.json"))
    if not folders:
        sys.exit(f"no model folder in {source}")
    out.mkdir(parents=True, exist_ok=True)
    for folder in folders:
        said = io.StringIO()
        with contextlib.redirect_stderr(said):
            status = cli.main([str(folder), "-o", str(out / f"{folder.name}.fewfit")])
        if status != 0:
            sys.exit(f"{folder.name}:\n{said.getvalue()}")
    print(f"{len(folders)} models converted")


if __name__ == "__main__":
    main()
