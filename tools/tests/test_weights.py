# SPDX-License-Identifier: MIT
"""Types of weights: what each writes, how it rounds, what is chosen when nothing is asked for."""

import os

import file_reader
import numpy as np
import pytest
import tiny
from fewfit_convert import cli, spec, weights
from fewfit_convert.errors import Refused

CODES = {"f32": 1, "f16": 2, "bf16": 3, "i8": 4}
WORDS = "embeddings.word_embeddings.weight"
QUERY = "encoder.layer.0.attention.self.query.weight"


@pytest.fixture(autouse=True)
def _all_types(monkeypatch):
    """Those that the headers do not read yet are made here all the same."""
    monkeypatch.setattr(spec, "READ_TYPES", tuple(CODES))


def convert(folder, *options):
    """The bytes of a conversion."""
    path = os.path.join(str(folder), "out.fewfit")
    assert cli.main([str(folder), "-o", path, *options]) == 0
    with open(path, "rb") as source:
        return source.read()


def types(data):
    """Of linear layers and of word rows."""
    config = file_reader.read(data)["config"]
    return config["linear"], config["embeddings"]


def is_linear(name):
    """Whether a tensor is a weight of a linear layer."""
    return name.startswith("encoder") and name.endswith("weight") and "LayerNorm" not in name


@pytest.mark.parametrize("embeddings", ["f32", "f16", "i8"])
@pytest.mark.parametrize("dtype", CODES)
def test_every_type_holds_the_weights(tmp_path, dtype, embeddings):
    """The tiny weights are exact in the float types; a byte is at most half a step away; the same bytes twice."""
    options = ("--dtype", dtype, "--embeddings", embeddings)
    data = convert(tiny.write_model(tmp_path), *options)
    assert data == convert(tmp_path, *options)
    assert types(data) == (CODES[dtype], CODES[embeddings])
    arrays = tiny.tensors()
    for name, array in file_reader.read(data)["weights"].items():
        kind = dtype if is_linear(name) else embeddings if name == WORDS else "f32"
        if kind == "i8":
            half = np.abs(arrays[name]).max(axis=1, keepdims=True) / 127 / 2
            assert (np.abs(array - arrays[name]) <= half * (1 + 1e-5)).all(), name
        else:
            assert np.array_equal(array, arrays[name]), name


@pytest.mark.parametrize(
    "stored,others,options,expected",
    [
        ("F16", {}, [], (2, 2)),
        ("F32", {}, [], (1, 1)),
        ("BF16", {}, [], (1, 1)),
        ("F16", {QUERY: "F32"}, [], (1, 2)),
        ("F16", {WORDS: "F32"}, [], (2, 1)),
        ("F32", {WORDS: "F16"}, ["--dtype", "bf16"], (3, 2)),
        ("F16", {}, ["--dtype", "i8"], (4, 4)),
        ("F16", {}, ["--dtype", "i8", "--embeddings", "f32"], (4, 1)),
        ("F16", {}, ["--embeddings", "i8"], (2, 4)),
    ],
)
def test_the_default_is_what_loses_nothing(tmp_path, stored, others, options, expected):
    """f16 where all of it is stored so; bytes only when asked for."""
    tiny.write_model(tmp_path)
    tiny.write_safetensors(tmp_path / "model.safetensors", tiny.tensors(), stored, others)
    assert types(convert(tmp_path, *options)) == expected


@pytest.mark.parametrize("name,option", [(QUERY, "--dtype"), (WORDS, "--embeddings")])
def test_what_f16_cannot_hold_is_refused(tmp_path, capsys, name, option):
    """By name, with the way out; 65519 is the last that rounds to 65504."""
    tiny.write_model(tmp_path)
    for value, status in ((65519, 0), (65520, 1)):
        array = np.full_like(tiny.tensors()[name], value)
        tiny.write_safetensors(tmp_path / "model.safetensors", {**tiny.tensors(), name: array})
        assert cli.main([str(tmp_path), "-o", str(tmp_path / "o"), option, "f16"]) == status
    message = capsys.readouterr().err
    assert f"tensor {name} holds" in message and f"{option} f32" in message


def test_f16_and_bf16_round_to_even():
    """Ties go to the even neighbour; anything beyond a tie goes up."""
    for convert_to, bits in ((weights.to_f16, 10), (weights.to_bf16, 7)):
        unit, slope = 2.0**-bits, 2.0**-23
        values = np.array([[1 + unit / 2, 1 + 3 * unit / 2, 1 + unit / 2 + slope, -1 - unit / 2]], np.float32)
        made = file_reader._widen(convert_to(values, QUERY), 2 if bits == 10 else 3)
        assert made.tolist() == [[1, 1 + 2 * unit, 1 + unit, -1]]


def test_bf16_has_no_subnormals_and_no_infinities():
    """Subnormal results are plus zero; what rounds up to the smallest normal stays; the largest float is refused."""
    values = np.array([[2.0**-127, -(2.0**-130), 2.0**-126, 2.0**-126 * (1 - 2.0**-10)]], np.float32)
    assert weights.to_bf16(values, QUERY).tolist() == [[0, 0, 0x80, 0x80]]
    with pytest.raises(Refused, match="too large for bf16"):
        weights.to_bf16(np.array([[3.4e38]], np.float32), QUERY)


def test_bytes_round_to_even_and_zero_rows_have_scale_one():
    """A largest value of 127 makes steps of 1; tiny rows count as zero."""
    values = np.array([[127, 0.5, 1.5, -2.5], [0, 0, 0, 0], [1e-42, 0, 0, 0]], np.float32)
    scale, steps = weights.to_i8(values)
    assert scale.tolist() == [1, 1, 1]
    assert steps.tolist() == [[127, 0, 2, -2], [0] * 4, [0] * 4]


@pytest.mark.parametrize(
    "inputs,sizes", [(1, (128, 128, 128, 256)), (4, (320, 192, 192, 256)), (7, (512, 320, 320, 320))]
)
def test_the_bytes_of_a_panel(inputs, sizes):
    """Odd numbers of inputs are rounded up to 1, 2, 2 and 4."""
    weight = np.arange(inputs, dtype=np.float32)[None] + 1
    for kind, size in zip(CODES, sizes):
        assert weights.panels(weight, np.ones(1, np.float32), kind, QUERY).shape == (1, size)
