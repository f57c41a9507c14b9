#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the golden file of nearest and cosine_similarity: what sentence-transformers itself says of small vectors.

    python3 tools/make_nearest_golden.py [--out tests/data/nearest.json]

Needs sentence-transformers and torch, and nothing of fewfit. Numbers are multiples of 1/64, so that JSON holds them
exactly. Some vectors are others again, or others at another length, so that there are ties; some are zero.

nearest.json   versions; width; vectors [n, width] and queries [q, width] as whole numbers of sixty-fourths;
               similarities [q, n] of util.cos_sim; hits [q] of util.semantic_search: corpus ids and scores, best first

Runs with what tools/golden_requirements.txt pins.
"""

import argparse
import json
import pathlib

import numpy as np
import sentence_transformers
import torch
from sentence_transformers import util

ROOT = pathlib.Path(__file__).resolve().parent.parent
WIDTH, VECTORS, QUERIES, TOP_K = 24, 200, 12, 10


def made_up(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Vectors and queries, with twins, multiples, opposites and zeros among them."""
    random = np.random.default_rng(seed)
    vectors = random.integers(-64, 65, size=(VECTORS, WIDTH))
    queries = random.integers(-64, 65, size=(QUERIES, WIDTH))
    for i in range(10):
        vectors[100 + i] = vectors[i]  # twins
        vectors[110 + i] = 2 * vectors[10 + i]  # the same direction: the same similarity, up to rounding
        vectors[120 + i] = -vectors[20 + i]
    vectors[[30, 130, 199]] = 0
    queries[0] = vectors[3]
    queries[1] = 2 * vectors[12]
    queries[2] = 0
    queries[3] = -vectors[25]
    return vectors, queries


def golden(vectors: np.ndarray, queries: np.ndarray) -> dict:
    """What cos_sim and semantic_search say."""
    corpus = torch.tensor(vectors, dtype=torch.float32) / 64
    asked = torch.tensor(queries, dtype=torch.float32) / 64
    hits = util.semantic_search(asked, corpus, top_k=TOP_K)
    return {
        "versions": {"sentence-transformers": sentence_transformers.__version__, "torch": torch.__version__},
        "width": WIDTH,
        "vectors": vectors.tolist(),
        "queries": queries.tolist(),
        "similarities": [[float(x) for x in row] for row in util.cos_sim(asked, corpus)],
        "hits": [{"ids": [h["corpus_id"] for h in row], "scores": [h["score"] for h in row]} for row in hits],
    }


def main() -> None:
    """Writes the file, a row a line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "tests" / "data" / "nearest.json")
    out = parser.parse_args().out
    torch.set_num_threads(1)
    lines = []
    for name, value in golden(*made_up(1)).items():
        text = json.dumps(value) if not isinstance(value, list) else "[\n" + ",\n".join(map(json.dumps, value)) + "\n]"
        lines.append(f"{json.dumps(name)}: {text}")
    out.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
