# SPDX-License-Identifier: MIT
"""The tensors of a pickled torch module, read without torch.

Outside of its own format torch pickles a tensor as calls: _rebuild_tensor_v2 of a storage, which is _load_from_bytes
of what torch.save wrote before it wrote zip files. That is five pickles one after the other (a magic number, a
version, the machine, the storage by a persistent id, the list of its one key), then the count of elements and the
elements.
"""

from __future__ import annotations

import io
import pickle
from typing import Any, Callable, Dict

import numpy as np

from .errors import Refused
from .safe_pickle import FILE, Global, Key, Reader, StandIn, malformed, plain, refuse, shown, sizes

LINEAR = ("torch.nn.modules.linear", "Linear")
TENSOR = ("torch._utils", "_rebuild_tensor_v2")
_PARAMETER = ("torch._utils", "_rebuild_parameter")
_STORAGE = ("torch.storage", "_load_from_bytes")
_FLOAT = ("torch", "FloatStorage")
_MAGIC = 0x1950A86A20F9469CFC6C
_VERSION = 1001


class _StorageReader(Reader):
    """The pickles inside of a storage: numbers, strings and one persistent id; nothing is made or called."""

    dispatch: Dict[int, Callable[[Reader], None]] = {
        **Reader.dispatch,
        pickle.BINPERSID[0]: pickle._Unpickler.load_binpersid,
    }
    functions: Dict[Key, Callable[..., Any]] = {}
    classes = frozenset({_FLOAT})
    max_steps = 1000

    def unknown(self, module: str, name: str) -> Refused:
        """Other types of numbers are refused as such; torch would not multiply float vectors with them either."""
        if module == "torch" and name.endswith("Storage"):
            return Refused(f"{FILE} holds tensors of the type torch.{name[:40]}; those of a SetFitHead are float32")
        return refuse(f"{module}.{name}")

    def persistent_load(self, pid: Any) -> Any:
        """The storage: ('storage', its type, key, device, elements, None)."""
        if not isinstance(pid, tuple) or len(pid) != 6 or pid[0] != "storage" or pid[5] is not None:
            raise malformed("a torch storage is named in another way than torch.save names one")
        if not isinstance(pid[1], Global) or pid[1].key != _FLOAT or not isinstance(pid[2], str):
            raise malformed("a torch storage has no type or no key")
        return StandIn(_FLOAT, (pid[2], pid[4]))


def _storage(*arguments: Any) -> np.ndarray:
    """torch.storage._load_from_bytes: the elements, where they lie. shape [n]"""
    if len(arguments) != 1 or not isinstance(arguments[0], bytes):
        raise malformed("a torch storage is made of something else than bytes")
    stream, size = io.BytesIO(arguments[0]), len(arguments[0])

    def read() -> Any:
        return _StorageReader(stream, size).load()

    if read() != _MAGIC or read() != _VERSION:
        raise malformed("a torch storage does not begin as torch.save begins one")
    machine = read()
    if not isinstance(machine, dict) or machine.get("little_endian") is not True:
        raise malformed("a torch storage was written by a machine that is not little-endian")
    stored = read()
    if not isinstance(stored, StandIn) or stored.value is None or read() != [stored.value[0]]:
        raise malformed("a torch storage holds another storage than it names")
    count = int.from_bytes(stream.read(8), "little")
    if count != stored.value[1] or 4 * count != size - stream.tell():
        raise malformed("a torch storage has another number of elements than it says")
    return np.frombuffer(arguments[0], "<f4", count, stream.tell())


def _tensor(*arguments: Any) -> np.ndarray:
    """torch._utils._rebuild_tensor_v2: a view of a storage, which it does not leave, of no more elements."""
    if not 6 <= len(arguments) <= 7 or not isinstance(arguments[0], StandIn) or arguments[0].key != _STORAGE:
        raise malformed("a torch tensor is made of something else than a storage")
    storage, offset = arguments[0].value, arguments[1]
    shape, strides = sizes(arguments[2], "the shape of a tensor"), sizes(arguments[3], "the strides of a tensor")
    if type(offset) is not int or not 0 <= offset <= storage.size or len(shape) != len(strides):
        raise malformed("a torch tensor has an offset or strides out of range")
    count, last = 1, offset
    for n, stride in zip(shape, strides):
        count *= n
        last += (n - 1) * stride
    if count > storage.size or (count and last >= storage.size):
        raise malformed("a torch tensor reaches past the end of its storage")
    if not count:
        return np.zeros(shape, "<f4")
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, [4 * n for n in strides], writeable=False)


def _parameter(*arguments: Any) -> np.ndarray:
    """torch._utils._rebuild_parameter: the tensor."""
    if len(arguments) != 3 or not isinstance(arguments[0], StandIn) or arguments[0].key != TENSOR:
        raise malformed("a torch parameter is made of something else than a tensor")
    return plain(arguments[0])


def _nothing(*arguments: Any) -> None:
    """What no answer depends on: the device, a set of names."""


def _empty_dict(*arguments: Any) -> Dict[str, Any]:
    """An OrderedDict, into which items may come."""
    if arguments:
        raise malformed(f"an OrderedDict is made of {shown(arguments[0])}")
    return {}


FUNCTIONS: Dict[Key, Callable[..., Any]] = {
    _STORAGE: _storage,
    TENSOR: _tensor,
    _PARAMETER: _parameter,
    ("torch", "device"): _nothing,
    ("builtins", "set"): _nothing,
    ("collections", "OrderedDict"): _empty_dict,
}
