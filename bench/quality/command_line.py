# SPDX-License-Identifier: MIT
"""The command line tool fewfit, asked as a user would ask it."""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "parity"))

import real_body_folders  # noqa: E402

Examples = list[tuple[str, str]]  # label, text


def written(folder: pathlib.Path, name: str, lines: list[str]) -> pathlib.Path:
    """A file of lines."""
    path = folder / name
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


class Tool:
    """The built tool, and the bodies that it is asked with."""

    def __init__(self, program: str, folder: pathlib.Path):
        self.program = program
        self.folders = real_body_folders.folders(folder)
        self.bodies = {name: self.convert(place) for name, place in self.folders.items()}

    @staticmethod
    def convert(place: pathlib.Path) -> pathlib.Path:
        """The model file of a sentence transformer's folder, made where it is not there yet."""
        model = place.with_suffix(".fewfit")
        if not model.exists():
            converter = ROOT / "tools" / "fewfit_convert"
            subprocess.run([sys.executable, "-B", converter, place, "-o", model, "--body-only"], check=True,
                           stdout=subprocess.DEVNULL)
        return model

    def run(self, *arguments) -> str:
        """What the tool answers."""
        done = subprocess.run([self.program, *map(str, arguments)], check=True, capture_output=True)
        return done.stdout.decode()

    def embed(self, model: pathlib.Path, texts: list[str]) -> np.ndarray:
        """The sentence vectors. shape [B, S]"""
        with tempfile.TemporaryDirectory() as scratch:
            lines = [json.dumps({"text": text}) for text in texts]
            path = written(pathlib.Path(scratch), "texts.jsonl", lines)
            answers = self.run("embed", "--model", model, "--format", "jsonl", "--input", path).splitlines()
        return np.array([json.loads(answer)["embedding"] for answer in answers], np.float32)

    def teach_and_predict(self, model: pathlib.Path, examples: Examples, texts: list[str], c: float) -> list[str]:
        """The labels of texts, by a head taught with examples."""
        with tempfile.TemporaryDirectory() as scratch:
            place = pathlib.Path(scratch)
            learned = written(place, "train.tsv", [f"{label}\t{text}" for label, text in examples])
            asked = written(place, "asked.txt", texts)
            self.run("teach", "--model", model, "--input", learned, "-o", place / "head.fewfit", "--C", c,
                     "--report", "none")
            answers = self.run("predict", "--model", model, "--head", place / "head.fewfit", "--input", asked)
        return [line.split("\t")[0] for line in answers.splitlines()]

    def leave_one_out(self, model: pathlib.Path, examples: Examples, c: float) -> dict:
        """What teach reports of a head: how it does on each example, had it not seen it."""
        with tempfile.TemporaryDirectory() as scratch:
            place = pathlib.Path(scratch)
            learned = written(place, "train.tsv", [f"{label}\t{text}" for label, text in examples])
            said = self.run("teach", "--model", model, "--input", learned, "-o", place / "head.fewfit", "--C", c,
                            "--report", "json")
        return json.loads(said)["leave_one_out"]
