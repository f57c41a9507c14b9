# SPDX-License-Identifier: MIT
"""Heads of every kind against scikit-learn and setfit themselves, and which of them are refused.

`answer` computes what docs/model_file.md says of a head in the file, and nothing else: what a program would."""

import json
import os
import warnings

import file_reader
import numpy as np
import pickles
import pytest
import tiny
from fewfit_convert import cli

joblib = pytest.importorskip("joblib", reason="joblib is not installed: heads are not compared")
sklearn = pytest.importorskip("sklearn", reason="scikit-learn is not installed: heads are not compared")

from sklearn.calibration import CalibratedClassifierCV  # noqa: E402
from sklearn.ensemble import RandomForestClassifier  # noqa: E402
from sklearn.linear_model import LogisticRegression, RidgeClassifier  # noqa: E402
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier  # noqa: E402
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier  # noqa: E402
from sklearn.neighbors import KNeighborsClassifier  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.svm import SVC  # noqa: E402

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
SETFIT = "config_setfit.json"
X = np.random.default_rng(4).normal(size=(80, tiny.D)).astype(np.float32)
PLANES = np.random.default_rng(5).normal(size=(tiny.D, 4))
Y = (X @ PLANES + np.random.default_rng(6).normal(size=(80, 4)) > 0).astype(int)
SINGLE = np.array(["minus", "ноль", "plus", "b"])[np.argmax(X @ PLANES, axis=1)]


def write(folder, head, **settings):
    """A model folder with this head."""
    changes = {f"{SETFIT}:{name}": value for name, value in {"labels": None, **settings}.items()}
    tiny.write_model(folder, changes)
    joblib.dump(head, os.path.join(str(folder), "model_head.pkl"))
    return str(folder)


def convert(folder, *options):
    """The head of the model file."""
    path = os.path.join(str(folder), "out.fewfit")
    assert cli.main([str(folder), "-o", path, *options]) == 0
    with open(path, "rb") as source:
        return file_reader.read(source.read())["head"]


def refuse(folder, capsys, *options):
    """What stderr says of a head that is refused."""
    path = os.path.join(str(folder), "out.fewfit")
    assert cli.main([str(folder), "-o", path, *options]) == 1 and not os.path.exists(path)
    return capsys.readouterr().err


def sigmoid(scores):
    """As the file's numbers are meant: 1 and 0 where a score is far away."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-scores))


def chained(head, x):
    """Scores of a chain, in the order of the targets."""
    scores = np.zeros((len(x), len(head["order"])))
    for link, target in enumerate(head["order"]):
        before = scores[:, head["order"][:link]] > 0
        scores[:, target] = np.hstack([x, before]) @ head["coefficients"][link] + head["intercept"][link]
    return scores


def answer(head, x):
    """Probabilities and decisions: a class by its number, or 0 and 1 for each target."""
    x, kind = x.astype(np.float64), head["kind"]
    scores = chained(head, x) if kind == 5 else x @ head["coefficients"].T + head["intercept"]
    if kind == 1:
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True), scores.argmax(axis=1)
    if kind == 2:
        return np.hstack([sigmoid(-scores), sigmoid(scores)]), (scores[:, 0] > 0).astype(int)
    ones = sigmoid(scores)
    if kind == 3:
        return ones / ones.sum(axis=1, keepdims=True), scores.argmax(axis=1)
    yes = (scores >= 0 if head["half_is_yes"] else scores > 0).astype(int)
    return (np.stack([sigmoid(-scores), ones], axis=2) if head["pairs"] else ones), yes


def check(head, fitted, x=X, accuracy=1e-14):
    """The file's head answers as the fitted one."""
    probabilities, decisions = answer(head, x)
    given = fitted.predict_proba(x.astype(np.float64))
    given = np.stack(given, axis=1) if isinstance(given, list) else given  # as SetFitModel.predict_proba does
    assert probabilities.shape == given.shape and np.abs(probabilities - given).max() < accuracy
    predicted = fitted.predict(x.astype(np.float64))
    if head["target"] == 1:
        decisions = np.array(head["labels"])[decisions]
    assert np.array_equal(decisions.astype(predicted.dtype), predicted)


