# SPDX-License-Identifier: MIT
"""What the converter says while it works: lines on stderr, and a bar where there is a terminal, tqdm and a wait."""

from __future__ import annotations

import sys
from typing import Any, Iterable, Iterator, List, Optional

try:
    from tqdm import tqdm
except ImportError:  # an extra: pip install fewfit-convert[progress]
    tqdm = None

_PATIENCE = 1.0  # seconds before a bar appears


class Progress:
    """Stage names as lines; on a terminal with tqdm also a bar for stages that take long."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._bar: Optional[Any] = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(self, *_error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    def note(self, text: str) -> None:
        """A line on stderr."""
        print(f"fewfit-convert: {text}", file=sys.stderr)

    def stage(self, name: str) -> None:
        """Says that a stage begins."""
        self.note(name)

    def over(self, items: List[Any], name: str) -> Iterable[Any]:
        """The items, with a bar if they take longer than a second."""
        self.note(name)
        if tqdm is None or not self._terminal:
            return items
        return self._with_bar(items, name)

    def _with_bar(self, items: List[Any], name: str) -> Iterator[Any]:
        self._bar = tqdm(items, desc=name, unit="section", delay=_PATIENCE, leave=False, file=sys.stderr)
        for item in self._bar:
            self._bar.set_postfix_str(item.name, refresh=False)
            yield item
