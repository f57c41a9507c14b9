# SPDX-License-Identifier: MIT
"""Whole or not at all, the same bytes everywhere, and the exit statuses."""

import dataclasses
import errno
import io
import os
import shutil
import signal
import subprocess
import sys
import time

import file_reader
import numpy as np
import pytest
import tiny
from fewfit_convert import cli, reader, writer
from fewfit_convert.model import Dense, Head, SelfTest

TOOLS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROGRAM = os.path.join(TOOLS, "fewfit_convert")


def run(*arguments, **options):
    """The converter as a program."""
    command = [sys.executable, "-B", PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **options)


def _left(folder):
    """What lies in a folder."""
    return sorted(os.listdir(folder))


def test_the_program_runs_as_a_folder_and_as_a_module(tmp_path):
    """The same bytes from both."""
    source = tiny.write_model(tmp_path)
    assert run(source, "-o", tmp_path / "a.fewfit").returncode == 0
    module = [sys.executable, "-B", "-m", "fewfit_convert", source, "-o", str(tmp_path / "b.fewfit")]
    assert subprocess.run(module, cwd=TOOLS, capture_output=True, timeout=120).returncode == 0
    assert (tmp_path / "a.fewfit").read_bytes() == (tmp_path / "b.fewfit").read_bytes()


def test_the_same_arguments_give_the_same_bytes_anywhere(tmp_path):
    """Other hash seeds, another folder, another time, another locale; and no path of this machine in the file."""
    made = []
    for number, seed in enumerate(["0", "1", "random"]):
        folder = tmp_path / f"place{number}" / "model"
        folder.mkdir(parents=True)
        golden = {"labels": tiny.LABELS, "texts": [{"text": "a", "probabilities": [1, 0, 0]}]}
        source = tiny.write_model(folder, {"golden.json": golden})
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "LC_ALL": ["C", "C.UTF-8", "POSIX"][number],
            "TZ": "Asia/Tokyo",
        }
        target = tmp_path / f"{number}.fewfit"
        assert run(source, "-o", target, env=environment).returncode == 0
        made.append(target.read_bytes())
    assert made[0] == made[1] == made[2]
    for word in (str(tmp_path), os.path.basename(str(tmp_path)), "place0", os.getcwd(), TOOLS):
        assert word.encode() not in made[0]


def test_the_golden_option_and_the_folders_golden_give_the_same_bytes(tmp_path):
    """Where the golden file lay does not show."""
    golden = {"labels": tiny.LABELS, "texts": [{"text": "a", "probabilities": [1, 0, 0]}]}
    source = tiny.write_model(tmp_path, {"golden.json": golden})
    assert cli.main([source, "-o", str(tmp_path / "a")]) == 0
    assert cli.main([source, "-o", str(tmp_path / "b"), "--golden", str(tmp_path / "golden.json")]) == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def _written(model):
    """A model read back."""
    out, parts = io.BytesIO(), writer.sections(model)
    writer.write_to(out, parts, len(parts))
    return file_reader.read(out.getvalue())


def test_poolings_and_dense_layers_are_written(tmp_path):
    """Modes in their order, four bits each; layers of odd widths in f32 beside weights in f16, and no head."""
    model = reader.read(tiny.write_model(tmp_path), dtype="f16")
    random, widths = np.random.default_rng(3), [60, 7, 33]
    dense = tuple(
        Dense(a, b, activation, b == 7, random.normal(size=(b, a)).astype("<f4"), random.normal(size=b).astype("<f4"))
        for a, b, activation in zip(widths, widths[1:], ("tanh", "silu"))
    )
    config = dataclasses.replace(model.config, hidden_act="silu", poolings=("cls", "mean", "lasttoken"), dense=dense)
    made = _written(dataclasses.replace(model, config=config, head=None))
    assert (made["config"]["pooling"], made["config"]["hidden_act"]) == (2 | 1 << 4 | 6 << 8, 4)
    assert (made["config"]["S"], made["config"]["linear"], made["head"]) == (33, 2, None)
    for layer, read, codes in zip(dense, made["dense"], [(2, 1), (6, 0)]):
        assert (read["activation"], read["normalize_first"]) == codes
        assert np.array_equal(read["weight"], layer.weight) and np.array_equal(read["bias"], layer.bias)
    joined = dataclasses.replace(model.config, poolings=("max", "mean_sqrt_len"))
    assert _written(dataclasses.replace(model, config=joined, head=None))["config"]["S"] == 40


HEADS = {
    "softmax": (dict(kind=1), 3, 20),
    "one-versus-rest": (dict(kind=3), 3, 20),
    "binary": (dict(kind=2), 1, 20),
    "independent": (dict(kind=4, target=2), 3, 20),
    "half is yes": (dict(kind=4, target=2, half_is_yes=True), 3, 20),
    "pairs": (dict(kind=4, target=2, pairs=True), 3, 20),
    "chain": (dict(kind=5, target=2, order=(2, 0, 1)), 3, 21),
}


