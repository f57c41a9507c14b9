# SPDX-License-Identifier: MIT
"""A body without a head, and a head in a file of its own that names the body it belongs to."""

import os
import struct

import file_reader
import numpy as np
import pytest
import tiny
from fewfit_convert import cli, writer
from fewfit_convert.crc32c import crc32c

NO = tiny.ABSENT
GOLDEN = {"labels": tiny.LABELS, "texts": [{"text": "a", "probabilities": [1, 0, 0]}]}


def run(source, target, *options):
    """The exit status of a conversion."""
    return cli.main([str(source), "-o", str(target), *map(str, options)])


def bytes_of(path):
    """The bytes of a file."""
    with open(path, "rb") as source:
        return source.read()


@pytest.fixture
def places(tmp_path):
    """A folder with a model and one with another head for the same body."""
    for name in ("model", "other"):
        (tmp_path / name).mkdir()
    tiny.write_model(tmp_path / "model", {"golden.json": GOLDEN})
    changes = {"model_head.pkl": tiny.head(["x", "y"]), "config_setfit.json:labels": None, "README.md": NO}
    tiny.write_model(tmp_path / "other", {**changes, "LICENSE": "x"})
    return tmp_path


def test_a_body_of_sentence_transformers(places, capsys):
    """Without any of SetFit's files; the sections of the body are those of the whole model."""
    assert run(places / "model", places / "whole") == 0
    (places / "body").mkdir()
    tiny.write_model(places / "body", {"model_head.pkl": NO, "config_setfit.json": NO})
    capsys.readouterr()
    assert run(places / "body", places / "o") == 1
    assert "model_head.pkl is missing" in capsys.readouterr().err and not (places / "o").exists()
    assert run(places / "body", places / "o", "--body-only") == 0
    message = capsys.readouterr().err
    assert "reading head" not in message and "f32 weights, f32 embeddings, no head" in message
    model = file_reader.read(bytes_of(places / "o"))
    assert model["head"] is None and model["self_test"] is None and model["about"]["license"] == "MIT"
    entries = file_reader.body_entries(bytes_of(places / "o"))
    assert len(entries) == 7 and entries == file_reader.body_entries(bytes_of(places / "whole"))


def test_a_body_of_a_whole_model(places):
    """The head and the golden file are left alone, and are not among the sources."""
    assert run(places / "model", places / "o", "--body-only", "--dtype", "i8") == 0
    model = file_reader.read(bytes_of(places / "o"))
    assert model["head"] is None and model["config"]["linear"] == 4
    assert "model_head" not in model["about"]["source"] and "golden" not in model["about"]["source"]


@pytest.mark.parametrize("options", [[], ["--dtype", "i8"], ["--dtype", "bf16", "--embeddings", "f16"]])
@pytest.mark.parametrize("alone", [[], ["--body-only"]])
def test_a_head_of_its_own(places, capsys, options, alone):
    """Made with the types of the body, which need not be told; it names all of the body's sections."""
    assert run(places / "model", places / "body.fewfit", *options, *alone) == 0
    capsys.readouterr()
    assert run(places / "other", places / "h.fewfit", "--head-for", places / "body.fewfit") == 0
    message = capsys.readouterr().err
    assert "comparing the body" in message and "kB, 2 classes, a head for" in message
    made = file_reader.read_head(bytes_of(places / "h.fewfit"), tiny.D)
    assert made["body"] == file_reader.body_entries(bytes_of(places / "body.fewfit"))
    assert (made["head"]["labels"], made["head"]["kind"], made["about"]["license"]) == (["x", "y"], 2, "see LICENSE")
    assert run(places / "other", places / "again", "--head-for", places / "body.fewfit") == 0
    assert bytes_of(places / "again") == bytes_of(places / "h.fewfit")
    assert run(places / "other", places / "whole", *options) == 0
    whole = file_reader.read(bytes_of(places / "whole"))["head"]
    assert all(np.array_equal(whole[key], value) for key, value in made["head"].items())


def _changed(name):
    """Tensors one of which has one other number."""
    arrays = tiny.tensors()
    arrays[name].flat[-1] += 1
    return arrays


