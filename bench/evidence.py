#!/usr/bin/env python3
"""How far exact contributions tell what taking a word out does: docs/evidence.md's figures.

usage: evidence.py FEWFIT MODEL [TEXTS.jsonl]      the built command line and a model with exact evidence
"""

import json
import pathlib
import random
import statistics
import subprocess
import sys

TEXTS = pathlib.Path(__file__).resolve().parent.parent / "tests/parity/texts.jsonl"
LEAST_WORDS = 4


def explain(program: str, model: str, texts: list[str], label: str | None = None) -> list[dict]:
    """The explanations of texts."""
    lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    command = [program, "explain", "-m", model, "--format", "jsonl", *(["--label", label] if label else [])]
    done = subprocess.run(command, input=lines, capture_output=True, check=True, text=True, encoding="utf-8")
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def without(text: str, word: dict) -> str:
    """The text with a blank in a word's place."""
    whole = text.encode()
    return (whole[: word["start"]] + b" " + whole[word["end"] :]).decode()


def ranks(numbers: list[float]) -> list[float]:
    """The place of each number among them, the smallest 0."""
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    out = [0.0] * len(numbers)
    for place, index in enumerate(order):
        out[index] = float(place)
    return out


def losses(program: str, model: str, answers: list[dict]) -> list[list[float]]:
    """What the logit of each answer's label loses without each of its words."""
    out: list[list[float]] = [[] for _ in answers]
    for label in sorted({a["label"] for a in answers}):
        asked = [(i, w) for i, a in enumerate(answers) if a["label"] == label for w in a["evidence"]]
        texts = [without(answers[i]["text"], w) for i, w in asked]
        for (i, _), changed in zip(asked, explain(program, model, texts, label)):
            out[i].append(answers[i]["logit"] - changed["logit"])
    return out


def after_removal(program: str, model: str, answers: list[dict], numbers: list[list[float]]) -> tuple[float, float]:
    """What logits lose on average, and how often the label is another, without the fifth of words with the largest numbers."""
    texts = []
    for answer, of_words in zip(answers, numbers):
        order = sorted(range(len(of_words)), key=of_words.__getitem__, reverse=True)
        gone = [answer["evidence"][i] for i in order[: max(1, round(len(order) / 5))]]
        text = answer["text"]
        for word in sorted(gone, key=lambda word: word["start"], reverse=True):
            text = without(text, word)
        texts.append(text)
    lost = []
    for label in sorted({a["label"] for a in answers}):
        which = [i for i, a in enumerate(answers) if a["label"] == label]
        changed = explain(program, model, [texts[i] for i in which], label)
        lost += [answers[i]["logit"] - c["logit"] for i, c in zip(which, changed)]
    others = [c["label"] != a["label"] for a, c in zip(answers, explain(program, model, texts))]
    return statistics.mean(lost), statistics.mean(others)


def main() -> int:
    """Prints the figures."""
    program, model, *rest = sys.argv[1:]
    lines = pathlib.Path(rest[0] if rest else TEXTS).read_text(encoding="utf-8").strip("\n").split("\n")
    answers = [a for a in explain(program, model, [json.loads(line)["text"] for line in lines])
               if not a["truncated"] and len(a["evidence"]) >= LEAST_WORDS]
    rows, lost_by_word = [], losses(program, model, answers)
    for answer, lost in zip(answers, lost_by_word):
        shares = [w["contribution"] for w in answer["evidence"]]
        best, worst = shares.index(max(shares)), shares.index(min(shares))
        by_loss = sorted(range(len(lost)), key=lost.__getitem__, reverse=True)
        rows.append({
            "rank correlation of shares and losses": statistics.correlation(ranks(shares), ranks(lost)),
            "strongest word is the one that is lost most": best == by_loss[0],
            "strongest word is among the three lost most": best in by_loss[:3],
            "logit lost without the strongest word": lost[best],
            "logit lost without any word, mean": statistics.mean(lost),
            "logit lost without the weakest word": lost[worst],
            "share of the strongest word": shares[best],
            "shares of one sign, part of all": max(sum(s > 0 for s in shares), sum(s < 0 for s in shares)) / len(shares),
        })
    print(f"{len(rows)} texts, {sum(len(a['evidence']) for a in answers)} words")
    for name in rows[0]:
        print(f"{statistics.mean(float(row[name]) for row in rows):8.3f}  {name}")
    chance = random.Random(1)
    for name, numbers in {
        "shares": [[w["contribution"] for w in a["evidence"]] for a in answers],
        "occlusion": lost_by_word,
        "chance": [[chance.random() for _ in a["evidence"]] for a in answers],
    }.items():
        lost, others = after_removal(program, model, answers, numbers)
        print(f"without the fifth of words that leads by {name}: the logit loses {lost:.3f}, {others:.1%} have another label")
    return 0


if __name__ == "__main__":
    sys.exit(main())
