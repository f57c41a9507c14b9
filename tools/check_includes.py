#!/usr/bin/env python3
"""Holds the headers in their order: a header includes only earlier ones, and io, text and nn never each other.

usage: check_includes.py [--graph]      --graph prints the graph in Graphviz' language instead of "ok"
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent / "include" / "fewfit"

# The order in which to read the library. A new header gets its place here.
ORDER = """
config result strings types execution plan_interface api memory
io/crc32c io/mapped_file io/blob io/section_reader io/numbers io/arrays io/sections io/head_sections io/head_writer
text/unicode_tables text/fold_table text/word_ranges text/unicode text/normalizer text/short_words text/basic_tokenizer text/trie text/wordpiece text/added_tokens text/normalized_tokens text/tokenizer text/check
nn/tensor nn/kernels nn/simd/exact nn/simd/avx2 nn/simd/avx_vnni nn/simd/avx512 nn/simd/avx512_vnni nn/simd/avx512_bf16 nn/simd/neon
nn/simd/neon_dot nn/simd/cpu nn/simd/select nn/embeddings nn/attention nn/encoder nn/pooling nn/dense nn/head nn/nearest
nn/simd/doubles_x86 nn/simd/doubles_neon nn/simd/doubles nn/logistic_problem nn/newton nn/logistic_regression nn/leave_one_out
model_state bind model heads layout workspace batch plan_tasks plan calls self_test shares evidence lesson teach thread_pool answers text_windows long_text wide_text fewfit
""".split()

# What stands above the model is built on its interface: only the umbrella knows everything.
INTERFACE = {"config", "result", "strings", "types", "execution", "plan_interface", "api"}
ABOVE_THE_MODEL = {"thread_pool": INTERFACE, "answers": INTERFACE, "text_windows": INTERFACE,
                   "wide_text": INTERFACE, "long_text": INTERFACE | {"answers", "text_windows"}}

# What is included into a namespace of the includer's, once an instruction set: no header, and without includes.
PARTS = {f"nn/simd/{part}.inc" for part in ("eigen", "ymm", "zmm", "neon", "arithmetic", "tile", "linear", "bytes", "doubles")}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def folder(name):
    return name.split("/")[0] if "/" in name else ""


def includes(name):
    for bracket, path in INCLUDE.findall((ROOT / f"{name}.hpp").read_text(encoding="utf-8")):
        if path.startswith("fewfit/"):
            yield bracket, path.removeprefix("fewfit/").removesuffix(".hpp")
        elif bracket == '"':
            yield bracket, path  # not found below: local includes are written from fewfit/ on


def complaints(name):
    for bracket, other in includes(name):
        if bracket == '"' and other in PARTS:
            continue
        if bracket != '"' or other not in ORDER:
            yield f'{name}.hpp: includes {other}: write "fewfit/..." and name a header of the library'
        elif ORDER.index(other) >= ORDER.index(name):
            yield f"{name}.hpp: includes {other}.hpp, which comes later"
        elif folder(name) and folder(other) and folder(name) != folder(other):
            yield f"{name}.hpp: includes {other}.hpp: io, text and nn do not know each other"
        elif other not in ABOVE_THE_MODEL.get(name, ORDER):
            yield f"{name}.hpp: includes {other}.hpp, but stands above the model and sees its interface alone"


def main():
    there = {str(p.relative_to(ROOT).with_suffix("")) for p in ROOT.rglob("*.hpp")}
    found = [f"{name}.hpp: has no place in the order of check_includes.py" for name in sorted(there - set(ORDER))]
    found += [f"{name}.hpp: is in the order of check_includes.py but not there" for name in ORDER if name not in there]
    names = [name for name in ORDER if name in there]
    found += [complaint for name in names for complaint in complaints(name)]
    if "--graph" in sys.argv[1:]:
        edges = [f'  "{name}" -> "{other}"' for name in names for _, other in includes(name)]
        print("digraph fewfit {", *edges, "}", sep="\n")
    print(*found or ["ok"], sep="\n", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
