# SPDX-License-Identifier: MIT
"""Types of weights: what each writes, how it rounds, what is chosen when nothing is asked for."""

import os

import file_reader
import numpy as np
import pytest
import tiny
from fewfit_convert import cli, weights
from fewfit_convert.errors import Refused

CODES = {"f32": 1, "f16": 2, "bf16": 3, "i8": 4}
WORDS = "embeddings.word_embeddings.weight"
QUERY = "encoder.layer.0.attention.self.query.weight"


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


def largest_step(array, in_pairs):
    """What the scale of each row is, before it is rounded."""
    step = np.abs(array).max(axis=1) / 127
    if not in_pairs:
        return step
    even = np.pad(array, ((0, 0), (0, array.shape[1] % 2))).astype(np.float64)
    return np.maximum(step, np.abs(even[:, ::2] + even[:, 1::2]).max(axis=1) / 128)


def half_steps(array, is_layer):
    """How far a byte may be from each weight: rows have one scale, layers one for each 128 inputs."""
    size = 128 if is_layer else array.shape[1]
    parts = [array[:, first : first + size] for first in range(0, array.shape[1], size)]
    return np.hstack([np.tile(largest_step(part, is_layer)[:, None] / 2, part.shape[1]) for part in parts])


def is_linear(name):
    """Whether a tensor is a weight of a linear layer."""
    return name.startswith("encoder") and name.endswith("weight") and "LayerNorm" not in name


@pytest.mark.parametrize("embeddings", ["f32", "f16", "i8"])
@pytest.mark.parametrize("dtype,wide", [("f32", 36), ("f16", 36), ("bf16", 36), ("i8", 36), ("i8", 133), ("i8", 387)])
def test_every_type_holds_the_weights(tmp_path, monkeypatch, dtype, wide, embeddings):
    """The tiny weights are exact in the float types; a byte is at most half a step away; the same bytes twice."""
    monkeypatch.setattr(tiny, "F", wide)
    options = ("--dtype", dtype, "--embeddings", embeddings)
    data = convert(tiny.write_model(tmp_path), *options)
    assert data == convert(tmp_path, *options)
    assert types(data) == (CODES[dtype], CODES[embeddings])
    arrays = tiny.tensors()
    for name, array in file_reader.read(data)["weights"].items():
        kind = dtype if is_linear(name) else embeddings if name == WORDS else "f32"
        if kind == "i8":
            half = half_steps(arrays[name], name != WORDS)
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
        ("BF16", {}, ["--dtype", "bf16"], (3, 1)),
        ("F32", {}, ["--dtype", "i8"], (4, 4)),
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


def test_no_pair_of_bytes_sums_to_more_than_128():
    """The scale grows with the largest pair of neighbours 2 i and 2 i + 1, and no others."""
    values = np.array([[127, 127], [127, -127], [127, 1], [-127, -3], [64.5, 63.5], [0, 0]], np.float32)
    scale, steps = weights.to_i8_in_pairs(values)
    assert scale.tolist() == [254 / 128, 1, 1, 130 / 128, 1, 1]
    assert steps.tolist() == [[64, 64], [127, -127], [127, 1], [-125, -3], [64, 64], [0, 0]]
    scale, steps = weights.to_i8_in_pairs(np.array([[0, 127, 127, 0, 127]], np.float32))
    assert (scale.tolist(), steps.tolist()) == ([1], [[0, 127, 127, 0, 127]])
    assert weights.to_i8(values)[0].tolist() == [1, 1, 1, 1, np.float32(64.5 / 127), 1]


@pytest.mark.parametrize("seed,inputs", [(1, 2), (2, 3), (3, 8), (4, 385)])
def test_pairs_of_any_numbers(seed, inputs):
    """Whatever the numbers, tiny and huge ones: the rule holds, and no scale is two floats above its bound."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(20000, inputs)) * 2.0 ** random.integers(-140, 120, (20000, 1))
    values[::2] = np.abs(values[::2]).max(axis=1, keepdims=True) * random.choice([1, 0.5, -1], values[::2].shape)
    values = values.astype(np.float32)
    scale, steps = weights.to_i8_in_pairs(values)
    even = np.pad(steps.astype(int), ((0, 0), (0, inputs % 2)))
    assert np.abs(even[:, ::2] + even[:, 1::2]).max() <= 128 and steps.min() >= -127
    bound = largest_step(values.astype(np.float64), True)
    normal = bound >= 2.0**-125
    assert (np.abs(scale[normal] / bound[normal] - 1) <= 2.0**-22).all()
    assert np.array_equal(steps[normal], np.rint(values[normal] / scale[normal].astype(np.float64)[:, None]))


def test_a_scale_that_was_rounded_down_gives_way():
    """Found by search: the nearest scale is a little small, and 63.5 and 64.5 steps would both go up."""
    third = np.float32(1) / np.float32(3)
    found = 0
    for number in range(1, 4000):
        value = np.float32(number) * third
        pair = np.array([[value * np.float32(63.5), value * np.float32(64.5)]], np.float32)
        scale, steps = weights.to_i8_in_pairs(pair)
        nearest = np.float32(largest_step(pair.astype(np.float64), True)[0])
        assert int(steps.sum()) <= 128
        if scale[0] != nearest:
            assert scale[0] == np.nextafter(nearest, np.float32(np.inf))
            found += 1
    assert found > 0


def one_by_one(values):
    """Scale and steps of one group's weights, in plain numbers."""
    values = [float(value) for value in values] + [0.0] * (len(values) % 2)
    pairs = [abs(a + b) for a, b in zip(values[::2], values[1::2])]
    scale = np.float32(max(max(map(abs, values)) / 127, max(pairs) / 128))
    if scale < np.finfo(np.float32).tiny:
        return np.float32(1), [0] * len(values)
    while True:
        steps = [round(value / float(scale)) for value in values]
        if all(abs(a + b) <= 128 for a, b in zip(steps[::2], steps[1::2])):
            return scale, steps
        scale = np.nextafter(scale, np.float32(np.inf))


