# SPDX-License-Identifier: MIT
"""A folder that SetFitModel.save_pretrained wrote, as a Model. What fewfit cannot compute exactly is refused here,
with the name of the thing and of the file it stands in.
"""

from __future__ import annotations

import math
import os
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from . import __version__, card, head, spec, tokenizer
from .errors import Refused
from .folder import Folder, parse_json
from .model import Config, Head, Model, SelfTest
from .safetensors_file import Checkpoint, expected_shapes, linear_weights, read_checkpoint

_CONFIG = "config.json"
_MODULES = "modules.json"
_SENTENCE = "sentence_bert_config.json"
_SENTENCE_TRANSFORMERS = "config_sentence_transformers.json"
_ADAPTER = "adapter_config.json"
_GOLDEN = "golden.json"
_UNSET_LENGTH = int(1e30)  # what transformers takes where no model_max_length is given

_MUST_BE: Tuple[Tuple[str, Any, Any], ...] = (
    # key of config.json, its only accepted value, what BertConfig takes where it is absent
    ("model_type", "bert", None),
    ("position_embedding_type", "absolute", "absolute"),
    ("is_decoder", False, False),
    ("add_cross_attention", False, False),
    ("chunk_size_feed_forward", 0, 0),
)
_ARCHITECTURES = ("BertModel", "BertForMaskedLM", "BertForPreTraining")
_BERT_DEFAULTS = {
    "hidden_size": 768,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
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
_ACTIVATIONS = {"gelu": "gelu"}  # by config.json's names: spec's
_POOLING_MODES = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
}


def _bert_config(folder: Folder) -> Dict[str, Any]:
    """config.json, if it describes a plain BertModel with the erf form of GELU."""
    config = folder.json_object(_CONFIG)
    for key, wanted, default in _MUST_BE:
        if config.get(key, default) != wanted:
            raise Refused(f"{key} {config.get(key)!r} in {_CONFIG}: only {wanted!r} is supported")
    for name in config.get("architectures") or ["BertModel"]:
        if name not in _ARCHITECTURES:
            raise Refused(f"architecture {name} in {_CONFIG}: only BertModel is supported")
    activation = config.get("hidden_act", "gelu")
    if activation not in _ACTIVATIONS:
        raise Refused(f"hidden_act {activation!r} in {_CONFIG}: only 'gelu' (the erf form) is supported")
    for key in ("pruned_heads", "quantization_config"):
        if config.get(key):
            raise Refused(f"{key} in {_CONFIG}: only the plain weights of a BertModel are supported")
    if folder.has(_ADAPTER):
        raise Refused(f"{_ADAPTER}: adapters are not supported; merge them into the weights first")
    return config


def _sizes(config: Dict[str, Any]) -> Dict[str, int]:
    """The widths and counts of the model, within the limits of the file format."""
    sizes = {key: config.get(key, default) for key, default in _BERT_DEFAULTS.items()}
    for key, value in sizes.items():
        low, high = _LIMITS[key]
        if type(value) is not int or not low <= value <= high:
            raise Refused(f"{key} {value!r} in {_CONFIG} is not a whole number from {low} to {high}")
    if sizes["hidden_size"] % sizes["num_attention_heads"]:
        raise Refused(f"hidden_size in {_CONFIG} is not a multiple of num_attention_heads")
    return sizes


def _epsilon(config: Dict[str, Any]) -> float:
    """The constant inside the square root of the layer norms."""
    value = config.get("layer_norm_eps", 1e-12)
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, float))
        or not spec.MIN_EPSILON <= value <= spec.MAX_EPSILON
    ):
        raise Refused(f"layer_norm_eps {value!r} in {_CONFIG} is not a number from {spec.MIN_EPSILON} to 1")
    return float(value)


