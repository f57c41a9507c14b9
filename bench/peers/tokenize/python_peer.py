# SPDX-License-Identifier: MIT
"""The side of a Python package in bench/peers/tokenize.py; speaks as fewfit.cpp does.

    python python_peer.py encode_batch|encode_batch_fast|blingfire|flash_tokenizer
"""
import os
import pathlib
import struct
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # one thread
os.environ["RAYON_NUM_THREADS"] = "1"
os.environ["OMP_NUM_THREADS"] = "1"
TURN = 0.5  # seconds at least, so that a fast peer is not timed while it wakes up
MODEL = pathlib.Path(__file__).resolve().parents[3] / "models" / "interviews"


def huggingface(method):
    """Lines to encodings by a method of tokenizers.Tokenizer; without padding or truncation."""
    import tokenizers
    tokenizer = tokenizers.Tokenizer.from_file(str(MODEL / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    encode = getattr(tokenizer, method)
    return encode, lambda lines: [encoding.ids for encoding in encode(lines)]


def bling_fire():
    """BlingFire's own automaton of the same vocabulary, a line a call as its interface wants it."""
    import blingfire
    handle = blingfire.load_model(os.path.join(os.path.dirname(blingfire.__file__), "bert_base_tok.bin"))

    def encode(lines):
        return [blingfire.text_to_ids(handle, line, 4096, 100, True) for line in lines]

    return encode, lambda lines: [[101, *map(int, ids), 102] for ids in encode(lines)]


def flash():
    """flash-tokenizer, which is C++ behind pybind11."""
    import flash_tokenizer
    vocab = str(MODEL / "vocab.txt")
    tokenizer = flash_tokenizer.BertTokenizerFlash(vocab, do_lower_case=True, model_max_length=4096).tokenizer

    def encode(lines):
        return tokenizer.batch_encode(lines, "longest", 4096, False)

    def ids(lines):
        return [tokenizer.encode(line, "longest", 4096) for line in lines]

    return encode, ids


def main():
    name = sys.argv[1]
    encode, ids = {"blingfire": bling_fire, "flash_tokenizer": flash}.get(name, lambda: huggingface(name))()
    for request in sys.stdin:
        verb, file, *to = request.split()
        lines = pathlib.Path(file).read_text(encoding="utf-8").split("\n")[:-1]
        if verb == "ids":
            with open(to[0], "wb") as out:
                for row in ids(lines):
                    out.write(struct.pack(f"<{len(row) + 1}I", len(row), *row))
            print(0, flush=True)
            continue
        passes, start = 0, time.perf_counter()
        while passes == 0 or time.perf_counter() - start < TURN:
            encode(lines)
            passes += 1
        print((time.perf_counter() - start) / passes, flush=True)


if __name__ == "__main__":
    main()
