#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fits beside scikit-learn's, on the same vectors, taking turns.

    python3 bench/fit_sklearn.py [--rounds 31] [--examples 50 350 5000] [--flags -march=x86-64]

Builds bench/fit.cpp with g++ -O2 and runs it beside this process, which has scikit-learn: in every round each of them
fits once, scikit-learn by LogisticRegression(max_iter=1000), once with the vectors as they come from a model (float32)
and once in float64. Prints medians and minima in milliseconds, and by how many times scikit-learn's is longer, the
median of the rounds' own ratios. fewfit goes on to the optimum; how far scikit-learn is from it stands beside.
"""

import argparse
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

ROOT = pathlib.Path(__file__).resolve().parents[1]
WIDTH, CLASSES = 384, 3


def demonstration():
    """The demonstration's vectors and classes, from the golden files. shape [56, 384], [56]"""
    folder = ROOT / "tests" / "data" / "fit"
    labels = np.array(json.loads((folder / "fit.json").read_text(encoding="utf-8"))["cases"][0]["labels"])
    vectors = np.fromfile(folder / "vectors.f32", "<f4", len(labels) * WIDTH).reshape(len(labels), WIDTH)
    return vectors, labels


def mixture(n):
    """Unit vectors around a centre for each class, all on one side. shape [n, 384], [n]"""
    random = np.random.default_rng(n)
    centres, labels = random.normal(size=(CLASSES, WIDTH)), np.arange(n) % CLASSES
    apart = 0.1 if n >= 5000 else 0.3
    vectors = random.normal(size=WIDTH) + apart * centres[labels] + random.normal(size=(n, WIDTH))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32), labels


def build(folder, flags):
    """The program of bench/fit.cpp."""
    program = os.path.join(folder, "fit")
    includes = [f"-I{ROOT / 'include'}", f"-I{ROOT / 'tests'}", f"-I{ROOT / 'bench'}", "-isystem", "/usr/include/eigen3"]
    subprocess.run(["g++", "-std=c++17", "-O2", *flags, *includes, f'-DFEWFIT_SOURCE_DIR="{ROOT}"', ROOT / "bench/fit.cpp",
                    "-o", program, "-lbenchmark", "-lpthread"], check=True)
    return program


def fit_there(vectors, labels):
    """Milliseconds of one fit of scikit-learn's, and the fit."""
    begin = time.perf_counter()
    head = LogisticRegression(max_iter=1000).fit(vectors, labels)
    return (time.perf_counter() - begin) * 1e3, head


def compare(program, folder, vectors, labels, rounds):
    """Milliseconds of each round: ours, theirs in float32, theirs in float64; and how far theirs are from the optimum."""
    path = os.path.join(folder, "problem")
    with open(path, "wb") as out:
        out.write(struct.pack("<3I", len(labels), WIDTH, CLASSES))
        out.write(labels.astype("<u4").tobytes() + vectors.astype("<f4").tobytes())
    child = subprocess.Popen([program, f"--serve={path}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    wide, found = vectors.astype(np.float64), []
    for turn in range(rounds + 2):
        child.stdin.write("\n"), child.stdin.flush()
        ours, converged = child.stdout.readline().split()
        if converged != "1":
            sys.exit("fewfit did not come to the optimum")
        theirs, narrow = fit_there(vectors, labels)
        theirs_wide, _ = fit_there(wide, labels)
        if turn >= 2:  # the first ones warm up
            found.append((float(ours), theirs, theirs_wide))
    child.stdin.close()
    child.wait()
    best = LogisticRegression(max_iter=100000, tol=1e-12).fit(wide, labels).predict_proba(wide)
    return found, np.abs(narrow.predict_proba(wide) - best).max()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--examples", type=int, nargs="+", default=[50, 350, 5000])
    parser.add_argument("--flags", nargs="*", default=[], help="for g++")
    options = parser.parse_args()
    print(f"scikit-learn {sklearn.__version__}, numpy {np.__version__}, load average {os.getloadavg()[0]:.1f}")
    print("| examples | fewfit, median (least) | scikit-learn, float32 | float64 | ratio, float32 | float64 | it is off by |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        program = build(folder, options.flags)
        problems = [("demonstration, 56", *demonstration())] + [(str(n), *mixture(n)) for n in options.examples]
        for name, vectors, labels in problems:
            found, off = compare(program, folder, vectors, labels, options.rounds)
            columns = [f"{statistics.median(c):.2f} ({min(c):.2f})" for c in zip(*found)]
            ratios = [f"{statistics.median(row[i] / row[0] for row in found):.1f}" for i in (1, 2)]
            print(f"| {name} | {' | '.join(columns)} | {' | '.join(ratios)} | {off:.0e} |", flush=True)
    print(f"load average {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