@pytest.mark.parametrize("trust", [[], ["--trust-pickle"]])
@pytest.mark.parametrize("classes,kind", [(2, 2), (3, 3), (4, 3)])
def test_one_versus_rest_over_single_labels(tmp_path, classes, kind, trust):
    """Sigmoids divided by their sum; of two classes one sigmoid."""
    labels = np.unique(SINGLE)[:classes]
    chosen = np.isin(SINGLE, labels)
    fitted = OneVsRestClassifier(LogisticRegression()).fit(X[chosen], SINGLE[chosen])
    head = convert(write(tmp_path, fitted), *trust)
    assert (head["kind"], head["labels"], head["target"]) == (kind, labels.tolist(), 1)
    check(head, fitted)


def test_one_versus_rest_numbers_its_labels(tmp_path):
    """Integers of the head are the places of the given labels."""
    fitted = OneVsRestClassifier(LogisticRegression()).fit(X, Y[:, 0] + Y[:, 1])
    assert convert(write(tmp_path, fitted, labels=["x", "y", "z"]))["labels"] == ["x", "y", "z"]
    head = convert(write(tmp_path, fitted, multi_target_strategy="one-vs-rest"))
    assert (head["labels"], head["integers"]) == (["0", "1", "2"], 1)


@pytest.mark.parametrize("trust", [[], ["--trust-pickle"]])
@pytest.mark.parametrize("options", [{}, {"solver": "liblinear"}, {"class_weight": "balanced", "C": 7.0}])
def test_one_versus_rest_over_several_labels(tmp_path, options, trust):
    """A sigmoid for each."""
    fitted = OneVsRestClassifier(LogisticRegression(**options)).fit(X, Y)
    head = convert(write(tmp_path, fitted, multi_target_strategy="one-vs-rest"), *trust)
    assert (head["kind"], head["target"], head["pairs"], head["half_is_yes"]) == (4, 2, 0, 0)
    assert (head["labels"], head["integers"]) == (["0", "1", "2", "3"], 1)
    check(head, fitted)


@pytest.mark.parametrize("trust", [[], ["--trust-pickle"]])
@pytest.mark.parametrize("always", [0, 1])
def test_constant_targets(tmp_path, always, trust):
    """One that is never or always there: exactly 0 and 1."""
    y = Y.copy()
    y[:, 2] = always
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    head = convert(write(tmp_path, fitted), *trust)
    check(head, fitted)
    assert (answer(head, X)[0][:, 2] == always).all()


@pytest.mark.parametrize("count", [1, 4])
def test_a_constant_first_target(tmp_path, capsys, count):
    """scikit-learn then decides the others by another threshold, which no file can say; alone they are constants."""
    y = Y.copy()
    y[:, :count] = [1, 0, 1, 0][:count]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = OneVsRestClassifier(LogisticRegression()).fit(X, y)
    if count == 4:
        check(convert(write(tmp_path, fitted)), fitted)
        return
    scores = np.stack([part.decision_function(X) for part in fitted.estimators_[1:]], axis=1)
    assert np.array_equal(fitted.predict(X)[:, 1:], scores > 0.5) and ((scores > 0) != (scores > 0.5)).any()
    assert "the first target of the OneVsRestClassifier" in refuse(write(tmp_path, fitted), capsys)


@pytest.mark.parametrize("trust", [[], ["--trust-pickle"]])
def test_multi_output(tmp_path, trust):
    """Pairs of no and yes, as SetFit stacks them."""
    fitted = MultiOutputClassifier(LogisticRegression()).fit(X, Y)
    head = convert(write(tmp_path, fitted, multi_target_strategy="multi-output"), *trust)
    assert (head["kind"], head["target"], head["pairs"], head["half_is_yes"]) == (4, 2, 1, 0)
    check(head, fitted)


ORDERS = {
    "none": None,
    "list": [2, 0, 3, 1],
    "tuple": (3, 2, 1, 0),
    "array": np.array([1, 3, 0, 2]),
    "numbers of numpy": list(np.array([1, 3, 0, 2])),
    "random": "random",
}


