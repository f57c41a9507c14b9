# SPDX-License-Identifier: MIT
"""The restricted reader: what honest picklers write is read, and nothing that a hostile one writes is run.

The hostile pickles are written by hand, so that nothing they name has to be installed. Each would, if it were
unpickled as usual, create the file whose name it is given.
"""

import gzip
import io
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
from fewfit_convert import cli, head_pickle, safe_pickle
from fewfit_convert.errors import Refused
from pickles import Call, Global, New, Raw, Stored, dump

CLASSES, COEFFICIENTS, INTERCEPT = np.array(["a", "b", "c"]), np.arange(60.0).reshape(3, 20), np.arange(3.0)


def attributes(data, read=head_pickle.read_head):
    """The attributes of the head in a pickle."""
    head = read(data)
    return {name: head.get(name) for name in head.state}


def _marker(path: str) -> str:
    return f"touch {path}"


def _logistic(**more) -> New:
    return pickles.logistic(CLASSES, COEFFICIENTS, INTERCEPT, **more)


def _objects(item) -> np.ndarray:
    made = np.empty(3, object)
    made[:] = [item] * 3
    return made


SYSTEM = Global("posix", "system")
STORAGE = pickles.torch_storage(COEFFICIENTS)
GETATTR = Global("builtins", "getattr")


# [[...], [...]], each half the same list: 2^40 empty lists to whoever prints it
DOUBLING = Raw(b"]" + b"".join(b"q\x00](h\x00h\x00e" for _ in range(40)))


def _line(text: str) -> bytes:
    return text.encode() + b"\n"


