# SPDX-License-Identifier: MIT
"""Opens `model_head.pkl` without running it.

A pickle is a program: it names functions and calls them. Here a name is only a name (`_Global`), and nothing is
called; the few steps that rebuild numpy arrays and a LogisticRegression are done by this module's own code on its
own stand-ins. Any other name is refused. joblib stores the bytes of an array in the stream behind a
NumpyArrayWrapper, whole files plain or compressed by zlib; both are read.
"""

from __future__ import annotations

import io
import pickle
import re
import zlib
from typing import Any, Callable, Dict, Tuple

import numpy as np

from .errors import Refused

FILE = "model_head.pkl"
_MAX_BYTES = 1 << 30  # of the decompressed stream: ten thousand classes of 8192 columns have 0.7 GB
_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bz2", b"\xfd\x37": "xz", b"\x5d\x00": "lzma", b"\x04\x22": "lz4"}
_DTYPE = re.compile(r"[<>=|]?(\?|b1|[iu][1248]|f[248]|U\d{1,6}|O8?)")

LOGISTIC_REGRESSION = {
    ("sklearn.linear_model._logistic", "LogisticRegression"),
    ("sklearn.linear_model.logistic", "LogisticRegression"),
}
_WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")
_NDARRAY = ("numpy", "ndarray")
_DTYPE_CLASS = ("numpy", "dtype")
_NUMPY_FUNCTIONS = {
    (f"numpy.{core}.{module}", function): function
    for core in ("core", "_core")
    for module, function in (("multiarray", "_reconstruct"), ("multiarray", "scalar"), ("numeric", "_frombuffer"))
}
_KNOWN = LOGISTIC_REGRESSION | {_WRAPPER, _NDARRAY, _DTYPE_CLASS} | set(_NUMPY_FUNCTIONS)


class _Global:
    """A name that the pickle mentioned; never the thing itself."""

    def __init__(self, module: str, name: str) -> None:
        self.key = (module, name)


class _StandIn:
    """What the pickle believes to be an object: its class by name, its state, and the numpy value it stands for."""

    def __init__(self, key: Tuple[str, str]) -> None:
        self.key = key
        self.state: Dict[str, Any] = {}
        self.value: Any = None


def _refuse(what: str) -> Refused:
    """The refusal of a name."""
    return Refused(
        f"{FILE} asks for {what}; only numpy arrays and a scikit-learn LogisticRegression are read from a pickle "
        "(--trust-pickle opens it with joblib, which runs whatever code it holds)"
    )


def _malformed(what: str) -> Refused:
    """The refusal of a stream that no pickler writes."""
    return Refused(f"{FILE} is damaged: {what}")


def _dtype(code: Any) -> np.dtype:
    """A numpy type of plain numbers, strings or objects."""
    if not isinstance(code, str) or not _DTYPE.fullmatch(code):
        raise _refuse(f"the numpy type {code!r}")
    return np.dtype(code)


def _dtype_of(stand_in: Any) -> np.dtype:
    """The numpy type that a stand-in stands for."""
    if not isinstance(stand_in, _StandIn) or not isinstance(stand_in.value, np.dtype):
        raise _malformed("an array has no type")
    return stand_in.value


def _shape(value: Any) -> Tuple[int, ...]:
    """The shape of an array, small enough to be multiplied."""
    if not isinstance(value, tuple) or len(value) > 4:
        raise _malformed("the shape of an array is no tuple of at most 4 numbers")
    shape = tuple(plain(n) for n in value)
    if not all(isinstance(n, int) and 0 <= n <= _MAX_BYTES for n in shape):
        raise _malformed("the shape of an array holds a number out of range")
    return shape


