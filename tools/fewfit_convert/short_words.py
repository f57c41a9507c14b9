# SPDX-License-Identifier: MIT
"""Builds the hash table in which the runtime finds whole short words (docs/model_file.md, "Short words")."""

from __future__ import annotations

from typing import List, Sequence, Tuple

import numpy as np

from . import spec
from .errors import Refused

_MULTIPLIER = 0x9E3779B97F4A7C15
_64_BITS = (1 << 64) - 1


def key(token: bytes) -> int:
    """The number that stands for a token, or 0 for one that does not belong into the table."""
    fits = 1 <= len(token) <= spec.SHORT_WORD_BYTES and not token.startswith(b"##")
    return int.from_bytes(token, "little") if fits and all(0 < byte < 0x80 for byte in token) else 0


def _place(keys: Sequence[Tuple[int, int]], bits: int) -> Tuple[np.ndarray, np.ndarray]:
    """Tables of 2^bits slots; each key goes to the first free slot from its own on."""
    mask = (1 << bits) - 1
    slots: List[int] = [0] * (mask + 1)
    ids: List[int] = [0] * (mask + 1)
    for number, value in keys:
        slot = (number * _MULTIPLIER & _64_BITS) >> (64 - bits)
        while slots[slot]:
            slot = slot + 1 & mask
        slots[slot], ids[slot] = number, value
    return np.array(slots, "<u8"), np.array(ids, "<u4")


def _longest_run(slots: np.ndarray) -> int:
    """How many slots in a row are taken; the last is followed by the first."""
    empty = np.flatnonzero(slots == 0)
    return int(np.diff(np.append(empty, empty[0] + len(slots))).max()) - 1


def build(tokens: Sequence[bytes]) -> Tuple[np.ndarray, np.ndarray]:
    """Keys and ids by slot, of the tokens by id: those with low ids, the frequent ones, lie where they are first
    looked for. At most half of the slots are taken, and more are added until no look-up is long."""
    keys = [(key(token), index) for index, token in enumerate(tokens) if key(token)]
    bits = max(1, (2 * len(keys) - 1).bit_length())
    while 1 << bits <= spec.MAX_SHORT_WORD_SLOTS:
        slots, ids = _place(keys, bits)
        if _longest_run(slots) <= spec.MAX_TAKEN_SLOTS:
            return slots, ids
        bits += 1
    raise Refused(f"{len(keys)} short tokens need more than {spec.MAX_SHORT_WORD_SLOTS} slots in the table of words")