HOSTILE = {
    # name: what is pickled (given the shell command), and the words of the refusal
    "os.system": (lambda cmd: Call(Global("os", "system"), (cmd,)), "os.system"),
    "posix.system": (lambda cmd: Call(SYSTEM, (cmd,)), "posix.system"),
    "eval": (lambda cmd: Call(Global("builtins", "eval"), (f"__import__('os').system('{cmd}')",)), "builtins.eval"),
    "exec": (lambda cmd: Call(Global("builtins", "exec"), (f"import os; os.system('{cmd}')",)), "builtins.exec"),
    "subprocess": (lambda cmd: Call(Global("subprocess", "check_output"), (cmd.split(),)), "subprocess.check_output"),
    "getattr": (lambda cmd: Call(Call(GETATTR, (Global("os", "path"), "system")), (cmd,)), "builtins.getattr"),
    "dotted name": (lambda cmd: Call(Global("numpy", "core.os.system"), (cmd,)), "numpy.core.os.system"),
    "dotted ndarray": (lambda cmd: Global("numpy", "ndarray.__reduce__"), "numpy.ndarray.__reduce__"),
    "numpy runpy": (lambda cmd: Call(Global("numpy.testing._private.utils", "runstring"), (cmd, {})), "runstring"),
    "numpy load": (lambda cmd: Call(Global("numpy", "load"), ("x.npy",)), "numpy.load"),
    "joblib load": (lambda cmd: Call(Global("joblib", "load"), ("x",)), "joblib.load"),
    "joblib old wrapper": (lambda cmd: New(Global("joblib.numpy_pickle", "NDArrayWrapper"), {}), "NDArrayWrapper"),
    "in the state": (lambda cmd: _logistic(extra=Call(SYSTEM, (cmd,))), "posix.system"),
    "in a list in the state": (lambda cmd: _logistic(extra=[{"a": (Call(SYSTEM, (cmd,)),)}]), "posix.system"),
    "in an object array": (lambda cmd: _logistic(classes_=Stored(_objects(Call(SYSTEM, (cmd,))))), "posix.system"),
    "in a nested object array": (
        lambda cmd: _logistic(classes_=pickles.inline(_objects(pickles.inline(_objects(Call(SYSTEM, (cmd,))))))),
        "posix.system",
    ),
    "as a class": (lambda cmd: New(SYSTEM, None, (cmd,)), "posix.system"),
    "as a dtype": (lambda cmd: Call(Global("numpy", "dtype"), (Call(SYSTEM, (cmd,)),)), "posix.system"),
    "as an argument of a class": (lambda cmd: New(pickles.LOGISTIC, {}, (cmd,)), "LogisticRegression"),
    "ndarray called": (lambda cmd: Call(Global("numpy", "ndarray"), ((2,),)), "a call of numpy.ndarray"),
    "a call of a string": (lambda cmd: Call("os.system", (cmd,)), "a call of a str object"),
    "a call of an object": (lambda cmd: Call(_logistic(), (cmd,)), "a call of a StandIn object"),
    "state of a function": (lambda cmd: Raw(_state_of(Global("numpy", "ndarray"))), "state of a Global object"),
    "state of a dict": (lambda cmd: Raw(_state_of({"a": 1})), "state of a dict object"),
    "INST": (
        lambda cmd: Raw(b"(" + pickles.dump(cmd)[2:-1] + b"i" + _line("os") + _line("system")),
        "a way to build",
    ),
    "OBJ": (lambda cmd: Raw(b"(" + dump(SYSTEM)[2:-1] + dump(cmd)[2:-1] + b"o"), "posix.system"),
    "OBJ of a known class": (lambda cmd: Raw(b"(" + dump(pickles.LOGISTIC)[2:-1] + b"o"), "a way to build"),
    "NEWOBJ_EX": (lambda cmd: Raw(dump(pickles.LOGISTIC)[2:-1] + b")}\x92"), "a way to build"),
    "GLOBAL": (lambda cmd: Raw(b"c" + _line("os") + _line("system") + dump((cmd,))[2:-1] + b"R"), "os.system"),
    "EXT1": (lambda cmd: Raw(b"\x82\x01"), "a way to build"),
    "persistent id": (lambda cmd: Raw(b"P" + _line("x")), "a way to build"),
    "binary persistent id": (lambda cmd: Raw(dump("x")[2:-1] + b"Q"), "a way to build"),
    "out-of-band buffer": (lambda cmd: Raw(b"\x97"), "a way to build"),
    "Pipeline": (lambda cmd: New(Global("sklearn.pipeline", "Pipeline"), {"steps": []}), "sklearn.pipeline.Pipeline"),
    "RandomForest": (
        lambda cmd: New(Global("sklearn.ensemble._forest", "RandomForestClassifier"), {}),
        "sklearn.ensemble._forest.RandomForestClassifier",
    ),
    "part of a head": (lambda cmd: New(Global("sklearn.multiclass", "_ConstantPredictor"), {}), "Predictor, no"),
    "in a part of a head": (
        lambda cmd: New(Global("sklearn.multiclass", "OneVsRestClassifier"), {"estimators_": [Call(SYSTEM, (cmd,))]}),
        "posix.system",
    ),
    "calibrated": (
        lambda cmd: New(Global("sklearn.calibration", "CalibratedClassifierCV"), {}),
        "CalibratedClassifierCV",
    ),
    "LogisticRegressionCV": (
        lambda cmd: New(Global("sklearn.linear_model._logistic", "LogisticRegressionCV"), {}),
        "sklearn.linear_model._logistic.LogisticRegressionCV",
    ),
    "torch.load": (lambda cmd: Call(Global("torch", "load"), ("x",)), "torch.load"),
    "torch.hub": (lambda cmd: Call(Global("torch.hub", "load"), ("x", "y")), "torch.hub.load"),
    "setfit's trainer": (lambda cmd: New(Global("setfit.trainer", "Trainer"), {}), "setfit.trainer.Trainer"),
    "in a torch storage": (
        lambda cmd: pickles.setfit_head(pickles.torch_storage(COEFFICIENTS, more=Call(SYSTEM, (cmd,)))),
        "posix.system",
    ),
    "as the type of a torch storage": (
        lambda cmd: pickles.setfit_head(pickles.torch_storage(COEFFICIENTS, kind=Call(SYSTEM, (cmd,)))),
        "posix.system",
    ),
    "in the machine of a torch storage": (
        lambda cmd: pickles.setfit_head(pickles.torch_storage(COEFFICIENTS, x=Call(SYSTEM, (cmd,)))),
        "posix.system",
    ),
    "a call in a torch storage of what may be called outside": (
        lambda cmd: pickles.torch_storage(COEFFICIENTS, more=pickles.torch_storage(COEFFICIENTS)),
        "torch.storage._load_from_bytes",
    ),
    "a module in a torch storage": (
        lambda cmd: pickles.torch_storage(COEFFICIENTS, kind=Global("torch.nn.modules.linear", "Linear")),
        "torch.nn.modules.linear.Linear",
    ),
    "in an OrderedDict": (
        lambda cmd: Call(Global("collections", "OrderedDict"), ([["a", Call(SYSTEM, (cmd,))]],)),
        "posix.system",
    ),
    "as a hook": (
        lambda cmd: pickles.setfit_head(pickles.torch_tensor(STORAGE), _forward_hooks={1: SYSTEM}),
        "posix.system",
    ),
    "a list": (lambda cmd: [1, 2], "holds a list, no head"),
    "an array": (lambda cmd: Stored(COEFFICIENTS), "holds a ndarray, no head"),
    "a very long name": (lambda cmd: Global("x" * 100000, "y"), "xxx; what is read"),
    "a type that seems huge": (lambda cmd: Call(Global("numpy", "dtype"), (DOUBLING,)), "the numpy type a list"),
    "structured type": (lambda cmd: Call(Global("numpy", "dtype"), ("V8",)), "the numpy type 'V8'"),
    "type with fields": (
        lambda cmd: Call(Global("numpy", "dtype"), ("f8",), (3, "<", None, ("a",), {}, -1, -1, 0)),
        "fields",
    ),
}


