# SPDX-License-Identifier: MIT
"""BertNormalizer of tokenizers 0.21.1, for the contents of added tokens that are matched after normalisation.

Python's own Unicode tables are another version on every machine; bert_tables.json was read off the original.
"""

import functools
import json
import os
from dataclasses import dataclass
from typing import Dict, FrozenSet, List


@dataclass(frozen=True)
class Normalizer:
    """The four steps, each with its switch."""

    clean_text: bool = True
    handle_chinese_chars: bool = True
    strip_accents: bool = True
    lowercase: bool = True

    def normalize(self, text: str) -> str:
        """The text as added tokens and words see it."""
        t = _tables()
        if self.clean_text:
            text = "".join(" " if c in t.spaces else c for c in text if c not in t.removed)
        if self.handle_chinese_chars:
            text = "".join(f" {c} " if c in t.cjk else c for c in text)
        if self.strip_accents:
            text = "".join(c for c in _decomposed(text, t) if c not in t.stripped)
        if self.lowercase:
            text = "".join(t.lower.get(c, c) for c in text)
        return text


@dataclass(frozen=True)
class _Tables:
    removed: FrozenSet[str]
    spaces: FrozenSet[str]
    cjk: FrozenSet[str]
    stripped: FrozenSet[str]
    combining_class: Dict[str, int]
    decomposition: Dict[str, str]
    lower: Dict[str, str]


@functools.lru_cache(maxsize=None)
def _tables() -> _Tables:
    with open(os.path.join(os.path.dirname(__file__), "bert_tables.json"), encoding="utf-8") as file:
        raw = json.load(file)

    def letters(name: str) -> FrozenSet[str]:
        return frozenset(chr(c) for first, last in raw[name] for c in range(int(first, 16), int(last, 16) + 1))

    def strings(name: str) -> Dict[str, str]:
        return {chr(int(key, 16)): "".join(chr(int(c, 16)) for c in value) for key, value in raw[name].items()}

    classes = {chr(int(key, 16)): value for key, value in raw["ccc_unicode9"].items()}
    sets = [letters(name) for name in ("clean_removed", "clean_to_space", "cjk", "mn_stripped")]
    return _Tables(*sets, classes, strings("nfd_non_hangul"), strings("lower"))


def _hangul(letter: str) -> str:
    """A syllable as two or three jamo: The Unicode Standard, section 3.12."""
    index = ord(letter) - 0xAC00
    tail = chr(0x11A7 + index % 28) if index % 28 else ""
    return chr(0x1100 + index // 588) + chr(0x1161 + index // 28 % 21) + tail


def _decomposed(text: str, t: _Tables) -> List[str]:
    """NFD of Unicode 9: marks of a run in the order of their classes, equal ones as they stood."""
    whole: List[str] = []
    run: List[str] = []
    for letter in text:
        for part in _hangul(letter) if "\uac00" <= letter <= "\ud7a3" else t.decomposition.get(letter, letter):
            if part in t.combining_class:
                run.append(part)
                continue
            whole += [*sorted(run, key=t.combining_class.__getitem__), part]
            run = []
    return whole + sorted(run, key=t.combining_class.__getitem__)
