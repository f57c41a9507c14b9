# SPDX-License-Identifier: MIT
"""Puts the converter and the helpers of these tests on the path: the tests run from a checkout, installed or not."""

import os
import sys

import pytest

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(_HERE), os.path.join(_HERE, "support")]


@pytest.fixture(name="judge")
def _judge(tmp_path, monkeypatch):
    """A judge of what the converter makes of the small model."""
    import hostile
    import tiny

    monkeypatch.setattr(os, "fsync", lambda _file: None)
    for name in ("model", "out"):
        (tmp_path / name).mkdir()
    return hostile.Judge(tiny.write_model(tmp_path / "model"), str(tmp_path / "out"))


def pytest_terminal_summary(terminalreporter):
    """Says loudly what was not tested for want of a package."""
    counts = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        counts[reason] = counts.get(reason, 0) + 1
    for reason, count in sorted(counts.items()):
        terminalreporter.write_line(f"NOT TESTED ({count}): {reason.replace('Skipped: ', '')}", red=True)
