# SPDX-License-Identifier: MIT
"""The checksum, against published values and a bitwise one."""

import random
import time

import file_reader
import numpy as np
import pytest
from fewfit_convert.crc32c import crc32c

# RFC 3720, appendix B.4, and the check value of the CRC catalogue.
KNOWN = [
    (b"", 0x00000000),
    (b"123456789", 0xE3069283),
    (bytes(32), 0x8A9136AA),
    (b"\xff" * 32, 0x62A8AB43),
    (bytes(range(32)), 0x46DD794E),
    (bytes(reversed(range(32))), 0x113FDB5C),
]


@pytest.mark.parametrize("data,checksum", KNOWN)
def test_published_values(data, checksum):
    """As other implementations give them."""
    assert crc32c(data) == checksum


def test_every_short_length_equals_the_bitwise_one():
    """Odd lengths, and everything around the sizes at which levels begin."""
    data = random.Random(3).randbytes(600)
    for size in range(600):
        assert crc32c(data[:size]) == file_reader.crc32c(data[:size]), size


def test_it_goes_on_where_it_stopped():
    """In pieces of any size, the empty one included, and past the size of a chunk."""
    data = random.Random(4).randbytes((1 << 22) + 12345)
    whole = crc32c(data)
    for cut in (0, 1, 63, 4096, 1 << 22, (1 << 22) + 1, len(data)):
        assert crc32c(data[cut:], crc32c(data[:cut])) == whole


def test_a_model_takes_less_than_two_seconds():
    """70 MB, of numbers as they come from the writer."""
    data = memoryview(np.ones(17_500_000, np.float32)).cast("B")
    begin = time.perf_counter()
    crc32c(data)
    assert time.perf_counter() - begin < 2
