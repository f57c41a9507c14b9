#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fewfit beside other engines: the same model, the same texts, one thread each.

    python3 bench/peers/run.py                     everything, with a Python environment of its own in build/peers
    python3 bench/peers/run.py --python P          with an interpreter that has requirements.txt already
    python3 bench/peers/run.py --task batch        300 texts of all lengths at once
    python3 bench/peers/run.py --peers fewfit onnxruntime/int8 --tokens 128 --rounds 31

The tasks: encode, one text of so many tokens to its sentence vector; batch, many texts to theirs. A peer is a file
in encode/, a variant of it (fp32 ...) a name in its VARIANTS. First every vector is compared with torch's in fp32;
one too far off for its type ends the run with status 1. Then rounds: in each, every peer in turn does the same
work, those of a type after each other in an order that rotates, so that a slow minute of the machine falls on all.
A ratio is taken within a type and a round; shown are medians and, in brackets, quartiles.

fewfit is given all texts of `batch` in one call; for the others they are sorted by length and padded, in batches of
the size that is fastest for each. The others are given token ids; fewfit is given the text and its time includes its
tokenizer. Needs a C++ compiler, Eigen, utf8proc and nlohmann-json. To save 2 GB of CUDA, point pip at the CPU builds
of torch before (PIP_INDEX_URL, PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS).
"""

import sys

sys.path[0] += "/harness"  # not this folder: its tokenize.py would hide Python's own

import itertools
import json
import os
import pathlib

import agreement
import session
import tables
import texts as choose


def options():
    parser = session.parser_of(__doc__)
    parser.add_argument("--task", default="encode", choices=["encode", "batch"])
    parser.add_argument("--peers", nargs="+", help="peer or peer/variant; default: all. The first of a type is "
                        "what the others are compared with")
    parser.add_argument("--tokens", nargs="+", type=int, default=[8, 16, 32, 64, 128], help="encode: lengths")
    parser.add_argument("--count", type=int, default=300, help="batch: texts; encode: as many are compared besides")
    parser.add_argument("--batches", nargs="+", type=int, default=[8, 16, 32], help="batch: sizes others may choose")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--work", type=int, default=1024, help="encode: tokens of a peer's turn")
    parser.add_argument("--cpu", nargs="+", type=int, help="run every peer on these processors (Linux)")
    parser.add_argument("--clock", default="wall", choices=["wall", "cpu"], help="cpu: on a machine others use too")
    parser.add_argument("--json", help="a file for all times")
    arguments = parser.parse_args()
    if arguments.threads > 1 and arguments.clock == "cpu":
        parser.error("--clock cpu adds the threads' times up: with --threads only the wall clock tells anything")
    return arguments


def by_type(peers):
    """{type: its peers}, in the order of the types."""
    return {kind: some for kind in agreement.LEAST_COSINE if (some := [p for p in peers if p.type == kind])}


def in_turns(peers, turn):
    """Every type's peers, begun with another one each turn."""
    for some in by_type(peers).values():
        yield from (some[(turn + i) % len(some)] for i in range(len(some)))


def measure_encode(peers, groups, arguments, bar):
    """Milliseconds a text: {peer's name: {tokens: [one a round]}}."""
    times = {}
    for turn, tokens in bar(list(itertools.product(range(arguments.rounds), groups)), "rounds"):
        for one in in_turns(peers, turn):
            for what in ("encode", "tokenize") if one.tokenizes else ("encode",):
                name = one.name if what == "encode" else one.name + " tokenizer"
                spent = one.time(what, groups[tokens], 1, max(4, arguments.work // tokens), arguments.clock)
                times.setdefault(name, {}).setdefault(tokens, []).append(spent)
    return times


def measure_batch(peers, texts, arguments, bar):
    """Milliseconds for all texts, {peer's name: {"batch": [one a round]}}, and each peer's size of a batch."""
    def once(one, size):
        calls = -(-len(texts) // size)
        return one.time("encode", texts, size, calls, arguments.clock) * calls

    sizes, times = {}, {one.name: {"batch": []} for one in peers}
    for one in bar(peers, "sizes"):
        tried = [len(texts)] if one.tokenizes else arguments.batches
        # Twice, of which the less counts: some prepare themselves for each shape they meet.
        sizes[one.name] = min(tried, key=lambda size: min(once(one, size) for _ in range(2)))
    for turn in bar(range(arguments.rounds), "rounds"):
        for one in in_turns(peers, turn):
            times[one.name]["batch"].append(once(one, sizes[one.name]))
    return times, sizes


def run(arguments, peers, reference, texts, groups, bar):
    """Compares, measures and prints; `groups` has places in `texts`, those of the task `batch` under that name."""
    everyone = list(dict.fromkeys([*peers, reference]))
    about = {one.name: one.ask("texts", texts=texts)["about"] for one in everyone}
    batch = arguments.task == "batch"
    agreed = agreement.check(peers, reference, texts, max(arguments.batches) if batch else 1, bar)
    load = os.getloadavg()[0]
    mixed = groups.pop("batch")
    if batch:
        times, sizes = measure_batch(peers, mixed, arguments, bar)
    else:
        times = measure_encode(peers, groups, arguments, bar)
    for one in everyone:
        one.check(os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set())
    print(f"machine: {session.machine()}; load average before {load:.2f}")
    for name, versions in about.items():
        print(f"{name}: {versions}")
    print(f"threads: {arguments.threads}; {arguments.rounds} rounds, in turns, {arguments.clock} clock")
    print(agreed)
    for kind, some in by_type(peers).items():
        if batch:
            tables.of_batch(kind, some, times, len(mixed), sizes)
        else:
            tables.of_encode(kind, some, times, list(groups))
    return {"machine": session.processor(), "about": about, "threads": arguments.threads, "milliseconds": times}


def main():
    arguments = options()
    if not arguments.inside:
        session.in_environment(arguments.python, arguments.build)
    if arguments.cpu is not None:
        os.sched_setaffinity(0, set(arguments.cpu))  # which the peers inherit
    bar = session.progress()
    calibration, rest = choose.apart(choose.read(arguments.texts, arguments.model))
    texts, groups = [], {}
    chosen_texts = {} if arguments.task == "batch" else choose.of_lengths(rest, arguments.tokens)
    for name, some in [*chosen_texts.items(), ("batch", choose.mixed(rest, arguments.count))]:
        groups[name] = list(range(len(texts), len(texts) + len(some)))
        texts += some
    peers, reference = session.start(arguments, arguments.task, calibration, bar)
    try:
        result = run(arguments, peers, reference, texts, groups, bar)
    finally:
        for one in dict.fromkeys([*peers, reference]):
            one.close()
    if arguments.json:
        text = json.dumps(result, ensure_ascii=False, indent=1) + "\n"
        pathlib.Path(arguments.json).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
