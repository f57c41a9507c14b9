#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares text/ with the `tokenizers` package on lines that people wrote: ids, and where each came from.

    python3 tests/parity/tokenizer_real_text.py ./tokenize_lines [--languages ru ja ...] [--folder build/real_text]

The lines are the user interface and the help of LibreOffice, as Debian packages them for each language; `apt-get
download` brings what the folder does not hold yet (100 MB for all). Of lines that normalise alike one is taken. Each
goes in as composed as possible (NFC) and as decomposed as possible (NFD). A table of the languages is printed; exit
status 1 if any line differs, or if a figure of the promise below is not reached.
"""
import argparse
import gettext
import html
import pathlib
import re
import subprocess
import sys
import tempfile
import unicodedata

import tokenizers
from tqdm import tqdm

import tokenizer_differential

LANGUAGES = """af am ar as ast be bg bn br bs ca cs cy da de dz el eo es et eu fa fi fr ga gd gl gu he hi hr hu id is it
ja ka kk km kmr kn ko lt lv mk ml mn mr nb ne nl nn oc om or pa-in pl pt pt-br ro ru si sk sl sr sv ta te tg th tr ug
uk uz vi zh-cn zh-tw""".split()
HELP = """ca cs da de dz el en-us es et eu fi fr gl hi hu id it ja km ko nl om pl pt pt-br ru sk sl sv tr vi zh-cn
zh-tw""".split()
PROMISE = {"lines": 1000000, "languages": 30, "scripts": 8, "lines a language": 10000}
TAG = re.compile(r"<[^>]*>")
PARAGRAPH = re.compile(r"<(?:p|h[1-6]) [^>]*>(.*?)</(?:p|h[1-6])>", re.DOTALL)


def unpack(package, folder):
    """A Debian package's files, without installing it."""
    subprocess.run(["apt-get", "download", "-qq", package], cwd=folder, check=True, stderr=subprocess.DEVNULL)
    (archive,) = folder.glob(f"{package}_*.deb")
    subprocess.run(["dpkg-deb", "-x", archive, folder], check=True)


def messages(folder):
    """Every translated message, a line each."""
    for path in sorted(folder.rglob("*.mo")):
        with open(path, "rb") as file:
            catalogue = gettext.GNUTranslations(file)
        for text in catalogue._catalog.values():  # the only way to all of them
            yield from text.split("\n")


def paragraphs(folder):
    """The help's paragraphs and headings."""
    for path in sorted(folder.rglob("*.html")):
        for match in PARAGRAPH.finditer(path.read_text(encoding="utf-8")):
            yield " ".join(html.unescape(TAG.sub("", match.group(1))).split())


def fetch(language, folder):
    """All lines of a language, from the folder or from Debian."""
    file = folder / f"{language}.txt"
    if not file.exists():
        with tempfile.TemporaryDirectory() as name:
            place = pathlib.Path(name)
            if language in LANGUAGES:
                unpack(f"libreoffice-l10n-{language}", place)
            if language in HELP:
                unpack(f"libreoffice-help-{language}", place)
            lines = [line for line in (*messages(place), *paragraphs(place)) if line.strip()]
        file.write_text("\n".join(dict.fromkeys(lines)) + "\n", encoding="utf-8")
    return file.read_text(encoding="utf-8").split("\n")[:-1]


def script_of(lines):
    """The script that most of the letters belong to, as the first word of their names."""
    counts = {}
    for c in "".join(lines[:2000]):
        if c.isalpha():
            name = unicodedata.name(c, "UNNAMED").split()[0].split("-")[0]
            counts[name] = counts.get(name, 0) + 1
    return max(counts, key=counts.get)


def distinct(lines, normalize):
    """One of those lines that normalise alike."""
    return list({normalize(line): line for line in lines}.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", help="tokenize_lines, as built")
    parser.add_argument("--languages", nargs="+", default=sorted({*LANGUAGES, *HELP}))
    parser.add_argument("--folder", type=pathlib.Path, default=tokenizer_differential.ROOT / "build" / "real_text")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    variant = tokenizer_differential.VARIANTS[0]
    original, tokens = tokenizer_differential.make_original(variant)
    total, different, rows, seen = 0, 0, [], set()
    for language in tqdm(arguments.languages, unit="language", disable=not sys.stderr.isatty()):
        lines = distinct(fetch(language, arguments.folder), original.normalizer.normalize_str)
        lines = [line for line in lines if line not in seen]  # English that nobody has translated
        seen.update(lines)
        ids = 0
        for form in ("NFC", "NFD"):
            texts = [unicodedata.normalize(form, line).encode("utf-8") for line in lines]
            result = tokenizer_differential.compare(arguments.program, variant, original, tokens, texts)
            different, ids = different + result[0], ids + result[1]
        total += len(lines)
        rows.append((language, script_of(lines), len(lines), ids))
    print("language   script       lines  ids of NFC and NFD")
    for language, script, lines, ids in rows:
        print(f"{language:10} {script:10} {lines:7} {ids:9}")
    whole = [row for row in rows if row[2] >= PROMISE["lines a language"]]
    print(f"{total} lines in NFC and in NFD, {len(whole)} languages of {PROMISE['lines a language']} lines or more in "
          f"{len({row[1] for row in whole})} scripts; {different} differ from tokenizers {tokenizers.__version__}")
    kept = (total >= PROMISE["lines"] and len(whole) >= PROMISE["languages"] and
            len({row[1] for row in whole}) >= PROMISE["scripts"])
    if arguments.languages == parser.get_default("languages") and not kept:
        print(f"fewer than promised: {PROMISE}")
        different += 1
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
