# SPDX-License-Identifier: MIT
"""The demonstration's 56 texts, each left out in turn."""

import pathlib

from command_line import ROOT, Examples, Tool
from methods import CS, L3, L6, Method, Vectors, letters, words
from results import Results, scores


def examples() -> Examples:
    """Labels and texts."""
    lines = (ROOT / "models" / "interviews" / "train.tsv").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split("\t", 1)) for line in lines]


def left_out(method: Method, rows: Examples) -> dict[str, float]:
    """The scores of a method on each text, which learned from all others."""
    answers = [method(rows[:i] + rows[i + 1 :], [text])[0] for i, (_, text) in enumerate(rows)]
    return scores([label for label, _ in rows], answers)


def run(results: Results, tool: Tool, tuned: pathlib.Path, static) -> None:
    """Everything that trains no body. The heads are fewfit teach's own and so is the leave-one-out."""
    rows = examples()
    bodies = {"L3": tool.bodies[L3], "L6": tool.bodies[L6], "L3, fine-tuned on all 56": tuned}
    table = Vectors(static, [text for _, text in rows])
    for c in CS:
        if results.has("demonstration", f"static {c:g}", "one", 0):
            continue
        for name, model in bodies.items():
            found = tool.leave_one_out(model, rows, c)
            results.add("demonstration", f"{name} {c:g}", "one", 0, accuracy=found["accuracy"],
                        macro_f1=found["macro_avg"]["f1"])
        others = {"words": words(c), "letters": letters(c), "static": table.head(c)}
        for name, method in others.items():
            results.add("demonstration", f"{name} {c:g}", "one", 0, **left_out(method, rows))