def _state_of(target) -> bytes:
    """Opcodes that give a state to something."""
    return dump(target)[2:-1] + dump({"a": 1})[2:-1] + b"b"


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_is_run_and_the_name_is_told(tmp_path, name, compressed):
    """Plain and by zlib."""
    make, words = HOSTILE[name]
    data = dump(make(_marker(tmp_path / "ran")))
    with pytest.raises(Refused) as caught:
        head_pickle.read_head(zlib.compress(data) if compressed else data)
    assert words in str(caught.value)
    assert not os.path.exists(tmp_path / "ran")


def test_the_corpus_is_really_hostile(tmp_path):
    """The same bytes do run where a usual unpickler opens them: the test above could fail."""
    ran = 0
    for name in ("os.system", "posix.system", "eval", "exec", "subprocess", "as a dtype", "GLOBAL"):
        path = tmp_path / name.replace(".", "_").replace(" ", "_")
        try:
            pickle.loads(dump(HOSTILE[name][0](_marker(path))))
        except Exception:
            pass  # some fail after the harm is done
        ran += path.exists()
    assert ran == 7


DAMAGED = {
    "empty": b"",
    "no pickle": b"hello",
    "cut": dump(_logistic())[:-40],
    "too many bytes wanted": dump(Stored(COEFFICIENTS, {"shape": (1 << 20, 1 << 20)})),
    "negative shape": dump(Stored(COEFFICIENTS, {"shape": (-3, -20)})),
    "shape of text": dump(Stored(COEFFICIENTS, {"shape": "60"})),
    "no type": dump(Stored(COEFFICIENTS, {"dtype": None})),
    "too many dimensions": dump(Stored(COEFFICIENTS, {"shape": (1,) * 40})),
    "huge byte array": b"\x80\x05\x96" + struct.pack("<Q", 1 << 40) + b".",
    "huge bytes": b"\x80\x04\x8e" + struct.pack("<Q", 1 << 62) + b".",
    "huge frame": b"\x80\x04\x95" + struct.pack("<Q", 1 << 62) + b".",
    "memo that is not there": b"\x80\x04h\x05.",
    "empty stack": b"\x80\x04R.",
    "append to a number": b"\x80\x04K\x01K\x02a.",
    "array with fewer bytes": dump(
        _logistic(
            coef_=pickles.Call(
                Global("numpy._core.multiarray", "_reconstruct"),
                (Global("numpy", "ndarray"), (0,), b"b"),
                (1, (3, 20), pickles.dtype(np.dtype("f8")), False, b"1234"),
            )
        )
    ),
    "object array of bytes": dump(
        _logistic(
            classes_=pickles.Call(
                Global("numpy._core.multiarray", "_reconstruct"),
                (Global("numpy", "ndarray"), (0,), b"b"),
                (1, (3,), pickles.dtype(np.dtype("O")), False, b"x" * 24),
            )
        )
    ),
    "torch storage of text": dump(Call(Global("torch.storage", "_load_from_bytes"), ("x",))),
    "torch storage of nothing": dump(Call(Global("torch.storage", "_load_from_bytes"), (b"",))),
    "torch storage in a zip file": dump(Call(Global("torch.storage", "_load_from_bytes"), (b"PK\x03\x04",))),
    "torch storage of no pickle": dump(Call(Global("torch.storage", "_load_from_bytes"), (b"\x80\x02}\x52.",))),
    "torch storage, plain tuple": dump(pickles.torch_storage(COEFFICIENTS, more=("storage", 1, "1", "", 60, None))),
    "torch storage, its type a text": dump(pickles.torch_storage(COEFFICIENTS, kind="FloatStorage")),
    "torch storage, array as type": dump(pickles.torch_storage(COEFFICIENTS, kind=Global("numpy", "ndarray"))),
    "torch storage, big-endian": dump(pickles.torch_storage(COEFFICIENTS, little_endian=False)),
    "torch storage, too large": dump(pickles.torch_storage(COEFFICIENTS, count=1 << 60)),
    "torch storage, too small": dump(pickles.torch_storage(COEFFICIENTS, count=59)),
    "torch storage, negative": dump(pickles.torch_storage(COEFFICIENTS, count=-60)),
    "tensor of a tensor": dump(pickles.torch_tensor(pickles.torch_tensor(STORAGE))),
    "tensor of an array": dump(pickles.torch_tensor(Stored(COEFFICIENTS))),
    "tensor, offset": dump(pickles.torch_tensor(STORAGE, offset=1)),
    "tensor, offset far away": dump(pickles.torch_tensor(STORAGE, offset=1 << 62)),
    "tensor, offset negative": dump(pickles.torch_tensor(STORAGE, offset=-1)),
    "tensor, offset a text": dump(pickles.torch_tensor(STORAGE, offset="0")),
    "tensor, shape": dump(pickles.torch_tensor(STORAGE, shape=(4, 20))),
    "tensor, shape negative": dump(pickles.torch_tensor(STORAGE, shape=(-3, 20))),
    "tensor, shape huge": dump(pickles.torch_tensor(STORAGE, shape=(1 << 30, 1 << 30), strides=(0, 0))),
    "tensor, many times one number": dump(pickles.torch_tensor(STORAGE, shape=(65536, 8192), strides=(0, 0))),
    "tensor, strides": dump(pickles.torch_tensor(STORAGE, strides=(21, 1))),
    "tensor, strides negative": dump(pickles.torch_tensor(STORAGE, offset=59, strides=(-20, -1))),
    "tensor, strides of another number": dump(pickles.torch_tensor(STORAGE, strides=(1,))),
    "tensor, strides huge": dump(pickles.torch_tensor(STORAGE, strides=(1 << 62, 1))),
    "parameter of a storage": dump(Call(Global("torch._utils", "_rebuild_parameter"), (STORAGE, True, {}))),
    "parameter of three": dump(Call(Global("torch._utils", "_rebuild_parameter"), ())),
    "strings of no characters": dump(
        _logistic(classes_=Stored(np.full(3, 0x110000, "<u4"), {"dtype": pickles.dtype(np.dtype("<U1"))}))
    ),
    "arrays in arrays": 5000
    * dump(New(pickles.WRAPPER, {"shape": (1,), "dtype": pickles.dtype(np.dtype(object))}))[:-1],
    "state is a list": dump(New(pickles.LOGISTIC, [1])),
    "cut zlib": zlib.compress(dump(_logistic()))[:-10],
    "broken zlib": b"\x78\x9c" + b"\xff" * 50,
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_streams_are_refused(name):
    """With a sentence, without a large allocation."""
    with pytest.raises(Refused, match="model_head.pkl"):
        head_pickle.read_head(DAMAGED[name])


def test_the_same_storage_many_times_takes_no_memory():
    """A thousand tensors of one byte string of a megabyte."""
    storage = pickles.torch_storage(np.zeros(1 << 18)).arguments[0]
    maker = dump(Global("torch.storage", "_load_from_bytes"))[2:-1] + b"q\x00" + dump(storage)[2:-1] + b"\x85q\x01R"
    data = b"\x80\x04](" + maker + 999 * b"h\x00h\x01R" + b"e."
    assert _peak(data, "the same bytes more than once") < 8 << 20


def _peak(data, words):
    """The most memory that a refusal takes."""
    tracemalloc.start()
    try:
        with pytest.raises(Refused, match=words):
            head_pickle.read_head(data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("code", [b"}", b"]", b"\x8f", b"("])
def test_opcodes_of_one_byte_have_a_limit(code):
    """Each makes an object of 70 to 200 bytes; compressed they are next to nothing."""
    assert _peak(zlib.compress(b"\x80\x04" + code * (1 << 22)), "more than [0-9]+ steps") < 200 << 20


def _stored(value) -> bytes:
    """A value and its place in the memo, number 0."""
    return dump(value)[2:-1] + b"q\x00"


NUMPY_SCALAR = dump(Global("numpy._core.multiarray", "scalar"))[2:-1] + b"q\x01"
MANY = {
    # name: what one step makes of the same large value again and again
    "state": _stored({str(n): n for n in range(5000)}) + 1000 * (dump(pickles.LOGISTIC)[2:-1] + b")\x81h\x00b"),
    "text": _stored(b"a\0\0\0" * 50000)
    + dump(pickles.dtype(np.dtype("U50000")))[2:-1]
    + b"q\x02"
    + NUMPY_SCALAR
    + 5000 * b"h\x01h\x02h\x00\x86R",
    "list": _stored([0] * 5000)
    + dump(pickles.dtype(np.dtype("O")))[2:-1]
    + b"q\x02"
    + dump(Global("numpy._core.numeric", "_frombuffer"))[2:-1]
    + b"q\x01"
    + 3000 * (b"h\x01(h\x00h\x02" + dump((5000,))[2:-1] + b"U\x01CtR"),
}


@pytest.mark.parametrize("name", MANY)
def test_a_large_value_is_not_copied_without_end(monkeypatch, name):
    """A few bytes of a pickle name it once more, and each time it is copied."""
    monkeypatch.setattr(safe_pickle.Reader, "max_steps", 1 << 17, raising=False)
    assert _peak(b"\x80\x04(" + MANY[name] + b"l.", "more than") < 64 << 20


@pytest.mark.parametrize("code", [b"s", b"u", b"d", b"\x90", b"\x91"])
def test_keys_are_plain(code):
    """The hash of a tuple asks its parts, and CPython's stack ends before a million of them."""
    deep = b")" + 1000000 * b"\x85"
    before = {b"s": b"}", b"u": b"}(", b"d": b"(", b"\x90": b"\x8f(", b"\x91": b"("}[code]
    data = b"\x80\x04" + before + deep + (b"" if code in b"\x90\x91" else b"N") + code + b"."
    script = "import sys; from fewfit_convert import head_pickle, errors\n"
    script += "try: head_pickle.read_head(sys.stdin.buffer.read())\nexcept errors.Refused as error: print(error)"
    path = os.path.join(os.path.dirname(__file__), "..")
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, cwd=path)
    assert done.returncode == 0 and b"model_head.pkl" in done.stdout, done


def test_keys_of_real_heads_are_read():
    """Weights of classes by number, by name and by numpy's numbers; an empty set, which torch's modules have."""
    number = Call(Global("numpy._core.multiarray", "scalar"), (pickles.dtype(np.dtype("i8")), bytes(8)))
    names = {"a": 1.0, 1: 2.0, 2.5: 3.0, None: 4.0, True: 5.0, b"x": 6.0}
    state = attributes(dump(_logistic(class_weight=names, more={"x": Raw(b"}" + dump(number)[2:-1] + b"K\x01s")})))
    assert state["class_weight"] == names and list(state["more"]["x"].values()) == [1]
    assert not attributes(dump(_logistic(empty=Raw(b"\x8f"))))["empty"]


def test_a_claimed_size_takes_no_memory():
    """Python's own reader would set a gigabyte to zero before it noticed that the file has nine bytes."""
    for code in (b"\x96", b"\x8e", b"\x95"):
        tracemalloc.start()
        with pytest.raises(Refused):
            head_pickle.read_head(b"\x80\x05" + code + struct.pack("<Q", 1 << 30) + b".")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 1 << 20


@pytest.mark.parametrize("step,head", [(3, _logistic()), (5, pickles.setfit_head(pickles.torch_tensor(STORAGE)))])
def test_every_single_changed_byte_is_harmless(step, head):
    """Whatever comes out is a state or a refusal: never another exception, and no name but the known ones."""
    data = dump(head)
    for at in range(0, len(data), step):
        for value in (0, 0x2E, 0x52, 0x62, 0x93, data[at] ^ 1):
            changed = data[:at] + bytes([value]) + data[at + 1 :]
            try:
                assert isinstance(head_pickle.read_head(changed).state, dict)
            except Refused:
                pass


@pytest.mark.parametrize(
    "name,compress",
    [
        ("gzip", gzip.compress),
        ("xz", lzma.compress),
        ("bz2", lambda data: b"BZh9" + data),
        ("lz4", lambda data: b"\x04\x22M\x18"),
    ],
)
def test_other_compressions_are_refused_by_name(name, compress):
    """joblib knows more than zlib."""
    with pytest.raises(Refused, match=f"compressed by {name}"):
        head_pickle.read_head(compress(dump(_logistic())))


def test_a_bomb_is_refused(monkeypatch):
    """The decompressed size has a limit."""
    monkeypatch.setattr(head_pickle, "MAX_BYTES", 1 << 16)
    with pytest.raises(Refused, match="larger than"):
        head_pickle.read_head(zlib.compress(bytes(1 << 20)))


def test_a_small_file_does_not_become_a_large_one():
    """What is 64 times as large as the file and more than 64 MiB is no head; less is read, zeros or not."""
    assert _peak(zlib.compress(bytes(1 << 28)), "cut off or larger than 64 MiB") < 160 << 20
    zeros = _logistic(coef_=Stored(np.zeros((3, 1 << 20))))
    assert attributes(zlib.compress(dump(zeros)))["coef_"].shape == (3, 1 << 20)


def test_handwritten_heads_are_read():
    """Arrays in the stream and inside the pickle, of objects, in Fortran order, of the other byte order."""
    fortran, swapped = np.asfortranarray(COEFFICIENTS), INTERCEPT.astype(">f8")
    objects = np.array(["a", "b", "c"], object)
    head = pickles.logistic(
        objects,
        fortran,
        swapped,
        inline=pickles.inline(COEFFICIENTS),
        number=Call(
            Global("numpy._core.multiarray", "scalar"), (pickles.dtype(np.dtype("i8")), (7).to_bytes(8, "little"))
        ),
    )
    for data in (dump(head), zlib.compress(dump(head))):
        state = attributes(data)
        assert state["classes_"].tolist() == ["a", "b", "c"] and state["number"] == 7
        assert np.array_equal(state["coef_"], COEFFICIENTS) and np.array_equal(state["inline"], COEFFICIENTS)
        assert np.array_equal(state["intercept_"], INTERCEPT)


def test_trust_pickle_says_so_and_still_wants_a_logistic_regression(tmp_path, capsys):
    """The option is the only way to run a pickle, and does not widen what is converted."""
    pytest.importorskip("joblib", reason="joblib is not installed: --trust-pickle is not tested")
    ran = tmp_path / "ran"
    tiny.write_model(tmp_path, {"model_head.pkl": dump(Call(Global("posix", "system"), (_marker(ran),)))})
    arguments = [str(tmp_path), "-o", str(tmp_path / "out.fewfit")]
    assert cli.main(arguments) == 1 and not ran.exists()
    assert "posix.system" in capsys.readouterr().err
    assert cli.main([*arguments, "--trust-pickle"]) == 1 and ran.exists()
    message = capsys.readouterr().err
    assert "runs the code it holds" in message and "holds a builtins.int, which no model file" in message


def _fitted(classes, dtype=np.float32, **options):
    """A real head."""
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed: not compared")
    random = np.random.default_rng(0)
    x = random.normal(size=(60, 20)).astype(dtype)
    return linear_model.LogisticRegression(**options).fit(x, np.asarray(classes)[np.arange(60) % len(classes)]), x


@pytest.mark.parametrize(
    "classes", [["a", "b"], ["x", "y", "z"], [0, 1], [3, 5, 9, 11], [False, True], np.array(["ä", "ö", "ü"], object)]
)
@pytest.mark.parametrize("compress", [0, 3, ("zlib", 9)])
def test_real_joblib_files_equal_joblib(tmp_path, classes, compress):
    """Attribute by attribute; and the same under --trust-pickle."""
    joblib = pytest.importorskip("joblib", reason="joblib is not installed: its files are not compared")
    head, _ = _fitted(classes, class_weight="balanced", random_state=3)
    joblib.dump(head, tmp_path / "h.pkl", compress=compress)
    data = (tmp_path / "h.pkl").read_bytes()
    for state in (attributes(data), attributes(data, head_pickle.run_head)):
        assert set(vars(head)) == set(state) - {"_sklearn_version"}
        for name, value in vars(head).items():
            if isinstance(value, np.ndarray):
                assert state[name].dtype == value.dtype and np.array_equal(state[name], value), name
            else:
                assert state[name] == value, name


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_heads_pickled_without_joblib(protocol):
    """joblib.load reads them too, so such files exist."""
    head, _ = _fitted(["x", "y", "z"])
    if protocol == 2:  # stores bytes as a call of _codecs.encode, which is no array
        with pytest.raises(Refused, match="_codecs.encode"):
            head_pickle.read_head(pickle.dumps(head, protocol))
        return
    state = attributes(pickle.dumps(head, protocol))
    assert np.array_equal(state["coef_"], head.coef_) and state["classes_"].tolist() == ["x", "y", "z"]


@pytest.mark.parametrize("name", ["gzip", "bz2", "lzma", "xz"])
def test_joblibs_other_compressions_are_refused(tmp_path, name):
    """As joblib itself writes them."""
    joblib = pytest.importorskip("joblib", reason="joblib is not installed: its files are not compared")
    joblib.dump(_fitted(["x", "y", "z"])[0], tmp_path / "h.pkl", compress=(name, 3))
    with pytest.raises(Refused, match=f"compressed by {name}"):
        head_pickle.read_head((tmp_path / "h.pkl").read_bytes())


@pytest.mark.parametrize("classes", [["a", "b"], ["x", "y", "z"]])
def test_the_stored_numbers_give_sklearns_probabilities(tmp_path, classes):
    """Softmax of the rows, or the sigmoid of the one, is predict_proba."""
    joblib = pytest.importorskip("joblib", reason="joblib is not installed: its files are not compared")
    from fewfit_convert import head as heads
    from fewfit_convert.folder import Folder

    fitted, x = _fitted(classes, np.float64)
    joblib.dump(fitted, tmp_path / "model_head.pkl")
    head = heads.read_head(Folder(str(tmp_path)), {}, 20, False)
    scores = x @ head.coefficients.T + head.intercept
    if len(head.intercept) == 1:
        scores = np.hstack([np.zeros_like(scores), scores])
    exponents = np.exp(scores - scores.max(axis=1, keepdims=True))
    assert np.abs(exponents / exponents.sum(axis=1, keepdims=True) - fitted.predict_proba(x)).max() < 1e-14
    assert head.labels == [str(label) for label in fitted.classes_]


def test_the_demonstration_head_is_read_without_sklearn():
    """The file that SetFit wrote."""
    path = os.path.join(os.path.dirname(__file__), "..", "..", "models", "interviews", "model_head.pkl")
    with open(path, "rb") as source:
        state = attributes(io.BytesIO(source.read()).getvalue())
    assert state["classes_"].tolist() == ["Нейтральный", "Процесс", "Результат"]
    assert state["coef_"].shape == (3, 384) and state["solver"] == "lbfgs"
