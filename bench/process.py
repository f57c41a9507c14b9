#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a process with one model costs: start to label, memory, size, first and cold calls, and -O0.

    python3 bench/process.py [--types f32 f16 bf16 i8] [--runs 15] [--peers] [--python build/venv/bin/python]

Converts models/interviews into each type, builds bench/process.cpp and examples/hello.cpp with g++ for plain x86-64
and prints one table. Every figure is a median; runs of all types and builds alternate. The files are in the page cache.
"""

import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import time

try:
    from tqdm import tqdm
except ImportError:
    def tqdm(things, **_):
        return things

ROOT = pathlib.Path(__file__).resolve().parents[1]
BUILD = ROOT / "build" / "process"
TOKENS = 16
LIBRARY = ROOT / "tools" / "fewfit" / "library.cpp"
OWN_LIBRARIES = re.compile(r"^(linux-vdso|ld-linux[-\w]*|libc|libm|libstdc\+\+|libgcc_s)\.so")


def text_of(tokens):
    texts = json.loads((ROOT / "tests/parity/golden/golden.json").read_text("utf-8"))["texts"]
    return next(text for text in texts if text["tokens"] == tokens)


def compile_all(compiler, eigen):
    """The programs by how they are built."""
    asked = [compiler, "-print-file-name=libutf8proc.a"]
    archive = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    library = [archive] if os.path.isabs(archive) else ["-lutf8proc"]  # a name alone: it is not there
    flags = [compiler, "-std=c++17", f"-I{ROOT / 'include'}", "-isystem", eigen]
    code, process, hello = BUILD / "library.o", ROOT / "bench/process.cpp", ROOT / "examples/hello.cpp"
    steps = [
        [*flags, "-O2", process, "-o", BUILD / "plain", *library],
        [*flags, "-O0", process, "-o", BUILD / "unoptimised", *library],
        [*flags, "-O2", "-c", LIBRARY, "-o", code],
        [*flags, "-O0", "-DFEWFIT_PROCESS_LIGHT", process, code, "-o", BUILD / "one_file_optimised", *library],
        [*flags, "-O2", "-s", hello, "-o", BUILD / "hello", *library],
    ]
    for step in tqdm(steps, desc="compiling", disable=not sys.stderr.isatty()):
        subprocess.run(list(map(str, step)), check=True)


def convert(python, types):
    for one in tqdm(types, desc="converting", disable=not sys.stderr.isatty()):
        subprocess.run([python, "-B", ROOT / "tools/fewfit_convert", ROOT / "models/interviews", "--dtype", one,
                        "-o", BUILD / f"{one}.fewfit"], check=True, capture_output=True)


def start(*command):
    """Milliseconds until a process has said all it has to say, its peak in kB, and what it said."""
    reading, writing = os.pipe()
    begin = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ,
                           file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_CLOSE, reading)])
    os.close(writing)
    said = b""
    while part := os.read(reading, 65536):
        said += part
    end = time.perf_counter()
    os.close(reading)
    _, status, usage = os.wait4(child, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)}: {said.decode()}")
    return (end - begin) * 1e3, usage.ru_maxrss, said.decode()


def pairs(said):
    return {name: float(value) for name, value in (line.split() for line in said.splitlines())}


def measure(types, text, runs):
    """{(figure, type): [values]}; the types take turns within a run."""
    values = {}
    note = lambda figure, kind, value: values.setdefault((figure, kind), []).append(value)
    for _ in tqdm(range(runs), desc="running", disable=not sys.stderr.isatty()):
        note("empty", "", start(str(BUILD / "plain"))[0])
        for kind in types:
            asked = str(BUILD / f"{kind}.fewfit"), text["text"]
            took, peak, said = start(str(BUILD / "plain"), *asked)
            if said.strip() != text["label"]:
                sys.exit(f"{kind}: {said.strip()} is not {text['label']}")
            note("label", kind, took), note("maxrss", kind, peak)
            found = pairs(start(str(BUILD / "plain"), *asked, "memory")[2])
            if found.pop("tokens") != TOKENS:
                sys.exit(f"the text has not {TOKENS} tokens")
            found |= pairs(start(str(BUILD / "plain"), *asked, "calls")[2])
            for build in ("unoptimised", "one_file_optimised"):
                found[build] = pairs(start(str(BUILD / build), *asked, "calls")[2])["warm"]
            for figure, value in found.items():
                note(figure, kind, value)
    return {key: statistics.median(of_key) for key, of_key in values.items()}


PEER = """
import json, sys, time
sys.path.insert(0, sys.argv[1] + "/harness")
from process import load_module
import numpy, onnxruntime
context, ids = json.loads(sys.argv[2]), numpy.array([json.loads(sys.argv[3])], numpy.int64)
module = load_module(sys.argv[1] + "/encode/onnxruntime.py")
begin = time.perf_counter()
peer = module.load(sys.argv[4], context)
made = peer["input"](ids, numpy.array([ids.shape[1]]))
peer["encode"](made)
first = time.perf_counter()
for _ in range(9): peer["encode"](made)
last = time.perf_counter()
peer["encode"](made)
print("first", (first - begin) * 1e3), print("tenth", (time.perf_counter() - last) * 1e3)
"""


def measure_peer(variant, ids, runs):
    """onnxruntime in a Python that has imported it: milliseconds of a session and its first run, and of the tenth."""
    python, graphs = ROOT / "build/peers/venv/bin/python", ROOT / "build/peers/encode/onnxruntime"
    if not python.exists() or not (graphs / f"{variant}-encode.onnx").exists():
        sys.exit("--peers wants what bench/peers/run.py leaves in build/peers")
    context = json.dumps({"build": str(graphs), "task": "encode", "threads": 1})
    command = [str(python), "-c", PEER, str(ROOT / "bench/peers"), context, json.dumps(ids), variant]
    said = [pairs(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(runs)]
    return [statistics.median(one[what] for one in said) for what in ("first", "tenth")]


def needed(program):
    """The shared libraries of a program: all, and those that are not the system's own."""
    listing = subprocess.run(["ldd", program], check=True, capture_output=True, text=True).stdout
    names = [line.split()[0].rsplit("/", 1)[-1] for line in listing.splitlines() if line.strip()]
    return names, [name for name in names if not OWN_LIBRARIES.match(name)]


