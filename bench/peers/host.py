# SPDX-License-Identifier: MIT
"""A peer in a process of its own, so that no peer sees another's threads, allocator or floating-point mode.

    host.py prepare PEER.py VARIANT CONTEXT     what takes long and is kept in files; CONTEXT is a JSON object
    host.py serve PEER.py VARIANT CONTEXT       answers one line of JSON on stdout for each on stdin:

    {"do": "texts", "texts": [{"text", "ids"}, ..]}                      -> {"about": versions and settings}
    {"do": "vectors", "texts": [i, ..], "size": n}                       -> {"vectors": one a text, in their order}
    {"do": "time", "what": "encode", "texts": .., "size": n, "calls": m} -> {"wall", "cpu": seconds of m calls}

A call is one batch of `size` texts. The texts are sorted by length, cut into batches and padded before the clock
starts; the calls take the batches in turn. "cpu" is that of all threads of the process, so one too many would show.
fewfit_peer.cpp speaks the same, takes texts as they come, and knows "what": "tokenize" and {"do": "ids", "text": i}.

A peer's file has VARIANTS, perhaps prepare(variant, context), and load(variant, context), which returns
{"about", "settings": [(name, is, should be), ..], "input": (ids [B,T], lengths [B]) -> x, "encode": x -> [B,D]}.
"""

import sys

sys.path[0] += "/harness"  # not this folder: its tokenize.py would hide Python's own

import json
import time

from process import load_module


def batches(peer, texts, size):
    """[(places of the texts in `texts`, the peer's input)]; one text is never padded."""
    import numpy

    order = sorted(range(len(texts)), key=lambda i: len(texts[i])) if size > 1 else list(range(len(texts)))
    made = []
    for begin in range(0, len(order), size):
        places = order[begin:begin + size]
        lengths = numpy.array([len(texts[i]) for i in places])
        ids = numpy.zeros((len(places), lengths.max()), numpy.int64)
        for place, i in enumerate(places):
            ids[place, :lengths[place]] = texts[i]
        made.append((places, peer["input"](ids, lengths)))
    return made


def timed(encode, inputs, calls):
    encode(inputs[0])  # the first one brings the caches back and does not count
    wall, cpu = time.perf_counter(), time.process_time()
    for i in range(calls):
        encode(inputs[i % len(inputs)])
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def vectors(peer, texts, size):
    found = {}
    for places, one in batches(peer, texts, size):
        found.update(zip(places, [[float(x) for x in row] for row in peer["encode"](one)]))
    return [found[i] for i in range(len(texts))]


def serve(peer, answers):
    for name, value, wanted in peer["settings"]:
        if value != wanted:
            raise SystemExit(f"{peer['about']}: {name} is {value}, not {wanted}")
    about = ", ".join([peer["about"], *(f"{name} {value}" for name, value, _ in peer["settings"])])
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "texts":
            all_ids = [text["ids"] for text in order["texts"]]
            answer = {"about": about}
        elif order["do"] == "vectors":
            answer = {"vectors": vectors(peer, [all_ids[i] for i in order["texts"]], order["size"])}
        else:
            made = batches(peer, [all_ids[i] for i in order["texts"]], order["size"])
            answer = timed(peer["encode"], [one for _, one in made], order["calls"])
        print(json.dumps(answer), file=answers, flush=True)


def main():
    action, path, variant, context = sys.argv[1], sys.argv[2], sys.argv[3], json.loads(sys.argv[4])
    module = load_module(path)
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    if action == "serve":
        serve(module.load(variant, context), answers)
    elif hasattr(module, "prepare"):
        module.prepare(variant, context)


if __name__ == "__main__":
    main()
