# SPDX-License-Identifier: MIT
"""Checkpoints that lie: each field of the container, each field of each tensor, values that are no numbers. Whatever
it is, a valid model file or one sentence and status 1."""

import json
import os
import random
import struct

import numpy as np
import pytest
import tiny
from test_bodies import _chain, _dense

FILE = "model.safetensors"
QUERY = "encoder.layer.0.attention.self.query.weight"
NORM = "embeddings.LayerNorm.weight"  # of 20 numbers


def _split(judge, name=FILE):
    """Header and data of a checkpoint."""
    with open(os.path.join(judge.source, name), "rb") as source:
        data = source.read()
    size = struct.unpack_from("<Q", data)[0]
    return json.loads(data[8 : 8 + size]), data[8 + size :]


def _join(header, data, size=None):
    """A checkpoint of a header, as text or as what JSON makes of it."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def _look(judge, data, name=FILE, **options):
    """What is wrong with the folder when this is its checkpoint."""
    with open(os.path.join(judge.source, name), "wb") as out:
        out.write(data)
    return judge.wrong(**options)


HEADERS = {
    "nothing": lambda h, d: b"",
    "a short length": lambda h, d: b"\x08\0\0",
    "length 0": lambda h, d: _join(h, d, 0),
    "length 1": lambda h, d: _join(h, d, 1),
    "a length less": lambda h, d: _join(h, d, len(json.dumps(h)) - 1),
    "a length more": lambda h, d: _join(h, d, len(json.dumps(h)) + 1),
    "length of all": lambda h, d: _join(h, d, len(json.dumps(h)) + len(d)),
    "length past the end": lambda h, d: _join(h, d, len(json.dumps(h)) + len(d) + 1),
    "a gigabyte": lambda h, d: _join(h, d, 1 << 30),
    "a negative length": lambda h, d: _join(h, d, (1 << 64) - 1),
    "the largest sum": lambda h, d: _join(h, d, (1 << 64) - 8),
    "half of all numbers": lambda h, d: _join(h, d, 1 << 63),
    "no JSON": lambda h, d: _join(b"x" * 100, d),
    "no UTF-8": lambda h, d: _join(b'{"\xff": 1}', d),
    "zeros": lambda h, d: bytes(len(d)),
    "a list": lambda h, d: _join(b"[]", d),
    "a number": lambda h, d: _join(b"1", d),
    "an empty object and data": lambda h, d: _join(b"{}", d),
    "an empty object": lambda h, d: _join(b"{}", b""),
    "metadata alone": lambda h, d: _join({"__metadata__": {"a": "b"}}, b""),
    "metadata a list": lambda h, d: _join({**h, "__metadata__": []}, d),
    "metadata of numbers": lambda h, d: _join({**h, "__metadata__": {"a": 1}}, d),
    "deep metadata": lambda h, d: _join(b'{"__metadata__":' + b'{"a":' * 200000 + b"1" + b"}" * 200001, d),
    "a million lists": lambda h, d: _join(b"[" * 1000000, d),
    "many tensors of nothing": lambda h, d: _join(
        {**h, **{f"x{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for i in range(20000)}}, d
    ),
    "a zip file": lambda h, d: b"PK\x03\x04" + d,
    "a pickle": lambda h, d: tiny.head(),
    "data cut": lambda h, d: _join(h, d[:-1]),
    "data longer": lambda h, d: _join(h, d + b"\0"),
    "no data": lambda h, d: _join(h, b""),
    "spaces behind the header": lambda h, d: _join(json.dumps(h).encode() + b" " * 1000, d),
    "a mark of the byte order": lambda h, d: _join(b"\xef\xbb\xbf" + json.dumps(h).encode(), d),
    "a zero behind the header": lambda h, d: _join(json.dumps(h).encode() + b"\0", d),
    "the same name twice": lambda h, d: _join(
        json.dumps(h).encode()[:-1] + f', "{NORM}": {json.dumps(h[NORM])}}}'.encode(), d
    ),
    "another under the same name": lambda h, d: _join(
        json.dumps(h).encode()[:-1] + f', "{NORM}": {json.dumps(h[QUERY])}}}'.encode(), d
    ),
}
HARMLESS = (
    "many tensors of nothing",
    "spaces behind the header",
    "the same name twice",
    "another under the same name",
)


@pytest.mark.parametrize("name", HEADERS)
def test_the_container(judge, name):
    """Lengths, JSON, what is too much and too little; it is never the converter that finds it with a traceback."""
    assert _look(judge, HEADERS[name](*_split(judge)), must_refuse=name not in HARMLESS, words=FILE) == []


HUGE = 1 << 62
FIELDS = {
    "dtype": (
        None, 1, "", "f32", "F32 ", "F31", "F8_E4M3", "F8_E5M2", "BOOL", "U8", "I8", "I16", "I32", "I64", "U64",
        "F16", "BF16", "F64", "C64", "F4", "X" * 100000, "a\nb\x1b[31m", [], {}, ["F32"],
    ),
    "shape": (
        None, 1, "20", {}, [], [19], [21], [-20], [20, 1], [1, 20], [4, 5], [0], [0, HUGE], [HUGE, HUGE],
        [1 << 32] * 2, [1 << 63], [1 << 64], [10**30], [20.0], ["20"], [[20]], [None], [1] * 10000,
        [HUGE, 4], [HUGE, 8, 0],
    ),
    "data_offsets": (
        None, 1, "0", {}, [], [0], [0, 80, 160], [80, 0], [-80, 0], [0, -1], [0, 0], [0, 79], [0, 81], [1, 81],
        [HUGE, HUGE + 80], [(1 << 64) - 80, 1 << 64], [(1 << 64) - 80, (1 << 64) - 1], [10**30, 10**30], [0.0, 80.0],
        ["0", "80"], [[0], [80]], [None, None], [1 << 63, (1 << 63) + 80],
    ),
}  # fmt: skip


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_of_a_tensor(judge, field):
    """Of the first, one in the middle and the last, replaced or not there; and fields that no tensor has."""
    header, data = _split(judge)
    names = sorted((name for name in header if name != "__metadata__"), key=lambda n: header[n]["data_offsets"])
    found = []
    for name in (NORM, names[0], names[-1]):
        whole = header[name]
        for wrong in FIELDS[field]:
            if wrong == whole[field]:
                continue
            made = _join({**header, name: {**whole, field: wrong}}, data)
            problems = _look(judge, made, must_refuse=True, words=FILE)
            found += [(name, str(wrong)[:40], problem) for problem in problems]
        less = {key: value for key, value in whole.items() if key != field}
        for wrong in (less, None, [], 1, "x", {}):
            made = _join({**header, name: wrong}, data)
            problems = _look(judge, made, must_refuse=True, words=FILE)
            found += [(name, str(wrong)[:40], problem) for problem in problems]
        found += _look(judge, _join({**header, name: {**whole, "more": 1}}, data))
    assert not found, (len(found), found[:10])


def test_tensors_that_overlap_or_leave_holes(judge):
    """Two with the same bytes, one moved up or down by a byte, two swapped, a hole."""
    header, data = _split(judge)
    first, last = header[NORM]["data_offsets"]
    norms = [name for name in header if name.endswith("LayerNorm.weight")]
    for other in ([first, last], [first + 1, last + 1], [first - 1, last - 1], [first + 4, last + 4]):
        made = {**header, norms[-1]: {**header[norms[-1]], "data_offsets": other}}
        assert _look(judge, _join(made, data), must_refuse=True, words=FILE) == []
    swapped = {**header, norms[0]: header[norms[-1]], norms[-1]: header[norms[0]]}
    assert _look(judge, _join(swapped, data)) == [] and judge.accepted == 1  # as good as any other
    moved = {
        name: {**entry, "data_offsets": [at + 8 for at in entry["data_offsets"]]}
        for name, entry in header.items()
        if name != "__metadata__"
    }
    assert _look(judge, _join(moved, bytes(8) + data), must_refuse=True, words=FILE) == []


NAMES = ("", "\x00", "\ud800", "a\nb\x1b[31m", "x" * 100000, "bert.", "bert.bert." + NORM, NORM.upper(), f" {NORM}",
         NORM + "\x00", "encoder.layer.-1.output.dense.bias", "encoder.layer.2.output.dense.bias", "../x",
         "encoder.layer.00.output.dense.bias", "__metadata__x")  # fmt: skip


def test_names_of_tensors(judge):
    """Another name, more tensors, fewer: each is told by its name."""
    header, data = _split(judge)
    plain = {name: entry for name, entry in header.items() if name != "__metadata__"}
    for name in NAMES:
        made = {name if key == NORM else key: entry for key, entry in plain.items()}
        assert _look(judge, _join(made, data), must_refuse=True, words=FILE) == []
        more = {**plain, name: {"dtype": "F32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}}
        assert _look(judge, _join(more, data + bytes(4)), must_refuse=True, words=FILE) == []
    arrays = tiny.tensors()
    for name in arrays:
        tiny.write_safetensors(os.path.join(judge.source, FILE), {k: v for k, v in arrays.items() if k != name})
        assert judge.wrong(must_refuse=True, words=f"tensor {name} is missing in {FILE}") == []


@pytest.mark.parametrize("kind,bits", [("F16", 0x7C01), ("F16", 0xFC00), ("BF16", 0x7F80), ("BF16", 0xFFC1)])
def test_one_value_that_is_no_number(judge, kind, bits):
    """In any tensor, at its first, last or any place."""
    arrays = tiny.tensors()
    for name in list(arrays)[:: 5 if kind == "F16" else 9]:
        tiny.write_safetensors(os.path.join(judge.source, FILE), arrays, kind)
        header, data = _split(judge)
        first, last = header[name]["data_offsets"]
        for at in (first, last - 2):
            changed = data[:at] + struct.pack("<H", bits) + data[at + 2 :]
            words = f"tensor {name} in {FILE} holds"
            assert _look(judge, _join(header, changed), must_refuse=True, words=words) == []


@pytest.mark.parametrize("value", [3e38, -3e38, 1e-45, 0.0, -0.0])
@pytest.mark.parametrize("dtype", ["f32", "f16", "bf16", "i8"])
def test_numbers_at_the_edge(judge, value, dtype):
    """Finite ones are taken, or refused for a type that cannot hold them, also where rows are added up."""
    arrays = {name: np.full(array.shape, value, np.float32) for name, array in tiny.tensors().items()}
    tiny.write_safetensors(os.path.join(judge.source, FILE), arrays)
    with np.errstate(over="raise", invalid="raise"):
        assert judge.wrong("--dtype", dtype, "--body-only") == []
    assert judge.refused == (abs(value) > 1)


def test_the_weights_of_a_dense_module(judge):
    """Its file is named with its folder."""
    judge_folder = judge.source
    _dense(judge_folder, 2, 20, 20)
    tiny.write_files(judge_folder, {"modules.json": _chain("Dense")})
    name = f"2_Dense/{FILE}"
    header, data = _split(judge, name)
    assert judge.wrong("--body-only") == [] and judge.accepted == 1
    nans = b"\xff" * len(data)
    for made in (b"", _join(header, data, 1 << 63), _join({}, b""), _join(header, data[:-1]), _join(header, nans)):
        assert _look(judge, made, name, must_refuse=True, words=name) == []


@pytest.mark.parametrize("seed", range(4))
def test_any_damage(judge, seed):
    """A byte, a bit or a piece of the header changed, removed, repeated: 150 times each, always the same ones."""
    header, data = _split(judge)
    text = json.dumps(header).encode()
    chance, found = random.Random(seed), []
    for _ in range(150):
        at, size = chance.randrange(len(text)), chance.choice((1, 1, 2, 8, 100))
        piece = chance.choice((b"", bytes([chance.randrange(256)]), bytes([text[at] ^ 1 << chance.randrange(8)]),
                               text[at : at + size] * 2, b"9" * size, b"[" * size, b"-", b"\\u0000",
                               b'"'))  # fmt: skip
        changed = text[:at] + piece + text[at + size :]
        found += [(seed, at, piece[:20], problem) for problem in _look(judge, _join(changed, data))]
    assert not found and judge.refused > 100, (judge.refused, found[:10])
