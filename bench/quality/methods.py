# SPDX-License-Identifier: MIT
"""The methods beside each other: each takes examples and texts, and says a label for each text.

Their names are those of the tables; the number behind a name is the C of its logistic regression, 1 being the
default of scikit-learn, of SetFit and of fewfit teach."""

import contextlib
import logging
import os
import pathlib
import tempfile
from collections.abc import Callable

import numpy as np
from command_line import Examples, Tool
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

Method = Callable[[Examples, list[str]], list[str]]

L3, L6 = "paraphrase_minilm_l3", "all_minilm_l6"
CS = (0.1, 1.0, 10.0)
STATIC_WIDTH = 256  # model2vec's default
PAIRS_PER_TEXT = 20  # SetFit's R of the paper: so many pairs of each kind for each example


def classifier(c: float) -> LogisticRegression:
    """scikit-learn's, gone on to the optimum, where fewfit's is."""
    return LogisticRegression(C=c, max_iter=10000, tol=1e-6)


def in_turn(vectorizer: TfidfVectorizer, c: float) -> Method:
    """TF-IDF and logistic regression, which know the examples alone."""
    return lambda examples, texts: list(
        make_pipeline(vectorizer, classifier(c)).fit([t for _, t in examples], [x for x, _ in examples]).predict(texts))


def words(c: float) -> Method:
    """TF-IDF of words and pairs of words."""
    return in_turn(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), c)


def letters(c: float) -> Method:
    """TF-IDF of three to five letters within words."""
    return in_turn(TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), sublinear_tf=True), c)


class Vectors:
    """Vectors of a set's texts, computed once, and heads on them."""

    def __init__(self, encode: Callable[[list[str]], np.ndarray], texts: list[str]):
        self.row = {text: number for number, text in enumerate(texts)}
        self.all = encode(texts).astype(np.float64)

    def of(self, texts: list[str]) -> np.ndarray:
        """shape [B, S]"""
        return self.all[[self.row[text] for text in texts]]

    def head(self, c: float) -> Method:
        """A logistic regression on the vectors."""
        return lambda examples, texts: list(
            classifier(c).fit(self.of([t for _, t in examples]), [x for x, _ in examples]).predict(self.of(texts)))


@contextlib.contextmanager
def quiet():
    """Bars and warnings of the trainers are not shown: a run has a bar of its own."""
    logging.disable(logging.WARNING)
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stderr(nowhere), contextlib.redirect_stdout(nowhere):
        yield
    logging.disable(logging.NOTSET)


def static_encoder(folder: pathlib.Path) -> Callable[[list[str]], np.ndarray]:
    """model2vec's static vectors, distilled out of a sentence transformer on this machine: a vector a token, and a
    text's is their weighted mean."""
    from model2vec.distill import distill

    with quiet():
        return distill(model_name=str(folder), pca_dims=STATIC_WIDTH, device="cpu").encode


def fine_tuned(folder: pathlib.Path, seed: int) -> Method:
    """SetFit: the body is trained on pairs of examples, one epoch, and then a head is fitted."""
    def method(examples: Examples, texts: list[str]) -> list[str]:
        from datasets import Dataset
        from setfit import SetFitModel, Trainer, TrainingArguments

        labels = sorted({label for label, _ in examples})
        data = Dataset.from_dict({"text": [text for _, text in examples], "label": [label for label, _ in examples]})
        with quiet(), tempfile.TemporaryDirectory() as scratch:
            arguments = TrainingArguments(output_dir=scratch, batch_size=16, num_epochs=1, num_iterations=PAIRS_PER_TEXT,
                                          save_strategy="no", report_to="none", seed=seed)
            model = SetFitModel.from_pretrained(str(folder), labels=labels)
            Trainer(model=model, args=arguments, train_dataset=data).train()
            return [str(label) for label in model.predict(texts)]

    return method


def cheap(tool: Tool, static: Callable[[list[str]], np.ndarray], texts: list[str]) -> dict[str, Method]:
    """All methods without training of a body, for a set with these texts.

    Heads on the bodies' vectors are fitted here by scikit-learn to what fewfit embed gives; run.py compares their
    labels with those that fewfit teach and fewfit predict come to."""
    vectors = {
        "L3": Vectors(lambda all_: tool.embed(tool.bodies[L3], all_), texts),
        "L6": Vectors(lambda all_: tool.embed(tool.bodies[L6], all_), texts),
        "static": Vectors(static, texts),
    }
    found: dict[str, Method] = {}
    for c in CS:
        found |= {f"{name} {c:g}": of.head(c) for name, of in vectors.items()}
        found |= {f"words {c:g}": words(c), f"letters {c:g}": letters(c)}
    return found
