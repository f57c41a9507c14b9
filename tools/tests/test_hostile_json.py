# SPDX-License-Identifier: MIT
"""Every value of every JSON file of a small model, replaced by each of many wrong ones: a valid model file comes of
it, or one sentence and status 1. Whatever is added to these files is tried by itself."""

import copy
import json
import math
import os

import pytest
import tiny
from hostile import Judge
from test_bodies import _chain, _dense

DEEP = []
for _ in range(60):
    DEEP = [DEEP]

WRONG = {
    "null": None,
    "true": True,
    "false": False,
    "a word": "x",
    "an empty string": "",
    "zero": 0,
    "minus one": -1,
    "a fraction": 1.5,
    "a large number": 10**30,
    "a larger number": 10**299,
    "nan": math.nan,
    "infinity": math.inf,
    "minus infinity": -math.inf,
    "an empty list": [],
    "an empty object": {},
    "a list of objects": [{}],
    "a list of numbers": [1],
    "a list of words": ["x"],
    "an object": {"a": {"b": ["c"]}},
    "a token": {"__type": "AddedToken", "content": "q"},
    "a deep list": DEEP,
    "half of a pair": "\ud800",
    "lines and escapes": "a\nfewfit-convert: b\r\x1b[31m\x00",
    "a long string": "y" * 100000,
    "many escapes": "\x1b" * 100000,
}
NO = tiny.ABSENT
SETTINGS = ("config.json", "sentence_bert_config.json", "config_sentence_transformers.json", "config_setfit.json")
MORE = {  # what a plain folder does not have and the converter looks at
    "tokenizer_config.json": {
        "fast_tokenizer_files": ["tokenizer.json"],
        "model_input_names": ["input_ids", "attention_mask"],
        "additional_special_tokens": ["hello"],
        "padding_side": "right",
        "split_special_tokens": False,
    },
    "special_tokens_map.json": {"additional_special_tokens": ["hello", tiny.token("new")]},
    "1_Pooling/config.json": {"pooling_mode": "mean"},
    "added_tokens.json": {"hello": tiny.VOCAB.index("hello")},
    "golden.json": {"labels": tiny.LABELS, "texts": [{"text": "a", "probabilities": [0.25, 0.5, 0.25]}]},
}
OLD = {"tokenizer_config.json:added_tokens_decoder": NO}
VARIANTS = {
    # name: changes of the folder, the files whose values are replaced
    "settings": ({}, SETTINGS),
    "tokenizer": ({}, ("tokenizer.json",)),
    "more": ({"golden.json": MORE["golden.json"]}, ("golden.json", "1_Pooling/config.json", "tokenizer_config.json")),
    "older files": (
        {**OLD, "added_tokens.json": MORE["added_tokens.json"]},
        ("added_tokens.json", "tokenizer_config.json", "special_tokens_map.json"),
    ),
    "vocab.txt": ({"tokenizer.json": NO}, ("tokenizer_config.json",)),
    "dense": ({}, ("modules.json", "2_Dense/config.json")),
}


def _few(items):
    """The first and the last of many tokens, which are much alike."""
    items = list(items)
    many = len(items) > 20 or (len(items) > 2 and all(isinstance(v, dict) and "content" in v for _, v in items))
    return [items[0], items[-1]] if many else items


def places(value, path=()):
    """The way to each value inside of a JSON value, itself included."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in _few(inner):
        if key in ("content", "id", "single_word") or not (isinstance(value, dict) and "content" in value):
            yield from places(part, (*path, key)) if key != "pair" else ()  # of two texts, which nobody reads


def replaced(value, path, wrong):
    """A JSON value with another one at a place."""
    if not path:
        return wrong
    value = copy.copy(value)
    value[path[0]] = replaced(value[path[0]], path[1:], wrong)
    return value


def _write(folder, changes, variant):
    """The folder of a variant; returns its JSON files."""
    made = tiny.edit({**tiny.files(), "model_head.pkl": tiny.head()}, dict(changes))
    for name, more in MORE.items():
        if variant in ("more", "older files") and isinstance(made.get(name), dict):
            made[name] = {**made[name], **more}
    if variant == "dense":
        _dense(folder, 2, 20, 20)
        made["modules.json"] = _chain("Dense")
        made["2_Dense/config.json"] = json.loads((folder / "2_Dense" / "config.json").read_text())
    tiny.write_safetensors(os.path.join(folder, "model.safetensors"), tiny.tensors())
    tiny.write_files(folder, made)
    return made


@pytest.mark.parametrize("variant", VARIANTS)
def test_any_wrong_value_is_taken_or_refused_in_a_sentence(tmp_path, monkeypatch, variant):
    """No traceback, no file that is left, no model file that cannot be read."""
    monkeypatch.setattr(os, "fsync", lambda _file: None)  # thousands of files: the disk is not what is tested
    changes, names = VARIANTS[variant]
    (tmp_path / "model").mkdir()
    (tmp_path / "out").mkdir()
    made = _write(tmp_path / "model", changes, variant)
    judge, found = Judge(str(tmp_path / "model"), str(tmp_path / "out")), []
    assert judge.wrong() == []
    for name in names:
        for path in places(made[name]):
            for what, wrong in WRONG.items():
                tiny.write_files(tmp_path / "model", {name: json.dumps(replaced(made[name], path, wrong))})
                found += [(name, path, what, problem) for problem in judge.wrong()]
        tiny.write_files(tmp_path / "model", {name: made[name]})
    assert not found, (len(found), found[:10])
    assert judge.accepted > 20 and judge.refused > 200, (judge.accepted, judge.refused)
