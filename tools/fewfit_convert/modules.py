# SPDX-License-Identifier: MIT
"""modules.json: what sentence-transformers does with the encoder's rows. Transformer and Pooling come first, then any
of Dense and Normalize.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any, Dict, List, Tuple

import numpy as np

from . import spec
from .errors import SAVE_AGAIN, Refused
from .folder import Folder
from .model import Dense
from .safetensors_file import read_checkpoint

FILE = "modules.json"
_PACKAGE = "sentence_transformers.models."
_KNOWN = ("Transformer", "Pooling", "Dense", "Normalize")
_POOLING_PREFIX = "pooling_mode_"
_POOLINGS = {  # key of the Pooling's config.json: spec's name; in the order in which their vectors are joined
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
_POOLING_NAMES = {  # what may stand for all of them in pooling_mode
    **{name: name for name in ("cls", "max", "mean", "weightedmean", "lasttoken")},
    "mean_sqrt_len_tokens": "mean_sqrt_len",
}
_TORCH = {"Tanh": "tanh", "ReLU": "relu", "GELU": "gelu", "Sigmoid": "sigmoid", "SiLU": "silu"}
_ACTIVATIONS = {  # of Dense, by the names of classes: spec's
    **{f"torch.nn.modules.activation.{name}": value for name, value in _TORCH.items()},
    **{f"torch.nn.{name}": value for name, value in _TORCH.items()},
    "torch.nn.modules.linear.Identity": "identity",
    "torch.nn.Identity": "identity",
    "transformers.activations.GELUActivation": "gelu",
}
_WEIGHTS = "model.safetensors"


@dataclass(frozen=True)
class Modules:
    """What follows the encoder; `normalize` is whether the last step makes unit vectors, `size` their width."""

    poolings: Tuple[str, ...]
    dense: Tuple[Dense, ...]
    normalize: bool
    size: int


def _chain(folder: Folder) -> List[Tuple[str, str]]:
    """Kind and folder of each module."""
    modules = folder.json(FILE)
    if not isinstance(modules, list) or not all(
        isinstance(m, dict) and isinstance(m.get("type"), str) for m in modules
    ):
        raise Refused(f"{FILE} does not hold a list of modules")
    for module in modules:
        name, path = module["type"], module.get("path", "")
        if not name.startswith(_PACKAGE) or name[len(_PACKAGE) :] not in _KNOWN:
            raise Refused(f"module {name} in {FILE}: only {', '.join(_KNOWN)} are supported")
        if not isinstance(path, str):
            raise Refused(f"the path of {name[len(_PACKAGE) :]} in {FILE} is no string")
        if os.path.isabs(path) or ".." in path.replace("\\", "/").split("/"):
            raise Refused(f"the path of {name[len(_PACKAGE) :]} in {FILE} leads out of the folder")
        if module.get("kwargs"):
            raise Refused(f"kwargs in {FILE}: modules with arguments at run time are not supported")
    return [(module["type"][len(_PACKAGE) :], module.get("path", "")) for module in modules]


def _check_order(chain: List[Tuple[str, str]]) -> None:
    """Transformer and Pooling stand at the front and nowhere else."""
    kinds = [kind for kind, _ in chain]
    if kinds[:2] != ["Transformer", "Pooling"] or set(kinds[2:]) - {"Dense", "Normalize"}:
        raise Refused(
            f"the modules in {FILE} are {', '.join(kinds)}; they must be Transformer, Pooling and then any of Dense "
            "and Normalize"
        )
    if chain[0][1] != "":
        raise Refused(f"the Transformer in {FILE} lies in a folder of its own ({chain[0][1]}): {SAVE_AGAIN}")
    if kinds.count("Dense") > spec.MAX_DENSE_LAYERS:
        raise Refused(
            f"{kinds.count('Dense')} modules in {FILE} are Dense; at most {spec.MAX_DENSE_LAYERS} can be stored"
        )


def _poolings(folder: Folder, path: str, width: int) -> Tuple[str, ...]:
    """The pooling modes, in the order in which their vectors are joined."""
    name = f"{path}/config.json" if path else "config.json"
    config = folder.json_object(name)
    if config.get("word_embedding_dimension") != width:
        raise Refused(
            f"word_embedding_dimension {config.get('word_embedding_dimension')!r} in {name} is not the width {width} "
            "of the encoder in config.json"
        )
    given = config.get("pooling_mode")
    if given is not None:
        if not isinstance(given, str) or given.lower() not in _POOLING_NAMES:
            raise Refused(f"pooling_mode {given!r} in {name}: {', '.join(_POOLING_NAMES)} are supported")
        return (_POOLING_NAMES[given.lower()],)
    config.setdefault("pooling_mode_mean_tokens", True)
    modes = [key for key, value in config.items() if key.startswith(_POOLING_PREFIX) and value]
    for key in modes:
        if key not in _POOLINGS:
            raise Refused(f"pooling {key} in {name}: {', '.join(_POOLINGS)} are supported")
    if not modes:
        raise Refused(f"pooling without a mode in {name}")
    return tuple(mode for key, mode in _POOLINGS.items() if key in modes)


def _dense_settings(folder: Folder, name: str, inputs: int) -> Tuple[int, str, bool]:
    """Outputs, activation and whether there is a bias."""
    config = folder.json_object(name)
    given, outputs, bias = config.get("in_features"), config.get("out_features"), config.get("bias", True)
    if type(given) is not int or given != inputs:
        raise Refused(f"in_features {given!r} in {name} is not the {inputs} numbers that come before it")
    if type(outputs) is not int or not 1 <= outputs <= spec.MAX_SENTENCE_SIZE:
        raise Refused(f"out_features {outputs!r} in {name} is not a whole number from 1 to {spec.MAX_SENTENCE_SIZE}")
    if not isinstance(bias, bool):
        raise Refused(f"bias {bias!r} in {name} is neither true nor false")
    for key in ("module_input_name", "module_output_name"):
        if config.get(key) not in (None, "sentence_embedding"):
            raise Refused(f"{key} {config[key]!r} in {name}: only 'sentence_embedding' is supported")
    activation = config.get("activation_function")
    if not isinstance(activation, str) or activation not in _ACTIVATIONS:
        names = ", ".join(["Identity", *_TORCH])
        raise Refused(f"activation_function {activation!r} in {name}: of torch.nn {names} are supported")
    return outputs, _ACTIVATIONS[activation], bias


def _dense(folder: Folder, path: str, inputs: int, normalize_first: bool) -> Dense:
    """A Dense module with its weights."""
    outputs, activation, has_bias = _dense_settings(folder, f"{path}/config.json", inputs)
    shapes: Dict[str, Tuple[int, ...]] = {"linear.weight": (outputs, inputs)}
    if has_bias:
        shapes["linear.bias"] = (outputs,)
    tensor = read_checkpoint(folder, shapes, "dense", f"{path}/{_WEIGHTS}")
    bias: Any = tensor("linear.bias") if has_bias else np.zeros(outputs, np.float32)
    return Dense(inputs, outputs, activation, normalize_first, tensor("linear.weight"), bias)


def read_modules(folder: Folder, width: int, unit_vectors: bool) -> Modules:
    """What the modules make of rows of `width` numbers; `unit_vectors` is SetFit's normalize_embeddings."""
    chain = _chain(folder)
    _check_order(chain)
    poolings = _poolings(folder, chain[1][1], width)
    size, normalize, dense = width * len(poolings), False, []
    for kind, path in chain[2:]:
        if kind == "Dense":
            dense.append(_dense(folder, path, size, normalize))
            size = dense[-1].outputs
        normalize = kind == "Normalize"
    return Modules(poolings, tuple(dense), normalize or unit_vectors, size)