@pytest.mark.parametrize("trust", [[], ["--trust-pickle"]])
@pytest.mark.parametrize("order", ORDERS)
def test_chains(tmp_path, order, trust):
    """The decisions before a link are among its inputs, in the order of the chain."""
    fitted = ClassifierChain(LogisticRegression(), order=ORDERS[order], random_state=1).fit(X, Y)
    head = convert(write(tmp_path, fitted, multi_target_strategy="classifier-chain"), *trust)
    assert (head["kind"], head["target"], head["order"]) == (5, 2, [int(n) for n in fitted.order_])
    check(head, fitted)


def test_a_long_chain(tmp_path):
    """So many targets that the decisions outnumber the sentence vector."""
    y = (X @ np.random.default_rng(9).normal(size=(tiny.D, 30)) > 0).astype(int)
    fitted = ClassifierChain(LogisticRegression(), cv=3).fit(X, y)
    check(convert(write(tmp_path, fitted)), fitted)


@pytest.mark.parametrize("method", ["predict_proba", "decision_function", "predict_log_proba"])
def test_other_chains_are_refused(tmp_path, capsys, method):
    """By the name of what they pass on."""
    fitted = ClassifierChain(LogisticRegression(), chain_method=method).fit(X, Y)
    assert f"chain_method_ '{method}' of the ClassifierChain" in refuse(write(tmp_path, fitted), capsys)


@pytest.mark.parametrize(
    "given,labels,integers",
    [
        (["a", "b", "c", "d"], ["a", "b", "c", "d"], 0),
        ([10, 20, 30, 40], ["10", "20", "30", "40"], 1),
        (["a", "b"], ["0", "1", "2", "3"], 1),
        (None, ["0", "1", "2", "3"], 1),
    ],
)
def test_names_of_targets(tmp_path, given, labels, integers):
    """The given labels, if there is one for each target."""
    head = convert(write(tmp_path, ClassifierChain(LogisticRegression()).fit(X, Y), labels=given))
    assert (head["labels"], head["integers"]) == (labels, integers)


def test_golden_files_of_pairs(tmp_path):
    """Two numbers a target, flat or as SetFit nests them."""
    folder = write(tmp_path, MultiOutputClassifier(LogisticRegression()).fit(X, Y), labels=["a", "b", "c", "d"])
    pairs = [[0.25, 0.75], [1, 0], [0, 1], [0.5, 0.5]]
    for numbers in (pairs, sum(pairs, [])):
        golden = {"labels": ["a", "b", "c", "d"], "texts": [{"text": "a", "probabilities": numbers}]}
        (tmp_path / "golden.json").write_text(json.dumps(golden))
        path = os.path.join(folder, "out.fewfit")
        assert cli.main([folder, "-o", path]) == 0
        with open(path, "rb") as source:
            assert file_reader.read(source.read())["self_test"][1].tolist() == [sum(pairs, [])]


with open(os.path.join(DATA, "setfit_heads.json"), encoding="utf-8") as _source:
    ANSWERS = json.load(_source)


def setfit_head(folder, name, **settings):
    """A model folder with a head that setfit wrote."""
    write(folder, None, **settings)
    with open(os.path.join(DATA, f"setfit_{name}.pkl"), "rb") as source:
        (folder / "model_head.pkl").write_bytes(source.read())
    return str(folder)


@pytest.mark.parametrize("name,kind", [("softmax", 1), ("two_classes", 1), ("multitarget", 4)])
def test_setfits_own_heads(tmp_path, name, kind):
    """The torch heads, with what torch answered in float32."""
    vectors, given = np.array(ANSWERS["vectors"], np.float32), ANSWERS["heads"][name]
    head = convert(setfit_head(tmp_path, name))
    assert (head["kind"], head["half_is_yes"], head["pairs"]) == (kind, int(kind == 4), 0)
    assert head["labels"] == [str(n) for n in range(len(given["probabilities"][0]))] and head["integers"] == 1
    probabilities, decisions = answer(head, vectors)
    assert np.abs(probabilities - given["probabilities"]).max() < 3e-7
    # the first vector is zero: rows without bias are equal there, and torch takes the first; half of a target is yes
    assert decisions.tolist() == given["decisions"]
    assert name == "softmax" or given["probabilities"][0][0] == 0.5


