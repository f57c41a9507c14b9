# SPDX-License-Identifier: MIT
"""The types of weights: rows of word embeddings and panels of linear layers, as docs/model_file.md lays them out.

Everything is element by element in f32 or f64, or a sum of integers, so every machine makes the same bytes.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Tuple

import numpy as np

from . import spec
from .errors import Refused

_BF16_INFINITY = 0x7F80
_BF16_SMALLEST_NORMAL = 0x0080
_SMALLEST_SCALE = float(np.finfo(np.float32).tiny)
_LARGEST_STEP, _LARGEST_PAIR = 127, 128


def padded(matrix: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """A matrix with zeros below and to the right."""
    made = np.zeros((rows, columns), matrix.dtype)
    made[: matrix.shape[0], : matrix.shape[1]] = matrix
    return made


def _too_large(name: str, kind: str) -> Refused:
    """What to say of a weight that a type cannot hold."""
    option = "--embeddings" if name == spec.WORD_ROWS else "--dtype"
    return Refused(f"tensor {name} holds a value that is too large for {kind}: convert with {option} f32")


def to_f16(values: np.ndarray, name: str) -> np.ndarray:
    """Rounded to the nearest, ties to even; refuses what would become infinite."""
    with np.errstate(over="ignore", under="ignore"):
        made = values.astype("<f2")
    if not np.isfinite(made).all():
        raise _too_large(name, "f16")
    return made


def to_bf16(values: np.ndarray, name: str) -> np.ndarray:
    """The upper halves of floats, rounded to the nearest, ties to even; subnormal results are zero, because the
    instructions that multiply bf16 take them for zero."""
    bits = np.ascontiguousarray(values, "<f4").view("<u4")
    made = ((bits + (0x7FFF + (bits >> np.uint32(16) & np.uint32(1)))) >> np.uint32(16)).astype("<u2")
    magnitude = made & np.uint16(0x7FFF)
    if (magnitude >= _BF16_INFINITY).any():
        raise _too_large(name, "bf16")
    made[magnitude < _BF16_SMALLEST_NORMAL] = 0
    return made


def _scales(largest: np.ndarray) -> np.ndarray:
    """Scales in f32; one that would be subnormal, which a machine may flush, is 1: its values count as zero."""
    scale = largest.astype("<f4")
    scale[scale < _SMALLEST_SCALE] = 1
    return scale


def _steps(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Values in steps of their row's scale, ties to even."""
    return np.clip(np.rint(values / scale.astype(np.float64)[:, None]), -127, 127).astype(np.int8)


