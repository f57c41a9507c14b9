# SPDX-License-Identifier: MIT
"""Which release made which golden file, as docs/parity.md says; what tools/golden_requirements.txt pins."""

import glob
import json
import os
import re

import pytest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
REQUIREMENTS = "golden_requirements.txt"
SCRIPTS = sorted(os.path.basename(path) for path in glob.glob(os.path.join(ROOT, "tools", "make_*golden.py")))


def _read(*names):
    with open(os.path.join(ROOT, *names), encoding="utf-8") as source:
        return source.read()


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_scripts_say_what_they_run_with(script):
    """In their first docstring."""
    assert REQUIREMENTS in _read("tools", script).split('"""')[1]


def test_every_line_is_a_pin():
    """No range, nothing left open."""
    lines = [line for line in _read("tools", REQUIREMENTS).splitlines() if line and not line.startswith("#")]
    assert len(lines) > 10 and all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines)


@pytest.mark.parametrize("name", ["tests/parity/golden", "models/interviews", "tests/parity/breadth/*"])
def test_the_document_names_what_made_a_golden_file(name):
    """A row of docs/parity.md: the file, setfit, torch."""
    row = next(line for line in _read("docs", "parity.md").splitlines() if line.startswith(f"| `{name}/golden.json"))
    found = glob.glob(os.path.join(ROOT, name, "golden.json"))
    assert found
    for path in found:
        with open(path, encoding="utf-8") as source:
            made = json.loads(source.read())["made_with"]
        assert f"| {made['setfit']} | {made['torch'].split('+')[0]} |" in row, path


def test_the_guide_installs_those():
    """One place for the versions."""
    guide = _read("docs", "own_model.md")
    assert f"tools/{REQUIREMENTS}" in guide and "setfit==" not in guide
