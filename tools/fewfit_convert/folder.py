# SPDX-License-Identifier: MIT
"""The source folder. Every file is read through here, once, so that the model file can say what it was made from."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Dict, Iterable, Optional

from .errors import SAVE_AGAIN, Refused

_MAX_DEPTH = 64  # of JSON: a tokenizer.json has 7; Python itself stops at some hundreds, differently
_MAX_DIGITS = 300  # of a whole number: any float is as large; a million of them take minutes in old Pythons


class Folder:
    """Reads files by their name inside the folder and remembers the SHA-256 of each."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._digests: Dict[str, str] = {}

    def has(self, name: str) -> bool:
        """Whether the folder holds a file of this name."""
        return os.path.isfile(self._full(name))

    def _full(self, name: str) -> str:
        return os.path.join(self._path, *name.split("/"))

    def read(self, name: str, at: Optional[str] = None) -> bytes:
        """The bytes of a file; `at` is where it lies if not inside the folder, which may then be a pipe."""
        if at is None and os.path.exists(self._full(name)) and not self.has(name):
            raise Refused(f"{name} is not a regular file")  # a pipe would be waited for, a device may have no end
        try:
            with open(at or self._full(name), "rb") as source:
                data = source.read()
        except FileNotFoundError:
            if at is not None:
                raise Refused(f"{at} is missing") from None
            raise Refused(
                f"{name} is missing: this is not a folder that SetFit's save_pretrained or SentenceTransformer.save "
                f"wrote, or an old one did: {SAVE_AGAIN}"
            ) from None
        except OSError as error:
            raise Refused(f"{name} cannot be read: {error.strerror}") from None
        except ValueError as error:  # a name with a zero or half of a surrogate pair
            raise Refused(f"{name} is not the name of a file: {error}") from None
        self._digests[name] = hashlib.sha256(data).hexdigest()
        return data

    def text(self, name: str) -> str:
        """A UTF-8 file."""
        try:
            return self.read(name).decode("utf-8")
        except UnicodeDecodeError as error:
            raise Refused(f"{name} is not UTF-8 (byte {error.start})") from None

    def json(self, name: str) -> Any:
        """A JSON file."""
        return parse_json(self.text(name), name)

    def json_object(self, name: str, needed: bool = True) -> Dict[str, Any]:
        """A JSON object; an empty one where the file is absent and not needed."""
        if not needed and not self.has(name):
            return {}
        value = self.json(name)
        if not isinstance(value, dict):
            raise Refused(f"{name} does not hold a JSON object")
        return value

    def provenance(self) -> str:
        """A line for each file that was read, sorted by name: its SHA-256 and its name."""
        return "\n".join(f"{digest}  {name}" for name, digest in sorted(self._digests.items()))


def _integer(digits: str) -> int:
    """A whole number of JSON."""
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a number has {len(digits)} digits")
    return int(digits)


def _is_deep(value: Any) -> bool:
    """Whether lists and objects lie in each other more than _MAX_DEPTH times."""
    level = [value]
    for _ in range(_MAX_DEPTH):
        level = [item for part in level for item in _inside(part)]
    return any(isinstance(part, (list, dict)) for part in level)


def _inside(value: Any) -> Iterable[Any]:
    """What lies in a list or an object."""
    return value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()


def parse_json(text: str, name: str) -> Any:
    """JSON text from the file called `name`."""
    deep = Refused(f"{name} is not JSON of a model: its lists and objects are more than {_MAX_DEPTH} deep")
    try:
        value = json.loads(text, parse_int=_integer)
    except RecursionError:
        raise deep from None
    except ValueError as error:
        raise Refused(f"{name} is not valid JSON: {error}") from None
    if _is_deep(value):
        raise deep
    return value
