#!/usr/bin/env python3
"""What fewfit_embed_model does in CMake, for other build systems: NAME_model.cpp and NAME_model.hpp of a model file.

usage: embed_model.py NAME FILE.fewfit OUTPUT.cpp OUTPUT.hpp

With Meson:
    fewfit = dependency('fewfit')
    moods = custom_target(output: ['moods_model.cpp', 'moods_model.hpp'], input: 'moods.fewfit',
                          command: ['python3', fewfit.get_variable('embed_model'), 'moods', '@INPUT@', '@OUTPUT@'])
    executable('game', 'game.cpp', moods, dependencies: fewfit)
"""

import os
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    name, file, *outputs = sys.argv[1:]
    file = os.path.abspath(file).replace(os.sep, "/")
    if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        sys.exit(f"embed_model.py: {name} is no name for a variable")
    if not os.path.isfile(file) or re.search(r'["\\]', file):
        sys.exit(f"embed_model.py: {file} is not there, or has a quote or a backslash in its name")
    for output in outputs:
        template = (HERE / f"embedded_model{pathlib.Path(output).suffix}.in").read_text(encoding="utf-8")
        pathlib.Path(output).write_text(template.replace("@NAME@", name).replace("@FILE@", file), encoding="utf-8")


if __name__ == "__main__":
    main()