def _array(data: Any, dtype: np.dtype, shape: Tuple[int, ...], fortran: bool) -> np.ndarray:
    """An array from its bytes, or from a list where it holds objects."""
    count = 1
    for n in shape:
        count *= n
    if dtype.hasobject:
        if not isinstance(data, list) or len(data) != count:
            raise _malformed("an array of objects has another number of elements than its shape")
        flat = np.empty(count, object)
        flat[:] = [plain(item) for item in data]
    else:
        if not isinstance(data, (bytes, bytearray)) or len(data) != count * dtype.itemsize:
            raise _malformed("an array has another number of bytes than its shape")
        flat = np.frombuffer(bytes(data), dtype, count)
    return flat.reshape(shape, order="F" if fortran else "C")


def plain(value: Any) -> Any:
    """A value of the pickle without stand-ins for numpy things; anything else as it is."""
    if isinstance(value, _StandIn) and value.value is not None:
        return value.value
    return value


class _Reader(pickle._Unpickler):  # the one written in Python: its steps can be replaced
    """Reads the opcodes of a pickle, with every step that could call something replaced."""

    dispatch: Dict[int, Callable[["_Reader"], None]] = dict(pickle._Unpickler.dispatch)

    def __init__(self, stream: io.BytesIO, size: int) -> None:
        super().__init__(stream)
        self._stream, self._size = stream, size

    def find_class(self, module: str, name: str) -> _Global:
        """A known name, as a name."""
        if (module, name) not in _KNOWN:
            raise _refuse(f"{module}.{name}")
        return _Global(module, name)

    def persistent_load(self, pid: Any) -> Any:
        """Nothing is stored outside of the pickle."""
        raise _refuse("an object outside of the file")

    def _forbidden(self) -> None:
        raise _refuse("a way to build objects that no LogisticRegression needs")

    def _construct(self, function: Any, arguments: Any) -> Any:
        """What `function(*arguments)` stands for."""
        if not isinstance(function, _Global) or not isinstance(arguments, tuple):
            raise _refuse(f"a call of a {type(function).__name__} object")
        made = _StandIn(function.key)
        kind = _NUMPY_FUNCTIONS.get(function.key, "")
        if function.key == _DTYPE_CLASS and arguments:
            made.value = _dtype(arguments[0])
        elif kind == "scalar" and len(arguments) == 2:
            made.value = _array(
                [arguments[1]] if _dtype_of(arguments[0]).hasobject else arguments[1],
                _dtype_of(arguments[0]),
                (),
                False,
            )[()].item()
        elif kind == "_frombuffer" and len(arguments) == 4:
            data, dtype, shape, order = arguments
            made.value = _array(data, _dtype_of(dtype), _shape(shape), order == "F")
        elif kind != "_reconstruct":
            raise _refuse(f"a call of {'.'.join(function.key)} with {len(arguments)} arguments")
        return made

    def load_reduce(self) -> None:
        """A call of a function."""
        arguments = self.stack.pop()
        self.stack[-1] = self._construct(self.stack[-1], arguments)

    def load_newobj(self) -> None:
        """An object without arguments, as classes of Python make it."""
        arguments = self.stack.pop()
        cls = self.stack.pop()
        if not isinstance(cls, _Global) or cls.key not in LOGISTIC_REGRESSION | {_WRAPPER} or arguments != ():
            raise _refuse("an object of " + (".".join(cls.key) if isinstance(cls, _Global) else type(cls).__name__))
        self.append(_StandIn(cls.key))

    def load_build(self) -> None:
        """The state of the object made last."""
        state, made = self.stack.pop(), self.stack[-1]
        if not isinstance(made, _StandIn):
            raise _refuse(f"the state of a {type(made).__name__} object to be set")
        if made.key == _DTYPE_CLASS:
            self._build_dtype(made, state)
        elif _NUMPY_FUNCTIONS.get(made.key) == "_reconstruct":
            self._build_array(made, state)
        elif isinstance(state, dict) and all(isinstance(key, str) for key in state) and made.value is None:
            made.state.update(state)
            if made.key == _WRAPPER:
                made.value = self._stored_array(made.state)
        else:
            raise _malformed(f"{'.'.join(made.key)} has a state of type {type(state).__name__}")

    @staticmethod
    def _build_dtype(made: _StandIn, state: Any) -> None:
        """The byte order of a type; types with fields are not needed."""
        if not isinstance(state, tuple) or len(state) < 5 or state[1] not in ("<", ">", "|", "="):
            raise _malformed("the state of a numpy type")
        if any(part is not None for part in state[2:5]):
            raise _refuse("a numpy type with fields")
        made.value = made.value.newbyteorder(state[1])

    @staticmethod
    def _build_array(made: _StandIn, state: Any) -> None:
        """An array stored inside the pickle, as numpy does it."""
        if not isinstance(state, tuple) or len(state) != 5:
            raise _malformed("the state of a numpy array")
        _, shape, dtype, fortran, data = state
        made.value = _array(data, _dtype_of(dtype), _shape(shape), bool(fortran))

    def _stored_array(self, state: Dict[str, Any]) -> np.ndarray:
        """An array whose bytes stand in the stream, as joblib does it."""
        dtype, shape = _dtype_of(state.get("dtype")), _shape(state.get("shape"))
        if dtype.hasobject:
            return plain(_Reader(self._stream, self._size).load())
        if state.get("numpy_array_alignment_bytes") is not None:
            self._stream.read(int.from_bytes(self._stream.read(1), "little"))
        size = dtype.itemsize
        for n in shape:
            size *= n
        if size > self._size - self._stream.tell():
            raise _malformed("an array reaches past the end of the file")
        return _array(self._stream.read(size), dtype, shape, state.get("order") == "F")

    def load_bytearray8(self) -> None:
        """A byte array, whose length is checked before memory is taken for it."""
        size = int.from_bytes(self.read(8), "little")
        if size > self._size:
            raise _malformed("a byte array is longer than the file")
        self.append(bytearray(self.read(size)))


