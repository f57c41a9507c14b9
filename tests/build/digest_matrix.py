#!/usr/bin/env python3
"""One answer, whatever compiled it: the digest of sentence vectors under every compiler, -O, -ffp-contract and -march.

usage: digest_matrix.py EIGEN_DIRECTORY COMPILER... [--every]

Builds tests/build/digest.cpp each way. The widest kernels of every program are given all 698 golden texts with weights
of each type, and their digests must be those of tests/parity/golden/digests.json. Every set of kernels is given a golden
text of each length, which reaches each shape of a tile in a thirtieth of the time: one digest a type, and one for each
of five small models with what the demonstration model does not have. At last the same
with one fused multiply-add written as `*` and `+`: that must be found.
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
ROOT = HERE.parents[1]
INCLUDE = ROOT / "include"
GOLDEN = HERE.parent / "parity" / "golden"
LEVELS = ("-O2", "-O1", "-O3")
CONTRACTIONS = ("-ffp-contract=fast", "-ffp-contract=off")
LENGTHS = (*range(2, 41), 64, 97, 128)
TYPES = {"f32": "f32", "f16": "f32", "bf16": "bf16", "i8": "i8"}  # and whose answers they give
BREADTH = HERE.parent / "parity" / "breadth"
ODD = ("silu_weighted", "gelu_new_cls", "relu_sqrt", "dense_tanh", "sigmoid_unit")  # other activations and dense layers
FUSED = "return multiply_add(x, w, s);"
UNFUSED = "return add(multiply(x, w), s);"
IS_X86 = platform.machine() in ("x86_64", "AMD64")
CPU = set(re.findall(r"\S+", pathlib.Path("/proc/cpuinfo").read_text())) if IS_X86 else set()


def architectures():
    """What compilers are told of the machine: first one with a fused multiply-add, for the portable kernels' sake."""
    if not IS_X86:
        return [""]
    return ["-march=x86-64-v3", ""] + (["-march=x86-64-v4"] if "avx512vl" in CPU else [])


def expected_sets(flags, number_type):
    """The kernels whose digest must be printed and right."""
    if not IS_X86:
        return ["portable", "neon"]
    avx2 = {"avx2", "fma", "f16c"} <= CPU
    avx512 = avx2 and {"avx512f", "avx512bw", "avx512dq", "avx512vl"} <= CPU
    vnni = avx512 and "avx512_vnni" in CPU
    # Plain x86-64 has no fused multiply-add: there the portable kernels' last bits may differ, and do, but for bytes.
    there = {"portable": number_type == "i8" or any(flag.startswith("-march") for flag in flags), "avx2": avx2,
             "avx_vnni": avx2 and "avx_vnni" in CPU, "avx512": avx512, "avx512_vnni": vnni,
             "avx512_bf16": vnni and "avx512_bf16" in CPU}
    return [name for name, is_there in there.items() if is_there]


def cells(compilers, every):
    """Compiler and flags. Without --every each compiler is given each value of a flag once or twice, and which
    architecture meets which level and contraction differs from one compiler to the next."""
    machines = architectures()
    if every:
        found = itertools.product(compilers, LEVELS, CONTRACTIONS, machines)
    else:
        found = ((compiler, level, CONTRACTIONS[j % len(CONTRACTIONS)], machines[(i + j) % len(machines)])
                 for i, compiler in enumerate(compilers) for j, level in enumerate(LEVELS))
    for compiler, *flags in found:
        yield compiler, [flag for flag in flags if flag]


