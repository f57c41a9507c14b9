# SPDX-License-Identifier: MIT
"""Reads a pickle without running it.

A pickle is a program: it names functions and calls them. Here a name is only a name (`Global`), and nothing is
called; the few steps that rebuild numpy arrays and fitted objects are done by this project's own code on stand-ins.
Any other name is refused. joblib stores the bytes of an array in the stream behind a NumpyArrayWrapper.
"""

from __future__ import annotations

import io
import pickle
import re
import sys
from typing import Any, Callable, Dict, FrozenSet, Optional, Tuple

import numpy as np

from .errors import Refused

FILE = "model_head.pkl"
MAX_BYTES = 1 << 30  # of the decompressed stream: ten thousand classes of 8192 columns have 0.7 GB
_DTYPE = re.compile(r"[<>=|]?(\?|b1|[iu][1248]|f[248]|U\d{1,6}|O8?)")
_EMPTY_SET: FrozenSet[Any] = frozenset()  # one for all: each has 216 bytes
_MAX_KEY = 1 << 16  # characters of the key of a dict, which may be a label
_SHOWN = 80  # characters of what a hostile stream says are enough

Key = Tuple[str, str]

WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")
_NDARRAY = ("numpy", "ndarray")
_DTYPE_CLASS = ("numpy", "dtype")


class Global:
    """A name that the pickle mentioned; never the thing itself."""

    def __init__(self, key: Key) -> None:
        self.key = key


class StandIn:
    """What the pickle believes to be an object: its class by name, its state, and the numpy value it stands for."""

    def __init__(self, key: Key, value: Any = None) -> None:
        self.key = key
        self.state: Dict[str, Any] = {}
        self.value: Any = value

    @property
    def name(self) -> str:
        """The class without its module."""
        return self.key[1]

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute, without stand-ins for numpy things."""
        return plain(self.state.get(name, default))


def plain(value: Any) -> Any:
    """A value of the pickle without stand-ins for numpy things; anything else as it is."""
    if isinstance(value, StandIn) and value.value is not None:
        return value.value
    return value


def shown(value: Any) -> str:
    """A value for a message, short whatever it is: a list may hold itself, a number have a million digits."""
    if isinstance(value, str):
        return repr(value[:_SHOWN])
    if value is None or isinstance(value, (bool, float)) or (isinstance(value, int) and value.bit_length() <= 64):
        return repr(value)
    return f"a {value.name[:_SHOWN] if isinstance(value, StandIn) else type(value).__name__}"


def refuse(what: str) -> Refused:
    """The refusal of a name or of a step."""
    return Refused(
        f"{FILE} asks for {what[:4 * _SHOWN]}; what is read from a pickle is a LogisticRegression, alone or in a "
        "OneVsRestClassifier, MultiOutputClassifier or ClassifierChain, and a SetFitHead (--trust-pickle opens it "
        "with joblib, which runs whatever code it holds)"
    )


def malformed(what: str) -> Refused:
    """The refusal of a stream that no pickler writes."""
    return Refused(f"{FILE} is damaged: {what[:4 * _SHOWN]}")


def _dtype(code: Any) -> np.dtype:
    """A numpy type of plain numbers, strings or objects."""
    if not isinstance(code, str) or not _DTYPE.fullmatch(code):
        raise refuse(f"the numpy type {shown(code)}")
    return np.dtype(code)


def _dtype_of(stand_in: Any) -> np.dtype:
    """The numpy type that a stand-in stands for."""
    if not isinstance(stand_in, StandIn) or not isinstance(stand_in.value, np.dtype):
        raise malformed("an array has no type")
    return stand_in.value


def sizes(value: Any, what: str) -> Tuple[int, ...]:
    """The shape or the strides of an array, small enough to be multiplied."""
    if not isinstance(value, tuple) or len(value) > 4:
        raise malformed(f"{what} is no tuple of at most 4 numbers")
    numbers = tuple(plain(n) for n in value)
    if not all(isinstance(n, int) and 0 <= n <= MAX_BYTES for n in numbers):
        raise malformed(f"{what} holds a number out of range")
    return numbers


def _is_text(data: Any, dtype: np.dtype) -> bool:
    """Whether numpy can make Python's strings of these bytes: it fails on what is no code point."""
    return bool((np.frombuffer(data, np.dtype("u4").newbyteorder(dtype.byteorder)) <= sys.maxunicode).all())


def _array(data: Any, dtype: np.dtype, shape: Tuple[int, ...], fortran: bool) -> np.ndarray:
    """An array from its bytes, which are not copied, or from a list where it holds objects."""
    count = 1
    for n in shape:
        count *= n
    if dtype.hasobject:
        if not isinstance(data, list) or len(data) != count:
            raise malformed("an array of objects has another number of elements than its shape")
        flat = np.empty(count, object)
        flat[:] = [plain(item) for item in data]
    else:
        if not isinstance(data, (bytes, bytearray)) or len(data) != count * dtype.itemsize:
            raise malformed("an array has another number of bytes than its shape")
        flat = np.frombuffer(data, dtype, count)
        if dtype.kind == "U" and not _is_text(data, dtype):
            raise malformed("an array of strings holds what is no character")
    return flat.reshape(shape, order="F" if fortran else "C")


