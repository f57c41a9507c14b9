# SPDX-License-Identifier: MIT
"""The enumerations of spec.py beside the tables of docs/model_file.md, word for word."""

import os
import re

import evaluate
import pytest
from fewfit_convert import spec

DOCUMENT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "model_file.md")
with open(DOCUMENT, encoding="utf-8") as _source:
    TEXT = _source.read().split("\n## Version 1")[0]


def _section(title):
    """The lines of a chapter."""
    return TEXT.split(f"\n## {title}")[1].split("\n## ")[0].splitlines()


def _cells(title, field):
    """The cells of the one row whose third cell begins with `field`."""
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in _section(title) if line.startswith("|")]
    (found,) = [row for row in rows if len(row) > 3 and re.match(rf"{re.escape(field)}\b", row[2])]
    return found


def _values(text):
    """`1 = gelu (erf), 2 = tanh` as names and numbers."""
    return {name: int(number) for number, name in re.findall(r"(\d+) = (\w+)", text)}


ENUMERATIONS = {
    "hidden_act": ("1 config", "hidden_act", spec.ACTIVATIONS),
    "pooling": ("1 config", "pooling", spec.POOLINGS),
    "type of linear layers": ("1 config", "type of linear layers", spec.WEIGHT_TYPES),
    "activation of dense": ("7 dense", "activation", spec.DENSE_ACTIVATIONS),
    "type of word embeddings": (
        "1 config",
        "type of word embeddings",
        {name: spec.WEIGHT_TYPES[name] for name in spec.EMBEDDING_TYPES},
    ),
    "kind of file": ("Container", "kind", {"model": spec.KIND_MODEL, "head": spec.KIND_HEAD}),
    "unicode_tables": ("2 tokenizer", "unicode_tables", {"as": spec.UNICODE_TABLES}),
}


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_values_are_those_of_the_document(name):
    """No more, no less, no other number."""
    title, field, ours = ENUMERATIONS[name]
    assert _values(_cells(title, field)[3]) == ours


def _named(title):
    """Tables of a number and a name: `| 1 softmax |`, or `| 1 | config |`."""
    rows = (re.match(r"\| (\d+) (?:\| )?(?![uf]\d)([\w-]+(?: [\w-]+)*) \|", line) for line in _section(title))
    return {row[2].upper().replace(" ", "_").replace("-", "_"): int(row[1]) for row in rows if row}


def _ours(prefix):
    """The constants that begin so."""
    return {name[len(prefix) :]: value for name, value in vars(spec).items() if name.startswith(prefix)}


def test_sections_are_those_of_the_document():
    """Every type, by its name."""
    assert _named("Container") == _ours("SECTION_")


def test_kinds_of_head_are_those_of_the_document():
    """Every kind, by its name; and the two targets."""
    assert _named("9 head") == _ours("HEAD_")
    rule = _cells("9 head", "target")[3].replace("a text has one", "SINGLE").replace("several", "MULTI")
    assert _values(rule) == _ours("TARGET_")


def test_flags_of_added_tokens_are_those_of_the_document():
    """Bits, by their names."""
    bits = _cells("2 tokenizer", "flags of each")[3]
    assert {name.upper(): int(bit) for bit, name in re.findall(r"(\d+) (\w+)", bits)} == _ours("ADDED_")


def test_the_tests_own_arithmetic_knows_the_same_numbers():
    """So that no file is evaluated in a way that no file may ask for."""
    known = [
        (evaluate.HIDDEN, spec.ACTIVATIONS),
        (evaluate.DENSE, spec.DENSE_ACTIVATIONS),
        (evaluate.POOLINGS, spec.POOLINGS),
    ]
    assert all(sorted(table) == sorted(names.values()) for table, names in known)
