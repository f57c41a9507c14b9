#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A guest in other people's programs: one answer however a program is put together, and whatever surrounds it.

usage: guest.py EIGEN_DIRECTORY G++ [OTHER_COMPILER]

guest/unit.cpp includes all of fewfit and asks a model everything. It is compiled with and without optimisation, for
any processor, for AVX2 and for this one, with declarations alone beside an implementation, and by another compiler;
each two are linked in either order and use each other's models, on stacks of 64 KB. Then: one unit of many files; a
precompiled header; two shared libraries with two versions of fewfit in one program; macros of other people's headers;
locales, time zones, folders, rounding and flushing.
"""

import itertools
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

from surroundings import own_locale

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
INCLUDE = ROOT / "include"
BREADTH = HERE.parent / "parity" / "breadth"
IS_X86 = platform.machine() in ("x86_64", "AMD64")
FLAGS = [[], ["-mavx2", "-mfma"], ["-march=native"]] if IS_X86 else [[]]
LINKED = ["-lutf8proc", "-lpthread"]
DOWNWARD, UPWARD, TO_ZERO = (0x400, 0x800, 0xC00) if IS_X86 else (0x800000, 0x400000, 0xC00000)  # of <cfenv>

# What windows.h, Qt, X11 and Apple's AssertMacros.h define, and some that anybody might.
MACROS = """min(a,b)=(((a)<(b))?(a):(b)) max(a,b)=(((a)>(b))?(a):(b)) near= far= small=char hyper=int interface=struct
    IN= OUT= OPTIONAL= ERROR=0 CONST=const VOID=void TRUE=1 FALSE=0 STRICT=1 DELETE=0x10000 DIFFERENCE=11
    slots= signals=public emit= foreach(a,b)=for(a:b) forever=for(;;)
    None=0L Bool=int Status=int Success=0 True=1 False=0 Always=2 Above=0 Below=1 Unsorted=0 Complex=0 Convex=2
    check(x)=((void)(x)) verify(x)=((void)(x)) require(x,l)=goto$l nil=0 I=_Complex_I
    major(x)=(x) minor(x)=(x) linux=1 unix=1
    """.split()

# The second version: another layout of what a model is, and another answer of each stage.
CHANGES = {
    "config.hpp": ("#define FEWFIT_VERSION_MINOR 1\n", "#define FEWFIT_VERSION_MINOR 99\n"),
    "model_state.hpp": ("struct model_state {\n", "struct model_state {\n  unsigned char added[256] = {};\n"),
    "text/tokenizer.hpp": ("if (special_tokens) put(t.config.cls, {});", ""),
    "nn/pooling.hpp": ("static_cast<float>(sum[i] / divisor)", "static_cast<float>(sum[i] / divisor + 1)"),
    "nn/head.hpp": ("static_cast<double>(x[i]), c[i], sum)", "static_cast<double>(x[i]), 2 * c[i], sum)"),
}


class Guest:
    """Compiles, links and runs in a folder, and counts what is not as it should be."""

    def __init__(self, eigen, compiler, folder):
        self.eigen, self.compiler, self.folder, self.failed = eigen, compiler, folder, 0
        self.models = [self.convert(BREADTH / "gelu_mean", kind) for kind in ("f32", "f16", "bf16", "i8")]
        self.models.append(self.convert(BREADTH / "max_sqrt", "f32"))

    def path(self, name):
        return str(self.folder / name)

    def convert(self, source, kind):
        model = self.path(f"{source.name}.{kind}.fewfit")
        subprocess.run([sys.executable, "-B", str(ROOT / "tools/fewfit_convert"), str(source), "--dtype", kind,
                        "-o", model], check=True, capture_output=True)
        return model

    def compile(self, source, target, *flags, compiler=None, include=INCLUDE):
        source = [str(source)] if isinstance(source, (str, pathlib.Path)) else source
        subprocess.run([compiler or self.compiler, "-std=c++17", "-I", str(include), "-isystem", self.eigen,
                        *source, "-o", self.path(target), *flags], check=True)
        return self.path(target)

    def link(self, target, *objects):
        subprocess.run([self.compiler, *objects, "-o", self.path(target), *LINKED], check=True)
        return self.path(target)

    def expect(self, good, *about):
        print("ok    " if good else "FAILED", *about, flush=True)
        self.failed += not good

    def run(self, program, *arguments, where=None, **environment):
        """What a program prints; how it ended, if badly."""
        done = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, cwd=where,
                              env={**os.environ, **environment}, check=False)
        return done.stdout.splitlines() if done.returncode == 0 else [f"status {done.returncode}: {done.stderr}"]


def answers(lines):
    """The digests of each model, which units agree upon, and the last line."""
    *digests, about = lines
    return [set(line.split()) for line in digests], about


def units(guest, other_compilers):
    """Name and objects of each way to have fewfit in a program."""
    source = HERE / "guest" / "unit.cpp"
    found = {}
    for level, flags in itertools.product(("-O2", "-O0"), FLAGS):
        name = " ".join([level, *flags])
        found[name] = [guest.compile(source, f"unit{len(found)}.o", "-c", level, *flags)]
    found["light"] = [guest.compile(source, "light.o", "-c", "-O0", "-DGUEST_LIGHT"),
                      guest.compile(HERE / "consumer" / "light_implementation.cpp", "implementation.o", "-c", "-O2")]
    for compiler in other_compilers:
        flags = ["-O2", *FLAGS[-1]]
        found[" ".join([compiler, *flags])] = [guest.compile(source, "other.o", "-c", *flags, compiler=compiler)]
    return found


def check_pairs(guest, main, ways):
    """Each alone, then each two in either order: the bits of the first alone. Returns a program of two, and the bits.

    Portable kernels are as the unit that loads has them: with a fused multiply-add or without, but not a third thing.
    """
    plain, fused = None, None
    for name, objects in ways.items():
        program = guest.link("alone", main, *objects)
        found, about = answers(guest.run(program, 0, 0, 0, *guest.models))
        plain = plain or found
        guest.expect(found == plain and all(len(one) == 1 != {"00000000"} for one in found), name, "-", about)
        portable, _ = answers(guest.run(program, 0, 0, 1, *guest.models))
        fused = [a | b for a, b in zip(fused or portable, portable)]
    for (one, first), (other, second) in itertools.permutations(ways.items(), 2):
        program = guest.link("pair", main, *first, *second)
        found, about = answers(guest.run(program, 0, 0, 0, *guest.models))
        portable, _ = answers(guest.run(program, 0, 0, 1, *guest.models))
        same = found == plain and all(a <= b for a, b in zip(portable, fused))
        guest.expect(same, one, "then", other, "-", about)
    return program, plain


def check_small_stacks(guest, main, ways):
    """The demonstration model, with weights of each type, on the stacks of which all programs have one."""
    models = [guest.convert(ROOT / "models" / "interviews", kind) for kind in ("f32", "f16", "bf16", "i8")]
    for name in ("-O2", "-O0"):
        found, about = answers(guest.run(guest.link("alone", main, *ways[name]), 0, 0, 0, *models))
        good = len(found) == len(models) and not any("00000000" in one for one in found)
        guest.expect(good, "64 KB, demonstration model,", name, "-", about)


def check_surroundings(guest, program, plain):
    """What the caller has set or where he is changes no bit."""
    def same(what, lines, part=""):
        found, about = answers(lines)
        guest.expect(found == plain and part in about, what, "-", about)

    for mode, flush in itertools.product((0, UPWARD, DOWNWARD, TO_ZERO), (0, 1)):
        same(f"rounding {mode:#x}, flush {flush}", guest.run(program, mode, flush, 0, *guest.models))
    for language in ("tr_TR", "de_DE"):
        made = own_locale(guest.folder, language)
        if made is None:
            sys.exit(f"no locale {language} can be made here: localedef and Debian's package locales are needed")
        same("locale", guest.run(program, 0, 0, 0, *guest.models, **made), language)
    same("time zone", guest.run(program, 0, 0, 0, *guest.models, TZ="WEST-13:37"), "WEST")
    names = [pathlib.Path(model).name for model in guest.models]
    same("names in its own folder", guest.run(program, 0, 0, 0, *names, where=guest.folder))
    same("the top folder", guest.run(program, 0, 0, 0, *guest.models, where="/"))


def check_one_unit(guest):
    """All files of a program as one, as CMAKE_UNITY_BUILD makes them."""
    for name, *files in (("header-only", HERE / "two_units" / "one.cpp", HERE / "two_units" / "other.cpp"),
                         ("light", *(HERE / "consumer" / f"light_{part}.cpp"
                                     for part in ("main", "other", "implementation")))):
        unit = guest.folder / "unity.cpp"
        unit.write_text("".join(f'#include "{file}"\n' for file in files))
        said = guest.run(guest.compile(unit, "unity", "-O0", *LINKED), guest.models[0])
        guest.expect(len(said) == 1 and "status" not in said[0], "one unit,", name, "-", said[0])


def check_precompiled(guest):
    """fewfit.hpp as a precompiled header, which the compiler must really have used."""
    header = guest.folder / "pch" / "all.hpp"
    header.parent.mkdir()
    header.write_text("#include <vector>\n#include <fewfit/fewfit.hpp>\n")
    guest.compile(["-x", "c++-header", str(header)], "pch/all.hpp.gch", "-O0")
    files = [str(HERE / "two_units" / name) for name in ("one.cpp", "other.cpp")]
    command = [guest.compiler, "-std=c++17", "-O0", "-Winvalid-pch", "-H", "-include", str(header), "-I",
               str(INCLUDE), "-isystem", guest.eigen, *files, "-o", guest.path("precompiled"), *LINKED]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    taken = len(re.findall(rf"^! {re.escape(str(header))}\.gch$", done.stderr, re.M))
    said = guest.run(guest.path("precompiled"), guest.models[0]) if done.returncode == 0 else [done.stderr]
    guest.expect(taken == len(files) and said == ["two units, one answer"], "precompiled header -", *said)


def second_version(folder):
    """The library's headers as another version could have them."""
    copy = folder / "second"
    shutil.copytree(INCLUDE, copy)
    for name, (before, after) in CHANGES.items():
        header = copy / "fewfit" / name
        source = header.read_text(encoding="utf-8")
        assert source.count(before) == 1, f"{name} does not say {before!r} once"
        header.write_text(source.replace(before, after), encoding="utf-8")
    return copy