class Matrix:
    """What programs are given, what they should say of it, and how many did not."""

    def __init__(self, eigen, directory):
        self.eigen, self.directory, self.failed, self.expected = eigen, directory, 0, {}
        texts = json.loads((GOLDEN / "golden.json").read_text("utf-8"))["texts"]
        by_length = {min(text["tokens"], 128): text for text in texts}
        self.write("all", texts)
        self.write("some", [by_length[length] for length in LENGTHS])
        self.models = {one: f"{directory}/{one}.fewfit" for one in TYPES}
        for one in TYPES:
            subprocess.run([sys.executable, "-B", str(ROOT / "tools/fewfit_convert"), str(ROOT / "models/interviews"),
                            "--dtype", one, "-o", self.models[one]], check=True, capture_output=True)

        for one in ODD:
            self.models[one] = f"{directory}/{one}.fewfit"
            subprocess.run([sys.executable, "-B", str(ROOT / "tools/fewfit_convert"), str(BREADTH / one),
                            "-o", self.models[one]], check=True, capture_output=True)

    def write(self, name, texts):
        bytes_of = [t["text"].encode() for t in texts]
        pathlib.Path(self.directory, name).write_bytes(b"".join(struct.pack("<I", len(t)) + t for t in bytes_of))

    def build(self, compiler, flags, include=INCLUDE):
        subprocess.run([compiler, "-std=c++17", *flags, "-I", str(include), "-isystem", self.eigen,
                        str(HERE / "digest.cpp"), "-o", f"{self.directory}/digest", "-lutf8proc"], check=True)

    def digests(self, number_type, texts, sets):
        """What the program at hand says: a digest for each of these sets of kernels."""
        command = [f"{self.directory}/digest", self.models[number_type], f"{self.directory}/{texts}", *sets]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        found = dict(line.split() for line in said.splitlines())
        return {name: found.get(name, "missing") for name in sets}

    def compare(self, number_type, texts, sets, compiler, flags, expected=None):
        """All sets of kernels give what is expected: where nothing is, what the first of all gave."""
        for kernels, found in self.digests(number_type, texts, sets).items():
            expected = expected or self.expected.setdefault(TYPES.get(number_type, number_type), found)
            good = found == expected != "missing"
            print("ok    " if good else "OTHER ", found, f"{number_type:5} {kernels:11}", pathlib.Path(compiler).name,
                  *flags, flush=True)
            self.failed += not good

    def must_differ(self, compiler, flags):
        for kernels, found in self.digests("f32", "some", expected_sets(flags, "f32")).items():
            good = found not in (self.expected["f32"], "missing")
            print("found " if good else "MISSED", found, f"f32   {kernels:11}", "with * and +", flush=True)
            self.failed += not good


def mutant(directory):
    """The library's headers with one multiply-add that rounds twice."""
    copy = pathlib.Path(directory, "include")
    shutil.copytree(INCLUDE, copy)
    kernels = copy / "fewfit" / "nn" / "simd" / "tile.inc"
    source = kernels.read_text()
    assert source.count(FUSED) == 1, "the multiply-add of the tile is not where it was"
    kernels.write_text(source.replace(FUSED, UNFUSED))
    return copy


def main():
    eigen, *compilers = (a for a in sys.argv[1:] if a != "--every")
    golden = json.loads((GOLDEN / "digests.json").read_text())
    with tempfile.TemporaryDirectory() as directory:
        matrix = Matrix(eigen, directory)
        for compiler, flags in cells(compilers, "--every" in sys.argv):
            matrix.build(compiler, flags)
            for number_type, answers in TYPES.items():
                sets = expected_sets(flags, number_type)
                matrix.compare(number_type, "all", sets[-1:], compiler, flags, golden[answers])
                matrix.compare(number_type, "some", sets, compiler, flags)
            for odd in ODD:
                matrix.compare(odd, "some", expected_sets(flags, "f32"), compiler, flags)
        flags = ["-O2", "-ffp-contract=off", *architectures()[:1]]
        matrix.build(compilers[0], [flag for flag in flags if flag], mutant(directory))
        matrix.must_differ(compilers[0], [flag for flag in flags if flag])
    print(f"{matrix.failed} failed")
    return 1 if matrix.failed else 0


if __name__ == "__main__":
    sys.exit(main())
