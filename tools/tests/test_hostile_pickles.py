# SPDX-License-Identifier: MIT
"""A corpus of heads that are programs. Each would write a file if it were unpickled as usual; the converter ends with
one sentence and status 1, and none of the files is there. That they do write where they are run is tested, too."""

import bz2
import functools
import gzip
import lzma
import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zlib

import numpy as np
import pickles
import pytest
import tiny
from gadgets import NAMED, RUNS, places
from hostile import sentence
from pickles import Call, Global, New, Raw, dump

TOOLS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def _refuse(judge, data, words="model_head.pkl"):
    """What is wrong with how this head is refused."""
    tiny.write_files(judge.source, {"model_head.pkl": data})
    return judge.wrong(must_refuse=True, words=words)


@pytest.mark.parametrize("name", RUNS)
def test_nothing_is_run(judge, tmp_path, name):
    """Alone and inside of heads, plain and compressed by whatever joblib knows."""
    path, found = str(tmp_path / "canary"), []
    made = RUNS[name](path)
    for place, value in places(made).items():
        found += [(place, problem) for problem in _refuse(judge, dump(value))]
    data = dump(made)
    for compress in (zlib.compress, gzip.compress, bz2.compress, lzma.compress,
                     functools.partial(lzma.compress, format=lzma.FORMAT_ALONE)):  # fmt: skip
        found += [(compress, problem) for problem in _refuse(judge, compress(data))]
    assert not found and not [n for n in os.listdir(tmp_path) if "canary" in n], found


RUN_ALL = """
import pickle, sys
for path in sys.argv[1:]:
    try:
        pickle.load(open(path, "rb"))
    except BaseException:
        pass
"""


@pytest.mark.skipif(os.name != "posix", reason="much of the corpus is for POSIX: whether it runs is not tested")
def test_the_corpus_runs_where_it_is_let(tmp_path):
    """Python's own unpickler writes the files: what is refused above is no harmless thing."""
    paths = {name: tmp_path / f"{number}" for number, name in enumerate(RUNS)}
    for name, path in paths.items():
        (tmp_path / f"{path.name}.pkl").write_bytes(dump(RUNS[name](str(path))))
    command = [sys.executable, "-B", "-c", RUN_ALL, *(f"{path}.pkl" for path in paths.values())]
    subprocess.run(command, capture_output=True, timeout=120)
    assert [name for name, path in paths.items() if not path.exists()] == []


@pytest.mark.parametrize("place", ["called", "made", "named"])
def test_no_name_is_known_but_those_of_heads(judge, place):
    """Names of gadgets, of near relatives of what is known, and of attributes of it."""
    found = []
    for name in NAMED:
        module, _, rest = name.rpartition(".")
        item = Global(module, rest)
        value = {"called": Call(item, ("x",)), "made": New(item, {}, ()), "named": item}[place]
        found += [(name, problem) for problem in _refuse(judge, dump(value))]
        if "\n" not in name:
            code = b"c" + module.encode() + b"\n" + rest.encode() + b"\n" + b"(tR" * (place == "called") + b"."
            found += [(name, problem) for problem in _refuse(judge, code)]
        if module.count("."):
            first, _, last = module.partition(".")
            found += [(name, problem) for problem in _refuse(judge, dump(Global(first, f"{last}.{rest}")))]
    assert not found, found[:5]


class _Evil:
    """Whatever pickles it."""

    def __init__(self, how):
        self._how = how

    def __reduce_ex__(self, protocol):
        return self._how


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_what_pickle_itself_writes(judge, tmp_path, protocol):
    """Every protocol, every form of what __reduce__ may give back."""
    path, found = str(tmp_path / "canary"), []
    forms = {
        "call": (os.mkdir, (path,)),
        "state": (object, (), {"a": _Evil((os.mkdir, (path,)))}),
        "slots": (object, (), (None, {"a": _Evil((os.mkdir, (path,)))})),
        "items": (list, (), None, iter([_Evil((os.mkdir, (path,)))])),
        "pairs": (dict, (), None, None, iter([("a", _Evil((os.mkdir, (path,))))])),
        "setter": (object, (), path, None, None, os.mkdir),
        "partial": (functools.partial(os.mkdir, path), ()),
        "set": (set, ([path],)),
        "exception": (ValueError, (path,)),
        "complex": (complex, (1, 2)),
        "range": (range, (1, 2)),
    }
    for name, how in forms.items():
        data = pickle.dumps([_Evil(how)], protocol)
        found += [(name, problem) for problem in _refuse(judge, data)]
        if how[0] is os.mkdir:
            pickle.loads(data)
            assert os.path.isdir(path)
            os.rmdir(path)
    assert not found and not os.path.exists(path), found