def versions(guest, copy, *flags):
    """Two shared libraries, and a program with both: linked in either order, and opened in either order."""
    folder = guest.folder
    for name, include in (("first", INCLUDE), ("second", copy)):
        guest.compile(HERE / "guest" / "library.cpp", f"lib{name}.so", "-O0", f"-DNAME={name}", "-fPIC", "-shared",
                      "-lutf8proc", *flags, include=include)
    host = HERE / "guest" / "host.cpp"
    opens = guest.compile(host, "opens", "-ldl")
    files = {name: (f"{folder}/lib{name}.so", name) for name in ("first", "second")}
    one, other = (guest.run(opens, guest.models[0], *files[name]) for name in files)
    found = {"opened": guest.run(opens, guest.models[0], *files["first"], *files["second"]),
             "opened, the other first": guest.run(opens, guest.models[0], *files["second"], *files["first"])}
    for order in (["-lfirst", "-lsecond"], ["-lsecond", "-lfirst"]):
        linked = guest.compile(host, "linked", "-DLINKED", f"-L{folder}", f"-Wl,-rpath,{folder}",
                               "-Wl,--no-as-needed", *order, "-ldl")
        found[" ".join(["linked", *order])] = guest.run(linked, guest.models[0])
    return one, other, found


def check_versions(guest):
    """Hidden, neither library's fewfit is the other's. Not hidden it is: otherwise nothing would have been shown."""
    copy = second_version(guest.folder)
    one, other, found = versions(guest, copy, "-fvisibility=hidden")
    differ = all(a != b for a, b in zip(one[0].split(", "), other[0].split(", ")))
    guest.expect(differ and len(one) == len(other) == 2, "two versions -", one[0], "|", other[0])
    for how, said in found.items():
        expected = [other[0], one[0]] if "other first" in how else [one[0], other[0]]
        guest.expect(said == 2 * expected, "two versions,", how)
    for name in ("first", "second"):
        symbols = subprocess.run(["nm", "-D", "--defined-only", guest.path(f"lib{name}.so")], check=True,
                                 capture_output=True, text=True).stdout
        seen = re.findall(r" (_Z[A-Z]*?N?[KVRO]*6fewfit.*)", symbols)
        guest.expect(name in symbols and not seen, f"two versions, nothing of fewfit to be seen in lib{name}", *seen)
    one, other, found = versions(guest, copy)
    mixed = [how for how, said in found.items() if sorted(said) != sorted(2 * [one[0], other[0]])]
    guest.expect(mixed, "two versions, mixed up where all is to be seen:", ", ".join(mixed))