def to_i8(values: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """A scale for each row, its largest value being 127 steps, and the steps. shape [n, k] -> [n], [n, k]"""
    values = values.astype(np.float64)
    scale = _scales(np.abs(values).max(axis=1) / _LARGEST_STEP)
    return scale, _steps(values, scale)


def _largest_pairs(values: np.ndarray) -> np.ndarray:
    """The largest sum of neighbours 2 i and 2 i + 1 in each row, whatever its sign. shape [n, k] -> [n]"""
    even = padded(values, len(values), spec.round_up(values.shape[1], 2)).reshape(len(values), -1, 2)
    return np.abs(even.sum(axis=2, dtype=np.float64)).max(axis=1)


def to_i8_in_pairs(values: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """As to_i8, with larger scales where neighbours would sum to more than 128 steps. shape [n, k] -> [n], [n, k]

    Instructions that multiply bytes add two products of an unsigned and a signed one in 16 bits: 255 * 128 fits."""
    values = values.astype(np.float64)
    largest = np.maximum(np.abs(values).max(axis=1) / _LARGEST_STEP, _largest_pairs(values) / _LARGEST_PAIR)
    scale = _scales(largest)
    steps = _steps(values, scale)
    # Two numbers that sum to 128 do not when rounded either: of two halves with an odd sum one goes down. Only the
    # rounding of the scale itself can break that.
    while (broken := _largest_pairs(steps) > _LARGEST_PAIR).any():
        scale[broken] = np.nextafter(scale[broken], np.float32(np.inf))
        steps[broken] = _steps(values[broken], scale[broken])
    return scale, steps


def rows(matrix: np.ndarray, kind: str, name: str) -> List[np.ndarray]:
    """The arrays of a table of rows."""
    shape = (matrix.shape[0], spec.pad(matrix.shape[1]))
    if kind == "i8":
        scale, steps = to_i8(matrix)
        return [scale, padded(steps, *shape)]
    values = to_f16(matrix, name) if kind == "f16" else np.ascontiguousarray(matrix, "<f4")
    return [padded(values, *shape)]


def _by_panel(weight: np.ndarray, beside: int) -> np.ndarray:
    """So many inputs of an output side by side, then the next's. shape [N, K] -> [N/16, K/beside, 16, beside]"""
    outputs, inputs = weight.shape
    return weight.reshape(outputs // spec.PANEL, spec.PANEL, inputs // beside, beside).transpose(0, 2, 1, 3)


def _as_bytes(array: np.ndarray) -> np.ndarray:
    """The bytes of each panel. shape [panels, ...] -> [panels, bytes]"""
    return np.ascontiguousarray(array).view(np.uint8).reshape(array.shape[0], -1)


def _panels(weight: np.ndarray, beside: int, *heads: np.ndarray) -> np.ndarray:
    """Panels: what is said of each output or of groups of its inputs, then the weights. shape of heads [N, ...]"""
    lines = [head.reshape(-1, spec.PANEL, head.size // len(head)).transpose(0, 2, 1) for head in heads]
    return np.concatenate([_as_bytes(part) for part in (*lines, _by_panel(weight, beside))], axis=1)


def _float_panels(convert: Callable[[np.ndarray, str], np.ndarray], multiple: int, beside: int) -> Callable:
    """Panels of a float type; inputs are rounded up to `multiple`, and `beside` of an output lie side by side."""

    def make(weight: np.ndarray, bias: np.ndarray, name: str) -> np.ndarray:
        shape = (spec.pad(weight.shape[0]), spec.round_up(weight.shape[1], multiple))
        return _panels(padded(convert(weight, name), *shape), beside, bias)

    return make


def _shifts(scale: np.ndarray, sums: np.ndarray, name: str) -> np.ndarray:
    """What the weights of each output come to: group after group in f64, rounded once. shape [N, G] -> [N]"""
    total = np.zeros(len(scale))
    for group in range(scale.shape[1]):
        total += scale[:, group].astype(np.float64) * sums[:, group]
    with np.errstate(over="ignore", under="ignore"):
        made = total.astype("<f4")
    if not np.isfinite(made).all():
        raise _too_large(name, "i8")
    return made


def _i8_panels(weight: np.ndarray, bias: np.ndarray, name: str) -> np.ndarray:
    """Panels of bytes. The sums take 128 from each byte of an input, the shifts its zero point."""
    outputs, inputs = spec.pad(len(weight)), weight.shape[1]
    groups = -(-inputs // spec.GROUP)
    grouped = padded(weight, len(weight), groups * spec.GROUP).reshape(-1, spec.GROUP)
    found, steps = to_i8_in_pairs(grouped)
    scale = np.ones((outputs, groups), "<f4")
    scale[: len(weight)] = found.reshape(-1, groups)
    sums = padded(steps.sum(axis=1, dtype=np.int64).reshape(-1, groups), outputs, groups)
    steps = padded(steps.reshape(len(weight), -1)[:, :inputs], outputs, spec.round_up(inputs, 4))
    return _panels(steps, 4, scale, sums.astype("<i4"), _shifts(scale, sums, name), bias)


_MAKERS: Dict[str, Callable[[np.ndarray, np.ndarray, str], np.ndarray]] = {
    "f32": _float_panels(lambda weight, _name: np.ascontiguousarray(weight, "<f4"), 1, 1),
    "f16": _float_panels(to_f16, 2, 1),
    "bf16": _float_panels(to_bf16, 2, 2),
    "i8": _i8_panels,
}


def panels(weight: np.ndarray, bias: np.ndarray, kind: str, name: str) -> np.ndarray:
    """The panels of a linear layer, as bytes. shape weight [N, K], bias [N] -> [N/16, bytes of a panel]"""
    bias = padded(np.ascontiguousarray(bias, "<f4")[:, None], spec.pad(len(bias)), 1)
    return _MAKERS[kind](weight, bias, name)
