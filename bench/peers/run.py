#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""fewfit beside other engines: the same model, the same texts, one thread each.

    python3 bench/peers/run.py                     everything, with a Python environment of its own in build/peers
    python3 bench/peers/run.py --python P          with an interpreter that has requirements.txt already
    python3 bench/peers/run.py --peers fewfit onnxruntime --tokens 128 --rounds 31

A task is a folder (encode: one text to its sentence vector), a peer is a file in it, a variant of a peer (fp32 ...) a
name in its VARIANTS. First every vector is compared with that of every other peer; one that differs ends the run with
status 1. Then rounds: in each, every peer in turn does the same number of calls, in an order that rotates, so that a
slow minute of the machine falls on all. A ratio is taken within a round; shown are medians and, in brackets, quartiles.

The others are given token ids; fewfit is given the text and its time includes its tokenizer, whose share is shown.
Needs a C++ compiler, Eigen, utf8proc and nlohmann-json. To save 2 GB of CUDA, point pip at the CPU builds of torch
before (PIP_INDEX_URL, PIP_EXTRA_INDEX_URL or PIP_FIND_LINKS).
"""

import argparse
import itertools
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
AGREEMENT = {"fp32": (2e-6, 0.999999)}  # of two vectors: largest difference, least cosine; for a new type a new line
TEXTS_A_LENGTH = 3


def options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="an interpreter that has everything in requirements.txt")
    parser.add_argument("--model", default=str(ROOT / "models" / "interviews"), help="a SetFit folder")
    parser.add_argument("--texts", default=str(ROOT / "tests" / "parity" / "texts.jsonl"), help="lines with a text")
    parser.add_argument("--build", default=str(ROOT / "build" / "peers"), help="where files are made")
    parser.add_argument("--cxx", default=os.environ.get("CXX", "c++"))
    parser.add_argument("--task", default="encode", choices=["encode"])
    parser.add_argument("--peers", nargs="+", help="peer or peer/variant; default: all. The first is the one compared")
    parser.add_argument("--tokens", nargs="+", type=int, default=[8, 16, 32, 64, 128])
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--work", type=int, default=1024, help="tokens of a peer's turn")
    parser.add_argument("--cpu", type=int, help="run every peer on this processor (Linux)")
    parser.add_argument("--clock", default="wall", choices=["wall", "cpu"], help="cpu: where others use the machine too")
    parser.add_argument("--json", help="a file for all times")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def in_environment(python, build):
    """Goes on in the interpreter that has the packages; makes one where none is named."""
    if python is None:
        place = pathlib.Path(build) / "venv"
        python = str(place / "bin" / "python")
        wanted, stamp = (HERE / "requirements.txt").read_text(), place / "wanted"
        if not stamp.is_file() or stamp.read_text() != wanted:
            venv.create(place, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "-r", str(HERE / "requirements.txt")], check=True)
            stamp.write_text(wanted)
    os.execv(python, [python, __file__, *sys.argv[1:], "--inside"])


def choose_texts(path, tokenizer_file, lengths):
    """For each length texts of exactly so many tokens, Russian ones first: text, ids."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(tokenizer_file)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    rows = [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").rstrip("\n").split("\n")]
    rows.sort(key=lambda row: row.get("lang") != "ru")
    found = {length: [] for length in lengths}
    for row in rows:
        ids = tokenizer.encode(row["text"]).ids
        if len(found.get(len(ids), range(TEXTS_A_LENGTH))) < TEXTS_A_LENGTH:
            found[len(ids)].append({"text": row["text"], "ids": ids})
    missing = [length for length, texts in found.items() if not texts]
    if missing:
        raise SystemExit(f"{path} has no text of exactly {missing} tokens")
    return found


class peer:
    """One variant of a peer, running."""

    def __init__(self, path, module, variant, arguments, context):
        self.name, self.type = f"{path.stem} {variant}", variant.split("-")[0]
        self.tokenizes = path.stem == "fewfit"
        host = [sys.executable, str(HERE / "host.py")]
        rest = [str(path), variant, json.dumps(context)]
        subprocess.run([*host, "prepare", *rest], check=True)
        command = module.command(variant, context) if hasattr(module, "command") else [*host, "serve", *rest]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=environment
        )
        self.wall = self.cpu = 0.0  # of all that was timed

    def ask(self, do, **order):
        try:
            self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise SystemExit(f"{self.name} ended with status {self.process.wait()}")
        return json.loads(line)

    def time(self, what, texts, calls, clock):
        """Milliseconds a call."""
        spent = self.ask("time", what=what, texts=texts, calls=calls)
        self.wall, self.cpu = self.wall + spent["wall"], self.cpu + spent["cpu"]
        return spent[clock] / calls * 1e3

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def start(arguments, bar):
    """All peers that were asked for, fewfit first unless told otherwise."""
    from host import load_module

    folder = HERE / arguments.task
    paths = sorted(folder.glob("*.py"), key=lambda path: (path.stem != "fewfit", path.stem))
    known = [(path, variant) for path in paths for variant in load_module(path).VARIANTS]
    chosen = known
    if arguments.peers:
        fits = lambda name, path, variant: name in (path.stem, f"{path.stem}/{variant}")
        chosen = [one for name in arguments.peers for one in known if fits(name, *one)]
        unknown = [name for name in arguments.peers if not any(fits(name, *one) for one in known)]
        if unknown:
            raise SystemExit(f"no such peer: {unknown}; there are {[f'{p.stem}/{v}' for p, v in known]}")
    peers = []
    for path, variant in bar(chosen, "preparing"):
        build = pathlib.Path(arguments.build) / arguments.task / path.stem
        build.mkdir(parents=True, exist_ok=True)
        context = {"model": arguments.model, "build": str(build), "source": str(ROOT), "cxx": arguments.cxx}
        peers.append(peer(path, load_module(path), variant, arguments, context))
    return peers


