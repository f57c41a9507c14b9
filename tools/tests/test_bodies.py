# SPDX-License-Identifier: MIT
"""Encoders of other shapes and what may follow them: activations, poolings, Dense and Normalize in any order,
DistilBERT, token types; every limit with its number. tests/parity/breadth holds the same against the originals."""

import os

import numpy as np
import pytest
import tiny
from test_convert import NO, check_weights, convert, refuse

CONFIG, POOL, MODULES = "config.json", "1_Pooling/config.json", "modules.json"
PACKAGE = "sentence_transformers.models."
POOLINGS = {
    "cls": ("cls_token", 2),
    "max": ("max_tokens", 3),
    "mean": ("mean_tokens", 1),
    "mean_sqrt_len_tokens": ("mean_sqrt_len_tokens", 4),
    "weightedmean": ("weightedmean_tokens", 5),
    "lasttoken": ("lasttoken", 6),
}


@pytest.mark.parametrize(
    "name,code",
    [("gelu", 1), ("gelu_new", 2), ("gelu_pytorch_tanh", 2), ("relu", 3), ("silu", 4), ("swish", 4), (NO, 1)],
)
def test_activations(tmp_path, name, code):
    """Both names of a function, and the default."""
    assert convert(tiny.write_model(tmp_path, {f"{CONFIG}:hidden_act": name}))["config"]["hidden_act"] == code


@pytest.mark.parametrize("mode", POOLINGS)
def test_poolings(tmp_path, mode):
    """By flags, and by name in any case of letters."""
    changes = {f"{POOL}:pooling_mode_{key}": name == mode for name, (key, _) in POOLINGS.items()}
    code = POOLINGS[mode][1]
    assert convert(tiny.write_model(tmp_path, changes))["config"]["pooling"] == code
    tiny.write_model(tmp_path, {f"{POOL}:pooling_mode": mode.upper()})
    assert convert(tmp_path)["config"]["pooling"] == code


def test_poolings_are_joined_in_the_order_of_the_original(tmp_path):
    """Not in that of the file; the head sees their joint width."""
    keys = {f"pooling_mode_{key}": True for key, _ in reversed(POOLINGS.values())}
    changes = {POOL: {"word_embedding_dimension": tiny.D, **keys}, "model_head.pkl": tiny.head(width=6 * tiny.D)}
    model = convert(tiny.write_model(tmp_path, changes))
    assert (model["config"]["pooling"], model["config"]["S"]) == (0x654132, 120)
    assert model["head"]["coefficients"].shape == (3, 120)


def test_a_pooling_that_says_nothing_is_the_mean(tmp_path):
    """The default of the original, which any other mode joins."""
    changes = {POOL: {"word_embedding_dimension": tiny.D}}
    assert convert(tiny.write_model(tmp_path, changes))["config"]["pooling"] == 1
    changes[POOL] = {"word_embedding_dimension": tiny.D, "pooling_mode_max_tokens": True}
    changes["model_head.pkl"] = tiny.head(width=2 * tiny.D)
    assert convert(tiny.write_model(tmp_path, changes))["config"]["pooling"] == 0x13


def _dense(folder, number, inputs, outputs, name="modules.activation.Tanh", bias=True):
    """A Dense module on disk; returns its weight and bias."""
    random = np.random.default_rng(number)
    made = {"linear.weight": random.integers(-9, 9, (outputs, inputs)).astype(np.float32)}
    if bias:
        made["linear.bias"] = random.integers(-9, 9, outputs).astype(np.float32)
    settings = {
        "in_features": inputs,
        "out_features": outputs,
        "bias": bias,
        "activation_function": f"torch.nn.{name}",
    }
    tiny.write_files(str(folder), {f"{number}_Dense/config.json": settings})
    tiny.write_safetensors(os.path.join(str(folder), f"{number}_Dense", "model.safetensors"), made)
    return made["linear.weight"], made.get("linear.bias", np.zeros(outputs))


def _chain(*kinds):
    """modules.json with these behind the pooling."""
    kinds = ("Transformer", "Pooling", *kinds)
    return [
        {"idx": i, "name": str(i), "path": f"{i}_{kind}" if i else "", "type": PACKAGE + kind}
        for i, kind in enumerate(kinds)
    ]


def test_dense_and_normalize_in_any_order(tmp_path):
    """A Normalize belongs to the Dense behind it, or to the end; two in a row are one."""
    kinds = ("Normalize", "Normalize", "Dense", "Dense", "Normalize", "Dense", "Normalize")
    tiny.write_model(tmp_path, {MODULES: _chain(*kinds), "model_head.pkl": tiny.head(width=5)})
    stored = [_dense(tmp_path, 4, 20, 17), _dense(tmp_path, 5, 17, 33, bias=False), _dense(tmp_path, 7, 33, 5)]
    model = convert(tmp_path)
    assert (model["config"]["S"], model["config"]["normalize"]) == (5, 1)
    assert [dense["normalize_first"] for dense in model["dense"]] == [1, 0, 1]
    for dense, (weight, bias) in zip(model["dense"], stored):
        assert np.array_equal(dense["weight"], weight) and np.array_equal(dense["bias"], bias)


