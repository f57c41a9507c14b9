# SPDX-License-Identifier: MIT
"""Whole conversions of the tiny model: what is written is what was read, whatever form the folder has."""

import json
import math
import os

import file_reader
import numpy as np
import pickles
import pytest
import tiny
from fewfit_convert import cli

NO = tiny.ABSENT


def convert(folder, *options):
    """Converts and reads the file back."""
    path = os.path.join(str(folder), "out.fewfit")
    assert cli.main([str(folder), "-o", path, *options]) == 0
    with open(path, "rb") as source:
        return file_reader.read(source.read())


def check_weights(model, arrays):
    """Every weight of the checkpoint, bit by bit."""
    for name, array in model["weights"].items():
        assert np.array_equal(array, arrays[name]), name
    embeddings = "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"
    assert np.array_equal(model["positions"], arrays[embeddings[0]] + arrays[embeddings[1]][0])
    assert set(arrays) == set(model["weights"]) | set(embeddings)


def test_everything_is_written_as_it_was_read(tmp_path):
    """Config, tokenizer, vocabulary, weights, head, about: all fields."""
    model = convert(tiny.write_model(tmp_path))
    assert model["config"] == {
        "D": 20,
        "H": 5,
        "F": 36,
        "L": 2,
        "R": tiny.R,
        "P": 16,
        "M": 12,
        "hidden_act": 1,
        "pooling": 1,
        "normalize": 0,
        "linear": 1,
        "embeddings": 1,
        "eps": 1e-12,
        "S": 20,
        "dense": 0,
    }
    special = {name: (tiny.VOCAB.index(name), 16) for name in tiny.SPECIAL}
    assert model["tokenizer"] == {
        "tables": 1,
        "clean_text": 1,
        "handle_chinese_chars": 1,
        "strip_accents": 1,
        "lowercase": 1,
        "max_chars": 100,
        "unk": 1,
        "cls": 2,
        "sep": 3,
        "special_tokens_are_text": 0,
        "added": special,
    }
    assert model["vocab"] == tiny.VOCAB
    check_weights(model, tiny.tensors())
    assert (model["head"]["kind"], model["head"]["target"], model["head"]["name"]) == (1, 1, "head")
    assert model["head"]["labels"] == tiny.LABELS
    assert model["about"]["license"] == "MIT" and model["about"]["name"] == "tiny: random weights"
    assert model["about"]["tool"] == "fewfit_convert 0.1.0"
    assert model["self_test"] is None


def test_the_head_is_the_pickled_one(tmp_path):
    """Coefficients and intercept, widened to double."""
    model = convert(tiny.write_model(tmp_path))
    random = np.random.default_rng(7)
    assert np.array_equal(model["head"]["coefficients"], random.normal(size=(3, 20)).astype("<f4"))
    assert np.array_equal(model["head"]["intercept"], random.normal(size=3).astype("<f4"))


@pytest.mark.parametrize("dtype", ["F16", "BF16", "F32", "F64"])
def test_every_float_type_is_read(tmp_path, dtype):
    """The tiny weights are exact in all four."""
    check_weights(convert(tiny.write_model(tmp_path, dtype=dtype)), tiny.tensors())


def test_float64_is_rounded_and_bfloat16_widened_exactly(tmp_path):
    """Values that tell the types apart: thirds, and the extremes of bfloat16."""
    tiny.write_model(tmp_path)
    arrays = tiny.tensors()
    name = "embeddings.LayerNorm.weight"
    other = "embeddings.LayerNorm.bias"
    arrays[name] = np.arange(1, 21) / 3
    arrays[other] = np.array([2.0**-133, -(2.0**127), 1 + 2.0**-7, 0.0] * 5, np.float32)
    tiny.write_safetensors(tmp_path / "model.safetensors", arrays, "F32", {name: "F64", other: "BF16"})
    model = convert(tmp_path)
    assert np.array_equal(model["weights"][name], arrays[name].astype(np.float32))
    assert np.array_equal(model["weights"][other], arrays[other])


