# SPDX-License-Identifier: MIT
"""The weights of the body: `model.safetensors`, in F16, BF16, F32 or F64, by BertModel's names.

The safetensors package checks the container. Types are widened here, because numpy has no bfloat16.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Tuple

import numpy as np
import safetensors

from .errors import Refused
from .folder import Folder

FILE = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_PREFIX = "bert."
_IGNORED = ("pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids")

Shape = Tuple[int, ...]


def _bf16(data: bytes) -> np.ndarray:
    """A bfloat16 is the upper half of a float."""
    return (np.frombuffer(data, "<u2").astype("<u4") << np.uint32(16)).view("<f4")


_READERS = {
    "F16": lambda data: np.frombuffer(data, "<f2"),
    "BF16": _bf16,
    "F32": lambda data: np.frombuffer(data, "<f4"),
    "F64": lambda data: np.frombuffer(data, "<f8"),
}


def expected_shapes(hidden: int, inner: int, layers: int, rows: int, positions: int, types: int) -> Dict[str, Shape]:
    """Name and shape of each tensor that a BertModel without pooler has."""
    square, vector = (hidden, hidden), (hidden,)
    shapes: Dict[str, Shape] = {
        "embeddings.word_embeddings.weight": (rows, hidden),
        "embeddings.position_embeddings.weight": (positions, hidden),
        "embeddings.token_type_embeddings.weight": (types, hidden),
        "embeddings.LayerNorm.weight": vector,
        "embeddings.LayerNorm.bias": vector,
    }
    for index in range(layers):
        layer = f"encoder.layer.{index}"
        for name in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            shapes.update({f"{layer}.{name}.weight": square, f"{layer}.{name}.bias": vector})
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            shapes.update({f"{layer}.{name}.weight": vector, f"{layer}.{name}.bias": vector})
        shapes.update({f"{layer}.intermediate.dense.weight": (inner, hidden)})
        shapes.update({f"{layer}.intermediate.dense.bias": (inner,)})
        shapes.update({f"{layer}.output.dense.weight": (hidden, inner), f"{layer}.output.dense.bias": vector})
    return shapes


def linear_weights(layers: int) -> List[str]:
    """The names of the weights that linear layers multiply with."""
    parts = [f"attention.self.{name}" for name in ("query", "key", "value")]
    parts += ["attention.output.dense", "intermediate.dense", "output.dense"]
    return [f"encoder.layer.{index}.{part}.weight" for index in range(layers) for part in parts]


class Checkpoint:
    """The tensors of a checkpoint, widened or rounded to f32 when they are asked for."""

    def __init__(self, tensors: Dict[str, dict]) -> None:
        self._tensors = tensors

    def __call__(self, name: str) -> np.ndarray:
        """A tensor in f32; refuses values that are not finite, or too large for f32."""
        entry = self._tensors[name]
        with np.errstate(over="ignore"):
            values = _READERS[entry["dtype"]](entry["data"]).astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            raise Refused(f"tensor {name} in {FILE} holds a value that is not a finite float32 number")
        return values.reshape(entry["shape"])

    def is_f16(self, names: Iterable[str]) -> bool:
        """Whether all of these tensors are stored in f16, so that f16 holds them exactly."""
        return all(self._tensors[name]["dtype"] == "F16" for name in names)


def _deserialize(folder: Folder) -> List[Tuple[str, dict]]:
    """All tensors of the file; refuses what is there in its place."""
    if not folder.has(FILE):
        if folder.has(_INDEX):
            raise Refused(f"{_INDEX}: the checkpoint is cut into several files (shards); save it again in one file")
        if folder.has("pytorch_model.bin"):
            raise Refused(
                f"{FILE} is missing and pytorch_model.bin is a pickle, which is not opened: load the model with "
                "setfit and save it again with save_pretrained, which writes safetensors"
            )
    try:
        return safetensors.deserialize(folder.read(FILE))
    except safetensors.SafetensorError as error:
        raise Refused(f"{FILE} is damaged: {error}") from None


def _check_one(name: str, entry: dict, shapes: Dict[str, Shape]) -> None:
    """Refuses a tensor that a plain BertModel does not have, or has with another shape or type."""
    if name not in shapes:
        raise Refused(f"tensor {name} in {FILE} is not part of a plain BertModel")
    if tuple(entry["shape"]) != shapes[name]:
        raise Refused(
            f"tensor {name} in {FILE} has the shape {entry['shape']}; config.json says {list(shapes[name])}"
        )
    if entry["dtype"] not in _READERS:
        raise Refused(f"tensor {name} in {FILE} is of type {entry['dtype']}; F16, BF16, F32 and F64 are read")


def read_checkpoint(folder: Folder, shapes: Dict[str, Shape]) -> Checkpoint:
    """The checkpoint, if it has exactly the tensors in `shapes`, apart from those that no sentence vector needs."""
    tensors: Dict[str, dict] = {}
    for full_name, entry in _deserialize(folder):
        name = full_name[len(_PREFIX) :] if full_name.startswith(_PREFIX) else full_name
        if name in _IGNORED:
            continue
        _check_one(name, entry, shapes)
        if name in tensors:
            raise Refused(f"tensor {name} in {FILE} is there twice, with and without the prefix {_PREFIX}")
        tensors[name] = entry
    for name in shapes:
        if name not in tensors:
            raise Refused(f"tensor {name} is missing in {FILE}")
    return Checkpoint(tensors)
