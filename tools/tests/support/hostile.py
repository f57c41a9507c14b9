# SPDX-License-Identifier: MIT
"""Runs the converter on folders that lie, and judges what it says: a file that can be read, or one sentence."""

from __future__ import annotations

import contextlib
import io
import os
import struct
import time
from typing import Any, List, Optional, Set, Tuple

import file_reader
from fewfit_convert import cli

NAMES = (
    "config.json",
    "modules.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "config_setfit.json",
    "vocab.txt",
    "model.safetensors",
    "model_head.pkl",
    "golden.json",
    "README.md",
)
_STAGES = ("reading settings", "reading tokenizer", "reading head", "reading weights", "writing")
_LONGEST = 700  # characters of a sentence
_PATIENCE = 10.0  # seconds of the processor that a tiny model may take; it takes 20 ms
_ABOUT = 10


def _is_stage(line: str) -> bool:
    said = line[len("fewfit-convert: ") :]
    return said in _STAGES or (said.startswith("of the ") and "token types only type 0 is kept" in said)


def sentence(error: str) -> Tuple[Optional[str], List[str]]:
    """What stderr ends with, and what is wrong with it."""
    lines = error.split("\n")
    last, wrong = lines[-2] if len(lines) > 1 else "", []
    if lines[-1] or not all(_is_stage(line) for line in lines[:-2]) or not last.startswith("fewfit-convert: "):
        wrong.append(f"not one line: {error[-300:]!r}")
    if not last.isprintable() or len(last) > _LONGEST:
        wrong.append(f"{len(last)} characters, or some that no terminal should see: {last[:300]!r}")
    if not any(name in last for name in NAMES):
        wrong.append(f"names no file: {last!r}")
    return last, wrong


class Judge:
    """Converts the folder `source` to `out` in another folder again and again."""

    def __init__(self, source: str, folder: str) -> None:
        self.source, self._out = source, os.path.join(folder, "out.fewfit")
        self._folder, self._seen = folder, set()
        self.accepted = self.refused = 0

    def _unlike(self, data: bytes) -> bool:
        """Whether no file with these sections was read before; what it says of its sources does not count."""
        count = struct.unpack_from("<I", data, 28)[0]
        entries = [data[64 + 16 * i : 80 + 16 * i] for i in range(count)]
        key = b"".join(entry for entry in entries if struct.unpack_from("<I", entry)[0] != _ABOUT)
        seen: Set[bytes] = self._seen
        return not (key in seen or seen.add(key))

    def run(self, *options: str) -> Tuple[Any, str]:
        """Exit status, or the exception that came instead, and standard error."""
        error = io.StringIO()
        with contextlib.redirect_stderr(error):
            try:
                status: Any = cli.main([self.source, "-o", self._out, *options])
            except Exception as raised:
                status = raised
        return status, error.getvalue()

    def wrong(self, *options: str, must_refuse: bool = False, words: str = "") -> List[str]:
        """What is wrong with how the folder is taken now: nothing, if all is well."""
        begin = time.process_time()
        status, error = self.run(*options)
        found = [] if time.process_time() - begin < _PATIENCE else ["too slow"]
        if status == 0 and not must_refuse:
            self.accepted += 1
            with open(self._out, "rb") as made:
                data = made.read()
            os.unlink(self._out)
            if self._unlike(data):
                file_reader.read(data)
        elif status == 1:
            self.refused += 1
            last, bad = sentence(error)
            found += bad + ([] if words in last else [f"no {words!r} in {last!r}"])
        else:
            found.append(f"status {status!r}")
        return found + [f"{name} is left" for name in os.listdir(self._folder)]
