# SPDX-License-Identifier: MIT
"""The double array: it leads to every key and to nothing else, and depends on nothing but the keys."""

import os
import random
import time

import file_reader
import pytest
from fewfit_convert import spec, trie
from fewfit_convert.errors import Refused

VOCAB = os.path.join(os.path.dirname(__file__), "..", "..", "models", "interviews", "vocab.txt")


def _random_keys(seed: int, count: int, alphabet: bytes, length: int):
    source = random.Random(seed)
    made = {bytes(source.choices(alphabet, k=source.randint(1, length))) for _ in range(count)}
    return [(key, number + 1) for number, key in enumerate(sorted(made, key=hash))]


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [(b"a", 1)],
        [(b"\x00", 1), (b"\x00\x00", 2), (b"\xff\x00", 3)],
        [(bytes([byte]), byte + 1) for byte in range(256)],
        [(bytes([first, second]), first * 256 + second + 1) for first in range(256) for second in range(0, 256, 3)],
        [(b"a" * 1024, 7), (b"a" * 1023, 8)],
        _random_keys(1, 3000, bytes(range(256)), 6),
        _random_keys(2, 3000, b"ab", 12),
    ],
)
def test_a_walk_finds_the_keys_and_nothing_else(keys):
    """The walk also checks bounds, bases and unused nodes."""
    assert file_reader.walk(trie.build(keys)) == dict(keys)


def test_the_order_of_the_keys_does_not_matter():
    """The same set gives the same bytes."""
    keys = _random_keys(5, 2000, b"abcdefgh", 8)
    assert trie.build(keys).tobytes() == trie.build(keys[::-1]).tobytes()


def test_a_real_vocabulary_takes_less_than_two_seconds():
    """30,522 tokens, with less than a tenth of the nodes unused."""
    with open(VOCAB, encoding="utf-8") as source:
        keys = [(line.rstrip("\n").encode(), number + 1) for number, line in enumerate(source)]
    begin = time.perf_counter()
    nodes = trie.build(keys)
    assert time.perf_counter() - begin < 2
    assert file_reader.walk(nodes) == dict(keys)
    assert (nodes[:, 0] == 0).sum() < len(nodes) / 10


def test_too_many_nodes_are_refused(monkeypatch):
    """The limit is the file's."""
    monkeypatch.setattr(spec, "MAX_TRIE_NODES", 512)
    with pytest.raises(Refused, match="trie of 1024 nodes"):
        trie.build([(bytes([first, second]), 1) for first in range(2) for second in range(256)])
