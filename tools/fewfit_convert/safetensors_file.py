# SPDX-License-Identifier: MIT
"""The weights: `model.safetensors`, of the encoder by BertModel's names or of a Dense module, in F16 to F64 and BF16.

The safetensors package checks the container. Types are widened here, because numpy has no bfloat16.
"""

from __future__ import annotations

from typing import Dict, Iterable, List, Tuple

import numpy as np
import safetensors

from .errors import SAVE_AGAIN, Refused
from .folder import Folder

FILE = "model.safetensors"
_INDEX = "model.safetensors.index.json"
_PLAIN = {"bert": "BertModel", "distilbert": "DistilBertModel", "dense": "Dense module"}
_IGNORED = ("pooler.dense.weight", "pooler.dense.bias", "embeddings.position_ids")
_TYPE_ROWS = "embeddings.token_type_embeddings.weight"
_DISTIL_PARTS = {  # BertModel's name of a part: DistilBertModel's
    "encoder.layer.": "transformer.layer.",
    "attention.self.query": "attention.q_lin",
    "attention.self.key": "attention.k_lin",
    "attention.self.value": "attention.v_lin",
    "attention.output.dense": "attention.out_lin",
    "attention.output.LayerNorm": "sa_layer_norm",
    "intermediate.dense": "ffn.lin1",
    "output.dense": "ffn.lin2",
    "output.LayerNorm": "output_layer_norm",
}

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
    """Name and shape of each tensor that a BertModel without pooler has; without `types` it is a DistilBERT."""
    square, vector = (hidden, hidden), (hidden,)
    shapes: Dict[str, Shape] = {
        "embeddings.word_embeddings.weight": (rows, hidden),
        "embeddings.position_embeddings.weight": (positions, hidden),
        **({_TYPE_ROWS: (types, hidden)} if types else {}),
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


def name_in_file(name: str, kind: str) -> str:
    """What a model of this kind calls the tensor that BertModel calls `name`."""
    if kind == "distilbert":
        for part, theirs in _DISTIL_PARTS.items():
            name = name.replace(part, theirs)
    return name


class Checkpoint:
    """The tensors of a checkpoint, widened or rounded to f32 when they are asked for."""

    def __init__(self, tensors: Dict[str, dict], kind: str, file: str) -> None:
        self._tensors, self._kind, self._file = tensors, kind, file

    def __call__(self, name: str) -> np.ndarray:
        """A tensor in f32; refuses values that are not finite, or too large for f32."""
        if name == _TYPE_ROWS and name not in self._tensors:  # a DistilBERT adds nothing for a type
            return np.zeros((1, self._tensors["embeddings.LayerNorm.bias"]["shape"][0]), np.float32)
        entry = self._tensors[name]
        with np.errstate(over="ignore"):
            values = _READERS[entry["dtype"]](entry["data"]).astype(np.float32, copy=False)
        if not np.isfinite(values).all():
            theirs = name_in_file(name, self._kind)
            raise Refused(f"tensor {theirs} in {self._file} holds a value that is not a finite float32 number")
        return values.reshape(entry["shape"])

    def is_f16(self, names: Iterable[str]) -> bool:
        """Whether all of these tensors are stored in f16, so that f16 holds them exactly."""
        return all(self._tensors[name]["dtype"] == "F16" for name in names)


def _deserialize(folder: Folder, file: str) -> List[Tuple[str, dict]]:
    """All tensors of the file; refuses what is there in its place."""
    beside = file[: -len(FILE)]
    if not folder.has(file):
        if folder.has(beside + _INDEX):
            raise Refused(
                f"{beside}{_INDEX}: the checkpoint is cut into several files (shards); save it again in one file"
            )
        if folder.has(f"{beside}pytorch_model.bin"):
            raise Refused(
                f"{file} is missing and {beside}pytorch_model.bin is a pickle, which is not opened: "
                f"{SAVE_AGAIN}, which writes safetensors"
            )
    try:
        return safetensors.deserialize(folder.read(file))
    except safetensors.SafetensorError as error:
        raise Refused(f"{file} is damaged: {error}") from None


def _check_one(name: str, entry: dict, shapes: Dict[str, Shape], kind: str, file: str) -> None:
    """Refuses a tensor that a plain model does not have, or has with another shape or type."""
    if name not in shapes:
        raise Refused(f"tensor {name} in {file} is not part of a plain {_PLAIN[kind]}")
    if tuple(entry["shape"]) != shapes[name]:
        raise Refused(
            f"tensor {name} in {file} has the shape {entry['shape']}; config.json says {list(shapes[name])}"
        )
    if entry["dtype"] not in _READERS:
        raise Refused(f"tensor {name} in {file} is of type {entry['dtype']}; F16, BF16, F32 and F64 are read")


def read_checkpoint(folder: Folder, shapes: Dict[str, Shape], kind: str = "bert", file: str = FILE) -> Checkpoint:
    """The checkpoint, if it has exactly the tensors in `shapes`, apart from those that no sentence vector needs."""
    ours = {name_in_file(name, kind): name for name in shapes}
    wanted, prefix = {theirs: shapes[name] for theirs, name in ours.items()}, f"{kind}."
    tensors: Dict[str, dict] = {}
    for full_name, entry in _deserialize(folder, file):
        name = full_name[len(prefix) :] if full_name.startswith(prefix) else full_name
        if name in _IGNORED:
            continue
        _check_one(name, entry, wanted, kind, file)
        if ours[name] in tensors:
            raise Refused(f"tensor {name} in {file} is there twice, with and without the prefix {prefix}")
        tensors[ours[name]] = entry
    for name in wanted:
        if ours[name] not in tensors:
            raise Refused(f"tensor {name} is missing in {file}")
    return Checkpoint(tensors, kind, file)
