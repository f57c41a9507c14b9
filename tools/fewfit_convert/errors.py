# SPDX-License-Identifier: MIT
"""The one exception of the converter."""

SAVE_AGAIN = "load it with sentence-transformers (a classifier with setfit) and save it again"
"""What to do with a folder that an older release wrote."""


class Refused(Exception):
    """The model cannot be converted; the message is one sentence that names the thing and the file it stands in."""
