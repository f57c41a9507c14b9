# SPDX-License-Identifier: MIT
"""Which texts are timed, compared and used for calibration. Each is {"text", "ids"}; Russian ones come first."""

import json
import pathlib
import random

A_LENGTH = 3
APART = 5  # one text in so many is left to calibration and never timed


def tokenizer_of(model):
    """The model's, which cuts to the model's length as the model itself does."""
    from tokenizers import Tokenizer

    settings = pathlib.Path(model) / "sentence_bert_config.json"
    limit = json.loads(settings.read_text()).get("max_seq_length") if settings.is_file() else None
    tokenizer = Tokenizer.from_file(str(pathlib.Path(model) / "tokenizer.json"))
    tokenizer.enable_truncation(limit or 512)
    tokenizer.no_padding()
    return tokenizer


def read(path, model):
    """All texts in the file's order, cut to the model's length."""
    tokenizer = tokenizer_of(model)
    rows = [json.loads(line) for line in pathlib.Path(path).read_text(encoding="utf-8").rstrip("\n").split("\n")]
    return [{"text": row["text"], "lang": row.get("lang"), "ids": tokenizer.encode(row["text"]).ids} for row in rows]


def apart(rows):
    """Those for calibration and those for all else. The fourth of five: it leaves most texts of 128 tokens."""
    return rows[3::APART], [row for i, row in enumerate(rows) if i % APART != 3]


def of_lengths(rows, lengths):
    """A few of exactly so many tokens: {length: texts}."""
    found = {length: [] for length in lengths}
    for row in sorted(rows, key=lambda row: row["lang"] != "ru"):
        if len(found.get(len(row["ids"]), range(A_LENGTH))) < A_LENGTH:
            found[len(row["ids"])].append(row)
    missing = [length for length, some in found.items() if not some]
    if missing:
        raise SystemExit(f"no text has exactly {missing} tokens")
    return found


def real(rows):
    """Those that somebody could have meant; "zz" marks invented strings."""
    return [row for row in rows if row["lang"] != "zz"]


def mixed(rows, count):
    """So many real texts in an order drawn once."""
    some = real(rows)
    random.Random(1).shuffle(some)
    chosen = sorted(some, key=lambda row: row["lang"] != "ru")[:count]
    random.Random(2).shuffle(chosen)  # a caller's texts do not come by language
    return chosen
