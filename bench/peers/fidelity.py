#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How true the narrow types are: fewfit's and the other engines', against torch in fp32.

    python3 bench/peers/fidelity.py                everything, with a Python environment of its own in build/peers
    python3 bench/peers/fidelity.py --python P     with an interpreter that has requirements.txt already
    python3 bench/peers/fidelity.py --peers fewfit/int8 openvino/int8

2,000 texts, each alone in its call: the real ones of tests/parity/texts.jsonl that no engine was calibrated with, and
lines of LibreOffice's translations and help in the same languages, neighbours joined to reach lengths drawn
log-uniformly (harness/real_text.py; Debian's apt-get brings what build/real_text does not hold). No two have the same
token ids. Asked of each peer is the cosine between its vectors and torch's, and on how many texts five logistic
regressions give the same label for both: the model's own, and four fitted here, on torch's vectors of 4,000 further
lines, to the language, to 4 and to 10 clusters, and to whether a text is longer than half of them. Two more, to
whether it ends as a sentence does and whether there is a digit in it, are shown but not counted: more than 70 % of
the texts are in one class, and the first is often wrong, so unsure, and shows how much agreement depends on the head.

Exit status 1 if a type of fewfit has a mean cosine below 0.9996, or agrees on less than 99.5 % of the texts in the
mean over the heads. Seeds are fixed: the same Debian packages give the same texts, whose digest is shown.
"""

import sys

sys.path[0] += "/harness"  # not this folder: its tokenize.py would hide Python's own

import hashlib
import json

import agreement
import heads
import process
import real_text
import session
import texts as choose
from tables import row

NARROW = ("f16", "bf16", "int8")
LEAST_MEAN_COSINE, LEAST_AGREEMENT = 0.9996, 0.995
ENGLISH = "en-us"
LANGUAGES = {  # LibreOffice's name: that of texts.jsonl
    "ru": "ru", ENGLISH: "en", "de": "de", "fr": "fr", "es": "es", "pl": "pl", "el": "el", "ar": "ar", "tr": "tr",
    "uk": "uk", "zh-cn": "zh", "ja": "ja", "ko": "ko", "he": "he", "hi": "hi",
}
SHARES = {"ru": 0.4, ENGLISH: 0.35}  # of LibreOffice's texts; the rest is shared evenly


def options():
    parser = session.parser_of(__doc__)
    parser.add_argument("--peers", nargs="+", help="peer or peer/variant; default: all of a narrow type",
                        default=[f"{path.stem}/{kind}" for path, kind in process.known() if kind in NARROW])
    parser.add_argument("--count", type=int, default=2000, help="texts")
    parser.add_argument("--fitted", type=int, default=4000, help="texts that heads are fitted to")
    return parser.parse_args()


def counts(total):
    """{language: so many of LibreOffice's texts}; what rounding leaves goes to Russian."""
    even = (1 - sum(SHARES.values())) / (len(LANGUAGES) - len(SHARES))
    found = {language: int(total * SHARES.get(language, even)) for language in LANGUAGES}
    found["ru"] += total - sum(found.values())
    return found


def all_texts(arguments, bar):
    """Texts for calibration, to be judged, and to fit heads to."""
    rows, tokenizer = choose.read(arguments.texts, arguments.model), choose.tokenizer_of(arguments.model)
    calibration, rest = choose.apart(rows)
    judged = list({tuple(text["ids"]): text for text in choose.real(rest)}.values())[:arguments.count]
    seen, fitted = {tuple(text["ids"]) for text in rows}, []
    lines = real_text.lines_of(real_text.files(sys.executable, bar(list(LANGUAGES), "fetching")), ENGLISH)
    wanted, more = counts(arguments.count - len(judged)), counts(arguments.fitted)
    for language in bar(list(LANGUAGES), "drawing"):
        both = wanted[language] + more[language]
        drawn = real_text.draw(lines[language], LANGUAGES[language], both, tokenizer, seen)
        judged += drawn[:wanted[language]]
        fitted += drawn[wanted[language]:]
    return calibration, judged, fitted


def about_texts(name, texts):
    """How many, how long and in which languages."""
    lengths = sorted(len(text["ids"]) for text in texts)
    quantiles = ", ".join(str(lengths[round(q * (len(lengths) - 1))]) for q in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1))
    languages = [text["lang"] for text in texts]
    shares = ", ".join(f"{lang} {languages.count(lang)}" for lang in dict.fromkeys(LANGUAGES.values()))
    digest = hashlib.sha256(json.dumps([text["text"] for text in texts]).encode()).hexdigest()
    print(f"{name}: {len(texts)} distinct, {sum(lengths)} tokens; least, 10, 25, 50, 75, 90 % and most of a text: "
          f"{quantiles}; {shares}; sha256 {digest[:16]}")


def about_heads(made, vectors):
    print("\nThe heads on torch's own vectors\n")
    row("head", "classes", "right", "share of each class, %")
    print("|---|---|---|---|")
    for head in made:
        right, shares = head.about(vectors)
        known = "not known" if right is None else f"{right:.1%}"
        row(head.name, head.classes, known, ", ".join(f"{100 * share:.1f}" for share in shares))


def compare(peers, vectors, expected, counted, beside):
    """Prints the table; what fewfit misses, as sentences."""
    print(f"\nAgainst torch fp32, {len(expected)} texts: cosine, and % of texts with the same label\n")
    names = [*(head.name for head in counted), "mean of these", *(f"beside: {head.name}" for head in beside)]
    row("", "type", "mean cosine", "least", *names)
    print("|" + "---|" * (4 + len(names)))
    missed = []
    for one in peers:
        cosines = agreement.cosines(vectors[one], expected)
        same = [(head.labels(vectors[one]) == head.labels(expected)).mean() for head in (*counted, *beside)]
        same.insert(len(counted), sum(same[:len(counted)]) / len(counted))
        mean = same[len(counted)]
        percent = [f"{100 * share:.2f}" for share in same]
        row(*one.name.split(" ", 1), f"{cosines.mean():.6f}", f"{cosines.min():.6f}", *percent)
        if one.tokenizes and not cosines.mean() >= LEAST_MEAN_COSINE:
            missed.append(f"{one.name}: mean cosine {cosines.mean():.6f}, {LEAST_MEAN_COSINE} is the least allowed")
        if one.tokenizes and not mean >= LEAST_AGREEMENT:
            missed.append(f"{one.name}: {mean:.2%} same labels, {LEAST_AGREEMENT:.1%} must be")
    return missed


def run(arguments, peers, reference, judged, fitted, bar):
    about = {reference.name: reference.ask("texts", texts=judged + fitted)["about"]}
    both = agreement.vectors_of(reference, judged + fitted, 1)
    expected = both[:len(judged)]
    made = heads.makers(arguments.model, fitted, both[len(judged):], judged, expected)
    counted, beside = (heads.make(some, bar) for some in made)
    vectors = {}
    for one in bar(peers, "comparing"):
        about[one.name] = one.ask("texts", texts=judged)["about"]
        vectors[one] = agreement.vectors_of(one, judged, 1)
    print(f"machine: {session.machine()}")
    for name, versions in about.items():
        print(f"{name}: {versions}")
    about_texts("texts", judged)
    about_texts("the heads' own texts", fitted)
    about_heads(counted + beside, expected)
    return compare(peers, vectors, expected, counted, beside)


def main():
    arguments = options()
    if not arguments.inside:
        session.in_environment(arguments.python, arguments.build)
    bar = session.progress()
    calibration, judged, fitted = all_texts(arguments, bar)
    peers, reference = session.start(arguments, "encode", calibration, bar)
    try:
        missed = run(arguments, peers, reference, judged, fitted, bar)
    finally:
        for one in dict.fromkeys([*peers, reference]):
            one.close()
    if missed:
        raise SystemExit("\nNot true enough:\n" + "\n".join(missed))


if __name__ == "__main__":
    main()