def _modules(folder: Folder) -> List[Dict[str, Any]]:
    """The chain of modules: Transformer, Pooling and perhaps Normalize."""
    modules = folder.json(_MODULES)
    if not isinstance(modules, list) or not all(
        isinstance(m, dict) and isinstance(m.get("type"), str) for m in modules
    ):
        raise Refused(f"{_MODULES} does not hold a list of modules")
    chain = [module["type"] for module in modules]
    known = [f"sentence_transformers.models.{name}" for name in ("Transformer", "Pooling", "Normalize")]
    for name in chain:
        if name not in known:
            raise Refused(f"module {name} in {_MODULES}: only Transformer, Pooling and Normalize are supported")
    if chain not in (known[:2], known):
        names = ", ".join(name.rsplit(".", 1)[1] for name in chain)
        raise Refused(
            f"the modules in {_MODULES} are {names}; they must be Transformer, Pooling and perhaps Normalize"
        )
    if modules[0].get("path", "") != "":
        raise Refused(
            f"the Transformer in {_MODULES} lies in a folder of its own ({modules[0]['path']}); save it again"
        )
    if any(module.get("kwargs") for module in modules):
        raise Refused(f"kwargs in {_MODULES}: modules with arguments at run time are not supported")
    return modules


def _pooling(folder: Folder, module: Dict[str, Any], width: int) -> str:
    """The one pooling mode of the Pooling module."""
    path = str(module.get("path", ""))
    name = f"{path}/config.json"
    if os.path.isabs(path) or ".." in path.split("/"):
        raise Refused(f"the path of the Pooling module in {_MODULES} leads out of the folder")
    config = folder.json_object(name)
    if config.get("word_embedding_dimension") != width:
        raise Refused(f"word_embedding_dimension in {name} is not hidden_size of {_CONFIG}")
    if config.get("pooling_mode") is not None:
        modes = (
            [f"pooling_mode {config['pooling_mode']}"] if config["pooling_mode"] not in ("mean", "cls", "max") else []
        )
        if not modes:
            return config["pooling_mode"]
    else:
        config.setdefault("pooling_mode_mean_tokens", True)
        modes = [key for key, value in config.items() if key.startswith("pooling_mode_") and value]
    if len(modes) != 1 or modes[0] not in _POOLING_MODES:
        raise Refused(
            f"pooling {' + '.join(modes) or 'without a mode'} in {name}: mean, cls or max alone is supported"
        )
    return _POOLING_MODES[modes[0]]


def _sentence_settings(folder: Folder) -> Dict[str, Any]:
    """sentence_bert_config.json, if it asks for nothing that changes texts or weights."""
    values = folder.json_object(_SENTENCE)
    if values.get("do_lower_case"):
        raise Refused(
            f"do_lower_case in {_SENTENCE}: it lower-cases whole texts as Python does (a final sigma becomes another "
            "letter), which the tokenizer does not; set it to false and train again"
        )
    for key, value in values.items():
        if key not in ("max_seq_length", "do_lower_case") and value:
            raise Refused(f"{key} in {_SENTENCE} is a setting that is not supported")
    return values


def _check_prompts(folder: Folder) -> None:
    """Refuses a prompt that would be put in front of every text."""
    values = folder.json_object(_SENTENCE_TRANSFORMERS, needed=False)
    if values.get("default_prompt_name") is not None:
        name = values["default_prompt_name"]
        raise Refused(f"default_prompt_name {name!r} in {_SENTENCE_TRANSFORMERS}: prompts are not supported")


def _max_length(given: Any, tokenizer_length: Any, positions: int) -> int:
    """Tokens of a text: max_seq_length, else the smaller of what the tokenizer and the positions allow."""
    if given is None:
        length = _UNSET_LENGTH if tokenizer_length is None else tokenizer_length
        if type(length) not in (int, float):
            raise Refused(f"model_max_length {length!r} in tokenizer_config.json is not a number")
        given = int(min(positions, length))
    if type(given) is not int or given < spec.MIN_LENGTH:
        raise Refused(f"max_seq_length {given!r} in {_SENTENCE} is not a whole number of at least {spec.MIN_LENGTH}")
    if given > positions:
        raise Refused(
            f"max_seq_length {given} in {_SENTENCE} is above max_position_embeddings {positions} in {_CONFIG}"
        )
    return given


def _flat(numbers: Any) -> Any:
    """The probabilities of a text, which are pairs of no and yes where the original gives such."""
    if not isinstance(numbers, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in numbers):
        return numbers
    return [number for pair in numbers for number in pair]