def test_normalize_in_the_middle_is_not_at_the_end(tmp_path):
    """Only the setting of SetFit adds it there."""
    changes = {MODULES: _chain("Normalize", "Dense"), "model_head.pkl": tiny.head(width=7)}
    tiny.write_model(tmp_path, changes)
    _dense(tmp_path, 3, 20, 7)
    assert convert(tmp_path)["config"]["normalize"] == 0
    tiny.write_model(tmp_path, {**changes, "config_setfit.json:normalize_embeddings": True})
    assert convert(tmp_path)["config"]["normalize"] == 1


@pytest.mark.parametrize(
    "name,code",
    [
        ("modules.linear.Identity", 1),
        ("modules.activation.Tanh", 2),
        ("modules.activation.ReLU", 3),
        ("modules.activation.GELU", 4),
        ("modules.activation.Sigmoid", 5),
        ("modules.activation.SiLU", 6),
        ("Tanh", 2),
    ],
)
def test_activations_of_dense(tmp_path, name, code):
    """The classes of torch that have no arguments."""
    tiny.write_model(tmp_path, {MODULES: _chain("Dense"), "model_head.pkl": tiny.head(width=9)})
    _dense(tmp_path, 2, 20, 9, name)
    assert convert(tmp_path)["dense"][0]["activation"] == code


def test_dense_layers_stay_f32(tmp_path):
    """Whatever type the encoder's layers have."""
    tiny.write_model(tmp_path, {MODULES: _chain("Dense"), "model_head.pkl": tiny.head(width=9)})
    weight, _ = _dense(tmp_path, 2, 20, 9)
    assert np.array_equal(convert(tmp_path, "--dtype", "i8")["dense"][0]["weight"], weight)


DENSE = "2_Dense/config.json"
DENSE_REFUSED = {
    "width": ({f"{DENSE}:in_features": 21}, "in_features 21 in 2_Dense/config.json is not the 20 numbers"),
    "outputs": (
        {f"{DENSE}:out_features": 0},
        "out_features 0 in 2_Dense/config.json is not a whole number from 1 to",
    ),
    "wide": ({f"{DENSE}:out_features": 65537}, "out_features 65537 in 2_Dense/config.json"),
    "shape": ({f"{DENSE}:out_features": 8}, "in 2_Dense/model.safetensors has the shape [9"),
    "activation": (
        {f"{DENSE}:activation_function": "torch.nn.modules.activation.ELU"},
        "torch.nn.modules.activation.ELU",
    ),
    "gelu_new": (
        {f"{DENSE}:activation_function": "transformers.activations.NewGELUActivation"},
        "activation_function 'transformers.activations.NewGELUActivation' in 2_Dense/config.json",
    ),
    "gelu_pytorch_tanh": (
        {f"{DENSE}:activation_function": "transformers.activations.PytorchGELUTanh"},
        "activation_function 'transformers.activations.PytorchGELUTanh' in 2_Dense/config.json",
    ),
    "no activation": ({f"{DENSE}:activation_function": NO}, "activation_function None in 2_Dense/config.json"),
    "bias": ({f"{DENSE}:bias": 1}, "bias 1 in 2_Dense/config.json"),
    "too much": (
        {f"{DENSE}:bias": False},
        "tensor linear.bias in 2_Dense/model.safetensors is not part of a plain Dense",
    ),
    "other input": ({f"{DENSE}:module_input_name": "token_embeddings"}, "module_input_name 'token_embeddings'"),
    "head": ({"model_head.pkl": tiny.head()}, "coef_ in model_head.pkl has the shape [3, 20]"),
    "path": ({f"{MODULES}:2:path": "../2_Dense"}, "the path of Dense in modules.json leads out of the folder"),
    "transformer twice": ({f"{MODULES}:2:type": f"{PACKAGE}Pooling"}, "Transformer, Pooling, Pooling"),
    "nine": ({MODULES: _chain(*["Dense"] * 9)}, "9 modules in modules.json are Dense; at most 8"),
}


AGAIN = "load it with sentence-transformers"
OLDER = {
    # name: changes, and what is named; each is how an older release of sentence-transformers saved a body
    "modules": ({MODULES: NO}, "modules.json is missing"),
    "settings": ({"sentence_bert_config.json": NO}, "sentence_bert_config.json is missing"),
    "settings of another name": (
        {"sentence_bert_config.json": NO, "sentence_distilbert_config.json": {"max_seq_length": 12}},
        "sentence_bert_config.json is missing",
    ),
    "a folder of its own": ({f"{MODULES}:0:path": "0_Transformer"}, "lies in a folder of its own (0_Transformer)"),
    "weights in a pickle": ({"pytorch_model.bin": b"x"}, "pytorch_model.bin is a pickle"),
}