def _make_dtype(*arguments: Any) -> np.dtype:
    """numpy.dtype"""
    return _dtype(arguments[0] if arguments else None)


def _make_scalar(dtype: Any, data: Any) -> Any:
    """numpy's scalar: a number or a string of Python."""
    kind = _dtype_of(dtype)
    return _array([data] if kind.hasobject else data, kind, (), False)[()].item()


def _make_from_buffer(data: Any, dtype: Any, shape: Any, order: Any) -> np.ndarray:
    """numpy's _frombuffer"""
    return _array(data, _dtype_of(dtype), sizes(shape, "the shape of an array"), order == "F")


def _make_empty(*_arguments: Any) -> None:
    """numpy's _reconstruct, whose array comes with its state."""


_MAKERS = (
    ("multiarray", "_reconstruct", _make_empty),
    ("multiarray", "scalar", _make_scalar),
    ("numeric", "_frombuffer", _make_from_buffer),
)
NUMPY_FUNCTIONS: Dict[Key, Callable[..., Any]] = {_DTYPE_CLASS: _make_dtype}
for _core in ("core", "_core"):
    NUMPY_FUNCTIONS.update({(f"numpy.{_core}.{module}", name): maker for module, name, maker in _MAKERS})


class _Counted(Dict[int, Callable[["Reader"], None]]):
    """The steps of a reader, which may be taken so many times."""

    budget: "_Budget"

    def __getitem__(self, code: int) -> Callable[["Reader"], None]:
        self.budget.spend(1)
        return super().__getitem__(code)


class _Budget:
    """What a stream may cost: steps, each of which may make an object, and bytes handed to calls, each some twice."""

    def __init__(self, steps: int, size: int) -> None:
        self._limit = self._steps = steps
        self._bytes = 2 * size

    def spend(self, steps: int) -> None:
        """Steps, or elements that a step copies."""
        self._steps -= steps
        if self._steps < 0:
            raise malformed(f"it takes more than {self._limit} steps to read, which no head does")

    def hand_over(self, values: Any) -> None:
        """The arguments of a call or the state of an object, which is about to be copied."""
        for value in values if isinstance(values, tuple) else (values,):
            if isinstance(value, (bytes, bytearray)):
                self._bytes -= len(value)
            elif isinstance(value, (list, dict, tuple)):
                self.spend(len(value))
        if self._bytes < 0:
            raise malformed("it uses the same bytes more than once or twice, which no head does")


