# SPDX-License-Identifier: MIT
"""The demonstration's 56 texts: each left out in turn, or a part of them in each of seven folds."""

import pathlib

from command_line import ROOT, Examples, Tool
from methods import CS, L3, L6, Method, Vectors, fine_tuned, letters, words
from results import Results, scores
from sklearn.model_selection import LeaveOneOut, StratifiedKFold

FOLDS = 7


def examples() -> Examples:
    """Labels and texts."""
    lines = (ROOT / "models" / "interviews" / "train.tsv").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t", 1)) for line in lines]


def out_of(method: Method, rows: Examples, splits) -> dict[str, float]:
    """The scores of a method on texts that it has not seen, of all splits together."""
    truth, answers = [], []
    for learned, asked in splits:
        truth += [rows[i][0] for i in asked]
        answers += method([rows[i] for i in learned], [rows[i][1] for i in asked])
    return scores(truth, answers)


def folds(rows: Examples) -> list:
    """Seven parts with the classes' proportions."""
    return list(StratifiedKFold(FOLDS, shuffle=True, random_state=0).split(rows, [label for label, _ in rows]))


def run(results: Results, tool: Tool, tuned: pathlib.Path, static) -> None:
    """Everything that trains no body. The heads are fewfit teach's own and so is the leave-one-out."""
    rows = examples()
    bodies = {"L3": tool.bodies[L3], "L6": tool.bodies[L6], "L3, fine-tuned on all 56": tuned}
    table = Vectors(static, [text for _, text in rows])
    for c in CS:
        if results.has("demonstration", f"L3 {c:g}", "a seventh", 0):
            continue
        for name, model in bodies.items():
            found = tool.leave_one_out(model, rows, c)
            results.add("demonstration", f"{name} {c:g}", "one", 0, accuracy=found["accuracy"],
                        macro_f1=found["macro_avg"]["f1"])
        others = {"words": words(c), "letters": letters(c), "static": table.head(c)}
        for name, method in others.items():
            found = out_of(method, rows, list(LeaveOneOut().split(rows)))
            results.add("demonstration", f"{name} {c:g}", "one", 0, **found)
        frozen = Vectors(lambda texts: tool.embed(tool.bodies[L3], texts), [text for _, text in rows]).head(c)
        results.add("demonstration", f"L3 {c:g}", "a seventh", 0, **out_of(frozen, rows, folds(rows)))


def run_fine_tuned(results: Results, tool: Tool) -> None:
    """SetFit trained seven times, each time without a seventh of the texts."""
    rows = examples()
    results.add("demonstration", "SetFit L3", "a seventh", 0,
                **out_of(fine_tuned(tool.folders[L3], 0), rows, folds(rows)))
