# SPDX-License-Identifier: MIT
"""The head of a folder: what `estimators` makes of its pickle, and the labels that SetFitModel.predict gives."""

from __future__ import annotations

from collections import Counter
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from . import estimators, head_pickle, spec
from .errors import Refused
from .folder import Folder
from .model import Head

_FILE = head_pickle.FILE
CONFIG_FILE = "config_setfit.json"


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


def _of_targets(count: int, given: Optional[List[Any]]) -> List[Any]:
    """The names of targets, which SetFit itself does not use: the given labels if there is one for each."""
    return given if given is not None and len(given) == count else list(range(count))


def _text(labels: Sequence[Any]) -> List[str]:
    """The labels as they are stored: UTF-8, not empty, distinct."""
    if any(isinstance(label, int) and label.bit_length() > 64 for label in labels):  # Python may refuse to print it
        raise Refused(f"a class in {_FILE} is a number of more than 64 bits")
    texts = [str(label) for label in labels]
    for text, count in Counter(texts).items():
        try:
            size = len(text.encode("utf-8"))
        except UnicodeEncodeError:
            raise Refused(f"the label {text[:80]!a} in {CONFIG_FILE} is not valid Unicode") from None
        if not size:
            raise Refused(f"a label in {CONFIG_FILE} is empty")
        if size > spec.MAX_LABEL_BYTES:
            raise Refused(f"the label {text[:40]}... has {size} bytes; at most {spec.MAX_LABEL_BYTES} can be stored")
        if count > 1:
            raise Refused(f"two classes have the label {text[:80]} ({CONFIG_FILE}, {_FILE})")
    return texts


def settings(folder: Folder) -> Dict[str, Any]:
    """config_setfit.json, if it says nothing that a SetFit text classifier does not."""
    values = folder.json_object(CONFIG_FILE, needed=False)
    for name, value in values.items():
        if name not in ("labels", "normalize_embeddings", "multi_target_strategy") and value is not None:
            raise Refused(f"{name} in {CONFIG_FILE} is a setting that a plain SetFit model does not have")
    if not isinstance(values.get("normalize_embeddings", False), (bool, type(None))):
        raise Refused(f"normalize_embeddings in {CONFIG_FILE} is neither true nor false")
    return values


def _check_strategy(values: Dict[str, Any], name: str, found: estimators.Fitted) -> None:
    """Refuses a multi_target_strategy that is not the head's."""
    strategy = values.get("multi_target_strategy")
    if strategy is not None and strategy not in found.strategies:
        raise Refused(f"multi_target_strategy {strategy!r} in {CONFIG_FILE} is not what the {name} in {_FILE} does")


def read_head(folder: Folder, values: Dict[str, Any], width: int, trust_pickle: bool) -> Head:
    """The head of the model in `folder`, for sentence vectors of `width` numbers."""
    if not folder.has(_FILE):
        raise Refused(f"{_FILE} is missing: SetFit's save_pretrained writes it; --body-only converts a body alone")
    data = folder.read(_FILE)
    source = head_pickle.run_head(data) if trust_pickle else head_pickle.read_head(data)
    found = estimators.fitted(source, width)
    _check_strategy(values, source.name, found)
    given = _given_labels(values)
    targets = found.classes is None
    labels = _of_targets(len(found.intercept), given) if targets else _predicted(found.classes, given)
    integers = all(type(label) is int for label in labels)
    if not integers and not all(isinstance(label, str) for label in labels):
        raise Refused(f"labels in {CONFIG_FILE} mix strings and integers")
    numbers = (found.intercept, found.coefficients)
    target = spec.TARGET_MULTI if targets else spec.TARGET_SINGLE
    rest = {"pairs": found.pairs, "half_is_yes": found.half_is_yes, "order": found.order}
    return Head(found.kind, _text(labels), integers, *numbers, target=target, **rest)
