#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks that texts.jsonl still is the corpus which the parity tests rely on.

A parity test is only as strong as its inputs: a token count that never occurs is an attention mask, a tail of a
vector loop or a truncation that nobody compared. So the coverage is a requirement with an exit status, not a remark
in a document. Prints the counts; exits 1 when any requirement fails, 2 when a file is missing or malformed.

Needs the `tokenizers` package. Usage: check_texts.py [tokenizer.json] [--texts texts.jsonl]
"""

import argparse
import collections
import json
import pathlib
import re
import sys

from tokenizers import Tokenizer

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent

MAX_TOKENS = 128  # the maximum length of the demonstration model, [CLS] and [SEP] included
MIN_TEXTS = 520
MIN_LONG = 70  # texts that truncation must cut
MIN_FAR = 5  # texts of 300 to 700 tokens: the cut falls far from the end
MIN_EDGE = 8  # texts of 127 to 130 tokens: the cut falls beside the limit
MIN_PER_LANGUAGE = {"ru": 230, "en": 120, "zz": 25} | dict.fromkeys(
    "de fr es pl tr uk el zh ja ko ar he hi".split(), 10
)

GRAM = 5  # words in a window of the likeness check
LIKE_MIN_WORDS = 12  # texts up to this length are too short for windows to say anything
LIKE_SHARE = 0.6  # of the windows of the shorter text


def read_texts(path):
    """The rows of the corpus; raises ValueError where a line is not what the tests expect to read."""
    rows = []
    # Not splitlines(): it would also split at U+0085 and U+2028, which JSON allows unescaped inside a string.
    for number, line in enumerate(path.read_text(encoding="utf-8").rstrip("\n").split("\n"), 1):
        row = json.loads(line)
        if list(row) != ["id", "lang", "text"] or not isinstance(row["text"], str):
            raise ValueError(f"line {number}: expected exactly id, lang, text")
        if row["id"] != number:
            raise ValueError(f"line {number}: id is {row['id']!r}, expected the line number")
        row["text"].encode("utf-8")  # a lone surrogate is no Unicode text and raises here
        rows.append(row)
    return rows


def token_counts(tokenizer_path, texts):
    tokenizer = Tokenizer.from_file(str(tokenizer_path))
    # The file carries truncation and padding of its own: with either one every count above would read as 128.
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return [len(encoding.ids) for encoding in tokenizer.encode_batch(texts)]


def find_prefixes(rows):
    """Pairs where one text begins another. Blank texts are left out: they begin everything that is indented."""
    ordered = sorted((row["text"], row["id"]) for row in rows if row["text"].strip())
    pairs, open_prefixes = [], []
    # In sorted order a prefix stands before all of its extensions, and these follow it without a gap.
    for text, number in ordered:
        while open_prefixes and not text.startswith(open_prefixes[-1][0]):
            open_prefixes.pop()
        if open_prefixes:
            pairs.append((open_prefixes[-1][1], number))
        open_prefixes.append((text, number))
    return pairs


def find_alike(rows):
    """Pairs of longer texts that share more than LIKE_SHARE of the shorter one's word windows.

    Chinese and Japanese have no spaces, so a word here is a clause there and few of those texts are long enough to be
    compared; they are a dozen each and every one was written by itself.
    """
    windows, holders = {}, collections.defaultdict(list)
    for row in rows:
        words = re.findall(r"\w+", row["text"].lower())
        if len(words) > LIKE_MIN_WORDS:
            grams = {tuple(words[i : i + GRAM]) for i in range(len(words) - GRAM + 1)}
            windows[row["id"]] = len(grams)
            for gram in grams:
                holders[gram].append(row["id"])
    shared = collections.Counter()
    for ids in holders.values():
        shared.update((a, b) for i, a in enumerate(ids) for b in ids[i + 1 :])
    return [(a, b) for (a, b), n in shared.items() if n > LIKE_SHARE * min(windows[a], windows[b])]


def check(rows, counts):
    """Prints the figures; returns the requirements that fail, as sentences."""
    failures = []

    def require(condition, sentence):
        if not condition:
            failures.append(sentence)

    distinct = len({row["text"] for row in rows})
    print(f"texts: {len(rows)}, distinct: {distinct}")
    require(distinct == len(rows), f"{len(rows) - distinct} texts occur more than once")
    require(distinct >= MIN_TEXTS, f"{distinct} distinct texts, at least {MIN_TEXTS} are needed")

    languages = collections.Counter(row["lang"] for row in rows)
    print("languages: " + ", ".join(f"{name} {n}" for name, n in languages.most_common()))
    for name, least in MIN_PER_LANGUAGE.items():
        require(languages[name] >= least, f"{languages[name]} texts of {name}, at least {least} are needed")
    unknown = sorted(set(languages) - set(MIN_PER_LANGUAGE))
    require(not unknown, f"unknown languages {unknown}")

    by_count = collections.Counter(counts)
    missing = [n for n in range(2, MAX_TOKENS + 1) if not by_count[n]]
    print(f"token counts 2..{MAX_TOKENS}: {MAX_TOKENS - 1 - len(missing)} of {MAX_TOKENS - 1} occur")
    require(not missing, f"no text has one of these token counts: {missing}")
    decades = collections.Counter(n // 10 for n in counts if n <= MAX_TOKENS)
    print("by tens: " + ", ".join(f"{d * 10}+ {decades[d]}" for d in sorted(decades)))

    over = sum(n > MAX_TOKENS for n in counts)
    far = sum(300 <= n <= 700 for n in counts)
    edges = {n: by_count[n] for n in range(MAX_TOKENS - 1, MAX_TOKENS + 3)}
    print(f"over {MAX_TOKENS}: {over}; 300 to 700: {far}; longest: {max(counts)}; at the limit: {edges}")
    require(over >= MIN_LONG, f"{over} texts over {MAX_TOKENS} tokens, at least {MIN_LONG} are needed")
    require(far >= MIN_FAR, f"{far} texts of 300 to 700 tokens, at least {MIN_FAR} are needed")
    require(sum(edges.values()) >= MIN_EDGE, f"{sum(edges.values())} texts at the limit, {MIN_EDGE} are needed")

    for a, b in find_prefixes(rows):
        failures.append(f"text {a} is the beginning of text {b}")
    for a, b in find_alike(rows):
        failures.append(f"texts {a} and {b} are nearly equal")
    return failures


def main():
    parser = argparse.ArgumentParser(description="Check the corpus of the parity tests.")
    parser.add_argument("tokenizer", nargs="?", type=pathlib.Path,
                        default=ROOT / "models" / "interviews" / "tokenizer.json")
    parser.add_argument("--texts", type=pathlib.Path, default=HERE / "texts.jsonl")
    arguments = parser.parse_args()
    for path in (arguments.tokenizer, arguments.texts):
        if not path.is_file():
            print(f"error: no such file: {path}", file=sys.stderr)
            return 2
    try:
        rows = read_texts(arguments.texts)
    except ValueError as error:  # JSONDecodeError and UnicodeError are kinds of it
        print(f"error: {arguments.texts}: {error}", file=sys.stderr)
        return 2
    failures = check(rows, token_counts(arguments.tokenizer, [row["text"] for row in rows]))
    for sentence in failures:
        print(f"FAILED: {sentence}", file=sys.stderr)
    print("all requirements hold" if not failures else f"{len(failures)} requirements fail")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