def test_prefix_pooler_and_buffers(tmp_path):
    """`bert.` in front of the names, a pooler and a buffer of positions change nothing."""
    plain = convert(tiny.write_model(tmp_path))
    arrays = {f"bert.{name}": array for name, array in tiny.tensors().items()}
    arrays["bert.pooler.dense.weight"] = np.full((20, 20), np.nan)
    arrays["bert.pooler.dense.bias"] = np.zeros(20)
    arrays["bert.embeddings.position_ids"] = np.arange(16)[None]
    tiny.write_safetensors(tmp_path / "model.safetensors", arrays, "F32", {"bert.embeddings.position_ids": "I64"})
    model = convert(tmp_path)
    check_weights(model, tiny.tensors())
    assert {key: value for key, value in model["config"].items()} == plain["config"]


def test_normalize_by_module_and_by_setting(tmp_path):
    """Either makes unit vectors."""
    module = {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}
    modules = [*tiny.files()["modules.json"], module]
    assert convert(tiny.write_model(tmp_path, {"modules.json": modules}))["config"]["normalize"] == 1
    changes = {"config_setfit.json:normalize_embeddings": True}
    assert convert(tiny.write_model(tmp_path, changes))["config"]["normalize"] == 1


@pytest.mark.parametrize(
    "given,tokenizer,length",
    [
        (12, 8, 12),
        (3, 12, 3),
        (16, 1, 16),
        (None, 9, 9),
        (None, 100, 16),
        (None, NO, 16),
        (NO, 9, 9),
        (None, int(1e30), 16),
    ],
)
def test_max_length(tmp_path, given, tokenizer, length):
    """max_seq_length counts; without it the smaller of tokenizer and positions, as in sentence-transformers."""
    changes = {"sentence_bert_config.json:max_seq_length": given, "tokenizer_config.json:model_max_length": tokenizer}
    assert convert(tiny.write_model(tmp_path, changes))["config"]["M"] == length


def test_settings_that_may_be_absent(tmp_path):
    """Defaults of BertConfig, SetFit and sentence-transformers; the licence from a file."""
    changes = {
        "config_setfit.json": NO,
        "config_sentence_transformers.json": NO,
        "README.md": NO,
        "config.json:layer_norm_eps": NO,
        "config.json:hidden_act": NO,
        "config.json:type_vocab_size": NO,
        "config.json:architectures": NO,
        "config.json:position_embedding_type": NO,
        "LICENSE": "MIT",
    }
    model = convert(tiny.write_model(tmp_path, changes))
    assert model["config"]["eps"] == 1e-12
    assert model["about"]["license"] == "see LICENSE" and "name" not in model["about"]


def test_the_tokenizer_options_are_written(tmp_path):
    """All that the file can carry."""
    added = {
        "81": tiny.token("NewTok", normalized=True, special=False, single_word=True),
        "82": tiny.token("[X1]", lstrip=True, rstrip=True),
    }
    added = {str(tiny.R + i): value for i, value in enumerate(added.values())}
    changes = {
        "tokenizer_config.json:do_lower_case": False,
        "tokenizer_config.json:strip_accents": True,
        "tokenizer_config.json:tokenize_chinese_chars": False,
        "tokenizer.json:normalizer:clean_text": False,
        "tokenizer.json:model:max_input_chars_per_word": 50,
        "config.json:vocab_size": tiny.R + 2,
        "tokenizer_config.json:added_tokens_decoder": added,
    }
    tiny.write_model(tmp_path, changes)
    arrays = tiny.tensors()
    name = "embeddings.word_embeddings.weight"
    arrays[name] = np.vstack([arrays[name], np.ones((2, 20), np.float32)])
    tiny.write_safetensors(tmp_path / "model.safetensors", arrays)
    state = convert(tmp_path)["tokenizer"]
    assert (state["clean_text"], state["handle_chinese_chars"], state["strip_accents"], state["lowercase"]) == (
        0,
        0,
        1,
        0,
    )
    assert state["max_chars"] == 50
    # tokenizer.json lower-cased when the token was added, and the override came later
    assert state["added"]["newtok"] == (tiny.R, 1 | 8) and state["added"]["[X1]"] == (tiny.R + 1, 2 | 4 | 16)


