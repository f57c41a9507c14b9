# SPDX-License-Identifier: MIT
"""config.json as the encoder's shape: a BertModel, or a DistilBertModel told in BertModel's words.

Both compute the same; DistilBERT has other names, no token types and no pooler. Everything else is refused with what
it would need.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Tuple

from . import spec
from .errors import Refused
from .folder import Folder

FILE = "config.json"
_ADAPTER = "adapter_config.json"

_MUST_BE: Tuple[Tuple[str, Any], ...] = (
    # key of config.json, its only accepted value, which is also what transformers takes where it is absent
    ("position_embedding_type", "absolute"),
    ("is_decoder", False),
    ("add_cross_attention", False),
    ("chunk_size_feed_forward", 0),
)
_ARCHITECTURES = {
    "bert": ("BertModel", "BertForMaskedLM", "BertForPreTraining"),
    "distilbert": ("DistilBertModel", "DistilBertForMaskedLM"),
}
_SENTENCEPIECE = "a SentencePiece tokenizer"
_WOULD_NEED = {
    "albert": f"ALBERT would need {_SENTENCEPIECE} and embeddings narrower than the layers",
    "camembert": f"CamemBERT would need {_SENTENCEPIECE} and positions that begin behind the padding's",
    "deberta": "DeBERTa would need attention to relative positions and a byte-level BPE tokenizer",
    "deberta-v2": f"DeBERTa would need attention to relative positions and {_SENTENCEPIECE}",
    "electra": "ELECTRA would need embeddings that may be narrower than the layers",
    "modernbert": "ModernBERT would need rotary positions, gated layers, local attention and a BPE tokenizer",
    "mpnet": "MPNet would need a relative position bias in attention",
    "mt5": f"T5 would need a relative position bias in attention, RMS norms and {_SENTENCEPIECE}",
    "roberta": "RoBERTa would need a byte-level BPE tokenizer and positions that begin behind the padding's",
    "t5": f"T5 would need a relative position bias in attention, RMS norms and {_SENTENCEPIECE}",
    "xlm-roberta": f"XLM-RoBERTa would need {_SENTENCEPIECE} and positions that begin behind the padding's",
}
_ACTIVATIONS = {  # by config.json's names: spec's
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
}
_KEYS: Dict[str, Dict[str, Tuple[str, int]]] = {
    # BertConfig's name: the name in config.json and what transformers takes where it is absent
    "bert": {
        "hidden_size": ("hidden_size", 768),
        "num_attention_heads": ("num_attention_heads", 12),
        "intermediate_size": ("intermediate_size", 3072),
        "num_hidden_layers": ("num_hidden_layers", 12),
        "vocab_size": ("vocab_size", 30522),
        "max_position_embeddings": ("max_position_embeddings", 512),
        "type_vocab_size": ("type_vocab_size", 2),
    },
    "distilbert": {
        "hidden_size": ("dim", 768),
        "num_attention_heads": ("n_heads", 12),
        "intermediate_size": ("hidden_dim", 3072),
        "num_hidden_layers": ("n_layers", 6),
        "vocab_size": ("vocab_size", 30522),
        "max_position_embeddings": ("max_position_embeddings", 512),
    },
}
_LIMITS = {
    "hidden_size": (1, spec.MAX_HIDDEN_SIZE),
    "num_attention_heads": (1, spec.MAX_HEADS),
    "intermediate_size": (1, spec.MAX_INTERMEDIATE_SIZE),
    "num_hidden_layers": (1, spec.MAX_LAYERS),
    "vocab_size": (1, spec.MAX_VOCAB),
    "max_position_embeddings": (spec.MIN_POSITIONS, spec.MAX_POSITIONS),
    "type_vocab_size": (1, spec.MAX_VOCAB),
}
_DISTIL_EPSILON = 1e-12  # DistilBertModel has it in its code


@dataclass(frozen=True)
class Encoder:
    """What config.json says: sizes by BertConfig's names; `types` rows of token types, none in a DistilBERT."""

    kind: str
    sizes: Dict[str, int]
    types: int
    hidden_act: str
    layer_norm_eps: float
    settings: Dict[str, Any]


