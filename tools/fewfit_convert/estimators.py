# SPDX-License-Identifier: MIT
"""From the attributes of a fitted head to rows of coefficients: what its predict_proba and its predict compute.

scikit-learn decides by what was fitted: two classes have one row and a sigmoid, more have a softmax; releases before
1.8 also looked at `multi_class` and the solver. Where a head computes something that no kind of head in a model file
does, it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np

from . import spec
from .errors import Refused
from .safe_pickle import FILE, StandIn, plain, shown

_CERTAIN = 1000.0  # a score whose sigmoid is exactly 1, and that of its negative exactly 0


@dataclass(frozen=True)
class Fitted:
    """A head without the labels: as model.Head has it, and `classes` where a text has one of them, else None.

    `strategies` are the values of multi_target_strategy that agree with it."""

    kind: int
    intercept: np.ndarray
    coefficients: np.ndarray
    classes: Optional[np.ndarray] = None
    pairs: bool = False
    half_is_yes: bool = False
    order: Tuple[int, ...] = ()
    strategies: Tuple[str, ...] = ()


def _numbers(estimator: StandIn, name: str) -> np.ndarray:
    """A fitted attribute as doubles."""
    if name not in estimator.state:
        raise Refused(f"the {estimator.name} in {FILE} has no {name}: it was never fitted")
    values = estimator.get(name)
    if not isinstance(values, (np.ndarray, float)):  # numpy would make an array of a list, however much it holds
        raise Refused(f"{name} in {FILE} is {shown(values)}, no array")
    values = np.asarray(values)
    if values.dtype.kind != "f":
        raise Refused(f"{name} in {FILE} is of type {values.dtype}, not floating-point")
    if not np.isfinite(values).all():
        raise Refused(f"{name} in {FILE} holds a value that is not finite")
    return values.astype(np.float64)


def _check_count(estimator: StandIn, count: int, what: str) -> None:
    """Refuses what is no choice, and what the file has no room for."""
    if not 2 <= count <= spec.MAX_CLASSES:
        raise Refused(f"the {estimator.name} in {FILE} has {count} {what}; 2 to {spec.MAX_CLASSES} can be stored")


def _classes(estimator: StandIn, owner: StandIn) -> np.ndarray:
    """The classes that `owner` gives to `estimator`."""
    classes = owner.get("classes_")
    if not isinstance(classes, np.ndarray) or classes.ndim != 1:
        raise Refused(f"the {estimator.name} in {FILE} has no list of classes: it was never fitted")
    _check_count(estimator, classes.size, "classes")
    return classes


def _word(estimator: StandIn, name: str, default: Optional[str] = None) -> Optional[str]:
    """An attribute that is text or None; anything else may not even be comparable with a text."""
    value = estimator.get(name, default)
    if value is not None and not isinstance(value, str):
        raise Refused(f"{name} of the {estimator.name} in {FILE} is {shown(value)}, no text")
    return value


def _release(estimator: StandIn) -> Optional[Tuple[int, int]]:
    """Major and minor number of the scikit-learn that pickled it, where it says so; live objects do not."""
    found = re.match(r"(\d{1,4})\.(\d{1,4})", _word(estimator, "_sklearn_version") or "")
    return (int(found[1]), int(found[2])) if found else None


def _is_one_versus_rest(estimator: StandIn) -> bool:
    """Whether a regression over more than two classes has sigmoids over their sum instead of a softmax.

    source LogisticRegression.predict_proba of scikit-learn, whose releases differ in it"""
    scheme, solver, release = _word(estimator, "multi_class"), _word(estimator, "solver"), _release(estimator)
    newton = solver == "newton-cholesky" and scheme is not None and (release is None or release < (1, 6))
    by_solver = (solver == "liblinear" or newton) and scheme != "multinomial"
    if scheme not in ("ovr", "warn") and not by_solver:
        return False
    if release is None or release >= (1, 8):
        raise Refused(
            f"the LogisticRegression in {FILE} seems to be one-versus-rest (multi_class={shown(scheme)}, "
            f"solver={shown(solver)}), which depends on the release of scikit-learn: only with a _sklearn_version "
            "below 1.8 can it be stored, which --trust-pickle does not see; or fit it again, in a OneVsRestClassifier"
        )
    return True


def _check_binary(estimator: StandIn) -> None:
    """Refuses what is no sigmoid over two classes in every release."""
    if _word(estimator, "multi_class") == "multinomial":
        raise Refused(
            f"the LogisticRegression in {FILE} has multi_class='multinomial' with two classes, for which releases "
            "of scikit-learn give different probabilities; fit it with multi_class left alone"
        )


def _coefficients(estimator: StandIn, classes: int, width: int) -> Tuple[np.ndarray, np.ndarray]:
    """Intercept [rows] and coefficients [rows, width], of the shapes that the number of classes demands."""
    rows = 1 if classes == 2 else classes
    coefficients, intercept = _numbers(estimator, "coef_"), _numbers(estimator, "intercept_")
    if coefficients.shape != (rows, width):
        raise Refused(
            f"coef_ in {FILE} has the shape {list(coefficients.shape)}; {classes} classes of vectors of {width} "
            f"need {[rows, width]}"
        )
    if intercept.size not in (1, rows):
        raise Refused(f"intercept_ in {FILE} has {intercept.size} values; {rows} are needed")
    return np.broadcast_to(intercept.reshape(-1), (rows,)), coefficients


def _logistic(head: StandIn, width: int) -> Fitted:
    """A LogisticRegression: softmax, one sigmoid, or in older releases a sigmoid a class."""
    if isinstance(head.get("classes_"), list):
        raise Refused(f"the LogisticRegression in {FILE} is for several labels at once, which no release fits")
    classes = _classes(head, head)
    if classes.size == 2:
        _check_binary(head)
        kind = spec.HEAD_BINARY
    else:
        kind = spec.HEAD_ONE_VERSUS_REST if _is_one_versus_rest(head) else spec.HEAD_SOFTMAX
    return Fitted(kind, *_coefficients(head, classes.size, width), classes)


def _parts(head: StandIn) -> List[StandIn]:
    """The estimators of a head of several."""
    parts = head.get("estimators_")
    if not isinstance(parts, list) or not parts:
        raise Refused(f"the {head.name} in {FILE} has no estimators_: it was never fitted")
    for part in parts:
        if not isinstance(part, StandIn) or part.name not in ("LogisticRegression", "_ConstantPredictor"):
            raise Refused(f"estimators_ of the {head.name} in {FILE} hold {shown(part)}; only LogisticRegression "
                          "can be stored")
    return parts


def _are(values: Any, numbers: List[int]) -> bool:
    """Whether an array holds just these numbers: one of objects may hold what cannot be compared."""
    items = values.reshape(-1).tolist() if isinstance(values, np.ndarray) else []
    return all(isinstance(item, (bool, int, float)) for item in items) and items == numbers


def _decision(part: StandIn, width: int) -> Tuple[np.ndarray, np.ndarray]:
    """Intercept [1] and coefficients [1, width] of a regression that answers 0 or 1."""
    if part.name != "LogisticRegression":
        raise Refused(f"a {part.name} in {FILE}, where only a LogisticRegression can be stored")
    classes = _classes(part, part)
    if not _are(classes, [0, 1]):
        raise Refused(f"a LogisticRegression in {FILE} decides between classes that are not 0 and 1: a target is "
                      "either there or not")
    _check_binary(part)
    return _coefficients(part, 2, width)


def _constant(part: StandIn, width: int) -> Tuple[np.ndarray, np.ndarray]:
    """What answers as a _ConstantPredictor does, which stands where a target was always or never there."""
    answers = part.get("y_")
    if not _are(answers, [0]) and not _are(answers, [1]):
        raise Refused(f"a _ConstantPredictor in {FILE} answers neither 0 nor 1")
    return np.array([_CERTAIN if _are(answers, [1]) else -_CERTAIN]), np.zeros((1, width))


def _stacked(kind: int, rows: List[Tuple[np.ndarray, np.ndarray]], **more: Any) -> Fitted:
    """Rows of the same width as one head."""
    return Fitted(kind, np.concatenate([row[0] for row in rows]), np.concatenate([row[1] for row in rows]), **more)


def _targets(head: StandIn, parts: List[StandIn], width: int) -> List[Tuple[np.ndarray, np.ndarray]]:
    """The rows of a OneVsRestClassifier over several labels.

    scikit-learn takes its threshold from the first estimator: 0 for the score of a regression, but 0.5 where the
    first is constant, and then for the scores of all others, too."""
    if parts[0].name == "_ConstantPredictor" and any(part.name != "_ConstantPredictor" for part in parts):
        raise Refused(
            f"the first target of the {head.name} in {FILE} is always or never there, for which scikit-learn decides "
            "the other targets by a score above 0.5 instead of 0; leave that target out or put another one first"
        )
    return [(_decision if part.name == "LogisticRegression" else _constant)(part, width) for part in parts]


def _one_vs_rest(head: StandIn, width: int) -> Fitted:
    """A OneVsRestClassifier: of two classes, of more, or of several labels a text."""
    binarizer, parts, agreeing = head.get("label_binarizer_"), _parts(head), {"strategies": ("one-vs-rest",)}
    if not isinstance(binarizer, StandIn) or binarizer.name != "LabelBinarizer":
        raise Refused(f"the {head.name} in {FILE} has no label_binarizer_: it was never fitted")
    what = _word(binarizer, "y_type_")
    classes = _classes(head, binarizer)
    rows = 1 if what == "binary" else classes.size
    if len(parts) != rows or (what == "binary") != (classes.size == 2 and what != "multilabel-indicator"):
        raise Refused(f"the {head.name} in {FILE} has {len(parts)} estimators for {classes.size} classes")
    if what == "multilabel-indicator":
        return _stacked(spec.HEAD_INDEPENDENT, _targets(head, parts, width), **agreeing)
    if what not in ("binary", "multiclass"):
        raise Refused(f"the {head.name} in {FILE} was fitted to labels of the type {shown(what)}")
    kind = spec.HEAD_BINARY if what == "binary" else spec.HEAD_ONE_VERSUS_REST
    return _stacked(kind, [_decision(part, width) for part in parts], classes=classes, **agreeing)


def _multi_output(head: StandIn, width: int) -> Fitted:
    """A MultiOutputClassifier, whose predict_proba has the pair of no and yes for each target."""
    parts = _parts(head)
    _check_count(head, len(parts), "targets")
    rows = [_decision(part, width) for part in parts]
    return _stacked(spec.HEAD_INDEPENDENT, rows, pairs=True, strategies=("multi-output",))


def _order(head: StandIn, count: int) -> Tuple[int, ...]:
    """The target that each link decides."""
    order = head.get("order_")
    items = order.tolist() if isinstance(order, np.ndarray) else order
    items = [plain(item) for item in items] if isinstance(items, (list, tuple)) else []
    items = [int(item) if isinstance(item, np.integer) else item for item in items]
    if not all(type(item) is int for item in items) or sorted(items) != list(range(count)):
        raise Refused(f"order_ of the {head.name} in {FILE} does not name each of its {count} targets once")
    return tuple(items)


def _chain(head: StandIn, width: int) -> Fitted:
    """A ClassifierChain, each link of which sees the 0 or 1 of those before it."""
    method = _word(head, "chain_method_", "predict")
    if method != "predict":
        raise Refused(f"chain_method_ {shown(method)} of the {head.name} in {FILE}: only 'predict' can be stored")
    parts = _parts(head)
    _check_count(head, len(parts), "targets")
    order = _order(head, len(parts))
    rows = [_decision(part, width + index) for index, part in enumerate(parts)]
    flat = np.concatenate([coefficients.reshape(-1) for _, coefficients in rows])
    intercept = np.concatenate([row[0] for row in rows])
    return Fitted(spec.HEAD_CHAIN, intercept, flat, order=order, strategies=("classifier-chain",))


def _temperature(head: StandIn) -> float:
    """What the scores of a SetFitHead are divided by."""
    numbers = [head.get("temperature"), head.get("eps")]
    for number in numbers:
        if type(number) is bool or not isinstance(number, (int, float)) or not abs(number) < 1 << 64:
            raise Refused(f"temperature or eps of the SetFitHead in {FILE} is no number")
    if not sum(numbers) > 0:
        raise Refused(f"temperature {shown(numbers[0])} of the SetFitHead in {FILE} is not above 0")
    return float(sum(numbers))


def _linear(head: StandIn, width: int) -> Tuple[np.ndarray, np.ndarray]:
    """Bias [rows] and weight [rows, width] of the one layer of a SetFitHead."""
    modules = head.get("_modules")
    layer = modules.get("linear") if isinstance(modules, dict) and len(modules) == 1 else None
    if not isinstance(layer, StandIn) or layer.name != "Linear" or not isinstance(layer.get("_parameters"), dict):
        raise Refused(f"the SetFitHead in {FILE} is not one linear layer, or was never fitted")
    hooks = [part.get(name) for part in (head, layer) for name in ("_forward_hooks", "_forward_pre_hooks")]
    if not all(hook is None or (isinstance(hook, dict) and not hook) for hook in hooks):
        raise Refused(f"the SetFitHead in {FILE} has hooks, which change what it computes")
    made = StandIn(layer.key)
    made.state = dict(layer.get("_parameters"))
    weight = _numbers(made, "weight")
    bias = _numbers(made, "bias") if made.get("bias") is not None else np.zeros(len(weight))
    if weight.ndim != 2 or weight.shape[1] != width or bias.shape != weight.shape[:1]:
        raise Refused(
            f"the layer of the SetFitHead in {FILE} has the shape {list(weight.shape)}; the sentence vectors have "
            f"{width} numbers"
        )
    return bias, weight


def _setfit_head(head: StandIn, width: int) -> Fitted:
    """A SetFitHead: a softmax also over two classes, or sigmoids, in which half is enough; scores divided in f64."""
    bias, weight = _linear(head, width)
    multi = head.get("multitarget", False)
    if type(multi) is not bool:
        raise Refused(f"multitarget of the SetFitHead in {FILE} is {shown(multi)}, neither true nor false")
    _check_count(head, len(weight), "targets" if multi else "classes")
    with np.errstate(over="ignore"):
        bias, weight = bias / _temperature(head), weight / _temperature(head)
    if not np.isfinite(bias).all() or not np.isfinite(weight).all():
        raise Refused(f"temperature of the SetFitHead in {FILE} is too small for its weights")
    if multi:
        strategies = ("one-vs-rest", "multi-output")
        return Fitted(spec.HEAD_INDEPENDENT, bias, weight, half_is_yes=True, strategies=strategies)
    return Fitted(spec.HEAD_SOFTMAX, bias, weight, np.arange(len(weight)))


_KINDS: Dict[str, Callable[[StandIn, int], Fitted]] = {
    "LogisticRegression": _logistic,
    "OneVsRestClassifier": _one_vs_rest,
    "MultiOutputClassifier": _multi_output,
    "ClassifierChain": _chain,
    "SetFitHead": _setfit_head,
}


def fitted(head: StandIn, width: int) -> Fitted:
    """What a head computes from sentence vectors of `width` numbers."""
    return _KINDS[head.name](head, width)
