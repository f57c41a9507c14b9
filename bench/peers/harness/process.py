# SPDX-License-Identifier: MIT
"""A peer's process as run.py sees it: how it is made, asked and watched."""

import importlib.util
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent.parent
TYPES = {"f16": "fp32", "i8": "int8"}  # what a variant's name does not say; halves are multiplied as floats


def load_module(path):
    """A peer's file, under a name that hides no package: torch.py is not torch."""
    spec = importlib.util.spec_from_file_location("peer_" + pathlib.Path(path).stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def known():
    """All (file, variant), fewfit's first."""
    paths = sorted((HERE / "encode").glob("*.py"), key=lambda path: (path.stem != "fewfit", path.stem))
    return [(path, variant) for path in paths for variant in load_module(path).VARIANTS]


def chosen(names):
    """Those named as peer or peer/variant, in the order of the names; all where there are none."""
    fits = lambda name, path, variant: name in (path.stem, f"{path.stem}/{variant}")
    unknown = [name for name in names or () if not any(fits(name, *one) for one in known())]
    if unknown:
        raise SystemExit(f"no such peer: {unknown}; there are {[f'{p.stem}/{v}' for p, v in known()]}")
    wanted = [one for name in names or () for one in known() if fits(name, *one)]
    return list(dict.fromkeys(wanted)) or known()


class Peer:
    """One variant of a peer, running."""

    def __init__(self, path, variant, context):
        head = variant.split("-")[0]
        self.name, self.type = f"{path.stem} {variant}", TYPES.get(head, head)
        self.tokenizes = path.stem == "fewfit"
        self.threads = context["threads"]
        module, host = load_module(path), [sys.executable, str(HERE / "host.py")]
        rest = [str(path), variant, json.dumps(context)]
        if subprocess.run([*host, "prepare", *rest]).returncode != 0:
            raise SystemExit(f"{self.name} could not be prepared; --peers leaves it out")
        command = module.command(variant, context) if hasattr(module, "command") else [*host, "serve", *rest]
        names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
            env=os.environ | {name: str(self.threads) for name in names},
        )
        self.wall = self.cpu = 0.0  # of all that was timed

    def ask(self, do, **order):
        try:
            self.process.stdin.write(json.dumps({"do": do, **order}) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise SystemExit(f"{self.name} ended with status {self.process.wait()}")
        return json.loads(line)

    def time(self, what, texts, size, calls, clock):
        """Milliseconds a call."""
        spent = self.ask("time", what=what, texts=texts, size=size, calls=calls)
        self.wall, self.cpu = self.wall + spent["wall"], self.cpu + spent["cpu"]
        return spent[clock] / calls * 1e3

    def check(self, processors):
        """Ends the run if the peer used more threads than it was given, or left its processors."""
        if self.cpu > (0.1 + self.threads) * self.wall:
            raise SystemExit(f"{self.name}: {self.cpu:.1f} s of processors in {self.wall:.1f} s: too many threads")
        tasks = pathlib.Path(f"/proc/{self.process.pid}/task")
        for task in tasks.iterdir() if tasks.is_dir() else ():
            allowed = os.sched_getaffinity(int(task.name))
            if not allowed <= processors:
                raise SystemExit(f"{self.name} has a thread on processors {sorted(allowed - processors)}")

    def close(self):
        self.process.stdin.close()
        self.process.wait()
