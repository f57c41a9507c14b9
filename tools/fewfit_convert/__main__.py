# SPDX-License-Identifier: MIT
"""Runs the converter, both as ``python3 -m fewfit_convert`` and as ``python3 tools/fewfit_convert``."""

import os
import sys

if not __package__:
    # Started as a folder: Python put the folder itself first on the path, and the package is found from above it.
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

try:
    from fewfit_convert.cli import main  # noqa: E402  (needs the line above)
except ModuleNotFoundError as missing:
    if missing.name not in ("numpy", "safetensors"):
        raise
    sys.exit(f"fewfit-convert: {sys.executable} has no {missing.name}: pip install numpy safetensors, "
             "or use build/venv/bin/python, which ./quickstart makes")

if __name__ == "__main__":
    sys.exit(main())
