# SPDX-License-Identifier: MIT
"""The table of short words: it holds what it should and nothing else, and no look-up in it is long."""

import os

import file_reader
import pytest
from fewfit_convert import short_words, spec
from fewfit_convert.errors import Refused

VOCAB = os.path.join(os.path.dirname(__file__), "..", "..", "models", "interviews", "vocab.txt")


def _read(tokens):
    return file_reader.short_words(*short_words.build(tokens))


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        [b"a"],
        [b"", b"a", b"", b"zz"],
        [bytes([first, second]) for first in range(33, 127) for second in range(33, 127)],
        [b"a" * count for count in range(1, 12)],
    ],
)
def test_it_holds_the_short_tokens(tokens):
    """With their ids, which are their places."""
    expected = {t: i for i, t in enumerate(tokens) if t and len(t) <= 7 and t[:2] != b"##"}
    assert _read(tokens) == expected


def test_it_leaves_out_what_the_trie_has_to_cut():
    """Pieces inside words, characters beyond ASCII, zero bytes, words of eight bytes."""
    assert _read([b"##a", "\u0430".encode(), b"a\0", b"abcdefgh", b"#", b"##", b"abcdefg"]) == {b"#": 4, b"abcdefg": 6}


def test_a_real_vocabulary_is_at_most_half_full():
    """30,522 tokens, 14,388 of them short."""
    with open(VOCAB, encoding="utf-8") as source:
        tokens = [line.rstrip("\n").encode() for line in source]
    keys, ids = short_words.build(tokens)
    assert len(keys) == 32768 and (keys != 0).sum() == 14388
    assert len(file_reader.short_words(keys, ids)) == 14388


def _crowd(count):
    """Words whose keys all begin in the lower eighth of a table, whatever its size."""
    found, number = [], 0
    while len(found) < count:
        word = b"%07d" % number
        if (short_words.key(word) * short_words._MULTIPLIER & short_words._64_BITS) >> 61 == 0:
            found.append(word)
        number += 1
    return found


def test_a_crowd_gets_more_slots():
    """So long as no look-up passes more than 64 taken slots."""
    tokens = _crowd(500)
    keys, _ = short_words.build(tokens)
    assert len(keys) > 1024
    assert _read(tokens) == {token: index for index, token in enumerate(tokens)}


def test_a_table_beyond_the_limit_is_refused(monkeypatch):
    """The limit is the file's."""
    monkeypatch.setattr(spec, "MAX_SHORT_WORD_SLOTS", 1024)
    with pytest.raises(Refused, match="500 short tokens"):
        short_words.build(_crowd(500))
