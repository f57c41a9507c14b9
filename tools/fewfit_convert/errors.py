# SPDX-License-Identifier: MIT
"""The one exception of the converter."""

SAVE_AGAIN = "load it with sentence-transformers (a classifier with setfit) and save it again"
"""What to do with a folder that an older release wrote."""


_BEGIN, _END = 240, 360  # characters of a message that are enough; the file is named towards its end


def _visible(letter: str) -> str:
    """A character as a terminal may have it: no line break, no escape, no half of a pair."""
    return letter if letter.isprintable() else ascii(letter)[1:-1]


def _short(message: str) -> str:
    """The begin and the end of a long message."""
    return message if len(message) <= _BEGIN + _END else f"{message[:_BEGIN]}...{message[-_END:]}"


class Refused(Exception):
    """The model cannot be converted; the message is one sentence that names the thing and the file it stands in.

    What the files say is quoted in it, and may hold anything: the message is one short line whatever they say."""

    def __init__(self, message: str) -> None:
        # Twice: megabytes take long to go through, and an escape is up to ten characters for one.
        super().__init__(_short("".join(map(_visible, _short(message)))))
