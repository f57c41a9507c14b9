#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the small models of tests/parity/breadth and what the original libraries answer with them.

    python3 tools/make_breadth_golden.py [--only NAME] [--out FOLDER]

Imports nothing of fewfit, so that it cannot share a mistake with it. Needs setfit 1.1, sentence-transformers,
transformers, torch and scikit-learn; golden.json says which. Beside what SetFit saves, each folder holds

golden.json   versions, seed, labels, how far torch's float32 is from float64, and for each text: ids, truncated,
              answer (predict: a label, or a row of 0 and 1), probabilities (predict_proba, flattened)
vectors.f32   float32 [B][S], little-endian: the sentence vectors, one text at a time, one thread, eager attention

A seed counts up from 1000 times the model's place until each class gets a fifth of the texts (for heads of several
targets each answer of each target), no answer is a near thing, torch's probabilities are near those of float64, and
the numbers inside the network are so large that every part of it matters. The script prints all of that.

Runs with what tools/golden_requirements.txt pins.
"""

from __future__ import annotations

import argparse
import copy
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
from typing import Any, Dict, List

import numpy as np
import setfit
import torch
from breadth_models import RECIPES, Recipe, body_of, head_of, texts_for
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from setfit import SetFitModel
from sklearn.multioutput import ClassifierChain

HERE = os.path.dirname(os.path.abspath(__file__))
BREADTH = os.path.join(os.path.dirname(HERE), "tests", "parity", "breadth")
PACKAGES = ("setfit", "sentence-transformers", "transformers", "tokenizers", "torch", "scikit-learn", "numpy")
SHARE = 0.2  # of the texts, at least, for each class
MARGIN = 1e-4  # from the second class, or from one half
NOISE = 3e-7  # of torch's and scikit-learn's probabilities, at most: fewfit, twice as far off, is then within 1e-6


def encode(body: SentenceTransformer, unit: bool, texts: List[str]) -> np.ndarray:
    """The sentence vectors, each text alone in its batch. shape [B, S]"""
    settings = {"normalize_embeddings": unit, "show_progress_bar": False}
    return np.stack([body.encode([text], **settings)[0] for text in texts])


def plain(values: Any) -> np.ndarray:
    """What predict and predict_proba give, as an array."""
    return values.detach().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def answer(model: SetFitModel, text: str) -> Any:
    """What predict says of one text: a label or a row of 0 and 1."""
    value = plain(model.predict([text], show_progress_bar=False))[0]
    return [int(x) for x in value] if np.ndim(value) else value.item() if hasattr(value, "item") else str(value)


def shares(answers: List[Any]) -> List[float]:
    """The smallest share of a class, for each target."""
    columns = list(zip(*answers)) if isinstance(answers[0], list) else [answers]
    return [
        min(column.count(value) for value in set(column)) / len(column) if len(set(column)) > 1 else 0.0
        for column in columns
    ]


def inside(body: SentenceTransformer, text: str) -> Dict[str, float]:
    """How large the numbers are: the least layer's largest hidden and feed-forward number, and how far from even."""
    network, kept = body[0].auto_model, []
    wanted = ("intermediate.dense", "ffn.lin1")
    hooks = [
        module.register_forward_hook(lambda _m, _i, out: kept.append(out.abs().max().item()))
        for name, module in network.named_modules()
        if name.endswith(wanted)
    ]
    inputs = body.tokenize([text])
    with torch.no_grad():
        out = network(
            **{k: v for k, v in inputs.items() if k != "token_type_ids" or "token_type" in str(network)},
            output_hidden_states=True,
            output_attentions=True,
        )
    for hook in hooks:
        hook.remove()
    length = out.attentions[0].shape[-1]
    hidden = min(layer.abs().amax(dim=-1).min().item() for layer in out.hidden_states)
    sharp = min(layer.max().item() * length for layer in out.attentions)
    return {"hidden": hidden, "feed_forward": min(kept), "attention": sharp}


def labels_of(model: SetFitModel) -> List[str]:
    """The labels in the order of the probabilities, as text; numbers where several targets have no names."""
    head = model.model_head
    if isinstance(head, setfit.SetFitHead):
        return [str(label) for label in model.labels or range(head.out_features)]
    classes = head.classes_
    if isinstance(classes, list) or getattr(head, "multilabel_", False) or isinstance(head, ClassifierChain):
        count = len(getattr(head, "estimators_"))
        return [str(label) for label in (model.labels if len(model.labels or ()) == count else range(count))]
    names = classes.dtype.char == "U" or not model.labels
    return [str(value) if names else str(model.labels[int(value)]) for value in classes.tolist()]


def rows_of(model: SetFitModel, texts: List[str]) -> List[Dict[str, Any]]:
    """A row for each text."""
    tokenizer, length, rows = model.model_body.tokenizer, model.model_body.max_seq_length, []
    for text in texts:
        stripped = text.strip()  # as sentence-transformers does
        everything = tokenizer(stripped, truncation=False)["input_ids"]
        ids = tokenizer(stripped, truncation="longest_first", max_length=length)["input_ids"]
        numbers = plain(model.predict_proba([text], show_progress_bar=False))[0].reshape(-1)
        row = {"text": text, "ids": ids, "truncated": len(everything) > len(ids), "answer": answer(model, text)}
        rows.append({**row, "probabilities": [float(p) for p in numbers]})
    return rows


def margin(model: SetFitModel, probabilities: np.ndarray) -> float:
    """How far the nearest answer is from being another. shape [B, K]"""
    if np.ndim(plain(model.predict(["a"], show_progress_bar=False))[0]):
        return float(np.abs(probabilities - 0.5).min())
    ordered = np.sort(probabilities, axis=1)
    return float((ordered[:, -1] - ordered[:, -2]).min())