def test_the_labels_of_setfits_own_heads(tmp_path):
    """The given ones by their place; without enough of them there is nothing to answer."""
    assert convert(setfit_head(tmp_path, "softmax", labels=["x", "y", "z"]))["labels"] == ["x", "y", "z"]
    assert convert(setfit_head(tmp_path, "multitarget", labels=["x", "y", "z"]))["labels"] == ["x", "y", "z"]
    for strategy in ("one-vs-rest", "multi-output"):
        assert convert(setfit_head(tmp_path, "multitarget", multi_target_strategy=strategy))["target"] == 2


def test_trusted_torch_heads(tmp_path):
    """The same numbers through torch itself."""
    pytest.importorskip("setfit", reason="setfit is not installed: --trust-pickle is not tested for its heads")
    for name in ANSWERS["heads"]:
        setfit_head(tmp_path, name)
        read, run = convert(tmp_path), convert(tmp_path, "--trust-pickle")
        assert all(np.array_equal(read[key], run[key]) for key in read)


class _Tensor:
    """As much of a torch tensor as is asked of it, in the order in which torch wants it asked."""

    __module__ = "torch"

    def __init__(self, array, steps=()):
        self._array, self._steps = array, steps

    def detach(self):
        return _Tensor(self._array, (*self._steps, "detach"))

    def cpu(self):
        return _Tensor(self._array, (*self._steps, "cpu"))

    def float(self):
        return _Tensor(self._array.astype(np.float32), (*self._steps, "float"))

    def numpy(self):
        assert self._steps[:1] == ("detach",) and set(self._steps) == {"detach", "cpu", "float"}
        return self._array


def _live(module, name, **attributes):
    """An object of a class that says it is of another module."""
    made = type(name, (), {"__module__": module})()
    vars(made).update(attributes)
    return made


def test_trusted_torch_heads_without_torch(tmp_path, monkeypatch):
    """What joblib would give; the numbers come out in float32 whatever the tensor had, and its bias counts."""
    weight, bias = np.random.default_rng(3).normal(size=(3, tiny.D)), np.array([0.5, -0.25, 2])
    hooks = {"_forward_hooks": {}, "_forward_pre_hooks": {}}
    parameters = {"weight": _Tensor(weight), "bias": _Tensor(bias)}
    layer = _live("torch.nn.modules.linear", "Linear", _parameters=parameters, **hooks)
    rest = {"temperature": 1.0, "eps": 1e-5, "multitarget": False, "device": _live("torch", "device")}
    head = _live("setfit.modeling", "SetFitHead", _modules={"linear": layer}, **rest, **hooks)
    monkeypatch.setattr(joblib, "load", lambda source: head)
    made = convert(setfit_head(tmp_path, "softmax"), "--trust-pickle")
    assert made["kind"] == 1 and np.array_equal(made["intercept"], bias / 1.00001)
    assert np.array_equal(made["coefficients"], weight.astype(np.float32).astype(np.float64) / 1.00001)


with open(os.path.join(DATA, "old_heads.json"), encoding="utf-8") as _source:
    OLD = json.load(_source)
NEWTON = dict(solver="newton-cholesky", multi_class="auto")


@pytest.mark.parametrize(
    "name,kind", [("liblinear", 3), ("newton_cholesky", 3), ("ovr", 3), ("auto", 1), ("two_classes", 2)]
)
def test_heads_of_a_release_that_was_one_versus_rest(tmp_path, name, kind):
    """By solver or by multi_class: what scikit-learn 1.5 itself answered."""
    given = OLD["heads"][name]
    write(tmp_path, None)
    with open(os.path.join(DATA, f"old_{name}.pkl"), "rb") as source:
        (tmp_path / "model_head.pkl").write_bytes(source.read())
    head = convert(tmp_path)
    probabilities, decisions = answer(head, np.array(OLD["vectors"]))
    assert head["kind"] == kind and np.abs(probabilities - given["probabilities"]).max() < 1e-14
    assert [head["labels"][decision] for decision in decisions] == given["labels"]