@pytest.mark.parametrize("name", HEADS)
def test_heads_of_every_kind_are_written(tmp_path, name):
    """All fields, and a self-test as wide as the head's answer."""
    fields, rows, mean = HEADS[name]
    labels = ["a", "b", "c"][: max(rows, 2)]
    random = np.random.default_rng(5)
    flat = random.normal(size=rows * mean)
    head = Head(
        labels=labels, labels_are_integers=False, intercept=random.normal(size=rows), coefficients=flat, **fields
    )
    test = SelfTest(["x", "y"], random.random((2, head.probabilities_size)))
    model = dataclasses.replace(reader.read(tiny.write_model(tmp_path)), head=head, self_test=test)
    made = _written(model)
    assert head.probabilities_size == (6 if name == "pairs" else len(labels))
    assert np.array_equal(made["self_test"][1], test.probabilities)
    for key in ("kind", "labels", "pairs", "half_is_yes", "target"):
        assert made["head"][key] == getattr(head, key), key
    assert tuple(made["head"]["order"]) == head.order
    assert np.array_equal(made["head"]["intercept"], head.intercept)
    assert np.array_equal(np.concatenate([np.ravel(row) for row in made["head"]["coefficients"]]), flat)


def _raise(error):
    def raising(*_arguments, **_options):
        raise error

    return raising


STOPS = {
    "no space": (OSError(errno.ENOSPC, "No space left on device"), 1, "No space left on device"),
    "input or output": (OSError(errno.EIO, "Input/output error"), 1, "Input/output error"),
    "Ctrl-C": (KeyboardInterrupt(), 130, "interrupted"),
    "no memory": (MemoryError(), 1, "not enough memory"),
}


@pytest.mark.parametrize("old", [None, b"the old file"])
@pytest.mark.parametrize("place", ["first section", "late section", "fsync", "replace"])
@pytest.mark.parametrize("stop", STOPS)
def test_whatever_stops_it_leaves_nothing_behind(tmp_path, monkeypatch, capsys, stop, place, old):
    """No temporary file, and under the final name what was there before."""
    error, status, words = STOPS[stop]
    (tmp_path / "model").mkdir()
    (tmp_path / "out").mkdir()
    source, target = tiny.write_model(tmp_path / "model"), tmp_path / "out" / "m.fewfit"
    if old is not None:
        target.write_bytes(old)
    where = {
        "first section": (writer, "_config"),
        "late section": (writer, "_head"),
        "fsync": (os, "fsync"),
        "replace": (os, "replace"),
    }
    monkeypatch.setattr(*where[place], _raise(error))
    assert cli.main([source, "-o", str(target)]) == status
    assert words in capsys.readouterr().err
    assert _left(tmp_path / "out") == ([] if old is None else ["m.fewfit"])
    assert old is None or target.read_bytes() == old


@pytest.mark.parametrize("size", [0, 1, 4096, 20000, -1])
def test_a_really_full_disk(tmp_path, size):
    """A limit on the size of files stops the write anywhere, as a full disk does; -1 is one byte too few."""
    resource = pytest.importorskip("resource", reason="this system has no file size limits")
    (tmp_path / "model").mkdir()
    source = tiny.write_model(tmp_path / "model")
    (tmp_path / "out").mkdir()
    if size < 0:
        assert cli.main([source, "-o", str(tmp_path / "whole")]) == 0
        size += os.path.getsize(tmp_path / "whole")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    result = run(source, "-o", tmp_path / "out" / "m.fewfit", preexec_fn=limit)
    assert result.returncode == 1 and "was not written" in result.stderr and "Traceback" not in result.stderr
    assert result.stderr.splitlines()[-1].startswith("fewfit-convert: ")
    assert _left(tmp_path / "out") == []