@pytest.mark.parametrize("name", OLDER)
def test_bodies_of_older_releases_are_to_be_saved_again(tmp_path, capsys, name):
    """The message says how, for a body alone, too."""
    changes, words = OLDER[name]
    made = {**tiny.files(), **{key: value for key, value in changes.items() if ":" not in key and value is not NO}}
    tiny.write_model(tmp_path)
    for key in changes:
        if changes[key] is NO:
            del made[key]
            os.unlink(tmp_path / key)
    if name == "weights in a pickle":
        os.unlink(tmp_path / "model.safetensors")
    tiny.write_files(str(tmp_path), tiny.edit(made, {key: value for key, value in changes.items() if ":" in key}))
    message = refuse(tmp_path, capsys, "--body-only")
    assert words in message and AGAIN in message and "save it again" in message


@pytest.mark.parametrize("name", DENSE_REFUSED)
def test_dense_modules_that_do_not_fit_are_refused(tmp_path, capsys, name):
    """With the thing, the number and the file."""
    changes, words = DENSE_REFUSED[name]
    settings = {"in_features": 20, "out_features": 9, "bias": True, "activation_function": "torch.nn.Tanh"}
    made = {**tiny.files(), MODULES: _chain("Dense"), DENSE: settings, "model_head.pkl": tiny.head(width=9)}
    tiny.write_model(tmp_path)
    _dense(tmp_path, 2, 20, 9)
    tiny.write_files(str(tmp_path), tiny.edit(made, changes))
    assert words in refuse(tmp_path, capsys)


def test_a_dense_pickle_is_not_opened(tmp_path, capsys):
    """It says what to do instead."""
    tiny.write_model(tmp_path, {MODULES: _chain("Dense"), "model_head.pkl": tiny.head(width=9)})
    _dense(tmp_path, 2, 20, 9)
    os.rename(tmp_path / "2_Dense" / "model.safetensors", tmp_path / "2_Dense" / "pytorch_model.bin")
    assert "2_Dense/pytorch_model.bin is a pickle" in refuse(tmp_path, capsys)


@pytest.mark.parametrize("types", [1, 2, 4])
def test_token_types_but_the_first_are_left_out_aloud(tmp_path, capsys, types):
    """One is all there is, and nothing to talk about."""
    tiny.write_model(tmp_path, {f"{CONFIG}:type_vocab_size": types})
    arrays = tiny.tensors()
    name = "embeddings.token_type_embeddings.weight"
    arrays[name] = np.arange(types * tiny.D, dtype=np.float32).reshape(types, tiny.D)
    tiny.write_safetensors(tmp_path / "model.safetensors", arrays)
    check_weights(convert(tmp_path), arrays)
    assert (f"of the {types} token types only type 0 is kept" in capsys.readouterr().err) == (types > 1)


DISTIL = {
    "model_type": "distilbert",
    "architectures": ["DistilBertModel"],
    "activation": "gelu",
    "dim": tiny.D,
    "n_heads": tiny.H,
    "hidden_dim": tiny.F,
    "n_layers": tiny.L,
    "max_position_embeddings": tiny.P,
    "sinusoidal_pos_embds": False,
    "vocab_size": tiny.R,
}
DISTIL_NAMES = [
    ("attention.self.query", "attention.q_lin"),
    ("attention.self.key", "attention.k_lin"),
    ("attention.self.value", "attention.v_lin"),
    ("attention.output.dense", "attention.out_lin"),
    ("attention.output.LayerNorm", "sa_layer_norm"),
    ("output.LayerNorm", "output_layer_norm"),
    ("intermediate.dense", "ffn.lin1"),
    ("output.dense", "ffn.lin2"),
    ("encoder.layer", "transformer.layer"),
]


def _distil(folder, prefix="", changes=None):
    """A DistilBERT with the tiny weights; returns them by BertModel's names."""
    tokenizer = {"tokenizer_config.json:tokenizer_class": "DistilBertTokenizer", CONFIG: dict(DISTIL)}
    tiny.write_model(folder, {**tokenizer, **(changes or {})})
    arrays = {name: array for name, array in tiny.tensors().items() if "token_type" not in name}
    stored = {}
    for name, array in arrays.items():
        for ours, theirs in DISTIL_NAMES:
            name = name.replace(ours, theirs)
        stored[prefix + name] = array
    tiny.write_safetensors(os.path.join(str(folder), "model.safetensors"), stored)
    return {**arrays, "embeddings.token_type_embeddings.weight": np.zeros((1, tiny.D), np.float32)}


