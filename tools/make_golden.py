#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes golden files: what setfit, transformers, torch and scikit-learn themselves answer for given texts.

    python3 tools/make_golden.py MODEL_DIR --texts texts.jsonl --out golden.json [--vectors V.f32 --residuals R.f32]

Imports nothing of fewfit, so that it cannot share a mistake with it. Needs setfit, sentence-transformers,
transformers, torch and scikit-learn. Each line of the texts file is a JSON object with "text"; an earlier
golden.json will do too. The body runs in float32, one text at a time, on one thread, with eager attention; with
--residuals it runs once more in float64.

golden.json   versions, labels, and for each text: ids, tokens, truncated, label (where a text may have several, 0
              or 1 for each), probabilities (predict_proba of the original head on torch's float32 vector; the pairs
              of no and yes of a MultiOutputClassifier one after the other)
V.f32         float32 [B][D], little-endian: torch's sentence vectors
R.f32         float32 [B][D], little-endian: the float64 result minus torch's float32 vector

Runs with what tools/golden_requirements.txt pins.
"""

from __future__ import annotations

import argparse
import copy
import importlib.metadata
import json
import os
import sys
from typing import Any, Dict, List, Tuple

import numpy as np
import torch
from sentence_transformers import SentenceTransformer
from setfit import SetFitHead, SetFitModel
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from transformers import AutoTokenizer

PACKAGES = ("setfit", "sentence-transformers", "transformers", "tokenizers", "torch", "scikit-learn", "numpy")


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Makes golden files with the original libraries.")
    parser.add_argument("model_dir")
    parser.add_argument("--texts", required=True, help='JSON lines with "text", or an earlier golden.json')
    parser.add_argument("--out", required=True, help="the golden.json to write")
    parser.add_argument("--vectors", help="a file for the float32 sentence vectors")
    parser.add_argument("--residuals", help="a file for what float64 adds to them")
    return parser.parse_args()


def read_texts(path: str) -> List[str]:
    """The texts of a JSONL file, or those of an earlier golden file."""
    with open(path, encoding="utf-8") as source:
        content = source.read()
    if path.endswith(".json"):
        return [row["text"] for row in json.loads(content)["texts"]]
    return [json.loads(line)["text"] for line in content.split("\n") if line.strip()]


def load(folder: str) -> SetFitModel:
    """The SetFit model with a body on one thread, with deterministic kernels and eager attention."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    model = SetFitModel.from_pretrained(folder, device="cpu")
    eager = {"attn_implementation": "eager"}
    model.model_body = SentenceTransformer(folder, device="cpu", model_kwargs=eager)
    return model


def encode(model: SetFitModel, body: SentenceTransformer, texts: List[str]) -> np.ndarray:
    """The sentence vectors of the texts, each alone in its batch."""
    settings = {"normalize_embeddings": model.normalize_embeddings, "show_progress_bar": False}
    return np.stack([body.encode([text], **settings)[0] for text in texts])


def tokens_of(tokenizer: Any, text: str, length: int) -> Dict[str, Any]:
    """Ids as the model sees them, and whether the text has more."""
    stripped = text.strip()  # as sentence-transformers does
    everything = tokenizer(stripped, truncation=False)["input_ids"]
    ids = tokenizer(stripped, truncation="longest_first", max_length=length)["input_ids"]
    return {"ids": ids, "tokens": len(ids), "truncated": len(everything) > len(ids)}


def probabilities(head: Any, vectors: np.ndarray) -> np.ndarray:
    """predict_proba of any head, in the precision of the vectors. shape [B, S] -> [B, K], or [B, 2 K] of pairs"""
    if isinstance(head, SetFitHead):
        tensor = torch.tensor(vectors)
        with torch.no_grad():
            return copy.deepcopy(head).to(tensor.dtype).predict_proba(tensor).numpy()
    given = head.predict_proba(vectors)
    return np.stack(given, axis=1).reshape(len(vectors), -1) if isinstance(given, list) else given


def answers(model: SetFitModel, folder: str, texts: List[str]) -> Tuple[List[Dict[str, Any]], np.ndarray]:
    """A row for each text, and the sentence vectors."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    vectors = encode(model, model.model_body, texts)
    assert vectors.dtype == np.float32
    rows = []
    for text, vector in zip(texts, vectors):
        label = model.predict([text], show_progress_bar=False)[0]
        row = {"text": text, **tokens_of(tokenizer, text, model.model_body.max_seq_length)}
        label = label.tolist() if hasattr(label, "tolist") else label
        row["label"] = [int(yes) for yes in label] if isinstance(label, list) else label
        row["probabilities"] = [float(p) for p in probabilities(model.model_head, vector[None])[0]]
        rows.append(row)
    return rows, vectors


def labels_of(model: SetFitModel) -> List[str]:
    """The label of each class or target of the head, as text, in the head's order."""
    head = model.model_head
    if isinstance(head, SetFitHead):
        several, count = head.multitarget, head.out_features
    else:
        several = getattr(head, "multilabel_", isinstance(head, (ClassifierChain, MultiOutputClassifier)))
        count = len(head.estimators_) if several else len(head.classes_)
    if several:
        return [str(label) for label in (model.labels if len(model.labels or []) == count else range(count))]
    classes = np.arange(count) if isinstance(head, SetFitHead) else head.classes_
    if classes.dtype.char == "U" or not model.labels:
        return [str(value) for value in classes.tolist()]
    return [str(model.labels[int(value)]) for value in classes]


def command(arguments: argparse.Namespace) -> str:
    """The command line without the folders of this machine."""
    words = ["make_golden.py", os.path.basename(os.path.abspath(arguments.model_dir))]
    for name in ("texts", "out", "vectors", "residuals"):
        value = getattr(arguments, name)
        if value:
            words += [f"--{name}", os.path.basename(value)]
    return " ".join(words)


def write_json(path: str, header: Dict[str, Any], rows: List[Dict[str, Any]]) -> None:
    """The golden file, a text a line, so that a change shows as one."""
    head = json.dumps(header, ensure_ascii=False, indent=1)
    lines = ",\n  ".join(json.dumps(row, ensure_ascii=False) for row in rows)
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write(f'{head[:-2]},\n "texts": [\n  {lines}\n ]\n}}\n')


def main() -> None:
    """Reads texts, asks the original, writes what it answers."""
    arguments = options()
    texts = read_texts(arguments.texts)
    model = load(arguments.model_dir)
    rows, vectors = answers(model, arguments.model_dir, texts)
    exact = probabilities(model.model_head, vectors.astype(np.float64))
    header = {
        "format": "fewfit golden 1",
        "made_with": {name: importlib.metadata.version(name) for name in PACKAGES},
        "command": command(arguments),
        "max_length": model.model_body.max_seq_length,
        "labels": labels_of(model),
    }
    write_json(arguments.out, header, rows)
    shift = np.abs(exact - np.array([row["probabilities"] for row in rows])).max()
    print(f"{len(texts)} texts; the head in float64 differs by at most {shift:.2e}", file=sys.stderr)
    if arguments.vectors:
        vectors.astype("<f4").tofile(arguments.vectors)
    if arguments.residuals:
        exact_vectors = encode(model, copy.deepcopy(model.model_body).double(), texts)
        assert exact_vectors.dtype == np.float64
        residuals = exact_vectors - vectors
        residuals.astype("<f4").tofile(arguments.residuals)
        print(f"float64 minus float32: at most {np.abs(residuals).max():.2e}", file=sys.stderr)


if __name__ == "__main__":
    main()
