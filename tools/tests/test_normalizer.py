# SPDX-License-Identifier: MIT
"""The normaliser of added tokens beside the original, every option."""

import itertools
import random

import pytest
from fewfit_convert.normalizer import Normalizer

tokenizers = pytest.importorskip("tokenizers")

SCALARS = [chr(c) for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
MARKS = [chr(c) for c in (0x300, 0x301, 0x323, 0x344, 0x34F, 0x1B44, 0x1D165, 0x1D16D, 0x302E, 0x8D4, 0xF73, 0x1D15E)]


def _original(options):
    clean, chinese, strip, lower = options
    return tokenizers.normalizers.BertNormalizer(
        clean_text=clean, handle_chinese_chars=chinese, strip_accents=strip, lowercase=lower
    )


@pytest.mark.parametrize("options", list(itertools.product((False, True), repeat=4)))
def test_strings_become_what_the_original_makes_of_them(options):
    """Characters of all kinds, and marks that change places."""
    rng, ours, theirs = random.Random(1), Normalizer(*options), _original(options)
    for _ in range(3000):
        letters = rng.choices(SCALARS, k=5) + rng.choices(MARKS, k=8) + rng.choices("aBé한日\u200b \t", k=5)
        rng.shuffle(letters)
        text = "".join(letters)
        assert ours.normalize(text) == theirs.normalize_str(text), ascii(text)


def test_every_character_becomes_what_the_original_makes_of_it():
    """One at a time, between letters, so that a space that is added shows."""
    ours, theirs = Normalizer(), _original((True, True, True, True))
    for first in range(0, len(SCALARS), 4096):
        text = "x".join(SCALARS[first : first + 4096])
        assert ours.normalize(text) == theirs.normalize_str(text), hex(first)
