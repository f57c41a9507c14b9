#!/usr/bin/env python3
"""One answer, whatever compiled it: the digest of the golden vectors under every compiler, -O, -ffp-contract and -march.

usage: digest_matrix.py MODEL EIGEN_DIRECTORY COMPILER... [--every]

Builds tests/build/digest.cpp each way, runs it on the golden texts and compares what it prints with
tests/parity/golden/digest.txt. Then the same with one fused multiply-add written as `*` and `+`: that must be found.
"""

import itertools
import json
import pathlib
import platform
import re
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
INCLUDE = HERE.parents[1] / "include"
GOLDEN = HERE.parent / "parity" / "golden"
LEVELS = ("-O1", "-O2", "-O3")
CONTRACTIONS = ("-ffp-contract=off", "-ffp-contract=fast")
FUSED = "return multiply_add(x, w, s);"
UNFUSED = "return add(multiply(x, w), s);"


def architectures():
    """What compilers are told of the machine: first one with a fused multiply-add, for the portable kernels' sake."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return [""]
    flags = pathlib.Path("/proc/cpuinfo").read_text()
    return ["-march=x86-64-v3", ""] + (["-march=x86-64-v4"] if " avx512vl" in flags else [])


def expected_sets(flags):
    """The kernels whose digest must be printed and right."""
    if platform.machine() not in ("x86_64", "AMD64"):
        return {"portable"}
    cpu = set(re.search(r"^flags\s*:(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)[1].split())
    avx2 = {"avx2", "fma", "f16c"} <= cpu
    avx512 = avx2 and {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= cpu
    # Plain x86-64 has no fused multiply-add: there the portable kernels' last bits may differ, and do.
    portable = any(flag.startswith("-march") for flag in flags)
    return {name for name, there in (("portable", portable), ("avx2", avx2), ("avx512", avx512)) if there}


def digests(compiler, flags, include, eigen, model, directory):
    """Builds the program and returns what it prints: a digest for each set of kernels."""
    program = f"{directory}/digest"
    subprocess.run([compiler, "-std=c++17", *flags, "-I", str(include), "-isystem", eigen, str(HERE / "digest.cpp"),
                    "-o", program, "-lutf8proc"], check=True)
    run = subprocess.run([program, model, f"{directory}/texts"], check=True, capture_output=True, text=True)
    found = dict(line.split() for line in run.stdout.splitlines())
    return {name: found.get(name, "missing") for name in sorted(expected_sets(flags))}


def main():
    model, eigen, *compilers = (a for a in sys.argv[1:] if a != "--every")
    expected = (GOLDEN / "digest.txt").read_text().strip()
    failed = 0
    with tempfile.TemporaryDirectory() as directory:
        texts = [t["text"].encode() for t in json.loads((GOLDEN / "golden.json").read_text("utf-8"))["texts"]]
        pathlib.Path(directory, "texts").write_bytes(b"".join(struct.pack("<I", len(t)) + t for t in texts))
        every = "--every" in sys.argv  # else other architectures are tried at one level alone, to save minutes
        for compiler, level, contraction, arch in itertools.product(compilers, LEVELS, CONTRACTIONS, architectures()):
            if arch != architectures()[0] and not every and (level, contraction) != ("-O2", CONTRACTIONS[1]):
                continue
            flags = [level, contraction] + ([arch] if arch else [])
            for kernels, found in digests(compiler, flags, INCLUDE, eigen, model, directory).items():
                word = "ok    " if found == expected else "OTHER "
                print(word, found, f"{kernels:8}", pathlib.Path(compiler).name, *flags, flush=True)
                failed += found != expected

        mutant = pathlib.Path(directory, "include")
        shutil.copytree(INCLUDE, mutant)
        kernels = mutant / "fewfit" / "nn" / "simd" / "linear.inc"
        source = kernels.read_text()
        assert source.count(FUSED) == 1, "the multiply-add of the tile is not where it was"
        kernels.write_text(source.replace(FUSED, UNFUSED))
        for compiler in compilers:
            flags = ["-O2", "-ffp-contract=off", *architectures()[:1]]
            for kernels, found in digests(compiler, [f for f in flags if f], mutant, eigen, model, directory).items():
                word = "found " if found != expected else "MISSED"
                print(word, found, f"{kernels:8}", pathlib.Path(compiler).name, "with * and +", flush=True)
                failed += found in (expected, "missing")
    print(f"expected {expected}, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