_Reader.dispatch[pickle.REDUCE[0]] = _Reader.load_reduce
_Reader.dispatch[pickle.NEWOBJ[0]] = _Reader.load_newobj
_Reader.dispatch[pickle.BUILD[0]] = _Reader.load_build
_Reader.dispatch[pickle.BYTEARRAY8[0]] = _Reader.load_bytearray8
for _code in (
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
    _Reader.dispatch[_code[0]] = _Reader._forbidden


def _decompress(data: bytes) -> bytes:
    """The pickle itself."""
    for magic, name in _COMPRESSED.items():
        if data.startswith(magic):
            raise Refused(f"{FILE} is compressed by {name}; plain and zlib-compressed joblib files are read")
    if not data.startswith(_ZLIB):
        return data
    unpacker = zlib.decompressobj()
    try:
        plain_data = unpacker.decompress(data, _MAX_BYTES)
    except zlib.error as error:
        raise _malformed(str(error)) from None
    if not unpacker.eof:
        raise _malformed("its zlib stream is cut off or larger than 1 GiB")
    return plain_data


def read_state(data: bytes) -> Dict[str, Any]:
    """The attributes of the LogisticRegression in a pickle; nothing in it is run."""
    stream = _decompress(data)
    try:
        made = _Reader(io.BytesIO(stream), len(stream)).load()
    except Refused:
        raise
    except Exception as error:  # whatever a hostile stream makes Python's reader stumble over
        raise _malformed(f"{type(error).__name__}: {error}") from None
    if not isinstance(made, _StandIn) or made.key not in LOGISTIC_REGRESSION:
        raise Refused(f"{FILE} holds a {type(plain(made)).__name__}, not a scikit-learn LogisticRegression")
    return {name: plain(value) for name, value in made.state.items()}


def run_state(data: bytes) -> Dict[str, Any]:
    """The same through joblib, which runs whatever the pickle holds."""
    try:
        import joblib
    except ImportError:
        raise Refused(f"--trust-pickle opens {FILE} with joblib, which is not installed") from None
    head = joblib.load(io.BytesIO(data))
    cls = type(head)
    if (cls.__module__, cls.__name__) not in LOGISTIC_REGRESSION:
        raise Refused(f"{FILE} holds a {cls.__module__}.{cls.__name__}, not a plain LogisticRegression")
    return dict(vars(head))
