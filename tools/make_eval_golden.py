#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the golden file of `fewfit eval`: what scikit-learn itself says of the demonstration model.

    python3 tools/make_eval_golden.py [--golden tests/parity/golden/golden.json] [--out tests/cli/golden_eval.json]

Needs scikit-learn, and nothing of fewfit. Predictions and probabilities are the original's, which the golden file
of the parity tests holds. True labels are those predictions with noise: a text's own hash says whether its label is
another one, and which, so that the same file comes out everywhere. Texts that do not fit on a line are left out.

golden_eval.json   version, labels, and for each case: indices of its texts in golden.json, true classes, accuracy,
                   precision, recall, f1 and support of each class, macro and weighted averages, confusion matrix, and
                   calibration_curve of (prediction is right, winning probability): its bins that are not empty

Runs with what tools/golden_requirements.txt pins.
"""

import argparse
import hashlib
import json
import pathlib

import sklearn
from sklearn.calibration import calibration_curve
from sklearn.metrics import accuracy_score, confusion_matrix, precision_recall_fscore_support

ROOT = pathlib.Path(__file__).resolve().parent.parent
NOISE = 0.2  # of the labels


def noisy(predicted, text, classes):
    """The true class that is made up for a text."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    if digest[0] >= NOISE * 256:
        return predicted
    return (predicted + 1 + digest[1] % (classes - 1)) % classes


def fits_on_a_line(text):
    """Whether the text can be written into a file of UTF-8 lines."""
    return not set(text) & {"\n", "\r"} and not any("\ud800" <= c <= "\udfff" for c in text)


def scores(true, predicted, classes, average):
    """precision, recall, f1 and support; support is None for an average."""
    values = precision_recall_fscore_support(true, predicted, labels=range(classes), average=average, zero_division=0)
    return {name: value if value is None or average else value.tolist()
            for name, value in zip(("precision", "recall", "f1", "support"), values)}


def near_an_edge(probability):
    """Whether another last digit of the probability could move it to another bin."""
    return abs(probability * 10 - round(probability * 10)) < 1e-4 and 0 < round(probability * 10) < 10


def case(golden, indices, true):
    """What scikit-learn says of some of the texts."""
    labels = golden["labels"]
    predicted = [labels.index(golden["texts"][i]["label"]) for i in indices]
    confidence = [max(golden["texts"][i]["probabilities"]) for i in indices]
    assert not any(map(near_an_edge, confidence))
    right = [int(t == p) for t, p in zip(true, predicted)]
    accuracy_of_bins, confidence_of_bins = calibration_curve(right, confidence, n_bins=10)
    return {
        "texts": indices,
        "true": true,
        "accuracy": float(accuracy_score(true, predicted)),
        "classes": scores(true, predicted, len(labels), None),
        "macro_avg": scores(true, predicted, len(labels), "macro"),
        "weighted_avg": scores(true, predicted, len(labels), "weighted"),
        "confusion_matrix": confusion_matrix(true, predicted, labels=range(len(labels))).tolist(),
        "calibration_curve": {"accuracy": accuracy_of_bins.tolist(), "confidence": confidence_of_bins.tolist()},
    }


def cases(golden):
    """All texts; a class that is never true; a class that is never predicted."""
    labels, texts = golden["labels"], golden["texts"]
    indices = [i for i, row in enumerate(texts) if fits_on_a_line(row["text"])]
    true = {i: noisy(labels.index(texts[i]["label"]), texts[i]["text"], len(labels)) for i in indices}
    never_true = [i for i in indices if true[i] != 1][::5]
    never_predicted = [i for i in indices if texts[i]["label"] != labels[2]][::5]
    return {name: case(golden, chosen, [true[i] for i in chosen]) for name, chosen in
            (("all", indices), ("never_true", never_true), ("never_predicted", never_predicted))}


def main():
    parser = argparse.ArgumentParser(description="Makes the golden file of `fewfit eval` with scikit-learn.")
    parser.add_argument("--golden", type=pathlib.Path, default=ROOT / "tests/parity/golden/golden.json")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "tests/cli/golden_eval.json")
    arguments = parser.parse_args()
    golden = json.loads(arguments.golden.read_text(encoding="utf-8"))
    content = {"format": "fewfit eval golden 1", "made_with": {"scikit-learn": sklearn.__version__},
               "labels": golden["labels"], "cases": cases(golden)}
    rows = ",\n".join(f'  "{name}": {json.dumps(value)}' for name, value in content.pop("cases").items())
    head = json.dumps(content, ensure_ascii=False)[:-1]
    arguments.out.write_text(f'{head}, "cases": {{\n{rows}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