def _kind(config: Dict[str, Any]) -> str:
    """The model_type, if it is one of the two."""
    kind = config.get("model_type")
    if isinstance(kind, str) and kind in _ARCHITECTURES:
        return kind
    needed = f"; {_WOULD_NEED[kind]}" if isinstance(kind, str) and kind in _WOULD_NEED else ""
    raise Refused(f"model_type {kind!r} in {FILE}: 'bert' and 'distilbert' are supported{needed}")


def _check(folder: Folder, config: Dict[str, Any], kind: str) -> None:
    """Refuses what changes the computation of the plain model."""
    plain = _ARCHITECTURES[kind][0]
    for key, wanted in _MUST_BE:
        if config.get(key, wanted) != wanted:
            raise Refused(f"{key} {config[key]!r} in {FILE}: only {wanted!r} is supported")
    architectures = config.get("architectures") or [plain]
    if not isinstance(architectures, list):
        raise Refused(f"architectures in {FILE} is no list")
    for name in architectures:
        if name not in _ARCHITECTURES[kind]:
            raise Refused(f"architecture {name} in {FILE}: only {plain} is supported")
    for key in ("pruned_heads", "quantization_config"):
        if config.get(key):
            raise Refused(f"{key} in {FILE}: only the plain weights of a {plain} are supported")
    if folder.has(_ADAPTER):
        raise Refused(f"{_ADAPTER}: adapters are not supported; merge them into the weights first")


def _sizes(config: Dict[str, Any], kind: str) -> Dict[str, int]:
    """The widths and counts of the model, within the limits of the file format."""
    sizes = {}
    for name, (key, default) in _KEYS[kind].items():
        if key != name and name in config:  # transformers takes it for the other one, whichever comes last
            raise Refused(f"{name} in {FILE}: a {kind} has {key} in its place")
        value, (low, high) = config.get(key, default), _LIMITS[name]
        if type(value) is not int or not low <= value <= high:
            raise Refused(f"{key} {value!r} in {FILE} is not a whole number from {low} to {high}")
        sizes[name] = value
    if sizes["hidden_size"] % sizes["num_attention_heads"]:
        width, heads = _KEYS[kind]["hidden_size"][0], _KEYS[kind]["num_attention_heads"][0]
        raise Refused(
            f"{width} in {FILE} is not a multiple of {heads} ({sizes['hidden_size']}, {sizes['num_attention_heads']})"
        )
    return sizes


def _activation(config: Dict[str, Any], kind: str) -> str:
    """The function between the feed-forward layers, by spec's name."""
    key = "activation" if kind == "distilbert" else "hidden_act"
    value = config.get(key, "gelu")
    if not isinstance(value, str) or value not in _ACTIVATIONS:
        raise Refused(f"{key} {value!r} in {FILE}: {', '.join(_ACTIVATIONS)} are supported")
    return _ACTIVATIONS[value]


def _epsilon(config: Dict[str, Any], kind: str) -> float:
    """The constant inside the square root of the layer norms."""
    if kind == "distilbert":
        return _DISTIL_EPSILON
    value = config.get("layer_norm_eps", 1e-12)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not spec.MIN_EPSILON <= value <= spec.MAX_EPSILON
    ):
        raise Refused(f"layer_norm_eps {value!r} in {FILE} is not a number from {spec.MIN_EPSILON} to 1")
    return float(value)


def read_encoder(folder: Folder) -> Encoder:
    """The shape of the encoder in `folder`."""
    config = folder.json_object(FILE)
    kind = _kind(config)
    _check(folder, config, kind)
    sizes = _sizes(config, kind)
    types = sizes.pop("type_vocab_size", 0)
    return Encoder(kind, sizes, types, _activation(config, kind), _epsilon(config, kind), config)
