# SPDX-License-Identifier: MIT
"""The files of every version of the format in tests/data: one model, and what a version changed."""

import os
import struct

import file_reader
import numpy as np
import pytest

DATA = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tests", "data")
OLD_TYPES = {7: 9, 8: 10, 9: 11}  # head, about and self-test of version 1 by their numbers of version 2


def golden(version):
    """The bytes of a version."""
    with open(os.path.join(DATA, f"version_{version}.fewfit"), "rb") as source:
        return source.read()


def parts(data):
    """Type and bytes of each section, whatever the version."""
    count = struct.unpack_from("<I", data, 28)[0]
    at, found = 64 + -(-count * 16 // 64) * 64, []
    for number in range(count):
        type_, checksum, size = struct.unpack_from("<IIQ", data, 64 + 16 * number)
        padded = data[at : at + -(-size // 64) * 64]
        assert file_reader.crc32c(padded) == checksum
        found.append((type_, data[at : at + size]))
        at += len(padded)
    assert at == len(data)
    return found


def test_the_current_version_is_read():
    """By the reader that follows docs/model_file.md."""
    model = file_reader.read(golden(2))
    assert (model["config"]["D"], model["config"]["S"], model["config"]["dense"]) == (12, 12, 0)
    assert model["head"]["labels"] == ["minus", "plus", "ноль"] and len(model["self_test"][0]) == 10
    assert model["about"]["license"] == "MIT"


@pytest.mark.parametrize("old", [1])
def test_an_old_version_holds_the_same_model(old):
    """Version 1: other section numbers, and no sentence size in its config."""
    before, now = parts(golden(old)), parts(golden(2))
    assert struct.unpack_from("<I", golden(old), 12) == (old,)
    assert [OLD_TYPES.get(type_, type_) for type_, _ in before] == [type_ for type_, _ in now]
    assert [data for type_, data in before if type_ != 1] == [data for type_, data in now if type_ != 1]
    config, others = np.frombuffer(before[0][1], "<u4"), np.frombuffer(now[0][1], "<u4")
    assert np.flatnonzero(config != others).tolist() == [14] and (config[14], others[14]) == (0, 12)


def test_they_are_small():
    """They lie in the repository."""
    assert max(len(golden(version)) for version in (1, 2)) < 40000
