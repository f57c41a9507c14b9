#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tests/data/version_N.fewfit: one tiny random model, with its self-test, in each version of the model file.

    python3 tools/make_version_golden.py N=CONVERTER [N=CONVERTER ...]

CONVERTER is the folder tools/fewfit_convert of a checkout that writes version N. Needs what make_golden.py needs,
which tells the answers of the self-test. All files of one call hold the same model, and they were made in one call:

version_1.fewfit    fewfit_convert 0.1.0 at 5484a1b, the last commit that wrote version 1
version_2.fewfit    fewfit_convert 0.1.0 with the first complete writer of version 2

Runs with what tools/golden_requirements.txt pins.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import torch
from sentence_transformers import SentenceTransformer, models
from setfit import SetFitModel
from sklearn.linear_model import LogisticRegression
from transformers import BertConfig, BertModel, BertTokenizerFast

TOOLS = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(os.path.dirname(TOOLS), "tests", "data")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
VOCAB = [*SPECIAL, *"abcdefgh", *(f"##{letter}" for letter in "abcdefgh"), "abc", "##gh", "де", "ж", "##ж", "中", "."]
LABELS = ["minus", "plus", "ноль"]
TEXTS = ["", "abc", "a b c", "Abc. gh", "де ж жж", "中abc", "fed up", "hgfedcba", "b " * 40, "a\u0301bc \U0001f600"]


def make_model(folder: str) -> None:
    """A folder as SetFit saves it."""
    torch.manual_seed(1)
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8") as out:
        out.write("".join(f"{token}\n" for token in VOCAB))
    body = os.path.join(folder, "body")
    sizes = {"hidden_size": 12, "num_attention_heads": 3, "intermediate_size": 20, "num_hidden_layers": 1}
    config = BertConfig(vocab_size=len(VOCAB), max_position_embeddings=24, initializer_range=0.4, **sizes)
    BertModel(config).save_pretrained(body)
    BertTokenizerFast(os.path.join(folder, "vocab.txt"), model_max_length=24).save_pretrained(body)
    transformer = models.Transformer(body, max_seq_length=16)
    encoder = SentenceTransformer(modules=[transformer, models.Pooling(12)], device="cpu")
    vectors = encoder.encode(TEXTS)
    head = LogisticRegression(C=10.0).fit(vectors, np.array(LABELS)[np.arange(len(TEXTS)) % 3])
    SetFitModel(model_body=encoder, model_head=head, labels=LABELS).save_pretrained(os.path.join(folder, "model"))


def main() -> None:
    """One model, every version."""
    with tempfile.TemporaryDirectory() as folder:
        make_model(folder)
        model, texts = os.path.join(folder, "model"), os.path.join(folder, "texts.jsonl")
        with open(os.path.join(model, "README.md"), "w", encoding="utf-8") as card:
            card.write("---\nlicense: mit\n---\n# tiny random weights\n")
        with open(texts, "w", encoding="utf-8") as out:
            out.write("".join(json.dumps({"text": text}) + "\n" for text in TEXTS))
        golden = [os.path.join(TOOLS, "make_golden.py"), model, "--texts", texts]
        subprocess.run([sys.executable, *golden, "--out", os.path.join(model, "golden.json")], check=True)
        for argument in sys.argv[1:]:
            version, converter = argument.split("=", 1)
            target = os.path.join(DATA, f"version_{int(version)}.fewfit")
            subprocess.run([sys.executable, converter, model, "-o", target], check=True)


if __name__ == "__main__":
    main()