@pytest.mark.parametrize("inputs", [1, 2, 127, 128, 129, 131, 255, 256, 257, 385, 1536])
def test_each_128_inputs_have_a_scale_a_sum_and_a_share_of_the_shift(inputs):
    """Number after number against the panel as docs/model_file.md tells it; a group of zeros has scale 1."""
    outputs, groups = 18, -(-inputs // 128)
    random = np.random.default_rng(inputs)
    weight = (random.normal(size=(outputs, inputs)) * 2.0 ** random.integers(-20, 20, (outputs, 1))).astype(np.float32)
    weight[3, -(inputs % 128 or 128) :] = 0
    bias = random.normal(size=outputs).astype(np.float32)
    fields = [("scale", "<f4", (groups, 16)), ("sum", "<i4", (groups, 16)), ("shift", "<f4", 16), ("bias", "<f4", 16)]
    layout = np.dtype([*fields, ("w", "<i1", (-(-inputs // 4), 16, 4))])
    panels = weights.panels(weight, bias, "i8", QUERY).view(layout)[:, 0]
    assert panels.shape == (2,)
    for output in range(32):
        panel, j = panels[output // 16], output % 16
        row = weight[output] if output < outputs else np.zeros(inputs, np.float32)
        shift = 0.0
        for group in range(groups):
            scale, steps = one_by_one(row[group * 128 : group * 128 + 128])
            assert (panel["scale"][group, j], panel["sum"][group, j]) == (scale, sum(steps))
            stored = panel["w"][group * 32 : group * 32 + 32, j].reshape(-1)
            assert stored[: len(steps)].tolist() == steps[: len(stored)] and not stored[len(steps) :].any()
            shift += float(scale) * sum(steps)
        assert panel["shift"][j].tobytes() == np.float32(shift).tobytes()
        assert panel["bias"][j] == (bias[output] if output < outputs else 0)


def test_a_shift_that_no_float_holds_is_refused():
    """128 weights of 2^121 come to 2^128; 127 of them do not."""
    weight, bias = np.full((1, 128), 2.0**121, np.float32), np.zeros(1, np.float32)
    with pytest.raises(Refused, match="too large for i8: convert with --dtype f32"):
        weights.panels(weight, bias, "i8", QUERY)
    weight[0, 127] = 0
    assert weights.panels(weight, bias, "i8", QUERY).view("<f4")[0, 32] == 127 * 2.0**121


@pytest.mark.parametrize(
    "kind,checksum", [("f32", 0x672B3BFD), ("f16", 0x0423F4B8), ("bf16", 0xB0F599DE), ("i8", 0x09F07376)]
)
def test_the_panels_of_a_layer_are_those_of_the_other_writer(kind, checksum):
    """The tests in C++ have a writer of their own; tests/io/sections.cpp holds it to the same checksums."""
    outputs, inputs = np.arange(21)[:, None], np.arange(299)[None, :]
    weight = ((outputs * 37 + inputs * 101 + inputs // 128 * 5) % 255 - 127).astype(np.float32) / np.float32(63)
    bias = (np.arange(21) - 7).astype(np.float32) / np.float32(8)
    assert file_reader.crc32c(weights.panels(weight, bias, kind, QUERY).tobytes()) == checksum


@pytest.mark.parametrize(
    "inputs,sizes",
    [
        (1, (128, 128, 128, 320)),
        (4, (320, 192, 192, 320)),
        (7, (512, 320, 320, 384)),
        (128, (8256, 4160, 4160, 2304)),
        (129, (8320, 4224, 4224, 2496)),
    ],
)
def test_the_bytes_of_a_panel(inputs, sizes):
    """Odd numbers of inputs are rounded up to 1, 2, 2 and 4."""
    weight = np.arange(inputs, dtype=np.float32)[None] + 1
    for kind, size in zip(CODES, sizes):
        assert weights.panels(weight, np.ones(1, np.float32), kind, QUERY).shape == (1, size)
