# SPDX-License-Identifier: MIT
"""Writes pickles by hand, opcode by opcode: honest heads without scikit-learn or joblib, and hostile ones.

`dump` takes plain values and the classes below. Nothing named in a pickle needs to exist here.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any, Dict, Tuple

import numpy as np


@dataclass
class Global:
    """A name."""

    module: str
    name: str


@dataclass
class Call:
    """function(*arguments), and a state given to the result."""

    function: Any
    arguments: Tuple = ()
    state: Any = None


@dataclass
class New:
    """An object of a class, made without arguments, with a state."""

    cls: Any
    state: Any = None
    arguments: Tuple = ()


@dataclass
class Raw:
    """Opcodes as they are."""

    code: bytes


@dataclass
class Stored:
    """A numpy array as joblib stores it: a wrapper, and the bytes behind it in the stream."""

    array: np.ndarray
    changes: Dict[str, Any] = field(default_factory=dict)


LOGISTIC = Global("sklearn.linear_model._logistic", "LogisticRegression")
FLOATS = Global("torch", "FloatStorage")
WRAPPER = Global("joblib.numpy_pickle", "NumpyArrayWrapper")


def dtype(array_type: np.dtype) -> Call:
    """A numpy type as numpy pickles it."""
    order = {"|": "|", "=": "<", "<": "<", ">": ">"}[array_type.byteorder]
    code = array_type.str.lstrip("<>|=")
    state = (3, order, None, None, None, -1, -1, 0)
    return Call(Global("numpy", "dtype"), (code, False, True), state)


def _string(text: str) -> bytes:
    data = text.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(data)) + data


def _integer(number: int) -> bytes:
    size = (number.bit_length() + 8) // 8
    opcode = b"\x8a" + bytes([size]) if size < 256 else b"\x8b" + struct.pack("<I", size)
    return opcode + number.to_bytes(size, "little", signed=True)


class _Writer:
    """Appends the opcodes of one value after the other."""

    def __init__(self) -> None:
        self.out = bytearray(b"\x80\x04")

    def value(self, value: Any) -> None:
        """One value."""
        simple = {type(None): b"N", bool: b"\x88" if value is True else b"\x89"}
        if type(value) in simple:
            self.out += simple[type(value)]
        elif isinstance(value, str):
            self.out += _string(value)
        elif isinstance(value, int):
            self.out += _integer(value)
        elif isinstance(value, float):
            self.out += b"G" + struct.pack(">d", value)
        elif isinstance(value, bytes):
            self.out += b"B" + struct.pack("<I", len(value)) + value
        else:
            getattr(self, "_" + type(value).__name__.lower())(value)

    def _items(self, items: Any, begin: bytes, end: bytes) -> None:
        self.out += begin
        for item in items:
            self.value(item)
        self.out += end

    def _tuple(self, value: tuple) -> None:
        self._items(value, b"(", b"t")

    def _list(self, value: list) -> None:
        self._items(value, b"](", b"e")

    def _dict(self, value: dict) -> None:
        self._items([part for pair in value.items() for part in pair], b"}(", b"u")

    def _raw(self, value: Raw) -> None:
        self.out += value.code

    def _global(self, value: Global) -> None:
        self.out += _string(value.module) + _string(value.name) + b"\x93"

    def _made(self, maker: Any, arguments: tuple, opcode: bytes, state: Any) -> None:
        self.value(maker)
        self.value(arguments)
        self.out += opcode
        if state is not None:
            self.value(state)
            self.out += b"b"

    def _call(self, value: Call) -> None:
        self._made(value.function, value.arguments, b"R", value.state)

    def _new(self, value: New) -> None:
        self._made(value.cls, value.arguments, b"\x81", value.state)

    def _stored(self, value: Stored) -> None:
        array = value.array
        order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
        state = {
            "subclass": Global("numpy", "ndarray"),
            "shape": array.shape,
            "order": order,
            "dtype": dtype(array.dtype),
            "allow_mmap": True,
            "numpy_array_alignment_bytes": 16,
        }
        self.value(New(WRAPPER, {**state, **value.changes}))
        if array.dtype.hasobject:
            self.out += dump(inline(array))
        else:
            fill = 16 - (len(self.out) + 1) % 16
            self.out += bytes([fill]) + b"\xff" * fill + array.tobytes(order)


def inline(array: np.ndarray) -> Call:
    """A numpy array as numpy itself pickles it."""
    maker = Global("numpy._core.multiarray", "_reconstruct")
    data = list(array.ravel()) if array.dtype.hasobject else array.tobytes()
    return Call(maker, (Global("numpy", "ndarray"), (0,), b"b"), (1, array.shape, dtype(array.dtype), False, data))


def dump(value: Any) -> bytes:
    """A whole pickle."""
    writer = _Writer()
    writer.value(value)
    return bytes(writer.out + b".")


def logistic(classes: np.ndarray, coefficients: np.ndarray, intercept: np.ndarray, **more: Any) -> New:
    """A fitted LogisticRegression."""
    state = {"C": 1.0, "class_weight": None, "fit_intercept": True, "solver": "lbfgs", "max_iter": 100}
    arrays = {"classes_": Stored(classes), "coef_": Stored(coefficients), "intercept_": Stored(intercept)}
    state = {**state, **arrays, "_sklearn_version": "1.9.1", **more}
    return New(LOGISTIC, {key: value for key, value in state.items() if value is not Ellipsis})


def torch_storage(
    numbers: np.ndarray, kind: Any = FLOATS, count: Any = None, more: Any = None, **machine: Any
) -> Call:
    """A storage as torch pickles it: a byte string of pickles and numbers. `count` is what both sizes claim."""
    count = numbers.size if count is None else count
    stored = Raw(dump(("storage", kind, "1", "cpu", count, None))[2:-1] + b"Q") if more is None else more
    values = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True, **machine}, stored, ["1"])
    data = b"".join(dump(value) for value in values) + struct.pack("<q", count) + numbers.astype("<f4").tobytes()
    return Call(Global("torch.storage", "_load_from_bytes"), (data,))


def torch_tensor(storage: Any, offset: Any = 0, shape: Any = (3, 20), strides: Any = (20, 1)) -> Call:
    """A parameter of a torch module."""
    empty = Call(Global("collections", "OrderedDict"))
    tensor = Call(Global("torch._utils", "_rebuild_tensor_v2"), (storage, offset, shape, strides, False, empty))
    return Call(Global("torch._utils", "_rebuild_parameter"), (tensor, True, empty))


def setfit_head(weight: Any, bias: Any = None, **more: Any) -> New:
    """A SetFitHead with the parts that are read."""
    linear = New(Global("torch.nn.modules.linear", "Linear"), {"_parameters": {"weight": weight, "bias": bias}})
    plain = {"_modules": {"linear": linear}, "temperature": 1.0, "eps": 1e-05, "multitarget": False}
    return New(Global("setfit.modeling", "SetFitHead"), {**plain, **more})