OTHERS = {
    "config": ({"sentence_bert_config.json:max_seq_length": 11}, None),
    "config, normalize": ({"config_setfit.json:normalize_embeddings": True}, None),
    "tokenizer": ({"tokenizer.json:normalizer:clean_text": False}, None),
    "vocabulary": (
        {
            "tokenizer.json:model:vocab": {("vorld" if w == "new" else w): i for i, w in enumerate(tiny.VOCAB)},
            "vocab.txt": "".join(("vorld" if w == "new" else w) + "\n" for w in tiny.VOCAB),
        },
        None,
    ),
    "word embeddings": ({}, "embeddings.word_embeddings.weight"),
    "position embeddings": ({}, "embeddings.position_embeddings.weight"),
    "layer 0": ({}, "encoder.layer.0.attention.self.value.bias"),
    "layer 1": ({}, "encoder.layer.1.output.LayerNorm.bias"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_another_body_is_refused_by_its_section(places, capsys, name):
    """The first that differs, be it by a single number."""
    changes, tensor = OTHERS[name]
    assert run(places / "model", places / "body.fewfit") == 0
    tiny.write_model(places / "other", changes)
    if tensor is not None:
        tiny.write_safetensors(places / "other" / "model.safetensors", _changed(tensor))
    capsys.readouterr()
    assert run(places / "other", places / "h", "--head-for", places / "body.fewfit") == 1
    message = capsys.readouterr().err
    assert f"fewfit-convert: {name.split(',')[0]} of {places / 'other'} is not that of" in message
    assert sorted(os.listdir(places)) == ["body.fewfit", "model", "other"]


def _with_checksum(data):
    """A file whose header is right again."""
    count = struct.unpack_from("<I", data, 28)[0]
    end = 64 + -(-count * 16 // 64) * 64
    return data[:60] + struct.pack("<I", crc32c(data[:60] + data[64:end])) + data[64:]


def _set(data, at, value):
    """A file with another number in it, and its header right."""
    return _with_checksum(data[:at] + struct.pack("<I", value) + data[at + 4 :])


def _config_of(data):
    """Where the config section begins."""
    return 64 + -(-struct.unpack_from("<I", data, 28)[0] * 16 // 64) * 64


BODIES = {
    "nothing": (lambda data: b"", "is cut off"),
    "a text": (lambda data: b"hello" * 100, "is not a model file"),
    "cut in the header": (lambda data: data[:50], "is cut off"),
    "cut in the directory": (lambda data: data[:100], "is cut off"),
    "cut in the config": (lambda data: data[: _config_of(data) + 100], "is cut off"),
    "version 1": (lambda data: _set(data, 12, 1), "is a model file of version 1, not 2: convert it again"),
    "version 3": (lambda data: _set(data, 12, 3), "of version 3"),
    "a head": (lambda data: _set(data, 24, 2), "is a head file"),
    "no sections": (lambda data: _set(data, 28, 0), "is damaged: its header"),
    "many sections": (lambda data: data[:28] + struct.pack("<I", 1 << 31) + data[32:], "is damaged: its header"),
    "flags": (lambda data: _set(data, 32, 1), "is damaged: its header"),
    "checksum": (lambda data: data[:66] + b"x" + data[67:], "is damaged: the checksum of its header"),
    "no config": (lambda data: _set(data, 64, 2), "does not begin with its config"),
    "config of another size": (lambda data: _set(data, 72, 64), "does not begin with its config"),
    "config damaged": (lambda data: data[: _config_of(data)] + b"\x07" + data[_config_of(data) + 1 :], "its config"),
    "a section more": (lambda data: _set(data, 64 + 7 * 16, 7), "has sections that the body of"),
    "a section less": (lambda data: _set(data, 64 + 6 * 16, 9), "layer 1 of"),
}


@pytest.mark.parametrize("name", BODIES)
def test_no_body_is_refused(places, capsys, name):
    """Whatever else the file is, or was."""
    assert run(places / "model", places / "whole") == 0
    damage, words = BODIES[name]
    (places / "b").write_bytes(damage(bytes_of(places / "whole")))
    capsys.readouterr()
    assert run(places / "other", places / "h", "--head-for", places / "b") == 1
    message = capsys.readouterr().err
    assert words in message and "Traceback" not in message and not (places / "h").exists()


def test_a_missing_body_and_a_missing_head(places, capsys):
    """Told by name."""
    assert run(places / "other", places / "h", "--head-for", places / "nowhere") == 1
    assert "nowhere cannot be read: No such file" in capsys.readouterr().err
    assert run(places / "model", places / "b", "--body-only") == 0
    os.unlink(places / "other" / "model_head.pkl")
    assert run(places / "other", places / "h", "--head-for", places / "b") == 1
    assert "model_head.pkl is missing" in capsys.readouterr().err


def test_a_head_file_is_written_whole_or_not_at_all(places, monkeypatch):
    """Like a model file."""
    assert run(places / "model", places / "b") == 0
    (places / "h").write_bytes(b"old")
    before = sorted(os.listdir(places))

    def interrupted(*_arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(writer, "_about", interrupted)
    assert run(places / "other", places / "h", "--head-for", places / "b") == 130
    assert bytes_of(places / "h") == b"old" and sorted(os.listdir(places)) == before


USAGE = [
    (["--head-for", "BODY", "--body-only"], "not allowed with argument"),
    (["--head-for", "BODY", "--dtype", "f32"], "--dtype is not for a head alone"),
    (["--head-for", "BODY", "--embeddings", "f32"], "--embeddings is not for a head alone"),
    (["--head-for", "BODY", "--golden", "BODY"], "--golden is not for a head alone"),
    (["--head-for", "OUT"], "is the model file that the head is for"),
    (["--body-only", "--golden", "BODY"], "are for models with a head"),
    (["--body-only", "--trust-pickle"], "are for models with a head"),
]


@pytest.mark.parametrize("options,words", USAGE)
def test_options_that_do_not_go_together(places, capsys, options, words):
    """Wrong usage, before anything is read."""
    with pytest.raises(SystemExit) as caught:
        run(places / "model", places / "OUT", *(str(places / o) if o.isupper() else o for o in options))
    assert caught.value.code == 64 and words in capsys.readouterr().err
