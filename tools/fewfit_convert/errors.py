# SPDX-License-Identifier: MIT
"""The one exception of the converter."""


class Refused(Exception):
    """The model cannot be converted; the message is one sentence that names the thing and the file it stands in."""
