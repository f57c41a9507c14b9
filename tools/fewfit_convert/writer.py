# SPDX-License-Identifier: MIT
"""Arrays to bytes to a file: the only module that knows both the layout (spec) and the model.

Sections are made one after the other as they are written, so that memory holds the checkpoint and one section. The
file appears under its name whole or not at all.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import BinaryIO, Callable, Iterable, List, Sequence, Union

import numpy as np

from . import short_words, spec, trie, weights
from .crc32c import crc32c
from .errors import Refused
from .model import Dense, Model

Parts = List[np.ndarray]


@dataclass(frozen=True)
class Section:
    """A section that can be made: its arrays, the fixed header being the first of them."""

    type: int
    name: str
    make: Callable[[], Parts]


def _record(layout, *values) -> np.ndarray:
    """A fixed header as bytes."""
    return np.frombuffer(layout.pack(*values), np.uint8)


def _strings(items: Sequence[bytes]) -> Parts:
    """A string table: where each string begins, and all of them joined."""
    offsets = np.zeros(len(items) + 1, "<u4")
    np.cumsum([len(item) for item in items], out=offsets[1:])
    return [offsets, np.frombuffer(b"".join(items), np.uint8)]


def _utf8(items: Iterable[str]) -> List[bytes]:
    """Strings as the file holds them."""
    return [item.encode("utf-8") for item in items]


def _row(vector: np.ndarray) -> np.ndarray:
    """A vector with zeros up to the padded width."""
    return _rows(vector[None, :])[0]


def _rows(matrix: np.ndarray) -> np.ndarray:
    """A matrix in f32 whose rows have zeros up to the padded width."""
    return weights.rows(matrix, "f32", "")[0]


def _config(model: Model) -> Parts:
    """Section 1."""
    c = model.config
    types = (spec.WEIGHT_TYPES[c.linear_type], spec.WEIGHT_TYPES[c.embeddings_type])
    sizes = (c.hidden_size, c.num_attention_heads, c.intermediate_size, c.num_hidden_layers)
    rows = (c.vocab_size, c.max_position_embeddings, c.max_length)
    poolings = sum(spec.POOLINGS[mode] << spec.POOLING_BITS * index for index, mode in enumerate(c.poolings))
    kinds = (spec.ACTIVATIONS[c.hidden_act], poolings, int(c.normalize), *types)
    return [_record(spec.CONFIG, *sizes, *rows, *kinds, c.layer_norm_eps, c.sentence_size, len(c.dense))]


def _flags(token) -> int:
    """The flags of an added token."""
    bits = {
        spec.ADDED_SINGLE_WORD: token.single_word,
        spec.ADDED_LSTRIP: token.lstrip,
        spec.ADDED_RSTRIP: token.rstrip,
        spec.ADDED_NORMALIZED: token.normalized,
        spec.ADDED_SPECIAL: token.special,
    }
    return sum(bit for bit, is_set in bits.items() if is_set)


def _tokenizer(model: Model) -> Parts:
    """Section 2."""
    t = model.tokenizer
    added = sorted(t.added, key=lambda token: token.content.encode("utf-8"))
    keys = [(token.content.encode("utf-8"), index + 1) for index, token in enumerate(added)]
    raw = trie.build([key for key, token in zip(keys, added) if not token.normalized])
    normalized = trie.build([key for key, token in zip(keys, added) if token.normalized])
    options = (int(t.clean_text), int(t.handle_chinese_chars), int(t.strip_accents), int(t.lowercase))
    ids = (t.max_input_chars_per_word, t.unk_id, t.cls_id, t.sep_id)
    header = _record(spec.TOKENIZER, spec.UNICODE_TABLES, *options, *ids, len(added), len(raw), len(normalized),
                     int(t.special_tokens_are_text))
    numbers = [np.array([token.id for token in added], "<u4"), np.array([_flags(token) for token in added], "<u4")]
    return [header, raw, normalized, *numbers, *_strings([key for key, _ in keys])]


def _vocabulary(model: Model) -> Parts:
    """Section 3."""
    tokens = _utf8(model.tokenizer.vocab)
    nodes = trie.build([(token, index + 1) for index, token in enumerate(tokens) if token])
    keys, ids = short_words.build(tokens)
    return [_record(spec.VOCABULARY, len(tokens), len(nodes), len(keys)), nodes, keys, ids, *_strings(tokens)]


def _word_embeddings(model: Model) -> Parts:
    """Section 4."""
    return weights.rows(model.tensor(spec.WORD_ROWS), model.config.embeddings_type, spec.WORD_ROWS)


def _position_embeddings(model: Model) -> Parts:
    """Section 5: the row of token type 0 is added here, once, because there is never another type."""
    rows, kinds = "embeddings.position_embeddings.weight", "embeddings.token_type_embeddings.weight"
    with np.errstate(over="ignore"):
        table = model.tensor(rows) + model.tensor(kinds)[0]
    if not np.isfinite(table).all():
        raise Refused(f"tensors {rows} and {kinds} in model.safetensors add up to more than a float32 number holds")
    return [*_norm(model, "embeddings"), _rows(table)]


def _norm(model: Model, name: str) -> Parts:
    """The weight and bias of a layer norm."""
    return [_row(model.tensor(f"{name}.LayerNorm.weight")), _row(model.tensor(f"{name}.LayerNorm.bias"))]


def _linear(model: Model, *names: str) -> np.ndarray:
    """The named linear layers, which have the same inputs, as one."""
    kind = model.config.linear_type
    layers = [(model.tensor(f"{name}.weight"), model.tensor(f"{name}.bias"), f"{name}.weight") for name in names]
    return np.concatenate([weights.panels(weight, bias, kind, name) for weight, bias, name in layers])


def _layer(model: Model, index: int) -> Parts:
    """Section 6."""
    layer = f"encoder.layer.{index}"
    attention = [f"{layer}.attention.self.{name}" for name in ("query", "key", "value")]
    return [
        _linear(model, *attention),
        _linear(model, f"{layer}.attention.output.dense"),
        *_norm(model, f"{layer}.attention.output"),
        _linear(model, f"{layer}.intermediate.dense"),
        _linear(model, f"{layer}.output.dense"),
        *_norm(model, f"{layer}.output"),
    ]


def _dense_section(dense: Dense, name: str) -> Parts:
    """Section 7: always f32, whatever the type of the encoder's layers."""
    kind = spec.DENSE_ACTIVATIONS[dense.activation]
    header = _record(spec.DENSE, dense.inputs, dense.outputs, kind, int(dense.normalize_first))
    return [header, weights.panels(dense.weight, dense.bias, "f32", name)]


