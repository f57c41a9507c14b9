# SPDX-License-Identifier: MIT
"""Converts a folder written by SetFit's ``save_pretrained`` into one fewfit model file.

``reader`` turns the folder into plain arrays and settings, ``writer`` turns those into bytes; ``spec`` holds the
layout that both agree on. Neither runs a line of code that comes with the model.
"""

__version__ = "0.1.0"