@pytest.mark.parametrize("prefix", ["", "distilbert."])
def test_a_distilbert_is_a_bert_with_other_names(tmp_path, capsys, prefix):
    """The same file but for what is said of its origin, without token types."""
    arrays = _distil(tmp_path, prefix)
    model = convert(tmp_path)
    check_weights(model, arrays)
    assert "token type" not in capsys.readouterr().err
    plain = convert(tiny.write_model(tmp_path, {}))
    assert model["config"] == plain["config"] and model["tokenizer"] == plain["tokenizer"]


DISTIL_REFUSED = {
    "heads": ({f"{CONFIG}:n_heads": 6}, "dim in config.json is not a multiple of n_heads (20, 6)"),
    "layers": ({f"{CONFIG}:n_layers": 65}, "n_layers 65 in config.json is not a whole number from 1 to 64"),
    "activation": ({f"{CONFIG}:activation": "mish"}, "activation 'mish' in config.json"),
    "both names": (
        {f"{CONFIG}:hidden_size": tiny.D},
        "hidden_size in config.json: a distilbert has dim in its place",
    ),
    "architecture": ({f"{CONFIG}:architectures": ["BertModel"]}, "architecture BertModel"),
    "tensor": ({f"{CONFIG}:n_layers": 3}, "tensor transformer.layer.2.attention.q_lin.weight is missing"),
    "fewer": ({f"{CONFIG}:n_layers": 1}, "tensor transformer.layer.1"),
}


@pytest.mark.parametrize("name", DISTIL_REFUSED)
def test_a_distilbert_is_refused_in_its_own_words(tmp_path, capsys, name):
    """The keys and tensors as they stand in the files."""
    changes, words = DISTIL_REFUSED[name]
    _distil(tmp_path, changes=changes)
    assert words in refuse(tmp_path, capsys)


@pytest.mark.parametrize(
    "kind,words",
    [
        ("mpnet", "MPNet would need a relative position bias in attention"),
        ("roberta", "RoBERTa would need a byte-level BPE"),
        ("xlm-roberta", "XLM-RoBERTa would need a SentencePiece"),
        ("camembert", "CamemBERT would need"),
        ("albert", "ALBERT would need"),
        ("electra", "ELECTRA would need"),
        ("deberta", "DeBERTa would need"),
        ("deberta-v2", "DeBERTa would need"),
        ("modernbert", "ModernBERT would need rotary positions"),
        ("t5", "T5 would need"),
        ("mt5", "T5 would need"),
        ("llama", "'bert' and 'distilbert' are supported"),
        (["bert"], "model_type ['bert']"),
    ],
)
def test_other_architectures_are_refused_with_what_they_would_need(tmp_path, capsys, kind, words):
    """By the name in config.json."""
    message = refuse(tiny.write_model(tmp_path, {f"{CONFIG}:model_type": kind}), capsys)
    assert words in message and f"model_type {kind!r} in config.json" in message


LIMITS = {
    "hidden_size": (8193, 8192),
    "num_attention_heads": (257, 256),
    "intermediate_size": (65537, 65536),
    "num_hidden_layers": (65, 64),
    "vocab_size": ((1 << 22) + 1, 1 << 22),
    "max_position_embeddings": (8193, 8192),
    "type_vocab_size": ((1 << 22) + 1, 1 << 22),
}


@pytest.mark.parametrize("key", LIMITS)
def test_every_limit_is_named_with_its_number(tmp_path, capsys, key):
    """One more than fits, and nothing."""
    value, limit = LIMITS[key]
    for bad in (value, 0, True, 4.0, None):
        message = refuse(tiny.write_model(tmp_path, {f"{CONFIG}:{key}": bad}), capsys)
        assert f"{key} {bad!r} in config.json is not a whole number from" in message and f"to {limit}" in message


def test_the_longest_text_may_have_all_positions(tmp_path, capsys):
    """And no token more."""
    length = "sentence_bert_config.json:max_seq_length"
    assert convert(tiny.write_model(tmp_path, {length: tiny.P}))["config"]["M"] == tiny.P
    os.unlink(tmp_path / "out.fewfit")
    message = refuse(tiny.write_model(tmp_path, {length: tiny.P + 1}), capsys)
    assert f"max_seq_length {tiny.P + 1} in" in message and f"max_position_embeddings {tiny.P} in" in message


def test_a_cased_vocabulary_keeps_capitals(tmp_path):
    """By tokenizer_config.json, as in transformers."""
    state = convert(tiny.write_model(tmp_path, {"tokenizer_config.json:do_lower_case": False}))["tokenizer"]
    assert (state["lowercase"], state["strip_accents"]) == (0, 0)
