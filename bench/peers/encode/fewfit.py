# SPDX-License-Identifier: MIT
"""fewfit: ../fewfit_peer.cpp, its time with the tokenizer.

fp32        built for this machine's own instruction set
fp32-avx2   built for x86-64-v3, as the presets are
"""

import pathlib
import platform
import shlex
import shutil
import subprocess
import sys

VARIANTS = ("fp32", "fp32-avx2") if platform.machine() in ("x86_64", "AMD64") else ("fp32",)
MARCH = {"fp32": "-march=native", "fp32-avx2": "-march=x86-64-v3"}


def flags(variant):
    return ["-std=c++17", "-O2", MARCH[variant], "-DNDEBUG"]


def program(variant, context):
    return f"{context['build']}/fewfit_peer_{variant}"


def package(what, *names):
    """Compiler flags of the first package that pkg-config knows; empty where there is none, as for plain headers."""
    for name in names if shutil.which("pkg-config") else ():
        found = subprocess.run(["pkg-config", what, name], capture_output=True, text=True)
        if found.returncode == 0:
            return shlex.split(found.stdout)
    return []


def prepare(variant, context):
    source = pathlib.Path(context["source"])
    subprocess.run(
        [*shlex.split(context["cxx"]), *flags(variant), f"-I{source / 'include'}",
         *(package("--cflags", "eigen3") or ["-I/usr/include/eigen3"]), *package("--cflags", "nlohmann_json"),
         str(source / "bench" / "peers" / "fewfit_peer.cpp"), "-o", program(variant, context),
         *(package("--libs", "libutf8proc", "utf8proc") or ["-lutf8proc"])],
        check=True,
    )
    converted = subprocess.run(
        [sys.executable, "-B", str(source / "tools" / "fewfit_convert"), context["model"], "--dtype", "f32",
         "-o", context["build"] + "/model.fewfit"], capture_output=True, text=True,
    )
    if converted.returncode != 0:
        raise SystemExit(converted.stderr)


def command(variant, context):
    """This peer is a program of its own that speaks the protocol of host.py."""
    return [program(variant, context), context["build"] + "/model.fewfit", " ".join(flags(variant))]
