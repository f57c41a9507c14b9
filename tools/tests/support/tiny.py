# SPDX-License-Identifier: MIT
"""A SetFit folder with a BERT of odd widths (D = 20, H = 5, F = 36, L = 2) and random weights, made without any of
the original libraries. Tests damage copies of it."""

from __future__ import annotations

import json
import os
import struct
from typing import Any, Dict, Optional

import numpy as np
import pickles

D, H, F, L, P, TYPES = 20, 5, 36, 2, 16, 2
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
_LETTERS = [chr(code) for code in range(ord("a"), ord("z") + 1)] + list("ABCDEFéйи中日!.,[]#1 ".replace(" ", ""))
VOCAB = (
    SPECIAL + _LETTERS + ["##" + letter for letter in _LETTERS] + ["new", "##word", "hello", "Hello", "мир", "cafe"]
)
R = len(VOCAB)
LABELS = ["minus", "ноль", "plus"]
ABSENT = object()

TYPE_SIZES = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8, "I64": 8}


def tensors(seed: int = 1) -> Dict[str, np.ndarray]:
    """Weights whose values are exact in every float type: small multiples of 1/64."""
    random = np.random.default_rng(seed)

    def some(*shape: int) -> np.ndarray:
        return (random.integers(-64, 65, shape) / 64).astype(np.float32)

    made = {
        "embeddings.word_embeddings.weight": some(R, D),
        "embeddings.position_embeddings.weight": some(P, D),
        "embeddings.token_type_embeddings.weight": some(TYPES, D),
        "embeddings.LayerNorm.weight": some(D),
        "embeddings.LayerNorm.bias": some(D),
    }
    for index in range(L):
        layer = f"encoder.layer.{index}"
        for name in ("self.query", "self.key", "self.value", "output.dense"):
            made[f"{layer}.attention.{name}.weight"] = some(D, D)
            made[f"{layer}.attention.{name}.bias"] = some(D)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            made[f"{layer}.{name}.weight"] = some(D)
            made[f"{layer}.{name}.bias"] = some(D)
        made[f"{layer}.intermediate.dense.weight"] = some(F, D)
        made[f"{layer}.intermediate.dense.bias"] = some(F)
        made[f"{layer}.output.dense.weight"] = some(D, F)
        made[f"{layer}.output.dense.bias"] = some(D)
    return made


def _encode(array: np.ndarray, dtype: str) -> bytes:
    """The bytes of an array in a type of safetensors."""
    if dtype == "BF16":
        return (np.ascontiguousarray(array, "<f4").view("<u4") >> np.uint32(16)).astype("<u2").tobytes()
    return array.astype({"F16": "<f2", "F32": "<f4", "F64": "<f8", "I64": "<i8"}[dtype]).tobytes()


def write_safetensors(
    path: str, arrays: Dict[str, np.ndarray], dtype: str = "F32", types: Optional[Dict[str, str]] = None
) -> None:
    """A safetensors file by hand, with a type for all and others for some."""
    header, data = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        kind = (types or {}).get(name, dtype)
        piece = _encode(array, kind)
        header[name] = {
            "dtype": kind,
            "shape": list(array.shape),
            "data_offsets": [len(data), len(data) + len(piece)],
        }
        data += piece
    text = json.dumps(header).encode()
    with open(path, "wb") as out:
        out.write(struct.pack("<Q", len(text)) + text + data)


def head(classes: Any = None, width: int = D, **more: Any) -> bytes:
    """A pickled LogisticRegression for `classes`."""
    classes = np.array(LABELS) if classes is None else np.asarray(classes)
    rows = 1 if len(classes) == 2 else len(classes)
    random = np.random.default_rng(7)
    coefficients, intercept = random.normal(size=(rows, width)).astype("<f4"), random.normal(size=rows).astype("<f4")
    return pickles.dump(pickles.logistic(classes, coefficients, intercept, **more))


def token(content: str, **options: Any) -> Dict[str, Any]:
    """An added token of a JSON file."""
    plain = {
        "content": content,
        "single_word": False,
        "lstrip": False,
        "rstrip": False,
        "normalized": False,
        "special": True,
    }
    return {**plain, **options}


def _template() -> Dict[str, Any]:
    """The post-processor of BERT."""

    def special(name: str, kind: int) -> Dict[str, Any]:
        return {"SpecialToken": {"id": name, "type_id": kind}}

    def text(name: str, kind: int) -> Dict[str, Any]:
        return {"Sequence": {"id": name, "type_id": kind}}

    ids = {name: {"id": name, "ids": [VOCAB.index(name)], "tokens": [name]} for name in ("[CLS]", "[SEP]")}
    single = [special("[CLS]", 0), text("A", 0), special("[SEP]", 0)]
    return {
        "type": "TemplateProcessing",
        "single": single,
        "pair": [*single, text("B", 1), special("[SEP]", 1)],
        "special_tokens": ids,
    }


