# SPDX-License-Identifier: MIT
"""Opens `model_head.pkl` without running it: which classes a head may be made of, plain or compressed by zlib."""

from __future__ import annotations

import io
import zlib
from typing import Any

from . import torch_pickle
from .errors import Refused
from .safe_pickle import FILE, MAX_BYTES, NUMPY_FUNCTIONS, Reader, StandIn, malformed, plain

_ZLIB = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"BZ": "bz2", b"\xfd\x37": "xz", b"\x5d\x00": "lzma", b"\x04\x22": "lz4"}

HEADS = {
    ("sklearn.linear_model._logistic", "LogisticRegression"),
    ("sklearn.linear_model.logistic", "LogisticRegression"),
    ("sklearn.multiclass", "OneVsRestClassifier"),
    ("sklearn.multioutput", "MultiOutputClassifier"),
    ("sklearn.multioutput", "ClassifierChain"),
    ("setfit.modeling", "SetFitHead"),
}
_PARTS = {
    ("sklearn.multiclass", "_ConstantPredictor"),
    ("sklearn.preprocessing._label", "LabelBinarizer"),
    ("sklearn.preprocessing.label", "LabelBinarizer"),
    torch_pickle.LINEAR,
}
_FREE_BYTES = 64 << 20  # so much a small file may become; a larger one this many times its size:
_EXPANSION = 64
_CLASSIFIERS = ("sklearn", "xgboost", "lightgbm", "catboost", "imblearn")  # of these packages, and not in HEADS


def _cannot_be_stored(name: str) -> Refused:
    """The refusal of a classifier that is none of the heads."""
    return Refused(
        f"{FILE} holds a {name[:160]}, which no model file can hold: a head is a LogisticRegression, a "
        "OneVsRestClassifier, MultiOutputClassifier or ClassifierChain of such, or a SetFitHead"
    )


class _HeadReader(Reader):
    """A reader that knows the parts of heads."""

    functions = {**NUMPY_FUNCTIONS, **torch_pickle.FUNCTIONS}
    classes = Reader.classes | HEADS | _PARTS

    def unknown(self, module: str, name: str) -> Refused:
        """The refusal of a name: another classifier is no attack."""
        if module.split(".")[0] in _CLASSIFIERS:
            return _cannot_be_stored(f"{module}.{name}")
        return super().unknown(module, name)


def _decompress(data: bytes) -> bytes:
    """The pickle itself."""
    for magic, name in _COMPRESSED.items():
        if data.startswith(magic):
            raise Refused(f"{FILE} is compressed by {name}; plain and zlib-compressed joblib files are read")
    if not data.startswith(_ZLIB):
        return data
    unpacker = zlib.decompressobj()
    limit = min(MAX_BYTES, max(_FREE_BYTES, _EXPANSION * len(data)))
    try:
        plain_data = unpacker.decompress(data, limit)
    except zlib.error as error:
        raise malformed(str(error)) from None
    if not unpacker.eof:
        raise malformed(f"its zlib stream is cut off or larger than {limit >> 20} MiB")
    return plain_data


def read_head(data: bytes) -> StandIn:
    """The head in a pickle, its class by name and its attributes; nothing in it is run."""
    stream = _decompress(data)
    try:
        made = _HeadReader(io.BytesIO(stream), len(stream)).load()
    except Refused:
        raise
    except Exception as error:  # whatever a hostile stream makes Python's reader stumble over
        raise malformed(f"{type(error).__name__}: {error}") from None
    if not isinstance(made, StandIn) or made.key not in HEADS:
        value = plain(made)
        raise Refused(f"{FILE} holds a {value.name if isinstance(value, StandIn) else type(value).__name__}, no head")
    return made


def _stand_in(value: Any) -> Any:
    """What the reader would have made of a live object; other objects as they are."""
    key = (type(value).__module__, type(value).__name__)
    if key in HEADS | _PARTS:
        made = StandIn(key)
        made.state = {name: _stand_in(part) for name, part in vars(value).items()}
        return made
    if isinstance(value, list):
        return [_stand_in(item) for item in value]
    if isinstance(value, dict):
        return {name: _stand_in(item) for name, item in value.items()}
    if key[0].split(".")[0] == "torch" and hasattr(value, "detach"):
        return StandIn(torch_pickle.TENSOR, value.detach().cpu().float().numpy())
    return value


def run_head(data: bytes) -> StandIn:
    """The same through joblib, which runs whatever the pickle holds."""
    try:
        import joblib
    except ImportError:
        raise Refused(f"--trust-pickle opens {FILE} with joblib, which is not installed") from None
    try:
        head = joblib.load(io.BytesIO(data))
    except Exception as error:  # its own, or of the code it ran
        raise Refused(f"joblib cannot open {FILE}: {type(error).__name__}: {error}") from None
    cls = type(head)
    if (cls.__module__, cls.__name__) not in HEADS:
        raise _cannot_be_stored(f"{cls.__module__}.{cls.__name__}")
    return _stand_in(head)
