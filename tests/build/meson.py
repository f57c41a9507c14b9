#!/usr/bin/env python3
"""Meson: the suite, and the consumer project as subproject and over pkg-config.

usage: meson.py suite|subproject|pkg_config MESON MODEL BUILD_DIRECTORY ARCH BREADTH
"""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PART_OF_SUITE = "*tests/config.cpp,*tests/model.cpp,*tests/result.cpp,*tests/text/unicode.cpp"


def run(*command, **environment):
    print("+", *command, flush=True)
    subprocess.run(command, check=True, env=dict(os.environ, **environment))


def suite(meson, model, build, arch, breadth):
    """All of it is compiled, as one unit and not optimised, and some of it run: these build files are what is tested."""
    run(meson, "setup", build, ROOT, f"-Dmodel={model}", f"-Dbreadth={breadth}", f"-Darch={arch}", "-Dbuildtype=plain",
        "-Dwerror=true", "--unity=on", "-Dunity_size=1000")
    run(meson, "compile", "-C", build)
    run(meson, "test", "-C", build, "--print-errorlogs", "allocations", "no_memory", "no_memory_no_exceptions",
        "system_calls")
    run(meson, "test", "-C", build, "--print-errorlogs", "fewfit", "--test-args=--source-file=" + PART_OF_SUITE)


def subproject(meson, model, build, *_):
    project = f"{build}.project"
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(HERE / "consumer", project)
    os.mkdir(f"{project}/subprojects")
    os.symlink(ROOT, f"{project}/subprojects/fewfit")
    run(meson, "setup", build, project, "--force-fallback-for=fewfit", f"-Dmodel={model}", "-Dbuildtype=plain")
    run(meson, "test", "-C", build, "--print-errorlogs")


def pkg_config(meson, model, build, *_):
    prefix = f"{build}.prefix"
    for directory in (prefix, f"{build}.library"):
        shutil.rmtree(directory, ignore_errors=True)
    run(meson, "setup", f"{build}.library", ROOT, f"--prefix={prefix}", "-Dtests=disabled")
    run(meson, "install", "-C", f"{build}.library")
    run(meson, "setup", build, HERE / "consumer", "--wrap-mode=nofallback", f"-Dmodel={model}", "-Dbuildtype=plain",
        PKG_CONFIG_PATH=f"{prefix}/share/pkgconfig")
    run(meson, "test", "-C", build, "--print-errorlogs")
    for name in ("LICENSE", "THIRD_PARTY.md"):
        assert os.path.exists(f"{prefix}/share/doc/fewfit/{name}"), name


def main():
    part, meson, model, build, arch, breadth = sys.argv[1:]
    shutil.rmtree(build, ignore_errors=True)
    {"suite": suite, "subproject": subproject, "pkg_config": pkg_config}[part](meson, model, build, arch, breadth)


if __name__ == "__main__":
    main()