def _head(model: Model) -> Parts:
    """Section 9."""
    head = model.head
    flags = (int(head.labels_are_integers), int(head.pairs), int(head.half_is_yes))
    header = _record(spec.HEAD, head.kind, len(head.labels), head.target, *flags)
    strings = [*_strings([spec.FIRST_HEAD_NAME.encode()]), *_strings(_utf8(head.labels))]
    order = [np.array(head.order, "<u4")] if head.kind == spec.HEAD_CHAIN else []
    numbers = [np.ascontiguousarray(head.intercept, "<f8"), np.ascontiguousarray(head.coefficients, "<f8")]
    return [header, *strings, *order, *numbers]


def _about(model: Model) -> Parts:
    """Section 10."""
    pairs = sorted(model.about.items())
    return [_record(spec.COUNT, len(pairs)), *_strings(_utf8(text for pair in pairs for text in pair))]


def _self_test(model: Model) -> Parts:
    """Section 11."""
    test = model.self_test
    numbers = np.ascontiguousarray(test.probabilities, "<f8")
    return [_record(spec.COUNT, len(test.texts)), *_strings(_utf8(test.texts)), numbers]


def body_sections(model: Model) -> List[Section]:
    """The sections of the body, in their order; none is made before it is asked for."""
    parts = [
        Section(spec.SECTION_CONFIG, "config", lambda: _config(model)),
        Section(spec.SECTION_TOKENIZER, "tokenizer", lambda: _tokenizer(model)),
        Section(spec.SECTION_VOCABULARY, "vocabulary", lambda: _vocabulary(model)),
        Section(spec.SECTION_WORD_EMBEDDINGS, "word embeddings", lambda: _word_embeddings(model)),
        Section(spec.SECTION_POSITION_EMBEDDINGS, "position embeddings", lambda: _position_embeddings(model)),
    ]
    for index in range(model.config.num_hidden_layers):
        parts.append(Section(spec.SECTION_LAYER, f"layer {index}", lambda index=index: _layer(model, index)))
    for index, dense in enumerate(model.config.dense):
        name = f"dense {index}"
        parts.append(Section(spec.SECTION_DENSE, name, lambda dense=dense, name=name: _dense_section(dense, name)))
    return parts