def tokenizer_files() -> Dict[str, Any]:
    """The files of the tokenizer."""
    ids = {name: VOCAB.index(name) for name in SPECIAL}
    names = {
        "unk_token": "[UNK]",
        "sep_token": "[SEP]",
        "pad_token": "[PAD]",
        "cls_token": "[CLS]",
        "mask_token": "[MASK]",
    }
    return {
        "tokenizer.json": {
            "version": "1.0",
            "truncation": {"direction": "Right", "max_length": 12, "strategy": "LongestFirst", "stride": 0},
            "padding": {
                "strategy": "BatchLongest",
                "direction": "Right",
                "pad_to_multiple_of": None,
                "pad_id": 0,
                "pad_type_id": 0,
                "pad_token": "[PAD]",
            },
            "added_tokens": [{"id": ids[name], **token(name)} for name in SPECIAL],
            "normalizer": {
                "type": "BertNormalizer",
                "clean_text": True,
                "handle_chinese_chars": True,
                "strip_accents": None,
                "lowercase": True,
            },
            "pre_tokenizer": {"type": "BertPreTokenizer"},
            "post_processor": _template(),
            "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
            "model": {
                "type": "WordPiece",
                "unk_token": "[UNK]",
                "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 100,
                "vocab": {word: i for i, word in enumerate(VOCAB)},
            },
        },
        "tokenizer_config.json": {
            "added_tokens_decoder": {str(ids[name]): token(name) for name in SPECIAL},
            "clean_up_tokenization_spaces": False,
            "do_basic_tokenize": True,
            "do_lower_case": True,
            "extra_special_tokens": {},
            "model_max_length": 12,
            "never_split": None,
            "strip_accents": None,
            "tokenize_chinese_chars": True,
            "tokenizer_class": "BertTokenizer",
            **names,
        },
        "special_tokens_map.json": {
            key: {k: v for k, v in token(name).items() if k != "special"} for key, name in names.items()
        },
        "vocab.txt": "".join(word + "\n" for word in VOCAB),
    }


def files() -> Dict[str, Any]:
    """Every file of the folder but the weights and the head."""
    modules = [("", "Transformer"), ("1_Pooling", "Pooling")]
    return {
        **tokenizer_files(),
        "config.json": {
            "architectures": ["BertModel"],
            "model_type": "bert",
            "hidden_act": "gelu",
            "hidden_size": D,
            "intermediate_size": F,
            "layer_norm_eps": 1e-12,
            "max_position_embeddings": P,
            "num_attention_heads": H,
            "num_hidden_layers": L,
            "position_embedding_type": "absolute",
            "type_vocab_size": TYPES,
            "vocab_size": R,
        },
        "modules.json": [
            {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{name}"}
            for i, (path, name) in enumerate(modules)
        ],
        "1_Pooling/config.json": {
            "word_embedding_dimension": D,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
            "pooling_mode_weightedmean_tokens": False,
            "pooling_mode_lasttoken": False,
            "include_prompt": True,
        },
        "sentence_bert_config.json": {"max_seq_length": 12, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {},
            "default_prompt_name": None,
            "similarity_fn_name": "cosine",
        },
        "config_setfit.json": {"normalize_embeddings": False, "labels": LABELS},
        "README.md": "---\nlicense: mit\n---\n# tiny: random weights\n",
    }


def edit(made: Dict[str, Any], changes: Dict[str, Any]) -> Dict[str, Any]:
    """Applies `file` or `file:key:key...` -> value; ABSENT takes the file or the key away."""
    for place, value in changes.items():
        name, *keys = place.split(":")
        target, last = (made, name) if not keys else (made[name], keys[-1])
        for key in keys[:-1]:
            target = target[int(key) if isinstance(target, list) else key]
        last = int(last) if isinstance(target, list) else last
        if value is ABSENT:
            del target[last]
        else:
            target[last] = value
    return made


def write_files(folder: str, made: Dict[str, Any]) -> None:
    """Writes JSON, text or bytes files."""
    for name, value in made.items():
        path = os.path.join(folder, *name.split("/"))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        data = value if isinstance(value, (str, bytes)) else json.dumps(value, ensure_ascii=False)
        with open(path, "wb") as out:
            out.write(data if isinstance(data, bytes) else data.encode("utf-8"))


def write_model(folder: str, changes: Optional[Dict[str, Any]] = None, dtype: str = "F32") -> str:
    """A whole folder, changed."""
    made = {**files(), "model_head.pkl": head()}
    write_safetensors(os.path.join(folder, "model.safetensors"), tensors(), dtype)
    write_files(folder, edit(made, changes or {}))
    return str(folder)
