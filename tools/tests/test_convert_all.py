# SPDX-License-Identifier: MIT
"""tests/build/convert_all.py, which a build runs: a folder of models, all of them or an exit status."""

import os
import subprocess
import sys

import tiny

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "build", "convert_all.py")


def run(*arguments):
    """Exit status and what is said."""
    command = [sys.executable, "-B", SCRIPT, *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def test_every_folder_is_converted(tmp_path):
    """By its name."""
    for name in ("a", "b"):
        os.makedirs(tmp_path / "in" / name)
        tiny.write_model(str(tmp_path / "in" / name))
    assert run(tmp_path / "in", tmp_path / "out") == (0, "2 models converted\n")
    assert sorted(os.listdir(tmp_path / "out")) == ["a.fewfit", "b.fewfit"]


def test_nothing_to_convert_is_a_failure(tmp_path):
    """A path that moved must not look like a success."""
    for source in (tmp_path, tmp_path / "nowhere"):
        status, said = run(source, tmp_path / "out")
        assert status == 1 and f"no model folder in {source}" in said
