# SPDX-License-Identifier: MIT
"""Which texts are asked and which are learned from: the same for every method, and never one of the asked."""

import random
from collections import defaultdict
from typing import NamedTuple

SIZES = (8, 16, 64)
TEST_TEXTS, LEAST_TEST, POOL = 1000, 30, 200


class Split(NamedTuple):
    """The texts that are asked, those that may be learned from by class, and up to how many of a class."""

    test: list[tuple[str, str]]
    pool: dict[str, list[str]]
    largest: int


def distinct(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Each text once, whatever its case; a text with two labels not at all."""
    labels, kept = defaultdict(set), {}
    for label, text in rows:
        labels[text.casefold()].add(label)
        kept.setdefault(text.casefold(), (label, text))
    return [row for key, row in kept.items() if len(labels[key]) == 1]


def split(name: str, rows: list[tuple[str, str]]) -> Split:
    """Up to 1000 texts to ask, half of a class at most, in the classes' own proportions but 30 of each at least; and
    the rest to learn from.

    A class that has fewer than 30 texts beside 16 to learn from is left out; 64 are learned from where every class that
    is left has them."""
    chance, of_class = random.Random(name), defaultdict(list)
    for label, text in distinct(rows):
        of_class[label].append(text)
    kept = {label: texts for label, texts in sorted(of_class.items()) if len(texts) >= SIZES[1] + LEAST_TEST}
    fewest, total = min(map(len, kept.values())), sum(map(len, kept.values()))
    largest = max(size for size in SIZES if size + LEAST_TEST <= fewest)
    test, pool = [], {}
    for label, texts in kept.items():
        chance.shuffle(texts)
        asked = max(LEAST_TEST, min(len(texts) // 2, len(texts) - largest, round(TEST_TEXTS * len(texts) / total)))
        test += [(label, text) for text in texts[:asked]]
        pool[label] = texts[asked : asked + POOL]
    return Split(test, pool, largest)


def draw(name: str, pool: dict[str, list[str]], size: int, seed: int) -> list[tuple[str, str]]:
    """So many examples of each class. Those of a smaller size are among those of a larger one."""
    rows = []
    for label, texts in pool.items():
        order = random.Random(f"{name}/{label}/{seed}").sample(texts, len(texts))
        rows += [(label, text) for text in order[:size]]
    return rows
