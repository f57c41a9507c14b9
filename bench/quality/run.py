#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How often a taught head is right, beside simpler and dearer methods: docs/quality.md's figures.

    python3 -m venv build/quality/venv
    build/quality/venv/bin/pip install -r bench/quality/requirements.txt
    build/quality/venv/bin/python bench/quality/run.py build/release/fewfit
    build/quality/venv/bin/python bench/quality/run.py build/release/fewfit --do fine-tuned --seeds 2 --sizes 8
    build/quality/venv/bin/python bench/quality/run.py build/release/fewfit --do sets tables

For each labelled set (sets.py) one part is asked, and 8, 16 and 64 examples a class are drawn from the rest (draws.py),
the same for every method (methods.py). The sets come out of packages of the package index and of Debian, 45 MB, the
bodies out of others, 147 MB; a set whose package is not to be had is left out with a sentence. Results go to a file, a
JSON object a line, and what is in it is not run again. One thread, unless OMP_NUM_THREADS says otherwise.
"""

import argparse
import os
import pathlib
import statistics
import time
from collections import Counter

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
os.environ |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "CUDA_VISIBLE_DEVICES": ""}

import demonstration  # noqa: E402
import draws  # noqa: E402
import methods  # noqa: E402
import packages  # noqa: E402
import results as found  # noqa: E402
import sets  # noqa: E402
from command_line import ROOT, Tool  # noqa: E402
from tqdm import tqdm  # noqa: E402

COMMANDS = {f"{short} {c:g}": (body, c) for short, body in (("L3", methods.L3), ("L6", methods.L6)) for c in methods.CS}


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("fewfit", help="the built command line tool")
    parser.add_argument("--do", nargs="+", default=["demonstration", "cheap", "tables"],
                        choices=["demonstration", "cheap", "fine-tuned", "tables", "sets"])
    parser.add_argument("--sets", nargs="+", default=list(sets.SETS), choices=sets.SETS)
    parser.add_argument("--sizes", nargs="+", type=int, default=list(draws.SIZES), help="examples a class")
    parser.add_argument("--seeds", type=int, default=10, help="draws")
    parser.add_argument("--commands", type=int, default=1, help="draws that fewfit teach and predict are asked with, too")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "quality")
    parser.add_argument("--bodies", type=pathlib.Path, default=ROOT / "build" / "real_bodies")
    parser.add_argument("--tuned", type=pathlib.Path, default=ROOT / "build" / "interviews.fewfit",
                        help="the demonstration model, converted")
    return parser.parse_args()


def splits(arguments) -> dict[str, draws.Split]:
    """The sets that are to be had."""
    made = {}
    for name in arguments.sets:
        try:
            made[name] = draws.split(name, sets.load(name, arguments.build / "packages"))
        except packages.Unreachable as error:
            print(f"{name} is left out: {error}")
    return made


def score(results, key, method, examples, test) -> list[str]:
    """One method learns and answers; the answers, and a line of results."""
    begin = time.perf_counter()
    answers = method(examples, [text for _, text in test])
    took = time.perf_counter() - begin
    results.add(*key, seconds=round(took, 3), **found.scores([label for label, _ in test], answers))
    return answers


def run_cheap(arguments, results, tool, static) -> None:
    """All methods that train no body, on every set, size and draw."""
    for name, part in splits(arguments).items():
        texts = [text for _, text in part.test] + [text for of in part.pool.values() for text in of]
        every, asked = methods.cheap(tool, static, texts), [text for _, text in part.test]
        rounds = [(size, seed) for size in arguments.sizes if size <= part.largest for seed in range(arguments.seeds)]
        for size, seed in tqdm(rounds, desc=name, disable=None):
            examples = draws.draw(name, part.pool, size, seed)
            for label, method in every.items():
                if results.has(name, label, size, seed):
                    continue
                answers = score(results, (name, label, size, seed), method, examples, part.test)
                if label in COMMANDS and seed < arguments.commands:
                    body, c = COMMANDS[label]
                    begin = time.perf_counter()
                    said = tool.teach_and_predict(tool.bodies[body], examples, asked, c)
                    results.add(name, f"command {label}", size, seed, seconds=round(time.perf_counter() - begin, 3),
                                asked=len(asked), differ=sum(a != b for a, b in zip(answers, said, strict=True)))


def run_fine_tuned(arguments, results, tool) -> None:
    """SetFit, draw by draw, so that a run that is ended has as many of each set as it could."""
    parts = splits(arguments)
    rounds = [(seed, size, name) for seed in range(arguments.seeds) for size in arguments.sizes for name in parts]
    for seed, size, name in tqdm(rounds, desc="fine-tuning", disable=None):
        key = (name, "SetFit L3", size, seed)
        if size <= parts[name].largest and not results.has(*key):
            examples = draws.draw(name, parts[name].pool, size, seed)
            score(results, key, methods.fine_tuned(tool.folders[methods.L3], seed), examples, parts[name].test)


def print_sets(arguments) -> None:
    """How large each set is after what is left out of it."""
    lines = []
    for name in arguments.sets:
        rows = draws.distinct(sets.load(name, arguments.build / "packages"))
        part, words = draws.split(name, rows), [len(text.split()) for _, text in rows]
        counts = Counter(label for label, _ in part.test).values()
        lines.append([name, str(len(part.pool)), str(len(rows)), f"{statistics.median(words):.0f}", str(len(part.test)),
                      f"{100 * max(counts) / sum(counts):.0f}"])
    print(found.markdown(["set", "classes", "texts", "words, median", "asked", "of the largest class, %"], lines))


def print_tables(rows) -> None:
    """What docs/quality.md shows."""
    cs = [f"{c:g}" for c in methods.CS]
    for figure in ("macro_f1", "accuracy"):
        print(f"\nC = 1, {figure}\n\n{found.by_set(rows, found.side_by_side(), figure)}")
        print(f"\nby C, {figure}\n\n{found.by_set(rows, found.by_c(('static', 'L3', 'L6'), cs), figure)}")
    print(f"\nwords and letters\n\n{found.by_set(rows, found.by_c(('words', 'letters'), cs), 'macro_f1')}")
    print(f"\n{found.fine_tuned(rows)}\n\n{found.demonstration(rows)}\n\n{found.disagreements(rows)}")


def main():
    arguments = options()
    results = found.Results(arguments.build / "results.jsonl")
    if not set(arguments.do) <= {"tables", "sets"}:
        tool = Tool(arguments.fewfit, arguments.bodies)
    if {"demonstration", "cheap"} & set(arguments.do):
        static = methods.static_encoder(tool.folders[methods.L3])
    if "demonstration" in arguments.do:
        demonstration.run(results, tool, arguments.tuned, static)
    if "cheap" in arguments.do:
        run_cheap(arguments, results, tool, static)
    if "fine-tuned" in arguments.do:
        run_fine_tuned(arguments, results, tool)
    if "sets" in arguments.do:
        print_sets(arguments)
    if "tables" in arguments.do:
        print_tables(results.rows)


if __name__ == "__main__":
    main()
