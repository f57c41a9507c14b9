# SPDX-License-Identifier: MIT
"""Builds the double array in which the runtime looks tokens up (docs/model_file.md, "The trie").

A node's children lie at base XOR byte, so all of them are in the 256 nodes of one block. Nodes are placed breadth
first: the upper levels, which every look-up passes, lie together. The result depends on the set of keys alone.
"""

from __future__ import annotations

from typing import Dict, List, Sequence, Tuple

import numpy as np

from . import spec
from .errors import Refused

_OPEN_BLOCKS = 4  # 30,522 tokens: 0.4 s and 4 % of the nodes unused; with 16 it was 0.9 s and 1 %
_ALL_FREE = (1 << spec.TRIE_BLOCK) - 1
_USED = 1 << 8


_SWAPS = tuple((1 << bit, sum(1 << i for i in range(spec.TRIE_BLOCK) if not i >> bit & 1)) for bit in range(8))


def _xored(slots: int, label: int) -> int:
    """A set of nodes as bits, each moved to its number XOR `label`: then it tells which bases lead to them."""
    for distance, lower in _SWAPS:
        if label & distance:
            slots = (slots & lower) << distance | slots >> distance & lower
    return slots


class _Slots:
    """Which nodes and which bases of the last few blocks are taken, a bit each."""

    def __init__(self) -> None:
        self.blocks = 1  # block 0 holds the root alone
        self._open: List[List[int]] = []  # number, free nodes, taken bases

    def place(self, labels: Sequence[int]) -> int:
        """Takes a base under which every label leads to a free node, and those nodes."""
        for block in self._open:
            low = self._search(block[1], block[2], labels)
            if low >= 0:
                return self._take(block, low, labels)
        block = [self.blocks, _ALL_FREE, 0]
        self.blocks += 1
        self._open = self._open[1 - _OPEN_BLOCKS :] + [block]
        return self._take(block, labels[0], labels)

    @staticmethod
    def _search(free: int, taken: int, labels: Sequence[int]) -> int:
        """The lowest low byte of a base that fits into a block, or -1."""
        candidates = ~taken
        for label in labels:
            candidates &= _xored(free, label)
            if not candidates:
                return -1
        return (candidates & -candidates).bit_length() - 1

    def _take(self, block: List[int], low: int, labels: Sequence[int]) -> int:
        """Marks a base and its nodes as taken; a full block is not searched again."""
        for label in labels:
            block[1] &= ~(1 << (low ^ label))
        block[2] |= 1 << low
        if not block[1]:
            self._open.remove(block)
        return block[0] * spec.TRIE_BLOCK + low


def _tree(keys: Sequence[Tuple[bytes, int]]) -> Dict:
    """Nested dictionaries by byte, in ascending order; the value of a key that ends in a node stands under -1."""
    root: Dict = {}
    for key, value in sorted(keys):
        node = root
        for byte in key:
            node = node.setdefault(byte, {})
        node[-1] = value
    return root


def build(keys: Sequence[Tuple[bytes, int]]) -> np.ndarray:
    """The nodes [n, 2] (link, value) of a trie over distinct, not empty keys with values above 0."""
    slots, queue = _Slots(), [(0, _tree(keys))]
    links: Dict[int, int] = {0: 0}
    values: Dict[int, int] = {}
    for node, tree in queue:  # grows while it is read: breadth first
        if -1 in tree:
            values[node] = tree.pop(-1)
        if not tree:
            continue
        base = slots.place(tuple(tree))
        links[node] |= base << 9
        for label, below in tree.items():
            links[base ^ label] = _USED | label
            queue.append((base ^ label, below))
    size = slots.blocks * spec.TRIE_BLOCK
    if size > spec.MAX_TRIE_NODES:
        raise Refused(f"the tokens need a trie of {size} nodes; a model file holds at most {spec.MAX_TRIE_NODES}")
    nodes = np.zeros((size, 2), "<u4")
    nodes[list(links), 0] = list(links.values())
    nodes[list(values), 1] = list(values.values())
    return nodes