@pytest.mark.parametrize(
    "more,kind",
    [
        (dict(multi_class="ovr", _sklearn_version="0.19.2"), 3),
        (dict(multi_class="warn", _sklearn_version="0.20.0"), 3),
        (dict(multi_class="ovr", _sklearn_version="1.7.2"), 3),
        (dict(solver="liblinear", multi_class="deprecated", _sklearn_version="1.7.2"), 3),
        (dict(multi_class="multinomial", solver="newton-cholesky", _sklearn_version="1.5.2"), 1),
        (dict(NEWTON, _sklearn_version="1.2.0"), 3),
        (dict(NEWTON, multi_class="deprecated", _sklearn_version="1.5.2"), 3),
        (dict(NEWTON, _sklearn_version="1.6.dev0"), 1),
        (dict(NEWTON, _sklearn_version="1.10.0"), 1),
        (dict(solver="newton-cholesky"), 1),
        (dict(solver="newton-cholesky", _sklearn_version=...), 1),
    ],
)
def test_the_release_decides_what_a_solver_means(tmp_path, more, kind):
    """scikit-learn 1.6 gave newton-cholesky a softmax; 1.8 left multi_class away."""
    changes = {f"{SETFIT}:labels": None, "model_head.pkl": pickles.dump(_logistic(**more))}
    assert convert(tiny.write_model(tmp_path, changes))["kind"] == kind


@pytest.mark.parametrize(
    "more",
    [
        dict(NEWTON, _sklearn_version=...),
        dict(NEWTON, _sklearn_version="new"),
        dict(multi_class="ovr", _sklearn_version=...),
        dict(multi_class="ovr", _sklearn_version="1.8.0"),
        dict(solver="liblinear", _sklearn_version="1.9.1"),
    ],
)
def test_a_scheme_of_an_unknown_release_is_refused(tmp_path, capsys, more):
    """And one that the release no longer knows: it would answer another thing than the one that fitted the head."""
    changes = {f"{SETFIT}:labels": None, "model_head.pkl": pickles.dump(_logistic(**more))}
    message = refuse(tiny.write_model(tmp_path, changes), capsys)
    assert "_sklearn_version" in message and f"solver={more.get('solver', 'lbfgs')!r}" in message


def test_newton_cholesky_of_this_release(tmp_path):
    """Fitted now: a softmax, or what --trust-pickle cannot tell."""
    fitted = LogisticRegression(solver="newton-cholesky").fit(X, SINGLE)
    check(convert(write(tmp_path, fitted)), fitted)


