# SPDX-License-Identifier: MIT
"""What a head in a file of its own must know of a model file: the directory entries of the body, and its types."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO, Dict, List, Tuple

from . import spec
from .crc32c import crc32c
from .errors import Refused

_TYPES: Dict[int, str] = {code: name for name, code in spec.WEIGHT_TYPES.items()}


@dataclass(frozen=True)
class Body:
    """The body of a model file; each of the entries is as the directory holds it."""

    entries: List[bytes]
    linear_type: str
    embeddings_type: str


def _bytes(source: BinaryIO, size: int, path: str) -> bytes:
    """So many bytes."""
    data = source.read(size)
    if len(data) != size:
        raise Refused(f"{path} is cut off")
    return data


def _directory(source: BinaryIO, path: str) -> List[bytes]:
    """All directory entries of a model file, after everything that the header says was checked."""
    head = _bytes(source, spec.ALIGNMENT, path)
    magic, order, version, _, kind, count, flags, _ = spec.HEADER.unpack(head[: spec.HEADER.size])
    if magic != spec.MAGIC or order != spec.BYTE_ORDER:
        raise Refused(f"{path} is not a model file")
    if version != spec.VERSION:
        raise Refused(f"{path} is a model file of version {version}, not {spec.VERSION}: convert it again")
    if kind != spec.KIND_MODEL:
        raise Refused(f"{path} is a head file; a head needs the model file that holds the body")
    if not 1 <= count <= spec.MAX_SECTIONS or flags != spec.REQUIRED_FLAGS:
        raise Refused(f"{path} is damaged: its header")
    directory = _bytes(source, spec.align(count * spec.ENTRY.size), path)
    (checksum,) = spec.CHECKSUM.unpack(head[spec.HEADER.size :])
    if crc32c(head[: spec.HEADER.size] + directory) != checksum:
        raise Refused(f"{path} is damaged: the checksum of its header")
    return [directory[at : at + spec.ENTRY.size] for at in range(0, count * spec.ENTRY.size, spec.ENTRY.size)]


def _types(source: BinaryIO, entry: bytes, path: str) -> Tuple[str, str]:
    """The types of linear layers and of word embeddings, from the config section, which comes first."""
    section, checksum, size = spec.ENTRY.unpack(entry)
    if section != spec.SECTION_CONFIG or size != spec.CONFIG.size:
        raise Refused(f"{path} is damaged: it does not begin with its config")
    data = _bytes(source, spec.CONFIG.size, path)
    linear, embeddings = spec.CONFIG.unpack(data)[10:12]
    if crc32c(data) != checksum or linear not in _TYPES or _TYPES.get(embeddings) not in spec.EMBEDDING_TYPES:
        raise Refused(f"{path} is damaged: its config")
    return _TYPES[linear], _TYPES[embeddings]


def read_body(path: str) -> Body:
    """The body of the model file at `path`."""
    try:
        with open(path, "rb") as source:
            entries = _directory(source, path)
            types = _types(source, entries[0], path)
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from None
    return Body([entry for entry in entries if spec.ENTRY.unpack(entry)[0] in spec.BODY_SECTIONS], *types)
