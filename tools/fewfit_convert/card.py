# SPDX-License-Identifier: MIT
"""The model card: title and licence, for people who look into a model file."""

from __future__ import annotations

import re
from typing import Dict

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
_FRONT_MATTER = re.compile(r"\A---\s*\n(.*?)\n---\s*(?:\n|\Z)", re.DOTALL)


def _front_matter(text: str) -> Dict[str, str]:
    """The simple `key: value` lines at the top of a card."""
    found = _FRONT_MATTER.match(text)
    lines = found.group(1).splitlines() if found else []
    pairs = (line.split(":", 1) for line in lines if re.match(r"[A-Za-z_]+:\s*\S", line))
    return {key: value.strip().strip("\"'") for key, value in pairs}


def _title(text: str) -> str:
    """The first heading."""
    found = re.search(r"^# +(.+?)\s*$", _FRONT_MATTER.sub("", text), re.MULTILINE)
    return found.group(1) if found else ""


def read_card(folder: Folder) -> Dict[str, str]:
    """`license` and `name`, as far as the folder tells them."""
    values = {}
    if folder.has(_CARD):
        text = folder.text(_CARD)
        values["license"] = _front_matter(text).get("license", "")
        values["license"] = _SPDX.get(values["license"].lower(), values["license"])
        values["name"] = _title(text)
    if not values.get("license"):
        named = [name for name in _LICENSES if folder.has(name)]
        values["license"] = f"see {named[0]}" if named else ""
    return {key: value for key, value in values.items() if value}
