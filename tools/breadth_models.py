# SPDX-License-Identifier: MIT
"""Small SetFit models of odd shapes with random weights, one for each combination worth having of activation, pooling,
modules behind it, vocabulary and head. make_breadth_golden.py tries seeds and keeps what comes out well.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, Dict, List, Tuple

import numpy as np
import setfit
import torch
from sentence_transformers import SentenceTransformer, models
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from torch import nn
from transformers import (
    BertConfig,
    BertModel,
    BertTokenizerFast,
    DistilBertConfig,
    DistilBertModel,
    DistilBertTokenizerFast,
)

CORPUS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "parity", "texts.jsonl")
TANH, NONE, RELU, GELU, SIGMOID, SILU = nn.Tanh, nn.Identity, nn.ReLU, nn.GELU, nn.Sigmoid, nn.SiLU


@dataclass(frozen=True)
class Recipe:
    """A model. `after` lists what follows the pooling: "normalize", or outputs, activation and whether with bias."""

    name: str
    width: int
    heads: int
    inner: int
    layers: int
    activation: str
    pooling: Tuple[str, ...]
    head: str
    positions: int = 40
    length: int = 40
    cased: bool = False
    types: int = 2
    epsilon: float = 1e-12
    after: Tuple[Any, ...] = ()
    unit: bool = False  # normalize_embeddings of SetFit
    labels: Tuple[str, ...] = ()  # of config_setfit.json
    storage: str = "float16"
    distil: bool = False
    more: Dict[str, Any] = field(default_factory=dict)


N = "normalize"
SIX = ("cls", "max", "mean", "mean_sqrt_len", "weightedmean", "lasttoken")
RECIPES = (
    Recipe("gelu_mean", 20, 5, 37, 2, "gelu", ("mean",), "multinomial", storage="float32"),
    Recipe("gelu_new_cls", 24, 3, 41, 1, "gelu_new", ("cls",), "binary", cased=True, epsilon=1e-5),
    Recipe("tanh_max", 35, 7, 37, 2, "gelu_pytorch_tanh", ("max",), "integers", types=1, positions=64, length=33),
    Recipe("relu_sqrt", 28, 2, 61, 2, "relu", ("mean_sqrt_len",), "integers", labels=("да", "no", "third"),
           more={"C": 0.02}),
    Recipe("silu_weighted", 30, 6, 29, 3, "silu", ("weightedmean",), "one_vs_rest_many", types=4, cased=True),
    Recipe("gelu_last", 22, 11, 45, 2, "gelu", ("lasttoken",), "one_vs_rest", epsilon=1e-3),
    Recipe("cls_mean", 26, 2, 37, 2, "gelu", ("cls", "mean"), "multi_output", types=4, storage="bfloat16"),
    Recipe("max_sqrt", 20, 4, 33, 2, "gelu_new", ("max", "mean_sqrt_len"), "chain", cased=True, epsilon=1e-7),
    Recipe("all_six", 12, 3, 19, 2, "relu", SIX, "setfit_single", more={"temperature": 0.7}),
    Recipe("dense_tanh", 36, 3, 37, 1, "gelu", ("mean",), "setfit_many", after=((21, TANH, True),),
           more={"temperature": 1.7}),
    Recipe("dense_bare", 20, 2, 51, 1, "silu", ("max",), "multinomial", after=((50, NONE, False),), cased=True),
    Recipe("dense_twice", 18, 3, 37, 2, "gelu_pytorch_tanh", ("cls", "max"), "multinomial",
           after=((35, RELU, True), (19, GELU, True)), storage="float32"),
    Recipe("sigmoid_unit", 40, 5, 23, 1, "gelu", ("mean", "lasttoken"), "multi_output",
           after=((33, SIGMOID, True), N), labels=("a", "б", "c d"), more={"C": 1.0}),
    Recipe("unit_dense", 25, 5, 37, 2, "relu", ("mean",), "one_vs_rest_many", after=(N, (27, GELU, False)),
           labels=("x", "y", "z"), unit=True, more={"C": 1.0}),
    Recipe("unit_between", 20, 4, 27, 1, "gelu_new", ("weightedmean", "lasttoken"), "chain",
           after=(N, N, (17, NONE, True), N, (23, SILU, True), N), types=1, labels=("p", "q", "r"), more={"C": 1.0}),
    Recipe("unit_mean", 34, 2, 37, 2, "gelu", ("mean",), "binary_integers", after=(N,), cased=True, more={"C": 1.0}),
    Recipe("setfit_unit", 27, 3, 31, 2, "gelu", ("mean",), "multinomial", unit=True, labels=("a", "b", "c"),
           more={"C": 1.0}),
    Recipe("long", 12, 2, 25, 2, "gelu", ("mean",), "setfit_single", positions=512, length=512,
           labels=("no", "yes")),
    Recipe("distil_cls", 30, 3, 37, 2, "relu", ("cls",), "multinomial", distil=True),
    Recipe("distil_deep", 60, 4, 39, 4, "gelu", ("mean",), "chain", distil=True, cased=True,
           after=((20, TANH, True),)),
)  # fmt: skip


def vocabulary(cased: bool) -> List[str]:
    """Two hundred tokens and some: letters, signs, their continuations and a few words."""
    latin, russian = "abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрстуфхцчшщъыьэюя"
    words = "the is in it an re st no not to we you and he на не по что да мы он за от как это ра то ни ко ст"
    pieces = "ing er ed s on at ть ло ла го ет ит ов ом"
    capitals = latin.upper() + "АБВГДЕЖИКЛМНОПРСТУЧЭЯ" + "Ёё" if cased else ""
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *latin, *russian, *capitals, *"0123456789.,!?-:;()'\"%№"]
    tokens += [f"##{letter}" for letter in latin + russian + "0123456789"] + ["中", "##é"]
    words = [word for word in words.split() if len(word) > 1]
    words += (["The", "We", "Не", "Мы"] if cased else []) + [f"##{piece}" for piece in pieces.split()]
    return list(dict.fromkeys(tokens + words))


ODD_TEXTS = (
    "", "   ", "a", "Ёлки-палки!", "№ 5, 100 % (sic)", "中文 中", "naïve café", "e\u0301", "...", "\U0001f642 ok \u200d", "[SEP]",
    "The [MASK] is not here", "supercalifragilisticexpialidocious" * 4, "\tno\n\nyes\r\n", "Straße İstanbul", "0123456789",
)  # fmt: skip


def texts_for(recipe: Recipe) -> List[str]:
    """Forty texts, the shorter half of them below 30 letters; for many positions also some that fill them."""
    with open(CORPUS, encoding="utf-8") as source:
        rows = [json.loads(line) for line in source if line.strip()]
    picked: List[str] = []
    for language in ("en", "ru"):
        of_it = [row["text"] for row in rows if row["lang"] == language]
        short = [text for text in of_it if 5 < len(text) < 30]
        longer = [text for text in of_it if 30 <= len(text) < 160]
        picked += short[:: len(short) // 6][:6] + longer[:: len(longer) // 6][:6]
    if recipe.length > 200:
        joined = " ".join(row["text"] for row in rows if row["lang"] in ("en", "ru") and len(row["text"]) < 90)
        picked[:4] = [joined[at : at + size] for at, size in ((0, 500), (2000, 640), (3000, 900), (5000, 1200))]
    return picked + list(ODD_TEXTS)


def tokenizer_of(recipe: Recipe, folder: str) -> Any:
    """The tokenizer as transformers makes it of a vocabulary."""
    with open(os.path.join(folder, "vocab.txt"), "w", encoding="utf-8", newline="\n") as out:
        out.writelines(f"{token}\n" for token in vocabulary(recipe.cased))
    kind = DistilBertTokenizerFast if recipe.distil else BertTokenizerFast
    return kind(os.path.join(folder, "vocab.txt"), do_lower_case=not recipe.cased, model_max_length=recipe.length)


def network_of(recipe: Recipe, rows: int) -> nn.Module:
    """The network, not yet with weights that mean anything."""
    if recipe.distil:
        sizes = {"dim": recipe.width, "n_heads": recipe.heads, "hidden_dim": recipe.inner, "n_layers": recipe.layers}
        return DistilBertModel(
            DistilBertConfig(
                vocab_size=rows, max_position_embeddings=recipe.positions, activation=recipe.activation, **sizes
            )
        )
    return BertModel(BertConfig(
        vocab_size=rows, hidden_size=recipe.width, num_attention_heads=recipe.heads, hidden_act=recipe.activation,
        intermediate_size=recipe.inner, num_hidden_layers=recipe.layers, max_position_embeddings=recipe.positions,
        type_vocab_size=recipe.types, layer_norm_eps=recipe.epsilon,
    ))  # fmt: skip


def fill(network: nn.Module, random: np.random.Generator, storage: str) -> None:
    """Weights under which every part matters: sums near 1, layer norms that are not the identity."""
    for name, parameter in network.named_parameters():
        shape = tuple(parameter.shape)
        values = random.normal(size=shape)
        if "embeddings." in name and len(shape) == 2:
            values *= 0.8
        elif len(shape) == 2:
            values *= 1.4 / np.sqrt(shape[1])
        elif name.lower().endswith("norm.weight"):
            values = 1 + 0.25 * values
        else:
            values *= 0.3
        exact = torch.tensor(values, dtype=torch.float32).to(getattr(torch, storage)).to(torch.float32)
        parameter.data.copy_(exact)


def pooling_of(recipe: Recipe) -> models.Pooling:
    """The pooling module."""
    keys = {
        "cls": "cls_token",
        "max": "max_tokens",
        "mean": "mean_tokens",
        "lasttoken": "lasttoken",
        "mean_sqrt_len": "mean_sqrt_len_tokens",
        "weightedmean": "weightedmean_tokens",
    }
    return models.Pooling(
        recipe.width, **{f"pooling_mode_{key}": mode in recipe.pooling for mode, key in keys.items()}
    )


def after_of(recipe: Recipe, random: np.random.Generator) -> List[nn.Module]:
    """The modules behind the pooling."""
    made: List[nn.Module] = []
    inputs = recipe.width * len(recipe.pooling)
    for step in recipe.after:
        if step == N:
            made.append(models.Normalize())
            continue
        outputs, activation, bias = step
        dense = models.Dense(inputs, outputs, bias=bias, activation_function=activation())
        fill(dense, random, recipe.storage)
        made.append(dense)
        inputs = outputs
    return made


def body_of(recipe: Recipe, random: np.random.Generator, folder: str) -> SentenceTransformer:
    """The body, saved once and loaded again, as a user's is."""
    tokenizer = tokenizer_of(recipe, folder)
    network = network_of(recipe, len(tokenizer))
    fill(network, random, recipe.storage)
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    transformer = models.Transformer(
        folder, max_seq_length=recipe.length, model_args={"attn_implementation": "eager"}
    )
    modules = [transformer, pooling_of(recipe), *after_of(recipe, random)]
    return SentenceTransformer(modules=modules, device="cpu")


