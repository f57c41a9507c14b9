# SPDX-License-Identifier: MIT
"""CRC-32C (Castagnoli, reflected, polynomial 0x82F63B78), fast enough in numpy for whole models.

A remainder is linear: that of two blocks one after the other is that of the first, moved on over as many zero bytes
as the second is long, XOR that of the second. So neighbours are joined pairwise, level by level: two table look-ups
of 16 bits each for 4, 8, 16 ... bytes, all in vector operations, about 2 n/4 look-ups for n bytes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Tuple

import numpy as np

_POLYNOMIAL = 0x82F63B78
_CHUNK = 1 << 22  # bytes worked on at once: the temporary arrays stay near the cache
_BITS = 32


def _one_zero_byte(value: int) -> int:
    """Moves a remainder on over one zero byte, bit by bit."""
    for _ in range(8):
        value = (value >> 1) ^ (_POLYNOMIAL if value & 1 else 0)
    return value


def _tables(columns: Tuple[int, ...]) -> np.ndarray:
    """The images of all low and all high halves of a word under the linear map with these 32 columns."""
    tables = np.zeros((2, 1 << 16), np.uint32)
    for bit, column in enumerate(columns):
        half, size = divmod(bit, 16)
        size = 1 << size
        tables[half, size : 2 * size] = tables[half, :size] ^ np.uint32(column)
    return tables


def _apply(tables: np.ndarray, words: np.ndarray) -> np.ndarray:
    """The linear map of `tables`, for each word."""
    halves = np.ascontiguousarray(words, "<u4").view("<u2")
    return tables[0][halves[0::2]] ^ tables[1][halves[1::2]]


@lru_cache(maxsize=64)
def _zeros(level: int) -> np.ndarray:
    """The map that moves a remainder on over 2**level zero bytes."""
    if level == 0:
        return _tables(tuple(_one_zero_byte(1 << bit) for bit in range(_BITS)))
    half = _zeros(level - 1)
    units = np.left_shift(np.uint32(1), np.arange(_BITS, dtype=np.uint32))
    return _tables(tuple(int(c) for c in _apply(half, _apply(half, units))))


def _skip(remainder: int, count: int) -> int:
    """Moves a remainder on over `count` zero bytes."""
    word = np.array([remainder], np.uint32)
    level = 0
    while count >> level:
        if count >> level & 1:
            word = _apply(_zeros(level), word)
        level += 1
    return int(word[0])


def _remainder(data: np.ndarray) -> int:
    """The remainder of the bytes, starting from zero: then zeros in front change nothing, and fill up odd lengths."""
    words = np.zeros(-(-data.size // 4), "<u4")
    words.view(np.uint8)[words.size * 4 - data.size :] = data
    level = 2
    while words.size > 1:
        if words.size % 2:
            words = np.concatenate([np.zeros(1, "<u4"), words])
        words = _apply(_zeros(level), words[0::2]) ^ words[1::2]
        level += 1
    return int(_apply(_zeros(2), words)[0]) if words.size else 0


def crc32c(data, checksum: int = 0) -> int:
    """The checksum of `data`; pass the checksum of what came before to go on from there."""
    flat = np.frombuffer(data, np.uint8)
    state = checksum ^ 0xFFFFFFFF
    for start in range(0, flat.size, _CHUNK):
        chunk = flat[start : start + _CHUNK]
        state = _skip(state, chunk.size) ^ _remainder(chunk)
    return state ^ 0xFFFFFFFF