ROWS = [
    ("process start to label, every checksum verified, ms", "label", 1, ".1f"),
    ("peak resident (VmHWM), MB", "peak", 1e-3, ".1f"),
    ("the same as wait4 says (ru_maxrss), MB", "maxrss", 1e-3, ".1f"),
    ("of it the mapped file, MB", "mapped_file", 1e-3, ".1f"),
    ("private dirty, kB", "private_dirty", 1, ".0f"),
    ("first call, ms", "first", 1, ".2f"),
    ("tenth call, ms", "tenth", 1, ".2f"),
    ("warm call, ms", "warm", 1, ".2f"),
    ("call after 64 MB were touched, ms", "cold", 1, ".2f"),
    ("warm call, all built with -O0, ms", "unoptimised", 1, ".1f"),
    ("warm call, -O0 but for the implementation's file, ms", "one_file_optimised", 1, ".2f"),
]


def print_table(types, values):
    print(f"| {TOKENS} tokens | {' | '.join(types)} |\n|{'---|' * (1 + len(types))}")
    sizes = [f"{(BUILD / f'{kind}.fewfit').stat().st_size / 1e6:.1f}" for kind in types]
    print(f"| model file, MB | {' | '.join(sizes)} |")
    for title, figure, factor, form in ROWS:
        print(f"| {title} | {' | '.join(format(values[figure, kind] * factor, form) for kind in types)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--types", nargs="+", default=["f32", "f16"])
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--peers", action="store_true", help="onnxruntime, too, from build/peers")
    parser.add_argument("--compiler", default="g++")
    parser.add_argument("--eigen", default="/usr/include/eigen3")
    parser.add_argument("--python", default=sys.executable, help="one that has numpy and safetensors")
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    convert(options.python, options.types)
    compile_all(options.compiler, options.eigen)
    text = text_of(TOKENS)
    values = measure(options.types, text, options.runs)
    print_table(options.types, values)
    names, others = needed(BUILD / "hello")
    print(f"\nA process that does nothing: {values['empty', '']:.1f} ms. examples/hello, stripped: "
          f"{(BUILD / 'hello').stat().st_size / 1e3:.0f} kB, needs {', '.join(names)}"
          + (f"; not the system's own: {', '.join(others)}" if others else ""))
    if options.peers:
        for variant in ("fp32", "int8"):
            first, tenth = measure_peer(variant, text["ids"], options.runs)
            print(f"onnxruntime {variant}, Python and imports not counted: session and first run {first:.1f} ms, "
                  f"tenth run {tenth:.2f} ms")


if __name__ == "__main__":
    main()
