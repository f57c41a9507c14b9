# SPDX-License-Identifier: MIT
"""A peer in a process of its own, so that no peer sees another's threads, allocator or floating-point mode.

    host.py prepare PEER.py VARIANT CONTEXT     what takes long and is kept in files; CONTEXT is a JSON object
    host.py serve PEER.py VARIANT CONTEXT       answers one line of JSON on stdout for each on stdin:

    {"do": "texts", "texts": [{"text", "ids"}, ..]}           -> {"about": versions}
    {"do": "vector", "text": i}                               -> {"vector": [..]}
    {"do": "time", "what": "encode", "texts": [i, ..], "calls": n}  -> {"wall", "cpu": seconds of n calls}

The calls take the texts in turn. "cpu" is that of all threads of the process, so a second one would show.
fewfit_peer.cpp speaks the same, and knows "what": "tokenize" and {"do": "ids", "text": i} besides.
"""

import importlib.util
import json
import pathlib
import sys
import time


def load_module(path):
    """A peer's file, under a name that hides no package: torch.py is not torch."""
    spec = importlib.util.spec_from_file_location("peer_" + pathlib.Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def timed(encode, inputs, calls):
    encode(inputs[0])  # the first one brings the caches back and does not count
    wall, cpu = time.perf_counter(), time.process_time()
    for i in range(calls):
        encode(inputs[i % len(inputs)])
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def serve(peer, answers):
    inputs = []
    for line in sys.stdin:
        order = json.loads(line)
        if order["do"] == "texts":
            inputs = [peer["input"](text["ids"]) for text in order["texts"]]
            answer = {"about": peer["about"]}
        elif order["do"] == "vector":
            answer = {"vector": [float(x) for x in peer["encode"](inputs[order["text"]])]}
        else:
            answer = timed(peer["encode"], [inputs[i] for i in order["texts"]], order["calls"])
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