class Reader(pickle._Unpickler):  # the one written in Python: its steps can be replaced
    """Reads the opcodes of a pickle, with every step that could call something replaced.

    `functions` makes the values that calls of known names stand for; objects of `classes` may be made and filled.
    """

    dispatch: Dict[int, Callable[["Reader"], None]] = dict(pickle._Unpickler.dispatch)
    functions: Dict[Key, Callable[..., Any]] = NUMPY_FUNCTIONS
    classes: FrozenSet[Key] = frozenset({WRAPPER})
    max_steps = 1 << 21  # a target takes 130, a class 2; an object of one step has 72 bytes or so

    def __init__(self, stream: io.BytesIO, size: int, budget: Optional[_Budget] = None) -> None:
        super().__init__(stream)
        self._stream, self._size = stream, size
        self._budget = budget or _Budget(self.max_steps, size)
        counted = _Counted(type(self).dispatch)
        counted.budget = self._budget
        self.dispatch = counted  # type: ignore[misc]

    def find_class(self, module: str, name: str) -> Global:
        """A known name, as a name."""
        if (module, name) not in self.classes and (module, name) not in self.functions and (module, name) != _NDARRAY:
            raise self.unknown(module, name)
        return Global((module, name))

    def unknown(self, module: str, name: str) -> Refused:
        """The refusal of a name that is not known."""
        return refuse(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        """Nothing is stored outside of the pickle."""
        raise refuse("an object outside of the file")

    def _forbidden(self) -> None:
        raise refuse("a way to build objects that no head needs")

    def load_reduce(self) -> None:
        """A call of a function: a stand-in with the value that this project's own code makes of the arguments."""
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Global) or not isinstance(arguments, tuple):
            raise refuse(f"a call of a {type(function).__name__} object")
        if function.key not in self.functions:
            raise refuse(f"a call of {'.'.join(function.key)}")
        self._budget.spend(len(arguments))
        self._budget.hand_over(arguments)
        made = self.functions[function.key](*arguments)
        self.append(made if isinstance(made, dict) else StandIn(function.key, made))

    def load_newobj(self) -> None:
        """An object without arguments, as classes of Python make it."""
        arguments, cls = self.stack.pop(), self.stack.pop()
        if not isinstance(cls, Global) or cls.key not in self.classes or arguments != ():
            raise refuse("an object of " + (".".join(cls.key) if isinstance(cls, Global) else type(cls).__name__))
        self.append(StandIn(cls.key))

    def load_build(self) -> None:
        """The state of the object made last."""
        state, made = self.stack.pop(), self.stack[-1]
        if not isinstance(made, StandIn):
            raise refuse(f"the state of a {type(made).__name__} object to be set")
        self._budget.hand_over(state)
        if made.key == _DTYPE_CLASS:
            self._build_dtype(made, state)
        elif self.functions.get(made.key) is _make_empty:
            self._build_array(made, state)
        elif made.key in self.classes and isinstance(state, dict) and all(isinstance(key, str) for key in state):
            made.state.update(state)
            if made.key == WRAPPER:
                made.value = self._stored_array(made.state)
        else:
            raise malformed(f"{'.'.join(made.key)} has a state of type {type(state).__name__}")

    @staticmethod
    def _build_dtype(made: StandIn, state: Any) -> None:
        """The byte order of a type; types with fields are not needed."""
        if not isinstance(state, tuple) or len(state) < 5 or state[1] not in ("<", ">", "|", "="):
            raise malformed("the state of a numpy type")
        if any(part is not None for part in state[2:5]):
            raise refuse("a numpy type with fields")
        made.value = made.value.newbyteorder(state[1])

    @staticmethod
    def _build_array(made: StandIn, state: Any) -> None:
        """An array stored inside the pickle, as numpy does it."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise malformed("the state of a numpy array")
        _, shape, dtype, fortran, data = state
        made.value = _array(data, _dtype_of(dtype), sizes(shape, "the shape of an array"), bool(fortran))

    def _stored_array(self, state: Dict[str, Any]) -> np.ndarray:
        """An array whose bytes stand in the stream, as joblib does it."""
        dtype, shape = _dtype_of(state.get("dtype")), sizes(state.get("shape"), "the shape of an array")
        if dtype.hasobject:
            return plain(type(self)(self._stream, self._size, self._budget).load())
        if state.get("numpy_array_alignment_bytes") is not None:
            self._stream.read(int.from_bytes(self._stream.read(1), "little"))
        size = dtype.itemsize
        for n in shape:
            size *= n
        if size > self._size - self._stream.tell():
            raise malformed("an array reaches past the end of the file")
        return _array(self._stream.read(size), dtype, shape, state.get("order") == "F")

    def load_setitem(self) -> None:
        """One item of a dict."""
        _check_key(self.stack[-2])
        super().load_setitem()

    def load_setitems(self) -> None:
        """Items since the mark."""
        for key in self.stack[::2]:
            _check_key(key)
        super().load_setitems()

    def load_dict(self) -> None:
        """A dict of the items since the mark, as protocol 0 makes it."""
        for key in self.stack[::2]:
            _check_key(key)
        super().load_dict()

    def load_empty_set(self) -> None:
        """A set, which in heads stays empty."""
        self.append(_EMPTY_SET)

    def load_bytearray8(self) -> None:
        """A byte array, whose length is checked before memory is taken for it."""
        size = int.from_bytes(self.read(8), "little")
        if size > self._size:
            raise malformed("a byte array is longer than the file")
        self.append(bytearray(self.read(size)))


def _check_key(key: Any) -> None:
    """Only what is hashed without asking anything inside of it: CPython's stack does not hold a deep tuple's hash.

    And only short ones: a number of megabytes is hashed, and equal strings are compared, again with every step."""
    if isinstance(key, (str, bytes)):
        is_short = len(key) <= _MAX_KEY
    else:
        is_short = isinstance(key, int) and key.bit_length() <= 64
    if key is not None and not is_short and not isinstance(key, (float, StandIn)):
        raise malformed(f"{shown(key)[:_SHOWN]} is the key of a dict")


Reader.dispatch[pickle.SETITEM[0]] = Reader.load_setitem
Reader.dispatch[pickle.SETITEMS[0]] = Reader.load_setitems
Reader.dispatch[pickle.DICT[0]] = Reader.load_dict
Reader.dispatch[pickle.EMPTY_SET[0]] = Reader.load_empty_set
Reader.dispatch[pickle.REDUCE[0]] = Reader.load_reduce
Reader.dispatch[pickle.NEWOBJ[0]] = Reader.load_newobj
Reader.dispatch[pickle.BUILD[0]] = Reader.load_build
Reader.dispatch[pickle.BYTEARRAY8[0]] = Reader.load_bytearray8
for _code in (
    pickle.ADDITEMS,
    pickle.FROZENSET,
    pickle.INST,
    pickle.OBJ,
    pickle.NEWOBJ_EX,
    pickle.EXT1,
    pickle.EXT2,
    pickle.EXT4,
    pickle.PERSID,
    pickle.BINPERSID,
    pickle.NEXT_BUFFER,
    pickle.READONLY_BUFFER,
):
    Reader.dispatch[_code[0]] = Reader._forbidden