@pytest.mark.parametrize(
    "classes,given,labels,integers",
    [
        (["b", "a", "c"], ["x", "y", "z"], ["b", "a", "c"], 0),  # strings of the head come first, as SetFit predicts
        ([0, 1, 2], ["x", "y", "z"], ["x", "y", "z"], 0),
        ([2, 0, 1], ["x", "y", "z"], ["z", "x", "y"], 0),
        ([0, 1, 2], None, ["0", "1", "2"], 1),
        ([-5, 3, 70], NO, ["-5", "3", "70"], 1),
        ([0, 1, 2], [], ["0", "1", "2"], 1),
        ([0, 1, 2], [10, 20, 30], ["10", "20", "30"], 1),
        ([0, 1, -1], ["x", "y", "z"], ["x", "y", "z"], 0),  # labels[-1], as Python counts
        ([0.0, 1.0, 2.0], ["x", "y", "z"], ["x", "y", "z"], 0),
        (np.array([0, 1, 2], np.uint8), None, ["0", "1", "2"], 1),
        (np.array(["плюс", "минус", "ноль"], object), None, ["плюс", "минус", "ноль"], 0),
    ],
)
def test_labels(tmp_path, classes, given, labels, integers):
    """In the head's order, as SetFitModel.predict answers."""
    changes = {"config_setfit.json:labels": given, "model_head.pkl": tiny.head(classes)}
    head = convert(tiny.write_model(tmp_path, changes))["head"]
    assert (head["labels"], head["integers"], head["kind"]) == (labels, integers, 1)


@pytest.mark.parametrize(
    "classes,given,labels",
    [([False, True], ["no", "yes"], ["no", "yes"]), (["no", "yes"], None, ["no", "yes"]), ([0, 1], None, ["0", "1"])],
)
def test_two_classes_are_binary(tmp_path, classes, given, labels):
    """One row of coefficients."""
    changes = {"config_setfit.json:labels": given, "model_head.pkl": tiny.head(classes)}
    head = convert(tiny.write_model(tmp_path, changes))["head"]
    assert (head["labels"], head["kind"], head["coefficients"].shape) == (labels, 2, (1, 20))


def _golden(labels=tuple(tiny.LABELS), texts=("a", "", "б\u2028\x00")):
    rows = [{"text": text, "probabilities": [0.25, 0.5, 0.25 + i * 1e-17]} for i, text in enumerate(texts)]
    return {"labels": list(labels), "texts": rows}


def test_the_self_test_of_the_folder_and_of_the_option(tmp_path):
    """golden.json is taken by itself; --golden goes before it; where it lies does not show."""
    model = convert(tiny.write_model(tmp_path, {"golden.json": _golden()}))
    assert model["self_test"][0] == ["a", "", "б\u2028\x00"]
    assert np.array_equal(model["self_test"][1], [row["probabilities"] for row in _golden()["texts"]])
    other = tmp_path / "elsewhere.json"
    other.write_text(json.dumps(_golden(texts=("other",))), encoding="utf-8")
    by_option = convert(tmp_path, "--golden", str(other))
    assert by_option["self_test"][0] == ["other"] and "elsewhere" not in by_option["about"]["source"]


POOL, CONFIG, SBERT, SETFIT = (
    "1_Pooling/config.json",
    "config.json",
    "sentence_bert_config.json",
    "config_setfit.json",
)
MODULE = "sentence_transformers.models."