def _test_rows(golden: Any, size: int, name: str) -> Tuple[List[str], np.ndarray]:
    """Texts and probabilities of a golden file."""
    rows = golden.get("texts") if isinstance(golden, dict) else None
    if not isinstance(rows, list) or not 1 <= len(rows) <= spec.MAX_SELF_TESTS:
        raise Refused(f"{name} has no list of texts")
    for number, row in enumerate(rows):
        numbers = _flat(row.get("probabilities")) if isinstance(row, dict) else None
        if not isinstance(numbers, list) or len(numbers) != size or not isinstance(row.get("text"), str):
            raise Refused(f"text {number} in {name} needs a text and {size} probabilities")
        if not all(type(p) in (int, float) and math.isfinite(p) and 0 <= p <= 1 for p in numbers):
            raise Refused(f"text {number} in {name} has a probability outside 0 to 1")
        if any("\ud800" <= letter <= "\udfff" for letter in row["text"]):
            raise Refused(f"text {number} in {name} is not valid Unicode")
    return [row["text"] for row in rows], np.array([_flat(row["probabilities"]) for row in rows], np.float64)


def _self_test(folder: Folder, golden: Optional[str], classifier: Head) -> Optional[SelfTest]:
    """The self-test from `golden`, or from the golden.json of the folder if there is one."""
    if golden is None and not folder.has(_GOLDEN):
        return None
    try:
        text = folder.read(_GOLDEN, at=golden).decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{_GOLDEN} is not UTF-8") from None
    values = parse_json(text, _GOLDEN)
    texts, probabilities = _test_rows(values, classifier.probabilities_size, _GOLDEN)
    if values.get("labels") != classifier.labels:
        raise Refused(f"the labels of {_GOLDEN} are not those of the head: it belongs to another model")
    return SelfTest(texts, probabilities)


def _about(folder: Folder) -> Dict[str, str]:
    """What the file says of itself; the source is complete only when everything else has been read."""
    values = card.read_card(folder)
    values["tool"] = f"fewfit_convert {__version__}"
    values["source"] = folder.provenance()
    return values


def _types(dtype: Optional[str], embeddings: Optional[str], tensors: Checkpoint, layers: int) -> Dict[str, str]:
    """The types to write: what was asked for, else f16 where the checkpoint is stored so and loses nothing by it."""
    linear = dtype or ("f16" if tensors.is_f16(linear_weights(layers)) else "f32")
    by_storage = "f16" if tensors.is_f16([spec.WORD_ROWS]) else "f32"
    return {"linear_type": linear, "embeddings_type": embeddings or ("i8" if linear == "i8" else by_storage)}


def read(
    path: str,
    golden: Optional[str] = None,
    trust_pickle: bool = False,
    stage: Callable[[str], None] = lambda name: None,
    dtype: Optional[str] = None,
    embeddings: Optional[str] = None,
    with_head: bool = True,
    with_test: bool = True,
) -> Model:
    """The model in the folder at `path`; `stage` is told what is being read. Types that are None are chosen."""
    if not os.path.isdir(path):
        raise Refused(f"{path} is not a folder")
    folder = Folder(path)
    stage("reading settings")
    bert = _bert_config(folder)
    sizes, modules = _sizes(bert), _modules(folder)
    width, positions = sizes["hidden_size"], sizes["max_position_embeddings"]
    pooling = _pooling(folder, modules[1], width)
    sentence, setfit = _sentence_settings(folder), head.settings(folder)
    _check_prompts(folder)
    stage("reading tokenizer")
    words = tokenizer.read_tokenizer(folder, bert, sizes["vocab_size"])
    if with_head:
        stage("reading head")
    classifier = head.read_head(folder, setfit, width, trust_pickle) if with_head else None
    test = _self_test(folder, golden, classifier) if classifier is not None and with_test else None
    stage("reading weights")
    rows, types = sizes["vocab_size"], sizes.pop("type_vocab_size")
    layers, inner = sizes["num_hidden_layers"], sizes["intermediate_size"]
    tensors = read_checkpoint(folder, expected_shapes(width, inner, layers, rows, positions, types))
    config = Config(
        **sizes,
        max_length=_max_length(sentence.get("max_seq_length"), words.model_max_length, positions),
        hidden_act=_ACTIVATIONS[bert.get("hidden_act", "gelu")],
        poolings=(pooling,),
        normalize=len(modules) == 3 or bool(setfit.get("normalize_embeddings")),
        layer_norm_eps=_epsilon(bert),
        **_types(dtype, embeddings, tensors, layers),
    )
    return Model(config, words.state, tensors, classifier, _about(folder), test)