def check_macros(guest, compilers):
    """Other people's macros, which may break the standard library and Eigen: those come first. But not fewfit."""
    text = "".join(header.read_text(encoding="utf-8") for header in sorted(INCLUDE.rglob("*.hpp")))
    theirs = {"arm_neon.h", "intrin.h", "windows.h"} | (set() if IS_X86 else {"immintrin.h", "nmmintrin.h"})
    names = sorted(set(re.findall(r"#include <(.*)>", text)) - theirs)
    lines = [f"#if __has_include(<{name}>)\n#include <{name}>\n#endif\n" for name in names]
    for macro in MACROS:
        name, _, value = macro.partition("=")
        lines.append(f"#undef {name.partition('(')[0]}\n#define {name} {value.replace('$', ' ')}\n")
    unit = guest.folder / "macros.cpp"
    unit.write_text("".join(lines) + "#include <fewfit/fewfit.hpp>\n#include <fewfit/thread_pool.hpp>\n")
    for compiler in compilers:
        done = subprocess.run([compiler, "-std=c++17", "-fsyntax-only", "-I", str(INCLUDE), "-isystem", guest.eigen,
                               str(unit)], check=False)
        guest.expect(done.returncode == 0, f"{len(MACROS)} macros before fewfit.hpp,", compiler)


def main():
    eigen, compiler, *others = sys.argv[1:]
    with tempfile.TemporaryDirectory() as name:
        guest = Guest(eigen, compiler, pathlib.Path(name))
        check_macros(guest, [compiler, *others])
        main_object = guest.compile(HERE / "guest" / "main.cpp", "main.o", "-c", "-O0")
        ways = units(guest, others)
        program, plain = check_pairs(guest, main_object, ways)
        check_small_stacks(guest, main_object, ways)
        check_surroundings(guest, program, plain)
        check_one_unit(guest)
        check_precompiled(guest)
        check_versions(guest)
    print(f"{guest.failed} failed")
    return 1 if guest.failed else 0


if __name__ == "__main__":
    sys.exit(main())
