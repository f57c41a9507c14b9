# SPDX-License-Identifier: MIT
"""A folder that SetFitModel.save_pretrained wrote, as a Model. What fewfit cannot compute exactly is refused here,
with the name of the thing and of the file it stands in.
"""

from __future__ import annotations

import math
import os
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from . import __version__, card, encoder, head, modules, spec, tokenizer
from .errors import Refused
from .folder import Folder, parse_json
from .model import Config, Head, Model, SelfTest
from .safetensors_file import Checkpoint, expected_shapes, linear_weights, read_checkpoint

_SENTENCE = "sentence_bert_config.json"
_SENTENCE_TRANSFORMERS = "config_sentence_transformers.json"
_GOLDEN = "golden.json"
_UNSET_LENGTH = int(1e30)  # what transformers takes where no model_max_length is given


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


def _max_length(given: Any, tokenizer_length: Any, shape: encoder.Encoder) -> int:
    """Tokens of a text: max_seq_length, else the smaller of what the tokenizer and the positions allow."""
    positions = shape.sizes["max_position_embeddings"]
    if given is None:
        length = _UNSET_LENGTH if tokenizer_length is None else tokenizer_length
        if type(length) not in (int, float) or length == -math.inf:
            raise Refused(f"model_max_length {length!r} in tokenizer_config.json is not a number")
        given = int(min(positions, length))
    if type(given) is not int or given < spec.MIN_LENGTH:
        raise Refused(f"max_seq_length {given!r} in {_SENTENCE} is not a whole number of at least {spec.MIN_LENGTH}")
    if given > positions:
        raise Refused(
            f"max_seq_length {given} in {_SENTENCE} is above max_position_embeddings {positions} in {encoder.FILE}"
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


def _config(shape: encoder.Encoder, after: modules.Modules, max_length: int, types: Dict[str, str]) -> Config:
    """All settings in one."""
    return Config(
        **shape.sizes,
        max_length=max_length,
        hidden_act=shape.hidden_act,
        poolings=after.poolings,
        normalize=after.normalize,
        layer_norm_eps=shape.layer_norm_eps,
        **types,
        dense=after.dense,
    )


def _tensors(folder: Folder, shape: encoder.Encoder, note: Callable[[str], None]) -> Checkpoint:
    """The weights of the encoder; says which of them are left out."""
    sizes = shape.sizes
    widths = (sizes["hidden_size"], sizes["intermediate_size"], sizes["num_hidden_layers"])
    rows = (sizes["vocab_size"], sizes["max_position_embeddings"], shape.types)
    tensors = read_checkpoint(folder, expected_shapes(*widths, *rows), shape.kind)
    if shape.types > 1:
        note(f"of the {shape.types} token types only type 0 is kept: a text by itself has no other")
    return tensors


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
    shape = encoder.read_encoder(folder)
    sentence, setfit = _sentence_settings(folder), head.settings(folder)
    _check_prompts(folder)
    after = modules.read_modules(folder, shape.sizes["hidden_size"], bool(setfit.get("normalize_embeddings")))
    stage("reading tokenizer")
    words = tokenizer.read_tokenizer(folder, shape.settings, shape.sizes["vocab_size"])
    length = _max_length(sentence.get("max_seq_length"), words.model_max_length, shape)
    if with_head:
        stage("reading head")
    classifier = head.read_head(folder, setfit, after.size, trust_pickle) if with_head else None
    test = _self_test(folder, golden, classifier) if classifier is not None and with_test else None
    stage("reading weights")
    tensors = _tensors(folder, shape, stage)
    config = _config(shape, after, length, _types(dtype, embeddings, tensors, shape.sizes["num_hidden_layers"]))
    return Model(config, words.state, tensors, classifier, _about(folder), test)
