# SPDX-License-Identifier: MIT
"""The command line: arguments, messages, exit statuses (0 done; 1 model or file; 64 usage; 130 Ctrl-C)."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import List, NoReturn, Optional

from . import __version__, model_file, reader, spec, writer
from .errors import Refused
from .model import Head, Model
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
    parser.add_argument(
        "model_dir",
        metavar="MODEL_DIR",
        help="what SetFitModel.save_pretrained wrote; with --body-only also what SentenceTransformer.save wrote",
    )
    parser.add_argument("-o", "--output", metavar="M.fewfit", required=True, help="the model or head file to write")
    alone = parser.add_mutually_exclusive_group()
    alone.add_argument(
        "--head-for",
        metavar="BODY.fewfit",
        help="write the head of MODEL_DIR alone, for the body in this model file, which must be that of MODEL_DIR",
    )
    alone.add_argument(
        "--body-only",
        action="store_true",
        help="write a model file without a head, which encodes and does not classify",
    )
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


def _check_together(parser: argparse.ArgumentParser, options: argparse.Namespace) -> None:
    """A head has no weights of its own and no self-test, a body nothing to test."""
    if options.head_for is not None:
        for name in ("dtype", "embeddings", "golden"):
            if getattr(options, name) is not None:
                parser.error(f"--{name} is not for a head alone: with --head-for the types are those of the body")
        if os.path.realpath(options.head_for) == os.path.realpath(options.output):
            parser.error(f"{options.output} is the model file that the head is for")
    if options.body_only and (options.golden is not None or options.trust_pickle):
        parser.error("--golden and --trust-pickle are for models with a head")


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


def _choices(head: Head) -> str:
    """How many classes or targets a head has."""
    return f"{len(head.labels)} {'classes' if head.target == spec.TARGET_SINGLE else 'targets'}"


def _convert_model(options: argparse.Namespace, progress: Progress) -> str:
    """Writes a model file, with or without a head; returns what it holds."""
    types = (options.dtype, options.embeddings)
    given = (options.model_dir, options.golden, options.trust_pickle, progress.stage, *types)
    model = reader.read(*given, with_head=not options.body_only)
    parts = writer.sections(model)
    size = writer.write(options.output, progress.over(parts, "writing"), len(parts))
    tested = len(model.self_test.texts) if model.self_test else "no"
    held = f"{_choices(model.head)}, {tested} self-test texts" if model.head else "no head"
    types = f"{model.config.linear_type} weights, {model.config.embeddings_type} embeddings"
    return f"{size / 1e6:.1f} MB, {types}, {held}"


def _check_body(model: Model, body: model_file.Body, options: argparse.Namespace, progress: Progress) -> None:
    """Makes every section of the body again and compares it with what stands in the model file."""
    parts = writer.body_sections(model)
    for index, part in enumerate(progress.over(parts, f"comparing the body with {options.head_for}")):
        if index >= len(body.entries) or writer.entry(part) != body.entries[index]:
            raise Refused(f"{part.name} of {options.model_dir} is not that of {options.head_for}: another body")
    if len(parts) != len(body.entries):
        raise Refused(f"{options.head_for} has sections that the body of {options.model_dir} does not have")


def _convert_head(options: argparse.Namespace, progress: Progress) -> str:
    """Writes a head file; returns what it holds."""
    body = model_file.read_body(options.head_for)
    types = (body.linear_type, body.embeddings_type)
    model = reader.read(options.model_dir, None, options.trust_pickle, progress.stage, *types, with_test=False)
    _check_body(model, body, options, progress)
    parts = writer.head_sections(model, body.entries)
    size = writer.write(options.output, progress.over(parts, "writing"), len(parts), spec.KIND_HEAD)
    return f"{size / 1e3:.1f} kB, {_choices(model.head)}, a head for {options.head_for}"


def _convert(options: argparse.Namespace) -> None:
    """Reads and writes, and says what is going on."""
    with Progress() as progress:
        if options.trust_pickle:
            progress.note("--trust-pickle: opening model_head.pkl runs the code it holds")
        made = (_convert_model if options.head_for is None else _convert_head)(options, progress)
    progress.note(f"{options.output}: {made}")


def _terminated(_signal: int, _frame: object) -> NoReturn:
    """SIGTERM and SIGHUP unwind the stack like Ctrl-C, so that the temporary file is removed."""
    raise KeyboardInterrupt


def _handle_signals() -> None:
    """What ends the program, unless whoever started it wants it to go on, as nohup does."""
    if threading.current_thread() is not threading.main_thread():
        return  # elsewhere Python allows no handlers
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _terminated)


def main(arguments: Optional[List[str]] = None) -> int:
    """Runs the converter and returns the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    _check_together(parser, options)
    _check_output(parser, options)
    _handle_signals()
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
