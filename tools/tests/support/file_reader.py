# SPDX-License-Identifier: MIT
"""Reads a model file by docs/model_file.md alone: it shares neither code nor constants with the converter, and it
is strict about padding, order and sizes, so a field that moved in one of the two shows."""

from __future__ import annotations

import struct
from typing import Any, Dict, List, Tuple

import numpy as np


def crc32c(data: bytes) -> int:
    """CRC-32C, bit by bit through a table of 256."""
    table = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


class Section:
    """The bytes of a section, taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def numbers(self, layout: str) -> Tuple:
        """Numbers of the header."""
        values = struct.unpack_from("<" + layout, self._data, self._at)
        self._at += struct.calcsize("<" + layout)
        return values

    def zeros(self, count: int) -> None:
        """Reserved bytes."""
        assert self._data[self._at : self._at + count] == bytes(count)
        self._at += count

    def array(self, kind: Any, *shape: int) -> np.ndarray:
        """An array at the next multiple of 64."""
        self.zeros(-self._at % 64)
        size = int(np.prod(shape)) * np.dtype(kind).itemsize
        assert self._at + size <= len(self._data)
        made = np.frombuffer(self._data, kind, int(np.prod(shape)), self._at).reshape(shape)
        self._at += size
        return made

    def strings(self, count: int) -> List[str]:
        """A table of strings."""
        offsets = self.array("<u4", count + 1)
        assert offsets[0] == 0 and (np.diff(offsets.astype(np.int64)) >= 0).all()
        pool = self.array("<u1", int(offsets[-1])).tobytes()
        return [pool[a:b].decode("utf-8") for a, b in zip(offsets[:-1], offsets[1:])]

    def end(self) -> None:
        """Nothing is left."""
        assert self._at == len(self._data), (self._at, len(self._data))


def sections(data: bytes, wanted: int = 1) -> List[Tuple[int, Section]]:
    """The sections of a file of the wanted kind, after every rule of the container was checked."""
    magic, order, version, size, kind, count, required, optional = struct.unpack_from("<8sIIQIIII", data)
    assert magic == bytes.fromhex("894646540D0A1A0A")
    assert (order, version, size, kind, required, optional) == (0x01020304, 2, len(data), wanted, 0, 0)
    assert data[40:60] == bytes(20)
    directory_end = 64 + -(-count * 16 // 64) * 64
    directory = data[64:directory_end]
    assert directory[count * 16 :] == bytes(len(directory) - count * 16)
    assert struct.unpack_from("<I", data, 60)[0] == crc32c(data[:60] + directory)
    found, at = [], directory_end
    for number in range(count):
        type_, checksum, length = struct.unpack_from("<IIQ", directory, number * 16)
        padded = data[at : at + -(-length // 64) * 64]
        assert crc32c(padded) == checksum and padded[length:] == bytes(len(padded) - length)
        found.append((type_, Section(data[at : at + length])))
        at += len(padded)
    assert at == len(data)
    return found


def pad(n: int) -> int:
    """The width of a row."""
    return (n + 15) // 16 * 16


def walk(nodes: np.ndarray) -> Dict[bytes, int]:
    """Every string that a trie leads to, and its value, found by trying all 256 bytes at each node."""
    assert len(nodes) % 256 == 0 and len(nodes) >= 256
    assert not nodes[1:256].any() and nodes[0, 0] & 511 == 0
    links = [int(link) for link in nodes[:, 0]]
    bases = [link >> 9 for link in links if link >> 9]
    assert len(bases) == len(set(bases)) and max(bases, default=0) < len(nodes)
    found, queue, reached = {}, [(0, b"")], 1
    for node, text in queue:
        if nodes[node, 1]:
            found[text] = int(nodes[node, 1])
        for byte in range(256):
            below = links[node] >> 9 ^ byte
            if links[below] >> 8 & 1 and links[below] & 255 == byte:
                queue.append((below, text + bytes([byte])))
                reached += 1
    assert reached == 1 + sum(link >> 8 & 1 for link in links)
    assert not any(nodes[i].any() for i in range(1, len(nodes)) if not links[i] >> 8 & 1)
    return found


def is_short(token: str) -> bool:
    """Whether a token belongs into the table of short words."""
    return 1 <= len(token) <= 7 and token.isascii() and "\0" not in token and token[:2] != "##"


def short_words(keys: np.ndarray, ids: np.ndarray) -> Dict[bytes, int]:
    """Every word of a table and its id; each is found from its own slot on before an empty one."""
    count = len(keys)
    assert count >= 2 and count & (count - 1) == 0
    taken = [int(key) for key in keys]
    words = {key: int(value) for key, value in zip(taken, ids) if key}
    assert len(words) == sum(map(bool, taken)) and not any(ids[keys == 0])
    for word in words:
        slot = (word * 0x9E3779B97F4A7C15 % 2**64) * count // 2**64
        for steps in range(65):
            if taken[(slot + steps) % count] == word:
                break
            assert taken[(slot + steps) % count]
        else:
            raise AssertionError("a look-up of more than 64 steps")
    return {word.to_bytes((word.bit_length() + 7) // 8, "little"): value for word, value in words.items()}


def _widen(raw: np.ndarray, kind: int) -> np.ndarray:
    """Weights of a float type in f32."""
    if kind != 3:
        return raw.astype(np.float32)
    assert not ((raw & 0x7F80 == 0) & (raw & 0x7F != 0)).any()
    return (raw.astype("<u4") << 16).view("<f4")


def _steps(raw: np.ndarray, scale: np.ndarray, in_pairs: bool) -> np.ndarray:
    """What bytes stand for, after the rules of scales were checked. shape raw [n, k], scale [n]

    No scale is larger than it must be: a byte is the largest there is, or a pair is, or rounds to one less."""
    largest = np.abs(raw.astype(int)).max(axis=1)
    assert (raw != -128).all() and np.isfinite(scale).all() and (scale >= 2.0**-126).all()
    tight = (largest == 127) | ((largest == 0) & (scale == 1))
    if in_pairs:
        pairs = np.abs(raw[:, ::2].astype(int) + raw[:, 1::2].astype(int)).max(axis=1)
        assert (pairs <= 128).all()
        tight |= pairs >= 127
    assert tight.all()
    return scale[:, None] * raw.astype(np.float32)


def _grouped(panels: np.ndarray, raw: np.ndarray) -> np.ndarray:
    """What the bytes of panels stand for, each 128 inputs for themselves, after the sums and shifts were added up."""
    by_output = {name: panels[name].transpose(0, 2, 1).reshape(len(raw), -1) for name in ("scale", "sum")}
    made, shift = np.zeros(raw.shape, np.float32), np.zeros(len(raw))
    for group, first in enumerate(range(0, raw.shape[1], 128)):
        inputs, scale = slice(first, first + 128), by_output["scale"][:, group]
        made[:, inputs] = _steps(raw[:, inputs], scale, True)
        total = raw[:, inputs].sum(axis=1, dtype=int)
        assert np.array_equal(by_output["sum"][:, group], total)
        shift += scale.astype(np.float64) * total
    assert panels["shift"].tobytes() == shift.astype("<f4").tobytes()
    return made


def _linear(section: Section, inputs: int, outputs: List[int], kind: int) -> List[Tuple[np.ndarray, np.ndarray]]:
    """Weights [N, K] and biases [N] of the layers in one block of panels; the padding is zero."""
    type_, multiple, beside = {1: ("<f4", 1, 1), 2: ("<f2", 2, 1), 3: ("<u2", 2, 2), 4: ("<i1", 4, 4)}[kind]
    columns, deep, groups = sum(pad(n) for n in outputs), -(-inputs // multiple) * multiple, -(-inputs // 128)
    heads = [("scale", "<f4", (groups, 16)), ("sum", "<i4", (groups, 16)), ("shift", "<f4", 16)] if kind == 4 else []
    fields = [*heads, ("bias", "<f4", 16), ("w", type_, (deep // beside, 16, beside))]
    panels = section.array(np.dtype(fields), columns // 16)
    raw = panels["w"].transpose(0, 2, 1, 3).reshape(columns, deep)
    assert not raw[:, inputs:].any()
    weights = _grouped(panels, raw) if kind == 4 else _widen(raw, kind)
    biases, made, first = panels["bias"].reshape(-1), [], 0
    for n in outputs:
        block = slice(first + n, first + pad(n))
        assert not weights[block].any() and not biases[block].any()
        made.append((weights[first : first + n, :inputs], biases[first : first + n]))
        first += pad(n)
    return made


def _rows(section: Section, rows: int, width: int, kind: int = 1) -> np.ndarray:
    """A matrix whose padding is zero."""
    scale = section.array("<f4", rows) if kind == 4 else None
    made = section.array({1: "<f4", 2: "<f2", 4: "<i1"}[kind], rows, pad(width))
    assert not made[:, width:].any()
    values = made.astype(np.float32) if scale is None else _steps(made, scale, False)
    return values[:, :width]


def _config(section: Section) -> Dict[str, Any]:
    names = ["D", "H", "F", "L", "R", "P", "M", "hidden_act", "pooling", "normalize", "linear", "embeddings"]
    config = dict(zip(names, section.numbers("12I")))
    (config["eps"],) = section.numbers("d")
    config["S"], config["dense"] = section.numbers("2I")
    section.zeros(64)
    section.end()
    return config


def _tokenizer(section: Section) -> Dict[str, Any]:
    names = [
        "tables",
        "clean_text",
        "handle_chinese_chars",
        "strip_accents",
        "lowercase",
        "max_chars",
        "unk",
        "cls",
        "sep",
    ]
    made: Dict[str, Any] = dict(zip(names, section.numbers("9I")))
    count, raw, normalized, made["special_tokens_are_text"] = section.numbers("4I")
    section.zeros(12)
    tries = [walk(section.array("<u4", nodes, 2)) for nodes in (raw, normalized)]
    ids, flags = section.array("<u4", count), section.array("<u4", count)
    contents = section.strings(count)
    section.end()
    assert [text.encode() for text in contents] == sorted({text.encode() for text in contents})
    for trie, bit in zip(tries, (0, 8)):
        assert trie == {t.encode(): i + 1 for i, t in enumerate(contents) if flags[i] & 8 == bit}
    made["added"] = {text: (int(ids[i]), int(flags[i])) for i, text in enumerate(contents)}
    return made


def _vocabulary(section: Section) -> List[str]:
    count, nodes, slots = section.numbers("3I")
    section.zeros(52)
    trie = walk(section.array("<u4", nodes, 2))
    words = short_words(section.array("<u8", slots), section.array("<u4", slots))
    tokens = section.strings(count)
    section.end()
    assert trie == {token.encode(): i + 1 for i, token in enumerate(tokens) if token}
    assert words == {token.encode(): i for i, token in enumerate(tokens) if is_short(token)}
    return tokens


def _layer(section: Section, d: int, f: int, kind: int) -> Dict[str, np.ndarray]:
    made: Dict[str, np.ndarray] = {}

    def dense(names: List[str], inputs: int, outputs: int) -> None:
        for name, (weight, bias) in zip(names, _linear(section, inputs, [outputs] * len(names), kind)):
            made[f"{name}.weight"], made[f"{name}.bias"] = weight, bias

    def norm(name: str) -> None:
        for part in ("weight", "bias"):
            made[f"{name}.LayerNorm.{part}"] = _rows(section, 1, d)[0]

    dense([f"attention.self.{name}" for name in ("query", "key", "value")], d, d)
    dense(["attention.output.dense"], d, d)
    norm("attention.output")
    dense(["intermediate.dense"], d, f)
    dense(["output.dense"], f, d)
    norm("output")
    section.end()
    return made


def _dense(section: Section) -> Dict[str, Any]:
    inputs, outputs, activation, normalize_first = section.numbers("4I")
    section.zeros(48)
    ((weight, bias),) = _linear(section, inputs, [outputs], 1)
    section.end()
    return {"weight": weight, "bias": bias, "activation": activation, "normalize_first": normalize_first}


def _head(section: Section, d: int) -> Dict[str, Any]:
    kind, classes, target, integers, pairs, half_is_yes = section.numbers("6I")
    section.zeros(40)
    name, labels = section.strings(1), section.strings(classes)
    assert kind in (1, 2, 3, 4, 5) and target == (2 if kind in (4, 5) else 1)
    assert kind == 4 or (pairs, half_is_yes) == (0, 0)
    order = section.array("<u4", classes).tolist() if kind == 5 else []
    assert sorted(order) == list(range(len(order)))
    rows = 1 if kind == 2 else classes
    intercept = section.array("<f8", rows)
    if kind == 5:
        flat = section.array("<f8", classes * d + classes * (classes - 1) // 2)
        ends = np.cumsum([d + link for link in range(classes)])
        coefficients: Any = np.split(flat, ends[:-1])
    else:
        coefficients = section.array("<f8", rows, d)
    section.end()
    return {
        "order": order,
        "kind": kind,
        "target": target,
        "integers": integers,
        "pairs": pairs,
        "half_is_yes": half_is_yes,
        "name": name[0],
        "labels": labels,
        "intercept": intercept,
        "coefficients": coefficients,
    }


def _about(section: Section) -> Dict[str, str]:
    (count,) = section.numbers("I")
    section.zeros(60)
    texts = section.strings(2 * count)
    section.end()
    assert texts[::2] == sorted(set(texts[::2]))
    return dict(zip(texts[::2], texts[1::2]))


def _self_test(section: Section, size: int) -> Tuple[List[str], np.ndarray]:
    (count,) = section.numbers("I")
    section.zeros(60)
    texts, numbers = section.strings(count), section.array("<f8", count, size)
    section.end()
    return texts, numbers


def read(data: bytes) -> Dict[str, Any]:
    """Everything a model file says; `weights` by BertModel's names, as far as the file keeps them apart."""
    found = sections(data)
    config = _config(found[0][1])
    wanted = [1, 2, 3, 4, 5] + [6] * config["L"] + [7] * config["dense"]
    assert [type_ for type_, _ in found] in (wanted + [10], wanted + [9, 10], wanted + [9, 10, 11])
    parts = [section for _, section in found]
    model: Dict[str, Any] = {"config": config, "tokenizer": _tokenizer(parts[1]), "vocab": _vocabulary(parts[2])}
    d, weights = config["D"], {}
    weights["embeddings.word_embeddings.weight"] = _rows(parts[3], config["R"], d, config["embeddings"])
    parts[3].end()
    for part in ("weight", "bias"):
        weights[f"embeddings.LayerNorm.{part}"] = _rows(parts[4], 1, d)[0]
    model["positions"] = _rows(parts[4], config["P"], d)
    parts[4].end()
    for index in range(config["L"]):
        layer = _layer(parts[5 + index], d, config["F"], config["linear"])
        weights.update({f"encoder.layer.{index}.{name}": array for name, array in layer.items()})
    first = 5 + config["L"]
    model["dense"] = [_dense(section) for section in parts[first : first + config["dense"]]]
    rest = dict(found[first + config["dense"] :])
    model.update(weights=weights, head=None, about=_about(rest[10]), self_test=None)
    if 9 in rest:
        model["head"] = _head(rest[9], config["S"])
    if 11 in rest:
        model["self_test"] = _self_test(rest[11], len(model["head"]["labels"]) * (1 + model["head"]["pairs"]))
    return model


def body_entries(data: bytes) -> List[bytes]:
    """The directory entries of a model file's sections 1 to 7."""
    count = struct.unpack_from("<I", data, 28)[0]
    entries = [data[64 + 16 * i : 80 + 16 * i] for i in range(count)]
    return [entry for entry in entries if 1 <= struct.unpack_from("<I", entry)[0] <= 7]


def read_head(data: bytes, d: int) -> Dict[str, Any]:
    """Everything a head file says; `d` is the width of the sentence vectors, which stands in the model file."""
    found = sections(data, 2)
    assert [type_ for type_, _ in found] == [8, 9, 10]
    body = found[0][1]
    (count,) = body.numbers("I")
    body.zeros(60)
    entries = [body.array("<u1", 16).tobytes()] if count else []
    entries += [struct.pack("<IIQ", *body.numbers("IIQ")) for _ in range(count - 1)]
    body.end()
    return {"body": entries, "head": _head(found[1][1], d), "about": _about(found[2][1])}