def _stopped(tmp_path, number, **options):
    """A conversion that a signal met in the middle of writing, where a pause in the last section waits for it."""
    for name in ("model", "out"):
        (tmp_path / name).mkdir(exist_ok=True)
    source = tiny.write_model(tmp_path / "model")
    code = (
        f"import sys, time; sys.path.insert(0, {TOOLS!r}); from fewfit_convert import cli, writer\n"
        "inner = writer._head\n"
        "def slow(model):\n    time.sleep(30)\n    return inner(model)\n"
        "writer._head = slow\nsys.exit(cli.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-B", "-c", code, source, "-o", str(tmp_path / "out" / "m.fewfit")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options)
    for _ in range(600):
        if [name for name in _left(tmp_path / "out") if name.endswith(".part")]:
            break
        time.sleep(0.05)
    assert [name for name in _left(tmp_path / "out") if name.endswith(".part")]
    time.sleep(0.3)
    process.send_signal(number)
    return process


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no signals to other processes here")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_real_signal(tmp_path, name):
    """One sentence, and nothing is left."""
    process = _stopped(tmp_path, getattr(signal, name))
    _, message = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in message and "Traceback" not in message
    assert message.splitlines()[-1].startswith("fewfit-convert: interrupted; ")
    assert _left(tmp_path / "out") == []


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no signals to other processes here")
def test_what_is_killed_leaves_the_old_file(tmp_path):
    """Nobody can take away the temporary file then; it is hidden, has another name and stands in nobody's way."""
    (tmp_path / "out").mkdir()
    target = tmp_path / "out" / "m.fewfit"
    target.write_bytes(b"the old file")
    process = _stopped(tmp_path, signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL and target.read_bytes() == b"the old file"
    left = [name for name in _left(tmp_path / "out") if name != "m.fewfit"]
    assert len(left) == 1 and left[0].startswith(".m.fewfit.") and left[0].endswith(".part")
    assert cli.main([str(tmp_path / "model"), "-o", str(target)]) == 0 and len(target.read_bytes()) > 10000


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="no signals to other processes here")
def test_a_signal_that_is_ignored_stays_so(tmp_path):
    """As nohup wants it."""
    process = _stopped(tmp_path, signal.SIGHUP, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    process.terminate()
    assert process.communicate(timeout=60) and process.returncode == 130 and _left(tmp_path / "out") == []


USAGE = [
    ([], "the following arguments are required"),
    (["MODEL"], "-o/--output"),
    (["MODEL", "-o", "OUT", "--dtype", "f64"], "invalid choice"),
    (["MODEL", "-o", "OUT", "--unknown"], "unrecognized arguments"),
    (["MODEL", "-o", "OUT", "--embeddings", "bf16"], "invalid choice"),
    (["MODEL", "-o", "OUT/nowhere/m.fewfit"], "does not exist"),
    (["MODEL", "-o", "MODEL"], "is a folder"),
    (["MODEL", "-o", "MODEL/model.safetensors"], "one of the files that are read"),
    (["MODEL", "-o", "MODEL/1_Pooling/config.json"], "one of the files that are read"),
]


@pytest.mark.parametrize("arguments,words", USAGE)
def test_wrong_usage_is_64(tmp_path, capsys, arguments, words):
    """With a sentence, before anything is read or written."""
    source = tiny.write_model(tmp_path)
    before = {name: os.path.getmtime(tmp_path / name) for name in _left(tmp_path)}
    places = [a.replace("MODEL", source).replace("OUT", str(tmp_path / "o.fewfit")) for a in arguments]
    with pytest.raises(SystemExit) as caught:
        cli.main(places)
    assert caught.value.code == 64
    assert words in capsys.readouterr().err
    assert before == {name: os.path.getmtime(tmp_path / name) for name in _left(tmp_path)}


def test_the_model_and_golden_are_status_1(tmp_path):
    """As a program, without a traceback."""
    source = tiny.write_model(tmp_path)
    for arguments in (
        [tmp_path / "nowhere"],
        [source, "--golden", tmp_path / "no.json"],
        [source, "--golden", tmp_path],
    ):
        result = run(*arguments, "-o", tmp_path / "m.fewfit")
        assert result.returncode == 1 and "Traceback" not in result.stderr and result.stdout == ""
        assert not (tmp_path / "m.fewfit").exists()


def test_a_device_is_not_replaced(tmp_path):
    """Renaming over /dev/null would break the machine."""
    os.mkfifo(tmp_path / "pipe")
    result = run(tiny.write_model(tmp_path), "-o", tmp_path / "pipe")
    assert result.returncode == 1 and "not a regular file" in result.stderr


def test_a_link_keeps_pointing(tmp_path):
    """What it points at is written."""
    (tmp_path / "deep").mkdir()
    os.symlink(tmp_path / "deep" / "m.fewfit", tmp_path / "link")
    assert run(tiny.write_model(tmp_path), "-o", tmp_path / "link").returncode == 0
    assert os.path.islink(tmp_path / "link") and (tmp_path / "deep" / "m.fewfit").stat().st_size > 10000


def test_a_read_only_source_is_enough(tmp_path):
    """Nothing is written beside the model."""
    source = tiny.write_model(tmp_path)
    before = _left(source)
    with_output = str(tmp_path) + ".out"
    assert cli.main([source, "-o", with_output]) == 0
    assert _left(source) == before
    os.unlink(with_output)


def test_no_joblib_and_no_sklearn_are_imported(tmp_path):
    """The converter needs numpy and safetensors alone."""
    source = tiny.write_model(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {TOOLS!r}); from fewfit_convert import cli\n"
        f"assert cli.main([{source!r}, '-o', {str(tmp_path / 'm')!r}]) == 0\n"
        "bad = {'joblib', 'sklearn', 'torch', 'transformers', 'tokenizers', 'setfit', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'{bad}' if bad else 0)"
    )
    assert subprocess.run([sys.executable, "-B", "-c", code], timeout=120).returncode == 0


def test_the_demonstration_model_converts_in_seconds(tmp_path):
    """The whole of models/interviews, self-test included."""
    source = os.path.join(TOOLS, "..", "models", "interviews")
    begin = time.perf_counter()
    result = run(source, "-o", tmp_path / "m.fewfit")
    assert result.returncode == 0, result.stderr
    assert time.perf_counter() - begin < 20
    assert "f16 weights, f16 embeddings, 3 classes, 24 self-test texts" in result.stderr
    shutil.rmtree(tmp_path)
