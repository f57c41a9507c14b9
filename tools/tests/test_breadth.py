# SPDX-License-Identifier: MIT
"""Every model of tests/parity/breadth, converted and evaluated in float64 from the file alone: as near to the
originals' answers as they are to float64 themselves."""

import json
import os

import evaluate
import file_reader
import numpy as np
import pytest
from fewfit_convert import cli

BREADTH = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "parity", "breadth")
MODELS = sorted(name for name in os.listdir(BREADTH) if os.path.isdir(os.path.join(BREADTH, name)))


def _converted(name, folder):
    """The model file, read back, and the golden files."""
    path, source = os.path.join(str(folder), "out.fewfit"), os.path.join(BREADTH, name)
    assert cli.main([source, "-o", path]) == 0
    with open(path, "rb") as file:
        model = file_reader.read(file.read())
    with open(os.path.join(source, "golden.json"), encoding="utf-8") as file:
        golden = json.load(file)
    vectors = np.fromfile(os.path.join(source, "vectors.f32"), "<f4")
    return model, golden, vectors.reshape(len(golden["texts"]), -1)


def test_there_are_twenty():
    """A folder that is not found would be a test that is not run."""
    assert len(MODELS) == 20


@pytest.mark.parametrize("name", MODELS)
def test_a_converted_file_says_what_the_original_says(tmp_path, name):
    """Vectors, probabilities and labels; the ids are those of the original's tokenizer."""
    model, golden, vectors = _converted(name, tmp_path)
    assert (model["config"]["M"], model["head"]["labels"]) == (golden["max_length"], golden["labels"])
    ours = np.stack([evaluate.sentence_vector(model, row["ids"]) for row in golden["texts"]])
    assert np.abs(ours - vectors).max() <= 1.01 * golden["vectors_from_double"] + 1e-9
    given = np.array([row["probabilities"] for row in golden["texts"]])
    made = np.stack([evaluate.probabilities(model["head"], vector) for vector in ours])
    assert np.abs(made - given).max() <= 1.01 * golden["probabilities_from_double"] + 1e-9
    assert np.array_equal(model["self_test"][1], given)