REFUSED = {
    "model_type": ({f"{CONFIG}:model_type": "roberta"}, "model_type 'roberta' in config.json"),
    "no model_type": ({f"{CONFIG}:model_type": NO}, "model_type None"),
    "architecture": (
        {f"{CONFIG}:architectures": ["BertForTokenClassification"]},
        "architecture BertForTokenClassification",
    ),
    "activation": ({f"{CONFIG}:hidden_act": "gelu_fast"}, "hidden_act 'gelu_fast' in config.json: gelu, gelu_new"),
    "activation a list": ({f"{CONFIG}:hidden_act": ["gelu"]}, "hidden_act ['gelu']"),
    "position type": (
        {f"{CONFIG}:position_embedding_type": "relative_key"},
        "position_embedding_type 'relative_key'",
    ),
    "decoder": ({f"{CONFIG}:is_decoder": True}, "is_decoder True"),
    "cross attention": ({f"{CONFIG}:add_cross_attention": True}, "add_cross_attention True"),
    "pruned heads": ({f"{CONFIG}:pruned_heads": {"0": [1]}}, "pruned_heads"),
    "quantized": ({f"{CONFIG}:quantization_config": {"bits": 4}}, "quantization_config"),
    "adapter": ({"adapter_config.json": {}}, "adapter_config.json"),
    "heads": ({f"{CONFIG}:num_attention_heads": 6}, "hidden_size in config.json is not a multiple"),
    "no layers": ({f"{CONFIG}:num_hidden_layers": 0}, "num_hidden_layers 0"),
    "hidden size text": ({f"{CONFIG}:hidden_size": "20"}, "hidden_size '20'"),
    "hidden size huge": ({f"{CONFIG}:hidden_size": 1 << 20}, "hidden_size 1048576"),
    "epsilon": ({f"{CONFIG}:layer_norm_eps": 0}, "layer_norm_eps 0"),
    "epsilon nan": ({CONFIG: json.dumps({**tiny.files()[CONFIG], "layer_norm_eps": math.nan})}, "layer_norm_eps nan"),
    "vocab_size": ({f"{CONFIG}:vocab_size": tiny.R + 1}, "embeddings.word_embeddings.weight"),
    "config missing": ({CONFIG: NO}, "config.json is missing"),
    "config no JSON": ({CONFIG: "{"}, "config.json is not valid JSON"),
    "config a list": ({CONFIG: []}, "config.json does not hold a JSON object"),
    "config not UTF-8": ({CONFIG: b"\xff"}, "config.json is not UTF-8"),
    "modules missing": ({"modules.json": NO}, "modules.json is missing"),
    "modules no list": ({"modules.json": {}}, "modules.json does not hold a list"),
    "module": ({"modules.json:1:type": f"{MODULE}LayerNorm"}, f"module {MODULE}LayerNorm in modules.json"),
    "module order": ({"modules.json:1:type": f"{MODULE}Normalize"}, "Transformer, Normalize"),
    "module path": ({"modules.json:0:path": "0_Transformer"}, "folder of its own (0_Transformer)"),
    "module outside": ({"modules.json:1:path": "../1_Pooling"}, "leads out of the folder"),
    "module arguments": ({"modules.json:1:kwargs": ["x"]}, "kwargs in modules.json"),
    "pooling mode": ({f"{POOL}:pooling_mode": "mean_tokens"}, "pooling_mode 'mean_tokens' in 1_Pooling/config.json"),
    "pooling unknown": ({f"{POOL}:pooling_mode_median_tokens": True}, "pooling pooling_mode_median_tokens"),
    "pooling none": ({f"{POOL}:pooling_mode_mean_tokens": False}, "pooling without a mode"),
    "pooling width": ({f"{POOL}:word_embedding_dimension": 384}, "word_embedding_dimension"),
    "lower case": ({f"{SBERT}:do_lower_case": True}, "do_lower_case in sentence_bert_config.json"),
    "length 2": ({f"{SBERT}:max_seq_length": 2}, "max_seq_length 2"),
    "length past positions": ({f"{SBERT}:max_seq_length": 17}, "max_seq_length 17"),
    "length text": ({f"{SBERT}:max_seq_length": "12"}, "max_seq_length '12'"),
    "tokenizer arguments": ({f"{SBERT}:tokenizer_args": {"a": 1}}, "tokenizer_args in sentence_bert_config.json"),
    "prompt": ({"config_sentence_transformers.json:default_prompt_name": "query"}, "default_prompt_name 'query'"),
    "strategy": ({f"{SETFIT}:multi_target_strategy": "one-vs-rest"}, "multi_target_strategy 'one-vs-rest'"),
    "spans": ({f"{SETFIT}:span_context": 3}, "span_context in config_setfit.json"),
    "normalize text": ({f"{SETFIT}:normalize_embeddings": "yes"}, "normalize_embeddings"),
    "labels an object": ({f"{SETFIT}:labels": {"0": "x"}}, "labels in config_setfit.json"),
    "labels of lists": ({f"{SETFIT}:labels": [["x"], "y", "z"]}, "labels in config_setfit.json"),
    "too few labels": ({f"{SETFIT}:labels": ["x"], "model_head.pkl": tiny.head([0, 1, 2])}, "go past the 1 labels"),
    "label empty": ({f"{SETFIT}:labels": ["x", "", "z"], "model_head.pkl": tiny.head([0, 1, 2])}, "is empty"),
    "label twice": ({f"{SETFIT}:labels": ["x", "z", "z"], "model_head.pkl": tiny.head([0, 1, 2])}, "the label z"),
    "label surrogate": (
        {SETFIT: '{"labels": ["x", "\\ud800", "z"]}', "model_head.pkl": tiny.head([0, 1, 2])},
        "not valid Unicode",
    ),
    "mixed labels": ({f"{SETFIT}:labels": ["x", 1, "z"], "model_head.pkl": tiny.head([0, 1, 2])}, "mix strings and"),
    "float classes": ({f"{SETFIT}:labels": None, "model_head.pkl": tiny.head([0.5, 1.5, 2.5])}, "of type float64"),
    "bool classes": ({f"{SETFIT}:labels": None, "model_head.pkl": tiny.head([False, True])}, "of type bool"),
    "object classes and labels": (
        {"model_head.pkl": tiny.head(np.array(["a", "b", "c"], object))},
        "are strings and not the same",
    ),
    "no head": ({"model_head.pkl": NO}, "model_head.pkl is missing: SetFit's save_pretrained writes it; --body-only"),
    "no weights": ({"model.safetensors": NO}, "model.safetensors is missing"),
    "pytorch_model.bin": (
        {"model.safetensors": NO, "pytorch_model.bin": b"PK"},
        "(a classifier with setfit) and save it again",
    ),
    "shards": ({"model.safetensors": NO, "model.safetensors.index.json": {}}, "model.safetensors.index.json"),
    "damaged weights": ({"model.safetensors": b'\x08\0\0\0\0\0\0\0{"a":1}'}, "model.safetensors is damaged"),
    "golden labels": ({"golden.json": _golden(labels=("x", "y", "z"))}, "another model"),
    "golden empty": ({"golden.json": _golden(texts=())}, "golden.json has no list of texts"),
    "golden width": (
        {"golden.json": {"labels": tiny.LABELS, "texts": [{"text": "a", "probabilities": [1]}]}},
        "text 0",
    ),
    "golden above 1": (
        {"golden.json": {"labels": tiny.LABELS, "texts": [{"text": "a", "probabilities": [2, 0, 0]}]}},
        "outside 0 to 1",
    ),
    "golden nan": (
        {"golden.json": {"labels": tiny.LABELS, "texts": [{"text": "a", "probabilities": [math.nan, 0, 0]}]}},
        "outside",
    ),
    "golden surrogate": (
        {"golden.json": json.dumps(_golden(texts=("\ud800",)))},
        "not valid Unicode",
    ),
}


