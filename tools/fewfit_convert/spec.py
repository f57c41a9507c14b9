# SPDX-License-Identifier: MIT
"""The layout of a model file, as data: what docs/model_file.md says, and nothing that it does not say.

All numbers are little-endian. A section is a fixed header followed by arrays that each begin at a multiple of 64.
"""

from __future__ import annotations

import struct

MAGIC = b"\x89FFT\r\n\x1a\n"
BYTE_ORDER = 0x01020304
VERSION = 2
KIND_MODEL = 1
KIND_HEAD = 2
REQUIRED_FLAGS = 0
OPTIONAL_FLAGS = 0

ALIGNMENT = 64
"""Sections, and the arrays inside them, begin at multiples of this."""

PANEL = 16
"""Widths are rounded up to it; a linear layer is cut into panels of so many outputs."""

GROUP = 128
"""So many inputs of an output in i8 share a scale."""

HEADER = struct.Struct("<8sIIQIIII20x")
"""Magic, byte order, version, file size, kind, section count, required and optional flags; the checksum follows."""

CHECKSUM = struct.Struct("<I")

ENTRY = struct.Struct("<IIQ")
"""One directory entry: type, checksum of bytes and padding, size without padding."""

SECTION_CONFIG = 1
SECTION_TOKENIZER = 2
SECTION_VOCABULARY = 3
SECTION_WORD_EMBEDDINGS = 4
SECTION_POSITION_EMBEDDINGS = 5
SECTION_LAYER = 6
SECTION_DENSE = 7
SECTION_BODY = 8
SECTION_HEAD = 9
SECTION_ABOUT = 10
SECTION_SELF_TEST = 11
SECTION_EXAMPLES = 12
BODY_SECTIONS = range(SECTION_CONFIG, SECTION_DENSE + 1)
MAX_SECTIONS = 4096

CONFIG = struct.Struct("<12Id2I64x")
"""D, H, F, L, R, P, M, activation, poolings, normalize, linear type, embedding type; layer_norm_eps; sentence size S,
dense layers."""

TOKENIZER = struct.Struct("<13I12x")
"""Unicode tables, clean_text, handle_chinese_chars, strip_accents, lowercase, max_input_chars_per_word, unk, cls,
sep, added tokens, nodes of the raw trie, nodes of the normalized trie, special tokens are text."""

VOCABULARY = struct.Struct("<3I52x")
"""Tokens, nodes of the trie, slots of the table of short words."""

DENSE = struct.Struct("<4I48x")
"""Inputs, outputs, activation, normalize first."""

HEAD = struct.Struct("<6I40x")
"""Kind, classes, target, labels are integers, pairs, half is yes."""

COUNT = struct.Struct("<I60x")
"""The header of the body, about and self-test sections: how many."""

ACTIVATIONS = {"gelu": 1, "gelu_tanh": 2, "relu": 3, "silu": 4}
"""Of the feed-forward layers; gelu is the erf form."""

DENSE_ACTIVATIONS = {"identity": 1, "tanh": 2, "relu": 3, "gelu": 4, "sigmoid": 5, "silu": 6}

POOLINGS = {"mean": 1, "cls": 2, "max": 3, "mean_sqrt_len": 4, "weightedmean": 5, "lasttoken": 6}
POOLING_BITS = 4
"""So many bits of config's field hold one mode, the first in the lowest."""

WEIGHT_TYPES = {"f32": 1, "f16": 2, "bf16": 3, "i8": 4}
EMBEDDING_TYPES = ("f32", "f16", "i8")

WORD_ROWS = "embeddings.word_embeddings.weight"
"""BertModel's name of the table that has a type of its own."""

UNICODE_TABLES = 1
"""The character classes of tokenizers 0.21.1 to 0.22.x."""

HEAD_SOFTMAX = 1
HEAD_BINARY = 2
HEAD_ONE_VERSUS_REST = 3
HEAD_INDEPENDENT = 4
HEAD_CHAIN = 5
TARGET_SINGLE = 1
TARGET_MULTI = 2
FIRST_HEAD_NAME = "head"

ADDED_SINGLE_WORD = 1
ADDED_LSTRIP = 2
ADDED_RSTRIP = 4
ADDED_NORMALIZED = 8
ADDED_SPECIAL = 16

MAX_HIDDEN_SIZE = 8192
MAX_HEADS = 256
MAX_INTERMEDIATE_SIZE = 65536
MAX_LAYERS = 64
MAX_DENSE_LAYERS = 8
MAX_SENTENCE_SIZE = 65536
MAX_VOCAB = 1 << 22
MIN_POSITIONS = 3
MAX_POSITIONS = 8192
MIN_LENGTH = 3
MIN_EPSILON, MAX_EPSILON = 1e-30, 1.0
MAX_WORD_CHARS = 10000
MAX_ADDED_TOKENS = 65536
MAX_TOKEN_BYTES = 1024
MAX_CLASSES = 65536
MAX_LABEL_BYTES = 65536
MAX_HEAD_NAME_BYTES = 256
MAX_SELF_TESTS = 65536
MAX_TRIE_NODES = 1 << 23
SHORT_WORD_BYTES = 7
MAX_SHORT_WORD_SLOTS = 1 << 23
MAX_TAKEN_SLOTS = 64
"""So many slots of the table of short words may be taken in a row."""
TRIE_BLOCK = 256


def round_up(n: int, multiple: int) -> int:
    """The next multiple."""
    return -(-n // multiple) * multiple


def pad(n: int) -> int:
    """A width rounded up to whole panels."""
    return round_up(n, PANEL)


def align(n: int) -> int:
    """A size or offset rounded up to the file's alignment."""
    return round_up(n, ALIGNMENT)
