# SPDX-License-Identifier: MIT
"""What every program that asks peers begins with: options, an interpreter that has the packages, peers that run."""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import venv

from process import Peer, chosen

HERE = pathlib.Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
REFERENCE = (HERE / "encode" / "torch.py", "fp32")


def parser_of(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="an interpreter that has everything in requirements.txt")
    parser.add_argument("--model", default=str(ROOT / "models" / "interviews"), help="a SetFit folder")
    parser.add_argument("--texts", default=str(ROOT / "tests" / "parity" / "texts.jsonl"), help="lines with a text")
    parser.add_argument("--build", default=str(ROOT / "build" / "peers"), help="where files are made")
    parser.add_argument("--cxx", default=os.environ.get("CXX", "c++"))
    parser.add_argument("--threads", type=int, default=1, help="of each peer")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    return parser


def in_environment(python, build):
    """Goes on in the interpreter that has the packages; makes one where none is named."""
    if python is None:
        place = pathlib.Path(build) / "venv"
        python = str(place / "bin" / "python")
        wanted, stamp = (HERE / "requirements.txt").read_text(), place / "wanted"
        if not stamp.is_file() or stamp.read_text() != wanted:
            venv.create(place, with_pip=True)
            subprocess.run([python, "-m", "pip", "install", "-r", str(HERE / "requirements.txt")], check=True)
            stamp.write_text(wanted)
    os.execv(python, [python, *sys.argv, "--inside"])


def progress():
    """A bar over things; none where stderr is no terminal."""
    from tqdm import tqdm

    return lambda things, what: tqdm(things, desc=what, leave=False, disable=None)


def start(arguments, task, calibration, bar):
    """All peers that were asked for, and the reference, which may be one of them."""
    build = pathlib.Path(arguments.build) / "encode"
    build.mkdir(parents=True, exist_ok=True)
    (build / "calibration.json").write_text(json.dumps([text["ids"] for text in calibration]))
    wanted, peers = chosen(arguments.peers), {}
    for path, variant in bar(list(dict.fromkeys([*wanted, REFERENCE])), "preparing"):
        folder = build / path.stem
        folder.mkdir(exist_ok=True)
        peers[path, variant] = Peer(path, variant, {
            "model": arguments.model, "build": str(folder), "source": str(ROOT), "cxx": arguments.cxx,
            "task": task, "threads": arguments.threads, "calibration": str(build / "calibration.json"),
        })
    return [peers[one] for one in wanted], peers[REFERENCE]


def processor():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def machine():
    return f"{processor()}, {os.cpu_count()} processors, {platform.system()} {platform.machine()}"
