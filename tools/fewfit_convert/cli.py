# SPDX-License-Identifier: MIT
"""The command line: arguments, messages, exit statuses (0 done; 1 model or file; 64 usage; 130 Ctrl-C)."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import List, NoReturn, Optional

from . import __version__, reader, spec, writer
from .errors import Refused
from .progress import Progress

_INPUTS = ("json", "txt", "md", "safetensors", "pkl")
EXIT_MODEL, EXIT_USAGE, EXIT_INTERRUPTED = 1, 64, 130


class _Parser(argparse.ArgumentParser):
    """argparse with the exit status of this project for wrong usage."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(EXIT_USAGE)


def _parser() -> argparse.ArgumentParser:
    """The options."""
    parser = _Parser(prog="fewfit-convert", description="Converts a SetFit model folder into one fewfit model file.")
    parser.add_argument("model_dir", metavar="MODEL_DIR", help="what SetFitModel.save_pretrained wrote")
    parser.add_argument("-o", "--output", metavar="M.fewfit", required=True, help="the model file to write")
    parser.add_argument(
        "--dtype",
        choices=tuple(spec.WEIGHT_TYPES),
        help="of linear layers (default: f16 where they are stored in f16, else f32; bf16 and i8 are faster "
        "and differ a little from the original)",
    )
    parser.add_argument(
        "--embeddings",
        choices=spec.EMBEDDING_TYPES,
        help="of word embeddings (default: i8 with --dtype i8, else f16 where they are stored in f16, else f32)",
    )
    parser.add_argument(
        "--golden",
        metavar="FILE",
        help="texts and probabilities for the self-test (default: golden.json of MODEL_DIR, if it is there)",
    )
    parser.add_argument(
        "--trust-pickle",
        action="store_true",
        help="open model_head.pkl with joblib, which runs whatever code it holds",
    )
    parser.add_argument("--version", action="version", version=f"fewfit_convert {__version__}")
    return parser


def _check_output(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """The output must not be one of the inputs."""
    folder = os.path.dirname(os.path.realpath(options.output))
    if not os.path.isdir(folder):
        parser.error(f"the folder of {options.output} does not exist")
    if os.path.isdir(options.output):
        parser.error(f"{options.output} is a folder; name the file to write")
    output = os.path.realpath(options.output)
    inside = output.startswith(os.path.join(os.path.realpath(options.model_dir), ""))
    is_golden = options.golden is not None and os.path.realpath(options.golden) == output
    if is_golden or (inside and output.rsplit(".", 1)[-1] in _INPUTS and os.path.exists(output)):
        parser.error(f"{options.output} is one of the files that are read")


def _convert(options: argparse.Namespace) -> None:
    """Reads and writes, and says what is going on."""
    with Progress() as progress:
        if options.trust_pickle:
            progress.note("--trust-pickle: opening model_head.pkl runs the code it holds")
        types = (options.dtype, options.embeddings)
        model = reader.read(options.model_dir, options.golden, options.trust_pickle, progress.stage, *types)
        parts = writer.sections(model)
        size = writer.write(options.output, progress.over(parts, "writing"), len(parts))
    classes = len(model.head.labels)
    tested = len(model.self_test.texts) if model.self_test else "no"
    types = f"{model.config.linear_type} weights, {model.config.embeddings_type} embeddings"
    progress.note(f"{options.output}: {size / 1e6:.1f} MB, {types}, {classes} classes, {tested} self-test texts")


def _terminated(_signal: int, _frame: object) -> NoReturn:
    """SIGTERM unwinds the stack like Ctrl-C, so that the temporary file is removed."""
    raise KeyboardInterrupt


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs the converter and returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    _check_output(parser, options)
    if threading.current_thread() is threading.main_thread():  # elsewhere Python allows no handlers
        signal.signal(signal.SIGTERM, _terminated)
    try:
        _convert(options)
    except Refused as error:
        print(f"fewfit-convert: {error}", file=sys.stderr)
        return EXIT_MODEL
    except OSError as error:
        print(f"fewfit-convert: {options.output} was not written: {error.strerror or error}", file=sys.stderr)
        return EXIT_MODEL
    except MemoryError:
        print(f"fewfit-convert: {options.output} was not written: there is not enough memory", file=sys.stderr)
        return EXIT_MODEL
    except KeyboardInterrupt:
        print(f"fewfit-convert: interrupted; {options.output} was not written", file=sys.stderr)
        return EXIT_INTERRUPTED
    return 0