def sections(model: Model) -> List[Section]:
    """The sections of a model file, in their order."""
    parts = body_sections(model)
    if model.head is not None:
        parts.append(Section(spec.SECTION_HEAD, "head", lambda: _head(model)))
    parts.append(Section(spec.SECTION_ABOUT, "about", lambda: _about(model)))
    if model.head is not None and model.self_test is not None:
        parts.append(Section(spec.SECTION_SELF_TEST, "self-test", lambda: _self_test(model)))
    return parts


def head_sections(model: Model, body: Sequence[bytes]) -> List[Section]:
    """The sections of a head file; `body` are the directory entries of the body that the head belongs to."""
    entries = np.frombuffer(b"".join(body), np.uint8)
    return [
        Section(spec.SECTION_BODY, "body", lambda: [_record(spec.COUNT, len(body)), entries]),
        Section(spec.SECTION_HEAD, "head", lambda: _head(model)),
        Section(spec.SECTION_ABOUT, "about", lambda: _about(model)),
    ]


def _padding(size: int) -> bytes:
    """The zeros that bring `size` to the next multiple of the alignment."""
    return bytes(spec.align(size) - size)


def _write_section(out: Union[BinaryIO, "_Nowhere"], section: Section) -> bytes:
    """Writes one section with its padding; returns its directory entry."""
    size = checksum = 0
    for part in section.make():
        for piece in (_padding(size), memoryview(part).cast("B") if part.size else b""):
            out.write(piece)
            checksum = crc32c(piece, checksum)
            size += len(piece)
    tail = _padding(size)
    out.write(tail)
    return spec.ENTRY.pack(section.type, crc32c(tail, checksum), size)


class _Nowhere:
    """A stream that keeps nothing."""

    def write(self, piece: bytes) -> None:
        """Forgets it."""


def entry(section: Section) -> bytes:
    """The directory entry of a section, which is made and not written."""
    return _write_section(_Nowhere(), section)


def write_to(out: BinaryIO, parts: Iterable[Section], count: int, kind: int = spec.KIND_MODEL) -> int:
    """Writes a file to an empty seekable stream; returns its size. The header comes last, when all is known."""
    directory_size = spec.align(count * spec.ENTRY.size)
    out.write(bytes(spec.ALIGNMENT + directory_size))
    entries = b"".join(_write_section(out, section) for section in parts)
    size = out.tell()
    flags = (spec.REQUIRED_FLAGS, spec.OPTIONAL_FLAGS)
    head = spec.HEADER.pack(spec.MAGIC, spec.BYTE_ORDER, spec.VERSION, size, kind, count, *flags)
    directory = entries + bytes(directory_size - len(entries))
    out.seek(0)
    out.write(head + spec.CHECKSUM.pack(crc32c(head + directory)) + directory)
    return size


def _sync_folder(path: str) -> None:
    """Makes the new name itself durable, where the system can."""
    if os.name != "posix":
        return
    try:
        handle = os.open(os.path.dirname(path), os.O_RDONLY)
    except OSError:
        return  # a folder may be written to and not listed; the file itself is complete and synced
    try:
        os.fsync(handle)
    except OSError:
        pass  # some network file systems cannot
    finally:
        os.close(handle)


def write(path: str, parts: Iterable[Section], count: int, kind: int = spec.KIND_MODEL) -> int:
    """Writes the file under another name beside `path`, then renames it; whatever stops it, no part of it is left."""
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        raise Refused(f"{path} is not a regular file: a model cannot be written there")
    folder, name = os.path.split(path)
    temporary = os.path.join(folder, f".{name}.{secrets.token_hex(8)}.part")
    try:
        with open(temporary, "xb") as out:
            size = write_to(out, parts, count, kind)
            out.flush()
            os.fsync(out.fileno())
        os.replace(temporary, path)
    except BaseException:
        try:
            os.unlink(temporary)
        except FileNotFoundError:
            pass
        raise
    _sync_folder(path)
    return size