def _laughs(depth, begin, twice):
    """A value of which each half is the same value, and so on."""
    return Raw(begin + b"q\x00" + twice * depth)


LISTS = _laughs(60, b"]", b"0](h\x00h\x00eq\x00")
LINE = b"9" * 100000 + b"\n"
BOMBS = {
    "lists of lists": dump(LISTS),
    "tuples of tuples": dump(_laughs(60, b")", b"0h\x00h\x00\x86q\x00")),
    "dicts of dicts": dump(_laughs(60, b"}", b"0}(X\x01\0\0\0ah\x00X\x01\0\0\0bh\x00uq\x00")),
    "in the classes": dump(pickles.logistic(np.arange(3), np.zeros((3, 20)), np.zeros(3), classes_=LISTS)),
    "in the labels of a LabelBinarizer": dump(
        New(
            Global("sklearn.multiclass", "OneVsRestClassifier"),
            {"label_binarizer_": New(Global("sklearn.preprocessing._label", "LabelBinarizer"),
                                     {"classes_": LISTS, "y_type_": "binary"}),
             "estimators_": LISTS},
        )
    ),  # fmt: skip
    "a list of itself": dump(New(pickles.LOGISTIC, {"classes_": Raw(b"]q\x00h\x00a"), "coef_": 1, "intercept_": 1})),
    "a dict of itself": b"\x80\x04}q\x00X\x01\0\0\0ah\x00s.",
    "a state that is the object": dump(Raw(dump(pickles.LOGISTIC)[2:-1] + b")\x81q\x00h\x00b")),
    "many tuples": b"\x80\x04)" + b"\x85" * 300000 + b".",
    "many lists": b"\x80\x04" + b"]" * 300000 + b"a" * 299999 + b".",
    "many marks": b"\x80\x04" + b"(" * 300000 + b".",
    "many pops": b"\x80\x04" + b"0" * 300000 + b".",
    "many memos": b"\x80\x04N" + b"\x94" * 300000 + b".",
    "a memo far away": b"\x80\x04Nr\xff\xff\xff\xff.",
    "a memo at a large number": b"Np" + LINE + b".",
    "a negative memo": b"Np-1\n.",
    "a number of many digits": b"I" + LINE + b".",
    "a long of many digits": b"L" + LINE[:-1] + b"L\n.",
    "a long of a negative length": b"\x80\x02\x8b\xff\xff\xff\xff.",
    "a long of two gigabytes": b"\x80\x02\x8b\xff\xff\xff\x7f.",
    "a float of many digits": b"F" + LINE + b".",
    "a string without quotes": b"Sx\n.",
    "a string with one quote": b"S'\n.",
    "a broken escape": b"S'\\x'\n.",
    "text that is no UTF-8": b"\x80\x04\x8c\x01\xff.",
    "text of half of a pair": b"\x80\x04\x8c\x03\xed\xa0\x80.",
    "text of 2^63": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 63) + b".",
    "bytes of 2^64 - 1": b"\x80\x04\x8e" + struct.pack("<Q", (1 << 64) - 1) + b".",
    "bytes of 4 gigabytes": b"\x80\x04B\xff\xff\xff\xff.",
    "a byte array of 2^63": b"\x80\x05\x96" + struct.pack("<Q", 1 << 63) + b".",
    "a frame of 2^64 - 1": b"\x80\x04\x95" + struct.pack("<Q", (1 << 64) - 1) + b".",
    "a frame in a frame": b"\x80\x04\x95" + struct.pack("<Q", 9) + b"\x95" + struct.pack("<Q", 1 << 40) + b".",
    "a frame that is left early": b"\x80\x04\x95" + struct.pack("<Q", 4) + b"X\x64\0\0\0.",
    "protocol 255": b"\x80\xffN.",
    "protocol 6": b"\x80\x06N.",
    "an unknown opcode": b"\x80\x04\xff.",
    "no end": b"\x80\x04N",
    "an end alone": b".",
    "zeros": bytes(1 << 20),
    "zlib of nothing": b"\x78\x9c",
    "zlib in zlib": zlib.compress(zlib.compress(dump(1))),
    "zlib with something behind it": zlib.compress(dump(1)) + b"x",
    "a zlib bomb": zlib.compress(bytes(300 << 20), 9),
    "a gzip bomb": gzip.compress(bytes(64 << 20)),
    "a bz2 bomb": bz2.compress(bytes(8 << 20)),
    "an lzma bomb": lzma.compress(bytes(64 << 20), format=lzma.FORMAT_ALONE, preset=0),
    "an xz bomb": lzma.compress(bytes(64 << 20), preset=0),
    "joblib's old ZFile": b"ZF0x0000000000003000000" + zlib.compress(dump(1)),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_and_broken_streams(judge, name):
    """In memory that does not depend on what the stream says, and in time."""
    if name.startswith("many"):
        assert _refuse(judge, BOMBS[name]) == []  # being watched they take ten times as long
        return
    tracemalloc.start()
    try:
        assert _refuse(judge, BOMBS[name]) == []
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < (300 << 20) + 20 * len(BOMBS[name]), peak >> 20


