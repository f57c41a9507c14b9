#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the pickles of this folder with setfit itself, and setfit_heads.json: what those heads answer.

    python3 tools/tests/data/make_setfit_heads.py

Needs setfit, torch and joblib; setfit_heads.json says which versions made the files. The weights are random. The
names of storages are addresses, so the pickles differ from run to run; what they hold does not.
"""

from __future__ import annotations

import importlib.metadata
import json
import os

import joblib
import numpy as np
import torch
from setfit import SetFitHead

FOLDER = os.path.dirname(os.path.abspath(__file__))
WIDTH = 20  # of the vectors of tests/support/tiny.py
HEADS = {
    "softmax": dict(out_features=3, temperature=1.7, device=torch.device("cpu")),
    "two_classes": dict(out_features=2, bias=False, device="cpu"),
    "multitarget": dict(out_features=3, temperature=0.5, multitarget=True, device="cpu"),
}


def make(name: str, vectors: np.ndarray) -> dict:
    """Writes one head; returns what it answers."""
    head = SetFitHead(in_features=WIDTH, **HEADS[name])
    with torch.no_grad():
        if head.linear.bias is not None:
            torch.nn.init.normal_(head.linear.bias)
            head.linear.bias[0] = 0  # so that the zero vector has a probability of exactly a half
        probabilities, decisions = head.predict_proba(torch.tensor(vectors)), head.predict(torch.tensor(vectors))
    joblib.dump(head, os.path.join(FOLDER, f"setfit_{name}.pkl"))
    return {"probabilities": probabilities.tolist(), "decisions": decisions.tolist()}


def main() -> None:
    """All of them."""
    torch.manual_seed(11)
    vectors = np.random.default_rng(11).normal(size=(16, WIDTH)).astype(np.float32)
    vectors[0] = 0
    packages = ("setfit", "torch", "joblib")
    made = {"made_with": {package: importlib.metadata.version(package) for package in packages}}
    made["vectors"] = vectors.tolist()
    made["heads"] = {name: make(name, vectors) for name in HEADS}
    with open(os.path.join(FOLDER, "setfit_heads.json"), "w", encoding="utf-8", newline="\n") as out:
        out.write(json.dumps(made).replace("], [", "],\n[") + "\n")


if __name__ == "__main__":
    main()