REFUSED = {
    "RandomForestClassifier": RandomForestClassifier(2),
    "SVC": SVC(),
    "KNeighborsClassifier": KNeighborsClassifier(),
    "CalibratedClassifierCV": CalibratedClassifierCV(LogisticRegression(), cv=2),
    "RidgeClassifier": RidgeClassifier(),
    "OneVsOneClassifier": OneVsOneClassifier(LogisticRegression()),
    "Pipeline": make_pipeline(StandardScaler(), LogisticRegression()),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_classifiers_are_refused_by_name(tmp_path, capsys, name):
    """With a sentence that says which can be stored; trust changes nothing."""
    folder = write(tmp_path, REFUSED[name].fit(X, SINGLE))
    for options in ([], ["--trust-pickle"]):
        message = refuse(folder, capsys, *options)
        assert f".{name}, which no model file can hold: a head is a LogisticRegression" in message


@pytest.mark.parametrize("outer", [OneVsRestClassifier, MultiOutputClassifier, ClassifierChain])
@pytest.mark.parametrize("name", ["RandomForestClassifier", "SVC", "KNeighborsClassifier", "Pipeline"])
def test_other_classifiers_inside_are_refused_by_name(tmp_path, capsys, outer, name):
    """Of several only logistic regressions."""
    folder = write(tmp_path, outer(REFUSED[name]).fit(X, Y))
    assert f".{name}, which no model file can hold" in refuse(folder, capsys)
    assert f"hold a {name}; only LogisticRegression" in refuse(folder, capsys, "--trust-pickle")


@pytest.mark.parametrize(
    "head,strategy",
    [
        (OneVsRestClassifier(LogisticRegression()), "multi-output"),
        (MultiOutputClassifier(LogisticRegression()), "classifier-chain"),
        (ClassifierChain(LogisticRegression()), "one-vs-rest"),
        (ClassifierChain(LogisticRegression()), "unheard of"),
        (ClassifierChain(LogisticRegression()), ["classifier-chain"]),
        (LogisticRegression(), "one-vs-rest"),
    ],
)
def test_another_strategy_is_refused(tmp_path, capsys, head, strategy):
    """The setting and the head must agree."""
    plain = isinstance(head, LogisticRegression)
    folder = write(tmp_path, head.fit(X, SINGLE if plain else Y), multi_target_strategy=strategy)
    assert f"multi_target_strategy {strategy!r} in config_setfit.json is not what the" in refuse(folder, capsys)


def test_targets_of_more_than_two_classes_are_refused(tmp_path, capsys):
    """Each target is there or not."""
    fitted = MultiOutputClassifier(LogisticRegression()).fit(X, np.stack([Y[:, 0], Y[:, 1] + Y[:, 2]], axis=1))
    assert "between classes that are not 0 and 1" in refuse(write(tmp_path, fitted), capsys)
    fitted = MultiOutputClassifier(LogisticRegression()).fit(X, np.array(["no", "yes"])[Y])
    assert "between classes that are not 0 and 1" in refuse(write(tmp_path, fitted), capsys)
    fitted = MultiOutputClassifier(LogisticRegression()).fit(X, Y[:, :1])
    assert "has 1 targets; 2 to 65536" in refuse(write(tmp_path, fitted), capsys)


BINARY = pickles.logistic(np.array([0, 1]), np.ones((1, tiny.D)), np.zeros(1))
SKLEARN = {name: pickles.Global("sklearn.multiclass", name) for name in ("OneVsRestClassifier", "_ConstantPredictor")}
CHAIN = pickles.Global("sklearn.multioutput", "ClassifierChain")
OUTPUTS = pickles.Global("sklearn.multioutput", "MultiOutputClassifier")
WEIGHT = pickles.torch_tensor(pickles.torch_storage(np.ones(60)))


def _rest(parts, count=3, kind="multilabel-indicator"):
    state = {"classes_": pickles.Stored(np.arange(count)), "y_type_": kind, "neg_label": 0, "pos_label": 1}
    binarizer = pickles.New(pickles.Global("sklearn.preprocessing._label", "LabelBinarizer"), state)
    return pickles.New(SKLEARN["OneVsRestClassifier"], {"estimators_": parts, "label_binarizer_": binarizer})


def _constant(answer):
    return pickles.New(SKLEARN["_ConstantPredictor"], {"y_": answer})


def _chain(order, parts=(BINARY,), **more):
    state = {"estimators_": list(parts) * 2, "order_": order, "chain_method_": "predict", **more}
    return pickles.New(CHAIN, state)


def _logistic(**more):
    return pickles.logistic(np.arange(3), np.ones((3, 20)), np.zeros(3), **more)


def _of_arrays(count):
    made = np.empty(count, object)
    made[:] = [pickles.Stored(np.arange(2))] * count
    return made


ITSELF = pickles.Raw(b"]q\x05h\x05a")
ARRAY = pickles.Stored(np.array([1, 2]))  # whose comparison with a text is no truth
ARRAYS = pickles.Stored(_of_arrays(2))
WRONG = {
    "not fitted": (pickles.New(OUTPUTS, {}), "has no estimators_: it was never fitted"),
    "no binarizer": (pickles.New(SKLEARN["OneVsRestClassifier"], {"estimators_": [BINARY]}), "no label_binarizer_"),
    "estimators a text": (pickles.New(OUTPUTS, {"estimators_": "xy"}), "has no estimators_"),
    "estimators of texts": (pickles.New(OUTPUTS, {"estimators_": ["x", "y"]}), "hold 'x'; only LogisticRegression"),
    "estimators of heads": (_rest([_rest([])] * 3), "hold a OneVsRestClassifier; only"),
    "estimators that hold themselves": (pickles.New(OUTPUTS, {"estimators_": ITSELF}), "hold a list; only"),
    "constant in a chain": (_chain([0, 1], [_constant(pickles.Stored(np.array([1])))]), "a _ConstantPredictor in"),
    "constant of 2": (_rest([BINARY, BINARY, _constant(pickles.Stored(np.array([2])))]), "neither 0 nor 1"),
    "constant of a list": (_rest([BINARY, BINARY, _constant(ITSELF)]), "neither 0 nor 1"),
    "constant of a single label": (
        _rest([BINARY, BINARY, _constant(pickles.Stored(np.array([1])))], kind="multiclass"),
        "a _ConstantPredictor in",
    ),
    "too few estimators": (_rest([BINARY] * 2), "has 2 estimators for 3 classes"),
    "binary of three": (_rest([BINARY], kind="binary"), "has 1 estimators for 3 classes"),
    "multiclass of two": (_rest([BINARY] * 2, 2, "multiclass"), "has 2 estimators for 2 classes"),
    "many outputs": (_rest([BINARY] * 3, 3, "multiclass-multioutput"), "of the type 'multiclass-multioutput'"),
    "type a list": (_rest([BINARY] * 3, 3, ITSELF), "y_type_ of the LabelBinarizer in model_head.pkl is a list"),
    "one class": (_rest([BINARY], 1, "binary"), "has 1 classes"),
    "too many classes": (_rest([BINARY], 65537), "has 65537 classes; 2 to 65536"),
    "order twice": (_chain([0, 0]), "order_ of the ClassifierChain"),
    "order outside": (_chain([0, 2]), "order_ of the ClassifierChain"),
    "order of texts": (_chain(["a", "b"]), "order_ of the ClassifierChain"),
    "order of itself": (_chain(ITSELF), "order_ of the ClassifierChain"),
    "order of truths": (_chain([False, True]), "order_ of the ClassifierChain"),
    "order missing": (_chain(None), "order_ of the ClassifierChain"),
    "a link without the decisions": (_chain([0, 1]), "coef_ in model_head.pkl has the shape [1, 20]"),
    "coefficients a list": (
        pickles.logistic(np.array(["a", "b", "c"]), None, np.zeros(3), coef_=ITSELF),
        "coef_ in model_head.pkl is a list, no array",
    ),
    "classes of a million digits": (
        pickles.logistic(np.array([0, 1, 1 << 100000], object), np.ones((3, 20)), np.zeros(3)),
        "a number of more than 64 bits",
    ),
    "scheme a list": (
        pickles.logistic(np.arange(3), np.ones((3, 20)), np.zeros(3), solver="liblinear", multi_class=ITSELF),
        "multi_class of the LogisticRegression in model_head.pkl is a list, no text",
    ),
    "scheme an array": (_logistic(multi_class=ARRAY), "multi_class of the LogisticRegression in"),
    "solver an array": (_logistic(solver=ARRAY), "solver of the LogisticRegression in model_head.pkl is a ndarray"),
    "solver a number": (_logistic(solver=3), "solver of the LogisticRegression in model_head.pkl is 3, no text"),
    "version an array": (
        _logistic(multi_class="auto", solver="newton-cholesky", _sklearn_version=ARRAY),
        "_sklearn_version of the LogisticRegression in model_head.pkl is a ndarray",
    ),
    "method an array": (_chain([0, 1], chain_method_=ARRAY), "chain_method_ of the ClassifierChain in"),
    "type an array": (_rest([BINARY] * 3, 3, ARRAY), "y_type_ of the LabelBinarizer in model_head.pkl is a ndarray"),
    "constant of an array": (_rest([BINARY, BINARY, _constant(pickles.Stored(_of_arrays(1)))]), "neither 0 nor 1"),
    "target of arrays": (
        pickles.New(OUTPUTS, {"estimators_": [pickles.logistic(ARRAYS.array, np.ones((1, 20)), np.zeros(1))] * 2}),
        "between classes that are not 0 and 1",
    ),
    "no layer": (pickles.setfit_head(WEIGHT, _modules={}), "is not one linear layer"),
    "two layers": (pickles.setfit_head(WEIGHT, _modules={"linear": 1, "other": 2}), "is not one linear layer"),
    "another layer": (pickles.setfit_head(WEIGHT, _modules={"linear": BINARY}), "is not one linear layer"),
    "no weight": (pickles.setfit_head(None), "weight in model_head.pkl is None, no array"),
    "weight of a model of another size": (
        pickles.setfit_head(pickles.torch_tensor(pickles.torch_storage(np.ones(60)), shape=(4, 15), strides=(15, 1))),
        "has the shape [4, 15]; the sentence vectors have 20 numbers",
    ),
    "weight flat": (
        pickles.setfit_head(pickles.torch_tensor(pickles.torch_storage(np.ones(60)), shape=(60,), strides=(1,))),
        "has the shape [60]",
    ),
    "bias too long": (pickles.setfit_head(WEIGHT, WEIGHT), "has the shape [3, 20]"),
    "one row": (
        pickles.setfit_head(pickles.torch_tensor(pickles.torch_storage(np.ones(20)), shape=(1, 20))),
        "has 1 classes; 2 to 65536",
    ),
    "weight nan": (
        pickles.setfit_head(pickles.torch_tensor(pickles.torch_storage(np.full(60, np.nan)))),
        "weight in model_head.pkl holds a value that is not finite",
    ),
    "half precision": (
        pickles.setfit_head(pickles.torch_storage(np.ones(60), kind=pickles.Global("torch", "HalfStorage"))),
        "tensors of the type torch.HalfStorage; those of a SetFitHead are float32",
    ),
    "temperature negative": (pickles.setfit_head(WEIGHT, temperature=-1), "temperature -1 of the SetFitHead"),
    "temperature nan": (pickles.setfit_head(WEIGHT, temperature=float("nan")), "temperature or eps"),
    "temperature huge": (pickles.setfit_head(WEIGHT, temperature=1 << 2000), "temperature or eps"),
    "temperature tiny": (pickles.setfit_head(WEIGHT, temperature=0, eps=1e-320), "is too small for its weights"),
    "temperature a text": (pickles.setfit_head(WEIGHT, temperature="1"), "temperature or eps"),
    "multitarget a number": (pickles.setfit_head(WEIGHT, multitarget=1), "multitarget of the SetFitHead"),
    "hooks an array": (pickles.setfit_head(WEIGHT, _forward_hooks=ARRAY), "has hooks"),
    "hooks of the layer a list": (pickles.setfit_head(WEIGHT, _forward_pre_hooks=ITSELF), "has hooks"),
    "hooks": (pickles.setfit_head(WEIGHT, _forward_hooks={1: "x"}), "has hooks"),
}


@pytest.mark.parametrize("name", WRONG)
def test_heads_without_sense_are_refused(tmp_path, capsys, name):
    """Whatever a stream says of itself; the message stays short."""
    head, words = WRONG[name]
    changes = {f"{SETFIT}:labels": None, "model_head.pkl": pickles.dump(head)}
    message = refuse(tiny.write_model(tmp_path, changes), capsys)
    assert words in message and "Traceback" not in message and len(message) < 1000


def test_a_label_has_a_limit(tmp_path, capsys):
    """Of bytes, named with the number."""
    fitted = ClassifierChain(LogisticRegression()).fit(X, Y)
    labels = ["я" * 32768, "b", "c", "d"]
    assert convert(write(tmp_path, fitted, labels=labels))["labels"] == labels
    os.unlink(tmp_path / "out.fewfit")
    folder = write(tmp_path, fitted, labels=["я" * 32769, "b", "c", "d"])
    assert "has 65538 bytes; at most 65536" in refuse(folder, capsys)
