"""The built command line and the demonstration model, as the tests here see them."""

import json
import os
import pathlib
import subprocess
import unittest

CLI = os.environ["FEWFIT_CLI"]
MODEL = os.environ["FEWFIT_MODEL"]
ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = json.loads((ROOT / "models/interviews/golden.json").read_text(encoding="utf-8"))["texts"]
LABELS = ["Нейтральный", "Процесс", "Результат"]
# Lines of 100 MB, and a process's peak of memory.
exhaustive = unittest.skipIf(os.environ.get("FEWFIT_SANITIZED"), "exhaustive: a sanitizer keeps what was freed")


def run(*arguments, stdin=b"", **options):
    """The finished process; bytes in, bytes out."""
    return subprocess.run([CLI, *map(str, arguments)], input=stdin, capture_output=True, timeout=600, **options)


def ask(command, stdin, *arguments):
    """Standard output of a run that must succeed in silence."""
    done = run(command, "--model", MODEL, *arguments, stdin=stdin)
    if done.returncode != 0 or done.stderr:
        raise AssertionError(f"{command} {arguments}: status {done.returncode}, {done.stderr.decode()}")
    return done.stdout


def ask_json(command, objects, *arguments):
    """The answers to JSON objects, as objects."""
    lines = "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects).encode()
    return [json.loads(line) for line in ask(command, lines, "--format", "jsonl", *arguments).splitlines()]
