#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the pickles old_*.pkl of this folder with scikit-learn 1.5, and old_heads.json: what those heads answer.

    python3 tools/tests/data/make_old_heads.py

Needs scikit-learn 1.2 to 1.5, the releases that were one-versus-rest for some solvers and had newton-cholesky;
old_heads.json says which one made the files. The data are random, with a seed.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import warnings

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression

FOLDER = os.path.dirname(os.path.abspath(__file__))
WIDTH = 20  # of the vectors of tests/support/tiny.py
HEADS = {
    "liblinear": dict(solver="liblinear"),
    "newton_cholesky": dict(solver="newton-cholesky"),
    "ovr": dict(multi_class="ovr"),
    "auto": dict(),
    "two_classes": dict(solver="newton-cholesky"),
}


def make(name: str, vectors: np.ndarray, classes: np.ndarray) -> dict:
    """Writes one head; returns what it answers."""
    if name == "two_classes":
        classes = np.minimum(classes, 1)
    head = LogisticRegression(**HEADS[name]).fit(vectors, np.array(["a", "b", "c", "d"])[classes])
    joblib.dump(head, os.path.join(FOLDER, f"old_{name}.pkl"))
    return {"probabilities": head.predict_proba(vectors[:16]).tolist(), "labels": head.predict(vectors[:16]).tolist()}


def main() -> None:
    """All of them."""
    random = np.random.default_rng(12)
    vectors, planes = random.normal(size=(80, WIDTH)), random.normal(size=(WIDTH, 4))
    classes = np.argmax(vectors @ planes + 3 * random.normal(size=(80, 4)), axis=1)
    packages = ("scikit-learn", "numpy", "joblib")
    made = {"made_with": {package: importlib.metadata.version(package) for package in packages}}
    made["vectors"] = vectors[:16].tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of what later releases do
        made["heads"] = {name: make(name, vectors, classes) for name in HEADS}
    with open(os.path.join(FOLDER, "old_heads.json"), "w", encoding="utf-8", newline="\n") as out:
        out.write(json.dumps(made).replace("], [", "],\n[") + "\n")


if __name__ == "__main__":
    main()