def exact_probabilities(model: SetFitModel, vectors: np.ndarray) -> np.ndarray:
    """What the head says in float64. shape [B, S] -> [B, K]"""
    if isinstance(model.model_head, setfit.SetFitHead):
        return plain(copy.deepcopy(model.model_head).double().predict_proba(torch.tensor(vectors).double()))
    values = model.model_head.predict_proba(vectors.astype(np.float64))
    values = np.stack(values, axis=1) if isinstance(values, list) else values
    return values.reshape(len(vectors), -1)


def slim(folder: str, storage: str) -> None:
    """Leaves out what nobody needs, and stores the weights in the type that holds them exactly."""
    for name in ("README.md", "vocab.txt", "special_tokens_map.json"):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            os.unlink(path)
    # A set decides the order of the keys in config_setfit.json, another one each time.
    for name, form in (("tokenizer.json", {"separators": (",", ":")}), ("config_setfit.json", {"sort_keys": True})):
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as source:
            content = json.load(source)
        with open(path, "w", encoding="utf-8") as out:
            json.dump(content, out, ensure_ascii=False, **form)
    for where, _folders, files in os.walk(folder):
        if "model.safetensors" in files:
            path = os.path.join(where, "model.safetensors")
            tensors = {k: v.to(getattr(torch, storage)) for k, v in load_file(path).items() if "pooler" not in k}
            save_file(tensors, path, {"format": "pt"})


def build(recipe: Recipe, seed: int, out: str) -> bool:
    """Makes one model and its golden files; false if this seed is none that the head of this file allows."""
    random = np.random.default_rng(seed)
    torch.manual_seed(seed)
    texts = texts_for(recipe)
    with tempfile.TemporaryDirectory() as scratch:
        body = body_of(recipe, random, scratch)
        head = head_of(recipe, encode(body, recipe.unit, texts), random)
        model = SetFitModel(body, head, normalize_embeddings=recipe.unit, labels=list(recipe.labels) or None)
        if min(shares([answer(model, text) for text in texts])) < SHARE:
            return False
        shutil.rmtree(out, ignore_errors=True)
        model.save_pretrained(out)
    slim(out, recipe.storage)
    return write_golden(recipe, seed, out, texts)


def write_golden(recipe: Recipe, seed: int, out: str, texts: List[str]) -> bool:
    """Loads the finished folder as anybody would and writes down what it says."""
    model = SetFitModel.from_pretrained(out, device="cpu")
    model.model_body = SentenceTransformer(out, device="cpu", model_kwargs={"attn_implementation": "eager"})
    vectors, rows = encode(model.model_body, model.normalize_embeddings, texts), rows_of(model, texts)
    double = encode(copy.deepcopy(model.model_body).double(), model.normalize_embeddings, texts)
    assert vectors.dtype == np.float32 and double.dtype == np.float64
    given = np.array([row["probabilities"] for row in rows])
    noise = float(np.abs(exact_probabilities(model, double) - given).max())
    sizes = inside(model.model_body, texts[0])
    if margin(model, given) < MARGIN or noise > NOISE or min(sizes.values()) < 1 or sizes["attention"] < 2:
        return False
    header = {
        "format": "fewfit golden 1",
        "made_with": {name: importlib.metadata.version(name) for name in PACKAGES},
        "command": f"make_breadth_golden.py --only {recipe.name}",
        "seed": seed,
        "max_length": model.model_body.max_seq_length,
        "labels": labels_of(model),
        "sentence_size": vectors.shape[1],
        "vectors_from_double": float(np.abs(double - vectors).max()),
        "probabilities_from_double": noise,
    }
    write_json(os.path.join(out, "golden.json"), header, rows)
    vectors.astype("<f4").tofile(os.path.join(out, "vectors.f32"))
    least = shares([row["answer"] for row in rows])
    report(header, vectors, {**sizes, "margin": margin(model, given)}, least, sum(row["truncated"] for row in rows))
    return True


def report(
    header: Dict[str, Any], vectors: np.ndarray, sizes: Dict[str, float], least: List[float], cut: int
) -> None:
    """A line about the model."""
    name = header["command"].split()[-1]
    print(
        f"{name:14} seed {header['seed']:6} S {vectors.shape[1]:3} least shares {[round(s, 2) for s in least]} "
        f"truncated {cut:2} least of hidden {sizes['hidden']:.1f}, feed-forward {sizes['feed_forward']:.1f}, "
        f"attention {sizes['attention']:.1f} times even; vectors to {np.abs(vectors).max():.1f}, from double "
        f"{header['vectors_from_double']:.1e}, probabilities {header['probabilities_from_double']:.1e}; "
        f"margin {sizes['margin']:.1e}",
        flush=True,
    )


def write_json(path: str, header: Dict[str, Any], rows: List[Dict[str, Any]]) -> None:
    """The golden file, a text a line, so that a change shows as one."""
    head = json.dumps(header, ensure_ascii=False, indent=1)
    lines = ",\n  ".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows)
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write(f'{head[:-2]},\n "texts": [\n  {lines}\n ]\n}}\n')


def main() -> None:
    """Makes all models, or one."""
    parser = argparse.ArgumentParser(description="Makes the small models of tests/parity/breadth.")
    parser.add_argument("--only", help="the name of one model")
    parser.add_argument("--out", default=BREADTH, help="where the folders go")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for place, recipe in enumerate(RECIPES):
        if arguments.only not in (None, recipe.name):
            continue
        folder = os.path.join(arguments.out, recipe.name)
        seeds = range(1000 * (place + 1), 1000 * (place + 1) + 200)
        if not any(build(recipe, seed, folder) for seed in seeds):
            sys.exit(f"{recipe.name}: no seed gives every class its share")


if __name__ == "__main__":
    main()
