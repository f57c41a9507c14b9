#!/usr/bin/env python3
"""Rules about the form of the sources that a compiler does not check.

usage: lint.py ascii|opening|conditionals|prose|readme|version
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADERS = sorted((ROOT / "include").rglob("*.hpp"))
FOLDERS = ("include", "tests", "bench", "examples", "tools", "cmake", "docs")


def sources(*suffixes):
    return sorted(p for folder in FOLDERS for p in (ROOT / folder).rglob("*") if p.suffix in suffixes)


def lines(path):
    return enumerate(path.read_text(encoding="utf-8", errors="surrogateescape").splitlines(), 1)


def ascii():
    """C++ is ASCII, but for the example that README shows."""
    for path in sources(".hpp", ".inc", ".cpp"):
        if path != ROOT / "examples" / "hello.cpp":
            for number, line in lines(path):
                if not line.isascii():
                    yield path, number, "not ASCII: write an escape"


def opening():
    """A header says licence, once, and what it is for; no file is wider than its format."""
    for path in HEADERS:
        first = path.read_text(encoding="utf-8").splitlines()[:3]
        if first[:2] != ["// SPDX-License-Identifier: MIT", "#pragma once"] or not first[2].startswith("// "):
            yield path, 1, "a header begins with licence, #pragma once and a comment on its purpose"
    for path in sources(".hpp", ".inc", ".cpp"):
        if path.name in ("unicode_tables.hpp", "fold_table.hpp", "word_ranges.hpp"):  # generated, and as wide as its rows
            continue
        for number, line in lines(path):
            if len(line) > 118 and "#error" not in line:
                yield path, number, f"{len(line)} columns, 118 are enough"


def conditionals():
    """`#if` lives in the few headers that look at compilers and systems; elsewhere it asks a 0/1 macro of config.hpp."""
    allowed = ("config.hpp", "io/mapped_file.hpp", "io/crc32c.hpp", "nn/simd/")
    for path in HEADERS:
        if path.relative_to(ROOT / "include" / "fewfit").as_posix().startswith(allowed):
            continue
        for number, line in lines(path):
            if re.match(r"\s*#\s*(if|ifdef|ifndef|elif)\b", line) and not re.fullmatch(r"#if FEWFIT_[A-Z0-9_]+", line):
                yield path, number, "#if outside of the headers that may ask"


def prose():
    """Nothing is left to be done in a comment or from a merge, nothing names a place on somebody's machine."""
    words = re.compile("TO" "DO|FIX" r"ME|\bXX" r"X\b|/ho" r"me/|/wo" "rk/|/ro" "ot/|C:" r"\\\\Users|<{7}|>{7}")
    files = sources(".hpp", ".cpp", ".inc", ".py", ".sh", ".txt", ".cmake", ".build", ".in", ".md")
    files += sorted(ROOT.glob("[!.]*.*")) + [ROOT / "check"]
    for path in files:
        if path.is_file() and path.suffix != ".fewfit":
            for number, line in lines(path):
                if words.search(line):
                    yield path, number, "unfinished business or merge, or a path of one machine"


def readme():
    """README's program is examples/hello.cpp, letter for letter."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    if "{{" in text:
        yield ROOT / "README.md", 1, "a figure is missing: {{"
    blocks = re.findall(r"```cpp\n(.*?)```", text, re.DOTALL)
    if not blocks or blocks[0] != (ROOT / "examples" / "hello.cpp").read_text(encoding="utf-8"):
        yield ROOT / "README.md", 1, "its first C++ block is not examples/hello.cpp"


def version():
    """VERSION, the macros, the converter and the changelog agree."""
    stated = (ROOT / "VERSION").read_text().strip()
    config = (ROOT / "include/fewfit/config.hpp").read_text()
    macros = ".".join(re.search(rf"#define FEWFIT_VERSION_{part} (\d+)", config)[1] for part in ("MAJOR", "MINOR", "PATCH"))
    python = re.search(r'^__version__ = "(.*)"', (ROOT / "tools/fewfit_convert/__init__.py").read_text(), re.MULTILINE)
    change = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    for path, found in (
        ("include/fewfit/config.hpp", macros),
        ("tools/fewfit_convert/__init__.py", python and python[1]),
        ("CHANGELOG.md", change and change[1]),
    ):
        if found != stated:
            yield ROOT / path, 1, f"says version {found}, VERSION says {stated}"


def main():
    rule = {f.__name__: f for f in (ascii, opening, conditionals, prose, readme, version)}[sys.argv[1]]
    found = [f"{path.relative_to(ROOT)}:{number}: {what}" for path, number, what in rule()]
    print(*found or [f"{rule.__doc__} Holds."], sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
