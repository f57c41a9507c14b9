#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The sums of a tile stay in registers: what each compiler makes of the inner loops, looked at in its code.

usage: spills.py EIGEN_DIRECTORY COMPILER...    a cross compiler for arm64 may be among them

Compiles all sets of kernels with -O2, disassembles each `tile<numbers, rows, panels>` and looks at its innermost loop
of multiply-adds: a sum that is written to the stack there and read back can halve the speed, and changes no bit. First
it must find such sums in a tile that is too large for any processor. What else lies on the stack is counted, not
refused. Nor is a spill refused of a compiler in a version that nobody has looked at.
"""

import itertools
import pathlib
import re
import subprocess
import sys
import tempfile

INCLUDE = pathlib.Path(__file__).resolve().parents[2] / "include"

# Of each processor: set, numbers, registers of a panel, and the largest tiles, rows x panels, which must be there.
# All others of the set are looked at, too; a set that is not here fails.
EXPECTED = {
    "x86-64": [
        ("avx2", "f32 f16 bf16", 2, "6x1 3x2 2x3"),
        ("avx2", "i8", 2, "4x1 3x2 2x3"),
        ("avx_vnni", "i8", 2, "6x1 3x2 2x3"),
        ("avx512", "f32", 1, "8x1 8x2 8x3"),
        ("avx512", "f16 bf16", 1, "4x1 8x3"),
        ("avx512_vnni", "i8", 1, "4x1 8x3"),
        ("avx512_bf16", "native_bf16", 1, "4x1 8x3"),
    ],
    "aarch64": [
        ("neon", "f32 f16 bf16 i8", 4, "4x1 2x2 1x3"),
        ("neon_dot", "i8", 4, "4x1 2x2 1x3"),
    ],
}
UNCHECKED = ("portable", "exact")  # the first as a compiler's options have registers; the other one number at a time
FLOATS = r"vfmadd\w*ps|fmla"
MULTIPLY = {"f32": FLOATS, "f16": FLOATS, "bf16": FLOATS, "native_bf16": "vdpbf16ps",
            "i8": r"(\{vex\} )?vpdpbusd|vpmaddwd|sdot|sadalp"}
# Tiles with sums on the stack under the versions looked at. Most are for two or three rows, which wait for weights.
KNOWN = {
    "g++ 12": "avx2 f16 2x3, avx2 f16 3x2, avx2 bf16 2x3, avx2 bf16 3x2, avx_vnni i8 3x2, "
              "neon bf16 1x3, neon bf16 2x2, neon bf16 4x1",
    "clang 14": "avx2 f32 2x3, avx2 f16 2x3, avx2 bf16 2x3, avx2 bf16 3x2, avx2 i8 2x3, avx2 i8 3x2, "
                "avx_vnni i8 2x3, avx_vnni i8 3x2",
}
TOO_LARGE = {"x86-64": ("avx2", "f32", 16, 2), "aarch64": ("neon", "f32", 16, 3)}

ALL = """#include "fewfit/nn/simd/select.hpp"
bool select(fewfit::kernels name, fewfit::kernel_table& table) { return fewfit::select_kernels(name, table); }
"""
ONE = """#include "fewfit/nn/simd/{set}.hpp"
using namespace fewfit::{set};
__attribute__((used)) void (*large)(const multiplication<{numbers}_numbers>&) = tile<{numbers}_numbers, {rows}, {panels}>;
"""
TILE = re.compile(r"(\w+)::tile<[\w:]*::(\w+)_numbers, (\d+), (\d+)>")
VECTOR = {"x86-64": r"%[xyz]mm\d", "aarch64": r"\b[qvds]\d+\b"}
# A place on the stack, without and with a frame pointer, and what moves a vector there.
PLACE = {"x86-64": (r"(?P<at>-?0x[0-9a-f]+)?\((?P<base>%rsp)\)", r"(?P<at>-?0x[0-9a-f]+)?\((?P<base>%r[sb]p)\)"),
         "aarch64": (r"\[(?P<base>sp)(, #(?P<at>-?\d+))?\]", r"\[(?P<base>sp|x29)(, #(?P<at>-?\d+))?\]")}
FRAME = {"x86-64": r"mov +%rsp,%rbp", "aarch64": r"(mov|add)\s+x29, sp"}
STORE = {"x86-64": r"vmov\w*\s+%", "aarch64": r"st"}


def run(*command, **more):
    return subprocess.run(command, check=True, capture_output=True, text=True, **more).stdout


def functions(compiler, processor, eigen, source, directory):
    """{(set, numbers, rows, panels): [(address, instruction)]} of what a compiler makes of the source."""
    code = f"{directory}/code.o"
    run(compiler, "-std=c++17", "-O2", "-I", str(INCLUDE), "-isystem", eigen, "-x", "c++", "-c", "-", "-o", code,
        input=source)
    objdump = "objdump" if processor == "x86-64" else "aarch64-linux-gnu-objdump"
    found, current = {}, None
    for line in run(objdump, "-d", "-C", "--no-show-raw-insn", code).splitlines():
        if line.endswith(">:"):
            tile = TILE.search(line.replace("(anonymous namespace)::", ""))
            current = found.setdefault((tile[1], tile[2], int(tile[3]), int(tile[4])), []) if tile else None
        elif current is not None and (instruction := re.match(r" *([0-9a-f]+):\s+(.*)", line)):
            current.append((int(instruction[1], 16), instruction[2]))
    return found


def inner_loop(instructions, multiply):
    """The shortest stretch with multiply-adds that a jump goes back over; the longest of several apart."""
    begin = instructions[0][0]
    loops = []
    for address, text in instructions:
        jump = re.match(r"(?:j\w+|b\.?\w*|cbnz|cbz|tbnz|tbz)\s+(?:.*, )?([0-9a-f]+) <", text)
        if jump and begin <= int(jump[1], 16) <= address:
            body = [i for i in instructions if int(jump[1], 16) <= i[0] <= address]
            if any(re.match(multiply, i[1]) for i in body):
                loops.append(body)
    inner = [a for a in loops if not any(b is not a and a[0] <= b[0] and b[-1] <= a[-1] for b in loops)]
    return [text for _, text in max(inner, key=len)] if inner else []


def places(processor, framed, text):
    """Where on the stack an instruction reads or writes vectors, and whether it writes."""
    found = re.search(PLACE[processor][framed], text.split(" <")[0])
    if not found or not re.search(VECTOR[processor], text):
        return [], False
    at = (found["base"], int(found["at"] or "0", 0))
    pair = [(at[0], at[1] + 16)] if re.match(r"(ld|st)n?p\b", text) else []
    return [at, *pair], re.match(STORE[processor], text) is not None


def examine(processor, instructions, numbers):
    """Of the inner loop: multiply-adds, how many sums, others and constants lie on the stack, and its length.

    What is read before it is written is a sum, or a constant if it is never written; the others live within a step.
    """
    loop = inner_loop(instructions, MULTIPLY[numbers])
    framed = any(re.match(FRAME[processor], text) for _, text in instructions)
    read, written, sums = set(), set(), set()
    for text in loop:
        there, stores = places(processor, framed, text)
        for place in there:
            if stores and place in read and place not in written:
                sums.add(place)
            (written if stores else read).add(place)
    products = sum(re.match(MULTIPLY[numbers], text) is not None for text in loop)
    return products, len(sums), len(written - sums), len(read - written), len(loop)


def check_proof(compiler, processor, eigen, directory):
    """1 where the sums of a tile that is too large are not found on the stack."""
    kind, numbers, rows, panels = TOO_LARGE[processor]
    source = ONE.format(set=kind, numbers=numbers, rows=rows, panels=panels)
    tiles = functions(compiler, processor, eigen, source, directory)
    products, sums, *_ = examine(processor, tiles[TOO_LARGE[processor]], numbers)
    print("found " if products and sums else "MISSED", pathlib.Path(compiler).name,
          f"{kind}::tile<{numbers}, {rows}, {panels}>, too large on purpose: {sums} sums on the stack")
    return 0 if products and sums else 1


def check_tile(compiler, version, processor, tile, registers, instructions):
    """1 where a sum is on the stack, or where the loop was not found."""
    kind, numbers, rows, panels = tile
    products, sums, others, constants, length = examine(processor, instructions, numbers)
    known = version not in KNOWN or f"{kind} {numbers} {rows}x{panels}" in KNOWN[version].split(", ")
    if products < rows * panels * registers:
        word = "NOLOOP"
    elif sums > 0:
        word = "known " if known else "SPILLS"
    else:
        word = "mended" if known and version in KNOWN else "ok    "
    print(word, pathlib.Path(compiler).name, f"{kind}::tile<{numbers}, {rows}, {panels}>:", products, "multiply-adds",
          "in", length, f"instructions; on the stack {sums} sums, {others} others, {constants} constants", flush=True)
    return 1 if word in ("NOLOOP", "SPILLS") else 0


def check(compiler, eigen, directory):
    """The number of failures."""
    processor = "aarch64" if "aarch64" in run(compiler, "-dumpmachine") else "x86-64"
    version = f"{'clang' if 'clang' in compiler else 'g++'} {run(compiler, '-dumpversion').split('.')[0].strip()}"
    failed = check_proof(compiler, processor, eigen, directory)
    tiles = functions(compiler, processor, eigen, ALL, directory)
    registers, missing = {}, []
    for kind, numbers, count, shapes in EXPECTED[processor]:
        for one, shape in itertools.product(numbers.split(), shapes.split()):
            registers[kind, one] = count
            if (kind, one, *map(int, shape.split("x"))) not in tiles:
                missing.append(f"{kind}::tile<{one}, {shape.replace('x', ', ')}>")
    for tile, instructions in sorted(tiles.items()):
        if tile[:2] in registers:
            failed += check_tile(compiler, version, processor, tile, registers[tile[:2]], instructions)
        elif tile[0] not in UNCHECKED:
            missing.append(f"{tile[0]}::tile<{tile[1]}> in the table of this script")
    for what in missing:
        print("MISSING", pathlib.Path(compiler).name, what)
    return failed + len(missing)


def main():
    eigen, *compilers = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        failed = sum(check(compiler, eigen, directory) for compiler in compilers)
    print(f"{failed} failed")
    return 1 if failed or not compilers else 0


if __name__ == "__main__":
    sys.exit(main())
