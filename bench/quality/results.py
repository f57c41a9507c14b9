# SPDX-License-Identifier: MIT
"""What was found, a JSON object a line, and the tables of it. A run that was ended goes on where it was."""

import json
import pathlib
import statistics
from collections import defaultdict

from sklearn.metrics import accuracy_score, f1_score

COLUMNS = {"words": "TF-IDF, words", "letters": "TF-IDF, letters", "static": "static vectors", "L3": "L3", "L6": "L6"}


def scores(truth: list[str], answers: list[str]) -> dict[str, float]:
    """How often answers are right, and the mean of the classes' F1, to which each class counts alike."""
    return {"accuracy": accuracy_score(truth, answers),
            "macro_f1": f1_score(truth, answers, average="macro", zero_division=0)}


class Results:
    """The lines of a file, and more behind them."""

    KEY = ("set", "method", "size", "seed")

    def __init__(self, path: pathlib.Path):
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.rows = [json.loads(line) for line in lines]
        self.known = {tuple(row[name] for name in self.KEY) for row in self.rows}

    def has(self, *key) -> bool:
        """Whether a set's method was run with so many examples and this seed."""
        return key in self.known

    def add(self, *key, **found) -> None:
        """One line more."""
        row = dict(zip(self.KEY, key)) | found
        self.rows.append(row)
        self.known.add(key)
        with self.path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(row) + "\n")


def mean_of(values: list[float]) -> str:
    """In per cent: the mean, and how far the draws are from each other."""
    if not values:
        return "-"
    return f"{100 * statistics.mean(values):.1f}" + (f" ± {100 * statistics.stdev(values):.1f}" if values[1:] else "")


def markdown(head: list[str], rows: list[list[str]]) -> str:
    """A table."""
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def side_by_side(c: str = "1") -> dict[str, str]:
    """The methods with the same C."""
    return {f"{name} {c}": title for name, title in COLUMNS.items()}


def by_c(names: tuple[str, ...], cs: list[str]) -> dict[str, str]:
    """The same vectors with different C."""
    return {f"{name} {c}": f"{COLUMNS[name]}, C = {c}" for name in names for c in cs}


def by_set(rows: list[dict], columns: dict[str, str], figure: str) -> str:
    """Methods beside each other, a line for each set and number of examples; what is within half a point is bold."""
    values = defaultdict(list)
    for row in rows:
        if isinstance(row["size"], int) and row["method"] in columns:
            values[row["set"], row["size"], row["method"]].append(row[figure])
    places = dict.fromkeys((row["set"], row["size"]) for row in rows if isinstance(row["size"], int))
    order = list(dict.fromkeys(name for name, _ in places))
    lines = []
    for name, size in sorted(places, key=lambda place: (order.index(place[0]), place[1])):
        found = [values[name, size, method] for method in columns]
        best = max((statistics.mean(of) for of in found if of), default=0)
        texts = [f"**{mean_of(of)}**" if of and statistics.mean(of) > best - 0.005 else mean_of(of) for of in found]
        lines.append([name, str(size), *texts])
    return markdown(["set", "examples a class", *columns.values()], lines)


def fine_tuned(rows: list[dict]) -> str:
    """SetFit's training beside the frozen body and a larger one, on the draws that it was run with."""
    of = {tuple(row[name] for name in Results.KEY): row for row in rows}
    runs = defaultdict(list)
    for (name, method, size, seed), row in of.items():
        if method == "SetFit L3" and isinstance(size, int):
            runs[name, size].append((row, of.get((name, "L3 1", size, seed)), of.get((name, "L6 1", size, seed))))
    lines = []
    for (name, size), triples in sorted(runs.items(), key=lambda run: (list(runs).index(run[0]), run[0][1])):
        tuned, frozen, larger = ([row["macro_f1"] for row in column if row] for column in zip(*triples))
        took = statistics.median(row["seconds"] for row, _, _ in triples)
        lines.append([name, str(size), str(len(triples)), *map(mean_of, (frozen, tuned, larger)), f"{took:.0f}"])
    return markdown(["set", "examples a class", "draws", "L3", "L3, fine-tuned", "L6", "seconds"], lines)


def demonstration(rows: list[dict]) -> str:
    """The demonstration set, each of its texts left out in turn: so many per cent are said right, by C."""
    accuracy = {row["method"]: row["accuracy"] for row in rows if row["set"] == "demonstration"}
    names, cs = (list(dict.fromkeys(method.rsplit(" ", 1)[part] for method in accuracy)) for part in (0, 1))
    cs.sort(key=float)
    lines = [[name, *(mean_of([accuracy[f"{name} {c}"]]) for c in cs)] for name in names]
    return markdown(["method", *(f"C = {c}" for c in cs)], lines)


def disagreements(rows: list[dict]) -> str:
    """How often scikit-learn's heads on fewfit's vectors say another label than fewfit teach and predict."""
    of = [row for row in rows if "differ" in row]
    return (f"fewfit teach and predict said another label for {sum(row['differ'] for row in of)} of "
            f"{sum(row['asked'] for row in of)} texts in {len(of)} runs")
