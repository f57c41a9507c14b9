# SPDX-License-Identifier: MIT
"""Puts the converter and the helpers of these tests on the path: the tests run from a checkout, installed or not."""

import os
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(_HERE), os.path.join(_HERE, "support")]


def pytest_terminal_summary(terminalreporter):
    """Says loudly what was not tested for want of a package."""
    counts = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        counts[reason] = counts.get(reason, 0) + 1
    for reason, count in sorted(counts.items()):
        terminalreporter.write_line(f"NOT TESTED ({count}): {reason.replace('Skipped: ', '')}", red=True)
