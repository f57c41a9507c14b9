# SPDX-License-Identifier: MIT
"""From the attributes of a scikit-learn LogisticRegression to the head: what its predict_proba computes, and the
labels that SetFitModel.predict gives.

sklearn decides by the number of classes: two have one row and a sigmoid, more have a softmax. Releases before 1.8
also looked at `multi_class`; where that makes them compute something else, the head is refused.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np

from . import head_pickle, spec
from .errors import Refused
from .folder import Folder
from .model import Head

_FILE = head_pickle.FILE
CONFIG_FILE = "config_setfit.json"


def _numbers(state: Dict[str, Any], name: str) -> np.ndarray:
    """A fitted attribute as doubles."""
    if name not in state:
        raise Refused(f"the LogisticRegression in {_FILE} has no {name}: it was never fitted")
    values = np.asarray(state[name])
    if values.dtype.kind != "f":
        raise Refused(f"{name} in {_FILE} is of type {values.dtype}, not floating-point")
    if not np.isfinite(values).all():
        raise Refused(f"{name} in {_FILE} holds a value that is not finite")
    return values.astype(np.float64)


def _check_scheme(state: Dict[str, Any], classes: int) -> None:
    """Refuses heads that do not compute a softmax over many classes or a sigmoid for two."""
    scheme, solver = state.get("multi_class", "auto"), state.get("solver")
    if classes > 2 and (scheme in ("ovr", "warn") or (solver == "liblinear" and scheme != "multinomial")):
        raise Refused(
            f"the LogisticRegression in {_FILE} is one-versus-rest (multi_class={scheme!r}, solver={solver!r}) over "
            f"{classes} classes; only a multinomial one can be stored"
        )
    if classes == 2 and scheme == "multinomial":
        raise Refused(
            f"the LogisticRegression in {_FILE} has multi_class='multinomial' with two classes, for which releases "
            "of scikit-learn give different probabilities; fit it with multi_class left alone"
        )


def _coefficients(state: Dict[str, Any], classes: int, width: int) -> Tuple[np.ndarray, np.ndarray]:
    """Intercept [rows] and coefficients [rows, D], of the shapes that the number of classes demands."""
    rows = 1 if classes == 2 else classes
    coefficients, intercept = _numbers(state, "coef_"), _numbers(state, "intercept_")
    if coefficients.shape != (rows, width):
        raise Refused(
            f"coef_ in {_FILE} has the shape {list(coefficients.shape)}; {classes} classes of vectors of {width} "
            f"need {[rows, width]}"
        )
    if intercept.size not in (1, rows):
        raise Refused(f"intercept_ in {_FILE} has {intercept.size} values; {rows} are needed")
    return np.broadcast_to(intercept.reshape(-1), (rows,)), coefficients


def _given_labels(settings: Dict[str, Any]) -> Optional[List[Any]]:
    """The labels of config_setfit.json, if there are any."""
    labels = settings.get("labels")
    if not labels:
        return None
    if not isinstance(labels, list) or not all(type(label) in (str, int) for label in labels):
        raise Refused(f"labels in {CONFIG_FILE} must be a list of strings or of integers")
    return labels


def _predicted(classes: np.ndarray, given: Optional[List[Any]]) -> List[Any]:
    """What SetFitModel.predict answers for each class: strings of the head as they are, else the given labels."""
    if classes.dtype.kind == "U" or all(isinstance(value, str) for value in classes):
        if classes.dtype.kind == "O" and given is not None and given != classes.tolist():
            raise Refused(f"classes_ in {_FILE} and labels in {CONFIG_FILE} are strings and not the same")
        return classes.tolist()
    if given is None:
        if classes.dtype.kind in "iu" or all(type(value) is int for value in classes):
            return classes.tolist()
        raise Refused(f"classes_ in {_FILE} are of type {classes.dtype}; strings and integers can be labels")
    if not all(isinstance(value, (bool, int, float)) for value in classes.tolist()):
        raise Refused(f"classes_ in {_FILE} are of type {classes.dtype}, which cannot number the labels")
    try:
        return [given[int(value)] for value in classes.tolist()]
    except (IndexError, ValueError, OverflowError):
        raise Refused(f"classes_ in {_FILE} go past the {len(given)} labels in {CONFIG_FILE}") from None


def _text(labels: Sequence[Any]) -> List[str]:
    """The labels as they are stored: UTF-8, not empty, distinct."""
    texts = [str(label) for label in labels]
    for text, count in Counter(texts).items():
        try:
            empty = not text.encode("utf-8")
        except UnicodeEncodeError:
            raise Refused(f"the label {text!a} in {CONFIG_FILE} is not valid Unicode") from None
        if empty:
            raise Refused(f"a label in {CONFIG_FILE} is empty")
        if count > 1:
            raise Refused(f"two classes have the label {text} ({CONFIG_FILE}, {_FILE})")
    return texts


def _classes(state: Dict[str, Any]) -> np.ndarray:
    """The classes of the head."""
    classes = state.get("classes_")
    if isinstance(classes, list):
        raise Refused(f"the head in {_FILE} is for several labels at once; one label a text is supported")
    if not isinstance(classes, np.ndarray) or classes.ndim != 1:
        raise Refused(f"the LogisticRegression in {_FILE} has no list of classes: it was never fitted")
    if not 2 <= classes.size <= spec.MAX_CLASSES:
        raise Refused(
            f"the LogisticRegression in {_FILE} has {classes.size} classes; 2 to {spec.MAX_CLASSES} can be stored"
        )
    return classes


def settings(folder: Folder) -> Dict[str, Any]:
    """config_setfit.json, if it says nothing that a plain single-label model does not."""
    values = folder.json_object(CONFIG_FILE, needed=False)
    if values.get("multi_target_strategy") is not None:
        strategy = values["multi_target_strategy"]
        raise Refused(f"multi_target_strategy {strategy!r} in {CONFIG_FILE}: one label a text is supported")
    for name, value in values.items():
        if name not in ("labels", "normalize_embeddings", "multi_target_strategy") and value is not None:
            raise Refused(f"{name} in {CONFIG_FILE} is a setting that a plain SetFit model does not have")
    if not isinstance(values.get("normalize_embeddings", False), (bool, type(None))):
        raise Refused(f"normalize_embeddings in {CONFIG_FILE} is neither true nor false")
    return values


def read_head(folder: Folder, values: Dict[str, Any], width: int, trust_pickle: bool) -> Head:
    """The head of the model in `folder`, for sentence vectors of `width` numbers."""
    data = folder.read(_FILE)
    state = head_pickle.run_state(data) if trust_pickle else head_pickle.read_state(data)
    classes = _classes(state)
    _check_scheme(state, classes.size)
    intercept, coefficients = _coefficients(state, classes.size, width)
    labels = _predicted(classes, _given_labels(values))
    integers = all(type(label) is int for label in labels)
    if not integers and not all(isinstance(label, str) for label in labels):
        raise Refused(f"labels in {CONFIG_FILE} mix strings and integers")
    kind = spec.HEAD_BINARY if classes.size == 2 else spec.HEAD_SOFTMAX
    return Head(kind, _text(labels), integers, intercept, coefficients)
