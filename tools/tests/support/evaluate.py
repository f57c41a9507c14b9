# SPDX-License-Identifier: MIT
"""What a model file says of token ids, in float64 and plain numpy: docs/model_file.md as arithmetic. It shares
nothing with the library, so the converter can be held against the originals' answers before any C++ is compiled."""

from __future__ import annotations

from math import erf
from typing import Any, Callable, Dict, List

import numpy as np

_erf = np.vectorize(erf)


def _gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + _erf(x / np.sqrt(2)))


def _gelu_tanh(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _silu(x: np.ndarray) -> np.ndarray:
    return x * _sigmoid(x)


def _relu(x: np.ndarray) -> np.ndarray:
    return np.maximum(x, 0)


HIDDEN: Dict[int, Callable] = {1: _gelu, 2: _gelu_tanh, 3: _relu, 4: _silu}
DENSE: Dict[int, Callable] = {1: lambda x: x, 2: np.tanh, 3: _relu, 4: _gelu, 5: _sigmoid, 6: _silu}
POOLINGS: Dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda rows: rows.mean(axis=0),
    2: lambda rows: rows[0],
    3: lambda rows: rows.max(axis=0),
    4: lambda rows: rows.sum(axis=0) / np.sqrt(len(rows)),
    5: lambda rows: np.average(rows, axis=0, weights=np.arange(1, len(rows) + 1)),
    6: lambda rows: rows[-1],
}


def _softmax(x: np.ndarray) -> np.ndarray:
    made = np.exp(x - x.max(axis=-1, keepdims=True))
    return made / made.sum(axis=-1, keepdims=True)


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x)


def _norm(model: Dict[str, Any], name: str, x: np.ndarray) -> np.ndarray:
    weights, centred = model["weights"], x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(axis=-1, keepdims=True) + model["config"]["eps"])
    return scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]


def _layer(model: Dict[str, Any], index: int, x: np.ndarray) -> np.ndarray:
    """One layer. shape [n, D] -> [n, D]"""
    name, heads, weights = f"encoder.layer.{index}", model["config"]["H"], model["weights"]

    def linear(part: str, values: np.ndarray) -> np.ndarray:
        weight = weights[f"{name}.{part}.weight"].astype(np.float64)
        return values @ weight.T + weights[f"{name}.{part}.bias"]

    q, k, v = (
        linear(f"attention.self.{part}", x).reshape(len(x), heads, -1).transpose(1, 0, 2)
        for part in ("query", "key", "value")
    )
    mixed = _softmax(q @ k.transpose(0, 2, 1) / np.sqrt(q.shape[2])) @ v
    joined = linear("attention.output.dense", mixed.transpose(1, 0, 2).reshape(len(x), -1))
    x = _norm(model, f"{name}.attention.output", joined + x)
    inner = HIDDEN[model["config"]["hidden_act"]](linear("intermediate.dense", x))
    return _norm(model, f"{name}.output", linear("output.dense", inner) + x)


def sentence_vector(model: Dict[str, Any], ids: List[int]) -> np.ndarray:
    """The sentence vector of a file that file_reader has read. shape [S]"""
    config = model["config"]
    rows = model["weights"]["embeddings.word_embeddings.weight"][ids].astype(np.float64)
    rows = _norm(model, "embeddings", rows + model["positions"][: len(ids)])
    for index in range(config["L"]):
        rows = _layer(model, index, rows)
    modes = [config["pooling"] >> 4 * place & 15 for place in range(8)]
    vector = np.concatenate([POOLINGS[mode](rows) for mode in modes if mode])
    for dense in model["dense"]:
        vector = _unit(vector) if dense["normalize_first"] else vector
        vector = DENSE[dense["activation"]](dense["weight"].astype(np.float64) @ vector + dense["bias"])
    assert vector.shape == (config["S"],)
    return _unit(vector) if config["normalize"] else vector


def probabilities(head: Dict[str, Any], vector: np.ndarray) -> np.ndarray:
    """What the head makes of a sentence vector, flattened as predict_proba of the original is. shape [K] or [2 K]"""
    kind = head["kind"]
    if kind == 5:
        return _chain(head, vector)
    scores = head["coefficients"] @ vector + head["intercept"]
    if kind == 1:
        return _softmax(scores)
    yes = _sigmoid(scores)
    if kind == 2:
        return np.array([1 - yes[0], yes[0]])
    if kind == 3:
        return yes / yes.sum()
    return np.stack([1 - yes, yes], axis=1).reshape(-1) if head["pairs"] else yes


def _chain(head: Dict[str, Any], vector: np.ndarray) -> np.ndarray:
    """Each link sees what the ones before it have decided."""
    made, decided = np.zeros(len(head["order"])), np.zeros(0)
    for link, target in enumerate(head["order"]):
        score = head["coefficients"][link] @ np.concatenate([vector, decided]) + head["intercept"][link]
        made[target], decided = _sigmoid(score), np.append(decided, score > 0)
    return made
