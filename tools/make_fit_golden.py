#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tests/data/fit: logistic regressions and the probabilities that scikit-learn's have at their optimum.

    python3 tools/make_fit_golden.py

Imports nothing of fewfit, so that it cannot share a mistake with it. Needs scikit-learn and sentence-transformers
(tools/golden_requirements.txt); fit.json says which it had. The folder holds

fit.json            versions, and for each case: its size, options, labels, and the intercepts at the optimum
vectors.f32         float32, little-endian: the examples [n][width] of the cases in order; a case that says `first` uses
                    rows of the demonstration's instead, by number
probabilities.f64   float64: what predict_proba says of the examples [n][classes], in the same order, and last what
                    56 fits say of the one of the demonstration's examples that each was fitted without

The cases are the examples that the demonstration model was taught with, the first one, two, ... nine of each class of
them, and twenty made-up ones. Each is solved twice, by newton-cholesky, whose answer is kept, and by lbfgs; the script
prints how far apart the two are, and how long the gradient is at what it keeps.
"""

from __future__ import annotations

import csv
import importlib.metadata
import json
import os
import warnings
from typing import Any, Dict, List, NamedTuple, Tuple

import numpy as np
from sentence_transformers import SentenceTransformer
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MODEL = os.path.join(ROOT, "models", "interviews")
OUT = os.path.join(ROOT, "tests", "data", "fit")
PACKAGES = ("scikit-learn", "scipy", "numpy", "sentence-transformers", "transformers", "torch")
APART = 1e-5  # of the two solvers' probabilities, at most


class Recipe(NamedTuple):
    """A made-up problem: how far its classes are apart, in deviations; how many rows are there twice; how many of the
    classes have one example."""

    classes: int
    n: int
    width: int
    C: float
    apart: float
    twice: int = 0
    alone: int = 0
    even: bool = True
    intercept: bool = True
    balanced: bool = False


RECIPES = (
    Recipe(2, 40, 8, 1.0, 0.5),
    Recipe(2, 40, 8, 100.0, 8.0),
    Recipe(2, 30, 17, 0.01, 1.0, intercept=False),
    Recipe(2, 60, 5, 10.0, 0.3, twice=20, even=False),
    Recipe(2, 12, 33, 1.0, 2.0, even=False, balanced=True),
    Recipe(2, 2, 16, 1.0, 1.0),
    Recipe(3, 45, 12, 1.0, 1.0),
    Recipe(3, 60, 7, 100.0, 0.5, twice=10),
    Recipe(3, 50, 24, 0.1, 6.0, intercept=False),
    Recipe(3, 40, 1, 1.0, 2.0),
    Recipe(3, 60, 20, 1.0, 0.7, even=False, balanced=True),
    Recipe(4, 4, 40, 100.0, 3.0),
    Recipe(4, 70, 9, 0.01, 4.0, alone=1, even=False),
    Recipe(5, 60, 15, 10.0, 1.5, twice=15, alone=2),
    Recipe(6, 48, 31, 1.0, 10.0, balanced=True, alone=1),
    Recipe(7, 70, 6, 30.0, 1.0, intercept=False),
    Recipe(10, 10, 48, 1.0, 5.0),
    Recipe(12, 72, 16, 0.3, 1.0, even=False),
    Recipe(16, 64, 23, 100.0, 2.0, twice=8, intercept=False, balanced=True),
    Recipe(20, 80, 26, 1.0, 1.5, alone=3),
)


def made_up(recipe: Recipe, seed: int) -> Tuple[np.ndarray, np.ndarray]:
    """Vectors around a centre for each class, and the classes. shape [n, width], [n]"""
    random = np.random.default_rng(seed)
    crowded = recipe.classes - recipe.alone
    weights = np.ones(crowded) if recipe.even else np.arange(1, crowded + 1) ** 2.0
    rest = recipe.n - recipe.classes
    drawn = np.repeat(np.arange(crowded), np.diff(np.round(np.cumsum([0, *weights]) * rest / weights.sum()).astype(int)))
    labels = random.permutation(np.concatenate([np.arange(recipe.classes), drawn]))
    centres = recipe.apart * random.normal(size=(recipe.classes, recipe.width))
    vectors = (0.5 + centres[labels] + random.normal(size=(recipe.n, recipe.width))).astype(np.float32)
    usual = np.flatnonzero(labels < crowded)
    for row in usual[len(usual) - recipe.twice :] if recipe.twice else ():
        vectors[row] = vectors[usual[0]]  # whatever its label: the same vector, of several classes
    return vectors, labels


def solve(vectors: np.ndarray, labels: np.ndarray, case: Dict[str, Any], solver: str) -> LogisticRegression:
    """A fit that has gone as far as numbers go."""
    weights = "balanced" if case["balanced"] else None
    head = LogisticRegression(
        C=case["C"], solver=solver, tol=1e-13, max_iter=100_000, fit_intercept=case["intercept"], class_weight=weights
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # of a line search that finds nothing smaller any more
        return head.fit(vectors.astype(np.float64), labels)


def gradient(head: LogisticRegression, vectors: np.ndarray, labels: np.ndarray, case: Dict[str, Any]) -> float:
    """The length of what is left of the gradient, as a share of what it is at zero."""
    n, classes = len(labels), case["classes"]
    counts = np.bincount(labels, minlength=classes)
    cost = case["C"] * (n / (classes * counts[labels]) if case["balanced"] else np.ones(n))
    inputs = np.hstack([vectors.astype(np.float64), np.full((n, 1), float(case["intercept"]))])
    wanted = np.eye(classes)[labels]
    first = 1 if classes == 2 else 0
    pull = lambda shares: ((shares - wanted) * cost[:, None]).T[first:] @ inputs  # noqa: E731
    penalty = np.hstack([head.coef_, np.zeros((len(head.coef_), 1))])
    left = pull(head.predict_proba(vectors.astype(np.float64))) + penalty
    return float(np.linalg.norm(left) / np.linalg.norm(pull(np.full((n, classes), 1 / classes))))


def answer(vectors: np.ndarray, labels: np.ndarray, case: Dict[str, Any]) -> np.ndarray:
    """The probabilities of a case, its intercepts noted in it. shape [n, classes]"""
    head, other = (solve(vectors, labels, case, solver) for solver in ("newton-cholesky", "lbfgs"))
    wide = vectors.astype(np.float64)
    shares = head.predict_proba(wide)
    apart = float(np.abs(shares - other.predict_proba(wide)).max())
    left = gradient(head, vectors, labels, case)
    print(f"{case['name']:>12}: solvers {apart:.1e} apart, gradient {left:.1e}, intercepts sum to "
          f"{head.intercept_.sum():.1e} and {other.intercept_.sum():.1e}")
    if apart > APART:
        raise SystemExit(f"{case['name']}: the two solvers are {apart} apart: look for a recipe on which they agree")
    intercept = head.intercept_ - (head.intercept_.mean() if case["classes"] > 2 else 0.0)
    case["intercepts"] = np.broadcast_to(intercept, head.coef_.shape[:1]).tolist()
    return shares


def demonstration() -> Tuple[np.ndarray, np.ndarray]:
    """What the demonstration model was taught with. shape [56, 384], [56]"""
    with open(os.path.join(MODEL, "train.tsv"), encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    body = SentenceTransformer(MODEL, device="cpu")
    vectors = np.stack([body.encode([text], show_progress_bar=False)[0] for _, text in rows])
    return vectors, np.unique([label for label, _ in rows], return_inverse=True)[1]


def one_without(vectors: np.ndarray, labels: np.ndarray, case: Dict[str, Any]) -> np.ndarray:
    """What each fit without one example says of it. shape [n, classes]"""
    shares: List[np.ndarray] = []
    for i in range(len(labels)):
        rest = np.arange(len(labels)) != i
        head = solve(vectors[rest], labels[rest], case, "newton-cholesky")
        shares.append(head.predict_proba(vectors[i : i + 1].astype(np.float64))[0])
    return np.stack(shares)


def main() -> None:
    """All cases, one after the other."""
    vectors, labels = demonstration()
    usual = {"C": 1.0, "intercept": True, "balanced": False}
    cases: List[Dict[str, Any]] = [{"name": "all", "classes": 3, "first": list(range(len(labels))), **usual}]
    for count in range(1, 10):
        rows = sorted(int(i) for k in range(3) for i in np.flatnonzero(labels == k)[:count])
        cases.append({"name": f"first {count}", "classes": 3, "first": rows, **usual})
    kept, shares = [vectors], []
    for case in cases:
        case.update(n=len(case["first"]), width=vectors.shape[1], labels=labels[case["first"]].tolist())
        shares.append(answer(vectors[case["first"]], labels[case["first"]], case))
    for number, recipe in enumerate(RECIPES):
        made, theirs = made_up(recipe, number)
        options = {"C": recipe.C, "intercept": recipe.intercept, "balanced": recipe.balanced}
        case = {"name": f"made up {number + 1}", "classes": recipe.classes, "n": recipe.n, "width": recipe.width,
                **options, "labels": theirs.tolist()}
        kept.append(made), cases.append(case), shares.append(answer(made, theirs, case))
    shares.append(one_without(vectors, labels, usual))
    os.makedirs(OUT, exist_ok=True)
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    with open(os.path.join(OUT, "fit.json"), "w", encoding="utf-8") as out:
        rows_of = ",\n".join(json.dumps(case) for case in cases)
        out.write(f'{{"versions": {json.dumps(versions)},\n"cases": [\n{rows_of}\n]}}\n')
    np.concatenate([v.reshape(-1) for v in kept]).astype("<f4").tofile(os.path.join(OUT, "vectors.f32"))
    np.concatenate([s.reshape(-1) for s in shares]).astype("<f8").tofile(os.path.join(OUT, "probabilities.f64"))


if __name__ == "__main__":
    main()
