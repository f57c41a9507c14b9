# SPDX-License-Identifier: MIT
"""The model card: title and licence, for people who look into a model file."""

from __future__ import annotations

import re
from typing import Dict, List, Tuple

from .folder import Folder

_CARD = "README.md"
_LICENSES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING")
_SPDX = {
    name.lower(): name
    for name in (
        "Apache-2.0",
        "MIT",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "CC-BY-4.0",
        "CC-BY-SA-4.0",
        "CC-BY-NC-4.0",
        "CC0-1.0",
        "GPL-3.0",
        "LGPL-3.0",
        "AGPL-3.0",
        "MPL-2.0",
    )
}
_LONGEST = 1000  # characters of a value; what is written must be read again


def _parts(text: str) -> Tuple[List[str], List[str]]:
    """The lines between the two rules at the top of a card, if it begins so, and the others.

    No expression over the whole text: one took seconds for a card of ten thousand empty lines."""
    lines = text.splitlines()
    if lines and lines[0].rstrip() == "---":
        for number in range(1, len(lines)):
            if lines[number].rstrip() == "---":
                return lines[1:number], lines[number + 1 :]
    return [], lines


def _front_matter(lines: List[str]) -> Dict[str, str]:
    """The simple `key: value` lines."""
    pairs = (line.split(":", 1) for line in lines if re.match(r"[A-Za-z_]+:\s*\S", line))
    return {key: value.strip().strip("\"'") for key, value in pairs}


def _title(lines: List[str]) -> str:
    """The first heading."""
    return next((line[2:].strip() for line in lines if line.startswith("# ") and line[2:].strip()), "")


def read_card(folder: Folder) -> Dict[str, str]:
    """`license` and `name`, as far as the folder tells them."""
    values = {}
    if folder.has(_CARD):
        front, text = _parts(folder.text(_CARD))
        values["license"] = _front_matter(front).get("license", "")
        values["license"] = _SPDX.get(values["license"].lower(), values["license"])
        values["name"] = _title(text)
    if not values.get("license"):
        named = [name for name in _LICENSES if folder.has(name)]
        values["license"] = f"see {named[0]}" if named else ""
    return {key: value[:_LONGEST] for key, value in values.items() if value}