@pytest.mark.parametrize("key", ["number", "text", "bytes"])
def test_a_large_key_is_not_hashed_or_compared_again_and_again(judge, key):
    """A few bytes of a pickle look it up once more: a million times 10 MB would be hours."""
    size = 1 << 24
    whole = {"number": b"\x8b" + struct.pack("<I", size) + b"\x01" * size, "text": b"X" + struct.pack("<I", size)
             + b"x" * size, "bytes": b"B" + struct.pack("<I", size) + b"x" * size}[key]  # fmt: skip
    data = b"\x80\x04" + whole + b"q\x000" + whole + b"q\x010}(h\x00Nu" + b"h\x01Ns" * 100000 + b"."
    assert _refuse(judge, data, "is the key of a dict") == []


@pytest.mark.parametrize("cut", range(12))
def test_heads_that_end_early(judge, cut):
    """Every kind of place in a good head, plain and compressed."""
    whole = tiny.head()
    data = whole[: len(whole) * cut // 12]
    assert _refuse(judge, data) == [] and _refuse(judge, zlib.compress(data)) == []
    assert _refuse(judge, zlib.compress(whole)[: -1 - cut]) == []


def test_as_a_program(tmp_path):
    """Not in this process: nothing runs while it ends either."""
    (tmp_path / "model").mkdir()
    source, canary = tiny.write_model(tmp_path / "model"), tmp_path / "canary"
    for name in ("os.system", "builtins.exec", "numpy.memmap", "INST"):
        data = dump(RUNS[name](str(canary)))
        for changed in (data, zlib.compress(data)):
            tiny.write_files(source, {"model_head.pkl": changed})
            command = [sys.executable, "-B", f"{TOOLS}/fewfit_convert", source, "-o", str(tmp_path / "out")]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            assert done.returncode == 1 and sentence(done.stderr)[1] == [], done
            assert sorted(os.listdir(tmp_path)) == ["model"]


def test_a_trusted_head_that_is_damaged(judge):
    """--trust-pickle runs what it is given; what comes of damage is a sentence."""
    pytest.importorskip("joblib", reason="joblib is not installed: --trust-pickle is not tested")
    for data in (b"", b"hello", tiny.head()[:-40], b"\x80\x04" + b"0" * 10 + b".", zlib.compress(tiny.head())[:-5]):
        tiny.write_files(judge.source, {"model_head.pkl": data})
        status, error = judge.run("--trust-pickle")
        assert status == 1 and "joblib cannot open model_head.pkl" in error.splitlines()[-1], error
