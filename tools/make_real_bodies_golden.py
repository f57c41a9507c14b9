#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the golden vectors of tests/parity/real_bodies.py: what sentence-transformers says with two real models.

    python3 tools/make_real_bodies_golden.py [--folder build/real_bodies]

Imports nothing of fewfit. Writes tests/parity/golden/all_minilm_l6.f32 and paraphrase_minilm_l3.f32, float32 [B][D],
little-endian, one text at a time, one thread, eager attention; prints versions and how far float64 is from them.

Runs with what tools/golden_requirements.txt pins.
"""

from __future__ import annotations

import argparse
import copy
import importlib.metadata
import os
import sys

import numpy as np
import torch
from sentence_transformers import SentenceTransformer

PARITY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "parity")
sys.path.insert(0, PARITY)

import real_body_folders  # noqa: E402  (needs the line above)

PACKAGES = ("sentence-transformers", "transformers", "tokenizers", "torch", "numpy")


def encode(body: SentenceTransformer, texts: list[str]) -> np.ndarray:
    """The sentence vectors, each text alone in its batch. shape [B, D]"""
    return np.stack([body.encode([text], show_progress_bar=False)[0] for text in texts])


def main() -> None:
    """Makes both files."""
    parser = argparse.ArgumentParser(description="Makes the golden vectors of two real models.")
    parser.add_argument("--folder", default="build/real_bodies", help="where the models are kept")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES))
    texts = real_body_folders.texts()
    for name, folder in real_body_folders.folders(arguments.folder).items():
        body = SentenceTransformer(str(folder), device="cpu", model_kwargs={"attn_implementation": "eager"})
        vectors = encode(body, texts)
        assert vectors.dtype == np.float32
        tokens = [len(body.tokenizer(text.strip())["input_ids"]) for text in texts]
        distance = np.abs(encode(copy.deepcopy(body).double(), texts) - vectors).max()
        vectors.astype("<f4").tofile(os.path.join(PARITY, "golden", f"{name}.f32"))
        print(
            f"{name}: {len(texts)} texts of {min(tokens)} to {max(tokens)} tokens, {sum(n > 128 for n in tokens)} "
            f"above 128, {sum(n > body.max_seq_length for n in tokens)} cut at {body.max_seq_length}; largest number "
            f"{np.abs(vectors).max():.2f}; float64 minus float32 at most {distance:.2e}"
        )


if __name__ == "__main__":
    main()
