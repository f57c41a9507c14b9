# SPDX-License-Identifier: MIT
"""fewfit: ../fewfit_peer.cpp, its time with the tokenizer.

fp32         built for plain x86-64: the kernels are chosen when the model is loaded
fp32-avx2    the same program, told to use the kernels for AVX2
fp32-native  built for this machine's own instruction set
f16          halves in the file, which are multiplied as floats: compared with fp32
f16-avx2     the same with the kernels for AVX2
bf16, int8   files of these types; the word rows of int8 are bytes, too
bf16-avx2, int8-avx2, int8-avx_vnni      the same with other kernels

A type is a model file that tools/fewfit_convert writes; where it refuses, the run ends with what it said.
"""

import os
import pathlib
import platform
import shlex
import shutil
import subprocess
import sys
import time

LINEAR = {"fp32": "f32", "f16": "f16", "bf16": "bf16", "int8": "i8"}
WORDS = {"fp32": "f32", "f16": "f16", "bf16": "f16", "int8": "i8"}
ON_X86 = platform.machine() in ("x86_64", "AMD64")
VARIANTS = ("fp32", "f16", "bf16", "int8")
if ON_X86:
    VARIANTS += ("fp32-avx2", "fp32-native", "f16-avx2", "bf16-avx2", "int8-avx2", "int8-avx_vnni")


def dtype(variant):
    return LINEAR[variant.split("-")[0]]


def flags(variant):
    return ["-std=c++17", "-O2", *(["-march=native"] if variant.endswith("-native") else []), "-DNDEBUG"]


def program(variant, context):
    return f"{context['build']}/fewfit_peer{'_native' if variant.endswith('-native') else ''}"


def model(variant, context):
    return f"{context['build']}/{dtype(variant)}.fewfit"


def package(what, *names):
    """Compiler flags of the first package that pkg-config knows; empty where there is none, as for plain headers."""
    for name in names if shutil.which("pkg-config") else ():
        found = subprocess.run(["pkg-config", what, name], capture_output=True, text=True)
        if found.returncode == 0:
            return shlex.split(found.stdout)
    return []


def compile_program(variant, context):
    """Only where a source or the command is another than last time: it takes longer than most measurements."""
    source, made = pathlib.Path(context["source"]), pathlib.Path(program(variant, context))
    main, stamp = source / "bench" / "peers" / "fewfit_peer.cpp", made.with_suffix(".command")
    command = [
        *shlex.split(context["cxx"]), *flags(variant), "-pthread", f"-I{source / 'include'}",
        *(package("--cflags", "eigen3") or ["-I/usr/include/eigen3"]), *package("--cflags", "nlohmann_json"),
        str(main), "-o", str(made), *(package("--libs", "libutf8proc", "utf8proc") or ["-lutf8proc"]),
    ]
    newest = max(file.stat().st_mtime for file in [main, *(source / "include").rglob("*")])
    if made.is_file() and stamp.is_file() and stamp.read_text() == shlex.join(command):
        if stamp.stat().st_mtime > newest:
            return
    began = time.time()
    subprocess.run(command, check=True)
    stamp.write_text(shlex.join(command))
    os.utime(stamp, (began, began))


def prepare(variant, context):
    converter = pathlib.Path(context["source"]) / "tools" / "fewfit_convert"
    converted = subprocess.run(
        [sys.executable, "-B", str(converter), context["model"], "--dtype", dtype(variant),
         "--embeddings", WORDS[variant.split("-")[0]], "-o", model(variant, context)], capture_output=True, text=True,
    )
    if converted.returncode != 0:
        raise SystemExit(f"fewfit_convert --dtype {dtype(variant)} refused:\n{converted.stderr}")
    compile_program(variant, context)


def command(variant, context):
    """This peer is a program of its own that speaks the protocol of host.py."""
    kernels = variant.split("-")[-1] if "-avx" in variant else "automatic"
    compiled = " ".join(flags(variant))
    return [program(variant, context), model(variant, context), compiled, str(context["threads"]), kernels]