def refuse(folder, capsys, *options):
    """Converts what must be refused; returns what stderr says."""
    path = os.path.join(str(folder), "out.fewfit")
    assert cli.main([str(folder), "-o", path, *options]) == 1
    assert not os.path.exists(path)
    assert not [name for name in os.listdir(folder) if name.endswith(".part")]
    message = capsys.readouterr().err
    assert "Traceback" not in message
    return message


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_represented_is_refused_by_name(tmp_path, capsys, name):
    """A sentence with the thing and the file, exit status 1, no file."""
    changes, words = REFUSED[name]
    changes = dict(changes)
    has_weights = changes.pop("model.safetensors", None)
    tiny.write_model(tmp_path, changes)
    if has_weights is NO:
        os.unlink(tmp_path / "model.safetensors")
    elif has_weights is not None:
        (tmp_path / "model.safetensors").write_bytes(has_weights)
    assert words in refuse(tmp_path, capsys)


QUERY = "encoder.layer.0.attention.self.query.weight"


def _with(name, array):
    return {**tiny.tensors(), name: array}


TENSORS = {
    "missing": ({k: v for k, v in tiny.tensors().items() if k != QUERY}, {}, f"tensor {QUERY} is missing"),
    "another": (_with("encoder.layer.2.output.dense.bias", np.zeros(20)), {}, "encoder.layer.2.output.dense.bias"),
    "classifier": (_with("classifier.weight", np.zeros((2, 20))), {}, "tensor classifier.weight"),
    "shape": (_with(QUERY, np.zeros((20, 21))), {}, f"tensor {QUERY} in model.safetensors has the shape [20, 21]"),
    "transposed": (_with("encoder.layer.0.output.dense.weight", np.zeros((36, 20))), {}, "has the shape [36, 20]"),
    "flat": (_with(QUERY, np.zeros(400)), {}, "has the shape [400]"),
    "twice": (_with(f"bert.{QUERY}", np.zeros((20, 20))), {}, "there twice"),
    "integers": (tiny.tensors(), {QUERY: "I64"}, f"tensor {QUERY} in model.safetensors is of type I64"),
    "nan": (_with(QUERY, np.full((20, 20), np.nan)), {}, f"tensor {QUERY} in model.safetensors holds"),
    "inf": (_with(QUERY, np.full((20, 20), np.inf)), {QUERY: "BF16"}, f"tensor {QUERY} in model.safetensors holds"),
    "too large": (
        _with(QUERY, np.full((20, 20), 1e39)),
        {QUERY: "F64"},
        f"tensor {QUERY} in model.safetensors holds",
    ),
}


