# SPDX-License-Identifier: MIT
"""Lines that people wrote: LibreOffice's translations and help, as tests/parity/tokenizer_real_text.py gets them."""

import collections
import os
import pathlib
import random
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[3]
SHORTEST, LONGEST = 6, 128  # tokens that are asked for
TRIES = 10000


def files(python, languages):
    """{language: a file of its lines}; the interpreter fetches what is missing and needs tokenizers and tqdm."""
    folder = ROOT / "build" / "real_text"
    folder.mkdir(parents=True, exist_ok=True)
    code = "import pathlib, sys, tokenizer_real_text as t; t.fetch(sys.argv[1], pathlib.Path(sys.argv[2]))"
    for language in languages:
        subprocess.run([python, "-c", code, language, folder], check=True,
                       env={**os.environ, "PYTHONPATH": str(ROOT / "tests" / "parity")})
    return {language: folder / f"{language}.txt" for language in languages}


def lines_of(found, english):
    """{language: its lines}, without those that another language has too: nobody has translated them."""
    lines = {language: path.read_text(encoding="utf-8").split("\n")[:-1] for language, path in found.items()}
    owners = collections.Counter(line for some in lines.values() for line in some)
    return {language: [line for line in some if language == english or owners[line] == 1]
            for language, some in lines.items()}


class Drawer:
    """Draws texts from one language's lines, no line and no list of ids twice.

    A length is drawn log-uniformly from SHORTEST to LONGEST, then a place, from which neighbouring lines are joined
    by blanks as long as they fit; what fills less than four fifths of the length is left for another place.
    """

    def __init__(self, lines, lang, tokenizer, seen):
        self.lines, self.lang, self.tokenizer, self.seen = lines, lang, tokenizer, seen
        self.random, self.used = random.Random(f"fidelity {lang}"), set()

    def joined(self, begin, length):
        """The text from one line on and the line behind it."""
        fits, end = None, begin
        while end < len(self.lines) and end not in self.used:
            ids = self.tokenizer.encode(" ".join(self.lines[begin:end + 1])).ids
            if len(ids) > length:
                break
            fits, end = ids, end + 1
        return {"text": " ".join(self.lines[begin:end]), "lang": self.lang, "ids": fits or []}, end

    def one(self):
        length = round(SHORTEST * (LONGEST / SHORTEST) ** self.random.random())
        for _ in range(TRIES):
            begin = self.random.randrange(len(self.lines))
            text, end = self.joined(begin, length)
            if len(text["ids"]) >= 0.8 * length and tuple(text["ids"]) not in self.seen:
                self.seen.add(tuple(text["ids"]))
                self.used.update(range(begin, end))
                return text
        raise SystemExit(f"{self.lang} has no more texts of {length} tokens")


def draw(lines, lang, count, tokenizer, seen):
    """So many texts; `seen` holds the ids that none may have, and is added to."""
    drawer = Drawer(lines, lang, tokenizer, seen)
    return [drawer.one() for _ in range(count)]