def check_agreement(peers, texts, bar):
    """Every vector against every other peer's; returns the worst, or ends the run."""
    import numpy

    vectors = {}
    for one in bar(peers, "comparing"):
        if one.tokenizes:
            for i, text in enumerate(texts):
                if one.ask("ids", text=i)["ids"] != text["ids"]:
                    raise SystemExit(f"{one.name} has other token ids for {text['text']!r}")
        vectors[one] = [numpy.array(one.ask("vector", text=i)["vector"]) for i in range(len(texts))]
    farthest, least = 0.0, 1.0
    for a, b in itertools.combinations(peers, 2):
        difference = max(float(abs(x - y).max()) for x, y in zip(vectors[a], vectors[b]))
        cosine = min(float(x @ y / numpy.sqrt((x @ x) * (y @ y))) for x, y in zip(vectors[a], vectors[b]))
        wanted = [AGREEMENT[one.type] for one in (a, b)]
        if not (difference <= max(w[0] for w in wanted) and cosine > min(w[1] for w in wanted)):
            raise SystemExit(f"{a.name} and {b.name} disagree: difference {difference:.3g}, cosine {cosine:.9f}")
        farthest, least = max(farthest, difference), min(least, cosine)
    return farthest, least


def measure(peers, groups, arguments, bar):
    """Milliseconds a call: {peer's name: {tokens: [one a round]}}."""
    times = {}
    for turn, tokens in bar(list(itertools.product(range(arguments.rounds), groups)), "rounds"):
        for i in range(len(peers)):
            one = peers[(turn + i) % len(peers)]
            for what in ("encode", "tokenize") if one.tokenizes else ("encode",):
                name = one.name if what == "encode" else one.name + " tokenizer"
                spent = one.time(what, groups[tokens], max(4, arguments.work // tokens), arguments.clock)
                times.setdefault(name, {}).setdefault(tokens, []).append(spent)
    for one in peers:
        if one.cpu > 1.1 * one.wall:
            raise SystemExit(f"{one.name} took {one.cpu:.1f} s of processors in {one.wall:.1f} s: more than one thread")
    return times


def quartiles(values):
    return statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else [values[0]] * 3


def print_tables(peers, times, lengths):
    first = peers[0].name
    print("\nMilliseconds a text, median\n")
    columns = [name for p in peers for name in (p.name, p.name + " tokenizer") if name in times]
    print("| tokens | " + " | ".join(columns) + " |\n|" + "---|" * (len(columns) + 1))
    for tokens in lengths:
        cells = [f"{statistics.median(times[name][tokens]):.{4 if name.endswith('tokenizer') else 3}f}" for name in columns]
        print(f"| {tokens} | " + " | ".join(cells) + " |")
    if len(peers) == 1:
        return
    print(f"\nTheir time as a multiple of {first}'s: median [quartiles]; above 1 they take longer\n")
    print("| tokens | " + " | ".join(p.name for p in peers[1:]) + " |\n|" + "---|" * len(peers))
    for tokens in lengths:
        cells = []
        for other in peers[1:]:
            low, middle, high = quartiles([b / a for a, b in zip(times[first][tokens], times[other.name][tokens])])
            cells.append(f"{middle:.2f} [{low:.2f}, {high:.2f}]")
        print(f"| {tokens} | " + " | ".join(cells) + " |")


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def main():
    arguments = options()
    if not arguments.inside:
        in_environment(arguments.python, arguments.build)
    if arguments.cpu is not None:
        os.sched_setaffinity(0, {arguments.cpu})  # which the peers inherit
    from tqdm import tqdm

    bar = lambda things, what: tqdm(things, desc=what, leave=False, disable=None)  # none where stderr is no terminal
    groups_of_texts = choose_texts(arguments.texts, arguments.model + "/tokenizer.json", arguments.tokens)
    texts, groups = [], {}
    for tokens, some in groups_of_texts.items():
        groups[tokens] = list(range(len(texts), len(texts) + len(some)))
        texts += some
    peers = start(arguments, bar)
    try:
        about = {one.name: one.ask("texts", texts=texts)["about"] for one in peers}
        farthest, least = check_agreement(peers, texts, bar)
        load = os.getloadavg()[0]
        times = measure(peers, groups, arguments, bar)
    finally:
        for one in peers:
            one.close()
    print(f"machine: {processor()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}; "
          f"load average before {load:.2f}")
    for name, versions in about.items():
        print(f"{name}: {versions}")
    print(f"{len(texts)} texts; all vectors agree: largest difference {farthest:.2g}, least cosine {least:.9f}")
    print(f"one thread, {arguments.rounds} rounds of max(4, {arguments.work} / tokens) calls, in turns, "
          f"{arguments.clock} clock")
    print_tables(peers, times, arguments.tokens)
    if arguments.json:
        result = {"machine": processor(), "about": about, "milliseconds": times}
        pathlib.Path(arguments.json).write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