@pytest.mark.parametrize("name", TENSORS)
def test_tensors_that_do_not_fit_are_refused_by_name(tmp_path, capsys, name):
    """Names, shapes, types and values."""
    arrays, types, words = TENSORS[name]
    tiny.write_model(tmp_path)
    with np.errstate(over="ignore"):
        tiny.write_safetensors(tmp_path / "model.safetensors", arrays, "F32", types)
    assert words in refuse(tmp_path, capsys)


@pytest.mark.parametrize("keep", [0, 7, 8, 100, -1])
def test_a_cut_checkpoint_is_refused(tmp_path, capsys, keep):
    """At every kind of place."""
    tiny.write_model(tmp_path)
    data = (tmp_path / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(data[:keep])
    assert "model.safetensors is damaged" in refuse(tmp_path, capsys)


HEADS = {
    "one-versus-rest": (dict(multi_class="ovr"), "one-versus-rest"),
    "liblinear": (dict(solver="liblinear"), "solver='liblinear'"),
    "warn": (dict(multi_class="warn"), "multi_class='warn'"),
    "not fitted": (dict(coef_=...), "no coef_"),
    "no classes": (dict(classes_=...), "no list of classes"),
    "classes of lists": (dict(classes_=[[0, 1], [0, 1]]), "several labels"),
    "shape": (dict(coef_=pickles.Stored(np.zeros((2, 20)))), "coef_ in model_head.pkl has the shape [2, 20]"),
    "width": (dict(coef_=pickles.Stored(np.zeros((3, 384)))), "has the shape [3, 384]"),
    "integers": (dict(coef_=pickles.Stored(np.zeros((3, 20), int))), "coef_ in model_head.pkl is of type int64"),
    "nan": (dict(coef_=pickles.Stored(np.full((3, 20), np.nan))), "coef_ in model_head.pkl holds"),
    "inf": (dict(intercept_=pickles.Stored(np.array([0, np.inf, 0]))), "intercept_ in model_head.pkl holds"),
    "intercepts": (dict(intercept_=pickles.Stored(np.zeros(2))), "intercept_ in model_head.pkl has 2 values"),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads_that_compute_something_else_are_refused(tmp_path, capsys, name):
    """What is no softmax or sigmoid, or holds no usable numbers."""
    more, words = HEADS[name]
    assert words in refuse(tiny.write_model(tmp_path, {"model_head.pkl": tiny.head(**more)}), capsys)


def test_two_classes_declared_multinomial_are_refused(tmp_path, capsys):
    """Releases of scikit-learn disagree about them."""
    head = tiny.head([0, 1], multi_class="multinomial")
    changes = {"model_head.pkl": head, "config_setfit.json:labels": ["a", "b"]}
    assert "multi_class='multinomial'" in refuse(tiny.write_model(tmp_path, changes), capsys)


def test_one_class_is_refused(tmp_path, capsys):
    """There is nothing to decide."""
    head = pickles.dump(pickles.logistic(np.array(["a"]), np.zeros((1, 20)), np.zeros(1)))
    assert "has 1 classes" in refuse(tiny.write_model(tmp_path, {"model_head.pkl": head}), capsys)


@pytest.mark.parametrize(
    "more",
    [
        dict(multi_class="auto"),
        dict(multi_class="multinomial"),
        dict(multi_class="deprecated"),
        dict(solver="liblinear", multi_class="multinomial"),
        dict(penalty=None),
    ],
)
def test_multinomial_heads_of_any_release_are_read(tmp_path, more):
    """With and without the attribute that older releases had."""
    assert convert(tiny.write_model(tmp_path, {"model_head.pkl": tiny.head(**more)}))["head"]["kind"] == 1


def test_no_folder_is_refused(tmp_path, capsys):
    """A file, and nothing at all."""
    (tmp_path / "file").write_text("x")
    for name in ("file", "nothing"):
        assert cli.main([str(tmp_path / name), "-o", str(tmp_path / "o")]) == 1
        assert "is not a folder" in capsys.readouterr().err