def thirds(vectors: np.ndarray, random: np.random.Generator, parts: int) -> np.ndarray:
    """A number for each text: in which part it lies in some direction, all parts being equally large."""
    centred = vectors - vectors.mean(axis=0)
    along = centred @ np.linalg.svd(centred, full_matrices=False)[2][:3].T @ random.normal(size=3)
    return np.argsort(np.argsort(along)) * parts // len(along)


def trained_torch(head: setfit.SetFitHead, vectors: np.ndarray, wanted: np.ndarray) -> setfit.SetFitHead:
    """SetFit's own head, trained on the vectors."""
    optimizer = torch.optim.AdamW(head.parameters(), lr=0.05)
    inputs, loss = torch.tensor(vectors), head.get_loss_fn()
    target = torch.tensor(wanted, dtype=torch.float32 if head.multitarget else torch.int64)
    for _ in range(150):
        optimizer.zero_grad()
        loss(head(inputs)[0], target).backward()
        optimizer.step()
    return head


def head_of(recipe: Recipe, vectors: np.ndarray, random: np.random.Generator) -> Any:
    """The head, fitted by the original on labels that split the texts evenly."""
    one, many = thirds(vectors, random, 3), np.stack([thirds(vectors, random, 2) for _ in range(3)], axis=1)
    base, names = LogisticRegression(max_iter=2000, C=recipe.more.get("C", 0.1)), np.array(["minus", "ноль", "plus"])
    size = {"in_features": vectors.shape[1], "device": "cpu", **recipe.more}
    if recipe.head == "setfit_single":
        classes = len(recipe.labels) or 3
        return trained_torch(setfit.SetFitHead(out_features=classes, **size), vectors, one * classes // 3)
    if recipe.head == "setfit_many":
        return trained_torch(setfit.SetFitHead(out_features=3, multitarget=True, **size), vectors, many)
    return {
        "multinomial": lambda: base.fit(vectors, one if recipe.labels else names[one]),
        "integers": lambda: base.fit(vectors, one),
        "binary": lambda: base.fit(vectors, np.array(["нет", "yes"])[many[:, 0]]),
        "binary_integers": lambda: base.fit(vectors, many[:, 0]),
        "one_vs_rest": lambda: OneVsRestClassifier(base).fit(vectors, names[one]),
        "one_vs_rest_many": lambda: OneVsRestClassifier(base).fit(vectors, many),
        "multi_output": lambda: MultiOutputClassifier(base).fit(vectors, many),
        "chain": lambda: ClassifierChain(base, order=[2, 0, 1]).fit(vectors, many),
    }[recipe.head]()
