# SPDX-License-Identifier: MIT
"""Files that are not what their names say: bytes that are no text, texts that are no JSON, vocabularies and cards
that no trainer writes, pipes and devices in the place of files, paths that lead elsewhere."""

import json
import os
import subprocess
import sys

import pytest
import tiny
from hostile import sentence

TOOLS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
NO = tiny.ABSENT
JSON = [name for name in tiny.files() if name.endswith(".json")]


def _put(judge, name, data):
    """Writes a file of the folder."""
    tiny.write_files(judge.source, {name: data})


def _bytes(judge, name):
    with open(os.path.join(judge.source, *name.split("/")), "rb") as source:
        return source.read()


def _without_decoder():
    """tokenizer_config.json as older releases wrote it."""
    name = "tokenizer_config.json"
    return name, tiny.edit(tiny.files(), {f"{name}:added_tokens_decoder": NO})[name]


TEXTS = {
    # name: what becomes of a good JSON file, and words of the refusal
    "empty": (lambda good: b"", "is not valid JSON"),
    "spaces": (lambda good: b" \n\t ", "is not valid JSON"),
    "a zero": (lambda good: b"\0", "is not valid JSON"),
    "zeros behind it": (lambda good: good + b"\0", "is not valid JSON"),
    "zeros in a string": (lambda good: good.replace(b'"', b'"\0', 1), "is not valid JSON"),
    "a mark of the byte order": (lambda good: b"\xef\xbb\xbf" + good, "BOM"),
    "UTF-16": (lambda good: good.decode().encode("utf-16"), "is not UTF-8"),
    "UTF-32": (lambda good: good[:9].decode().encode("utf-32-be"), "is not valid JSON"),
    "Latin-1": (lambda good: b'{"\xe4": 1}', "is not UTF-8"),
    "half of a pair in UTF-8": (lambda good: b'{"a": "\xed\xa0\x80"}', "is not UTF-8"),
    "an overlong zero": (lambda good: b'{"a": "\xc0\x80"}', "is not UTF-8"),
    "cut in the middle": (lambda good: good[: len(good) // 2], "is not valid JSON"),
    "without its end": (lambda good: good.rstrip()[:-1], "is not valid JSON"),
    "twice": (lambda good: good + good, "is not valid JSON"),
    "a comma more": (lambda good: good.rstrip()[:-1] + b"," + good.rstrip()[-1:], "is not valid JSON"),
    "a comment": (lambda good: b"// x\n" + good, "is not valid JSON"),
    "no JSON": (lambda good: b"model", "is not valid JSON"),
    "a pickle": (lambda good: tiny.head(), "is not UTF-8"),
    "a tab in a string": (lambda good: b'{"a\tb": 1}', "is not valid JSON"),
    "a million lists": (lambda good: b"[" * 1000000, "64 deep"),
    "a million lists, closed": (lambda good: b"[" * 1000000 + b"]" * 1000000, "64 deep"),
    "a million objects": (lambda good: b'{"a":' * 1000000 + b"1" + b"}" * 1000000, "64 deep"),
    "lists 65 deep": (lambda good: b"[" * 65 + b"]" * 65, "64 deep"),
    "a number of a million digits": (lambda good: b'{"a": ' + b"1" * 1000000 + b"}", "a number has 1000000 digits"),
    "a number": (lambda good: b"1", "does not hold"),
    "a string": (lambda good: b'"x"', "does not hold"),
    "a string of megabytes": (lambda good: b'"' + b"x" * (8 << 20) + b'"', "does not hold"),
    "null": (lambda good: b"null", "does not hold"),
    "a list of a list": (lambda good: b"[[]]", "does not hold"),
}


@pytest.mark.parametrize("name", JSON)
def test_what_is_no_json_is_refused_by_name(judge, name):
    """Each file, in each way."""
    good, found = _bytes(judge, name), []
    if name == "special_tokens_map.json":  # counts where this is not there
        _put(judge, *_without_decoder())
    for what, (change, words) in TEXTS.items():
        _put(judge, name, change(good))
        found += [(what, problem) for problem in judge.wrong(must_refuse=True, words=words)]
        found += [(what, problem) for problem in judge.wrong(must_refuse=True, words=name)]
    assert not found, found[:10]


@pytest.mark.parametrize("name", JSON)
def test_json_that_is_strange_and_whole(judge, name):
    """Equal keys, keys of any kind, unused ones 64 deep, numbers out of range: taken or refused."""
    good, found = json.loads(_bytes(judge, name)), []
    for text in (
        '"a": 1e999',
        '"a": -1e999',
        '"a": 1E-999',
        '"a": NaN',
        '"": 1',
        '"\\u0000": 1',
        '"\\ud800": "\\udfff"',
        '"a": 1, "a": 2',
        '"x": ' + "[" * 60 + "]" * 60,
        '"x": "' + "y" * (1 << 20) + '"',
        *(f'"{key}": {value}' for key in good for value in ("[]", "1") if isinstance(good, dict)),
    ):
        whole = json.dumps(good)
        _put(judge, name, f"[{{{text}}}, {whole[1:]}" if isinstance(good, list) else f"{whole[:-1]}, {text}}}")
        found += [(text[:40], problem) for problem in judge.wrong()]
    assert not found, found[:10]


WORDS = "".join(word + "\n" for word in tiny.VOCAB)
VOCABULARIES = {
    # name: vocab.txt, and words of the refusal, or None where it is taken
    "as it is": (WORDS, None),
    "with returns": (WORDS.replace("\n", "\r\n"), None),
    "without its last end": (WORDS[:-1], None),
    "empty": ("", "cls_token '[CLS]' is not in vocab.txt"),
    "one line": ("[UNK]\n", "cls_token '[CLS]' is not in vocab.txt"),
    "no UTF-8": (WORDS.encode() + b"\xff\n", "vocab.txt is not UTF-8 (byte"),
    "half of a pair": (WORDS.encode() + b"\xed\xa0\x80\n", "vocab.txt is not UTF-8"),
    "UTF-16": (WORDS.encode("utf-16"), "vocab.txt is not UTF-8"),
    "a mark of the byte order": (b"\xef\xbb\xbf" + WORDS.encode(), "the added token [PAD] has the id"),
    "a line more": (WORDS + "more\n", "but vocab_size in config.json is"),
    "many lines more": (WORDS + "x\n" * 500000, "but vocab_size in config.json is"),
    "empty lines": (WORDS + "\n" * 1000, "but vocab_size in config.json is"),
    "an empty line in it": (WORDS.replace("hello\n", "\n"), None),
    "no [SEP]": (WORDS.replace("[SEP]", "[SEQ]"), "sep_token '[SEP]' is not in vocab.txt"),
    "no [CLS]": (WORDS.replace("[CLS]", "[CLT]"), "cls_token '[CLS]' is not in vocab.txt"),
    "no [UNK]": (WORDS.replace("[UNK]", "[UNL]"), "the added token [UNK] has the id"),
    "[CLS] twice": (WORDS.replace("hello\n", "[CLS]\n"), None),
    "equal lines": (WORDS.replace("hello\n", "new\n"), None),
    "a zero": (WORDS.replace("hello", "he\0llo"), None),
    "a zero alone": (WORDS.replace("hello", "\0"), None),
    "a token of a megabyte": (WORDS.replace("hello", "h" * (1 << 20)), "longer than 1024 bytes"),
    "a token of 1024 bytes": (WORDS.replace("hello", "h" * 1024), None),
    "a token of 1025 bytes": (WORDS.replace("hello", "h" * 1025), "longer than 1024 bytes"),
    "escapes": (WORDS.replace("hello", "\x1b[31m" + "h" * 2000), "longer than 1024 bytes"),
    "one line of megabytes": ("x" * (8 << 20), "[UNK]"),
    "every letter": ("".join(chr(c) + "\n" for c in range(32, 0x3000)), "is not in vocab.txt"),
}


@pytest.mark.parametrize("name", VOCABULARIES)
def test_vocabularies(judge, name):
    """Where there is no tokenizer.json, vocab.txt counts."""
    text, words = VOCABULARIES[name]
    os.unlink(os.path.join(judge.source, "tokenizer.json"))
    for config in (_without_decoder()[1], tiny.files()["tokenizer_config.json"]):
        tiny.write_files(judge.source, {"vocab.txt": text, "tokenizer_config.json": config})
        status, error = judge.run()
        if words is None and status == 0:
            assert judge.wrong() == []
        else:
            assert judge.wrong(must_refuse=True) == [], error
    if words is None:
        assert judge.accepted, error
    else:
        assert not judge.accepted and (words in error or "added token" in error), error


def test_a_vocabulary_beside_tokenizer_json_must_agree(judge):
    """Whatever vocab.txt is."""
    found = []
    for name, (text, _) in VOCABULARIES.items():
        _put(judge, "vocab.txt", text)
        found += [(name, problem) for problem in judge.wrong()]
    assert not found and judge.refused > 15, found[:10]


CARDS = {
    "no UTF-8": b"\xff",
    "empty": b"",
    "rules": b"---\n" * 50000,
    "a rule and no end": b"---" + b"\n" * 200000,
    "a heading of spaces": b"# " + b" " * 200000 + b"\n" * 200000 + b"x",
    "a heading of a megabyte": b"# " + b"x y " * (1 << 18),
    "a licence of megabytes": b"---\nlicense: " + b"y" * (2 << 20) + b"\n---\n# t\n",
    "a licence of colons": b"---\nlicense: " + b": " * 100000 + b"\n---\n",
    "a licence of lines": b"---\nlicense: '\x1b[31m\x00\r'\n---\n# \x1b]0;x\x07\n",
    "many keys": b"---\n" + b"a: b\n" * 100000 + b"---\n",
}


@pytest.mark.parametrize("name", CARDS)
def test_cards(judge, name):
    """The model file stays one that can be read, and in time; it holds no more than a kilobyte or so of the card."""
    _put(judge, "README.md", CARDS[name])
    assert judge.wrong() == []
    assert judge.accepted == (name != "no UTF-8")
    judge.run()
    assert name == "no UTF-8" or os.path.getsize(os.path.join(str(judge.source), "..", "out", "out.fewfit")) < 200000


MODULE_PATHS = (
    "../../etc",
    "..",
    "1_Pooling/../..",
    "1_Pooling/../../x",
    "..\\..\\etc",
    "1_Pooling\\..\\..",
    "/etc",
    "//etc",
    "1_Pooling\x00",
    "\x00",
    "1_Pooling\n",
    "\ud800",
    "x" * 5000,
    "x/" * 3000,
    "~",
    "$HOME",
    "%2e%2e/",
    ".../",
    "config.json",
)


def test_paths_of_modules(judge):
    """None of them leads anywhere."""
    os.makedirs(os.path.join(os.path.dirname(judge.source), "x"), exist_ok=True)
    tiny.write_files(os.path.dirname(judge.source), {"config.json": tiny.files()["1_Pooling/config.json"]})
    found = []
    for path in MODULE_PATHS:
        modules = tiny.files()["modules.json"]
        modules[1]["path"] = path
        _put(judge, "modules.json", json.dumps(modules))
        words = "leads out of the folder" if path.startswith(("/", "..")) or "/.." in path or "\\.." in path else ""
        words = "" if path.startswith("...") else words
        found += [(path[:20], problem) for problem in judge.wrong(must_refuse=True, words=words)]
    assert not found, found


SMALL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
sys.path.insert(0, {!r})
from fewfit_convert import cli
sys.exit(cli.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop"])
def test_what_is_no_file_is_not_waited_for(judge, kind):
    """A pipe has no writer, a device no end, a link may lead to itself."""
    pytest.importorskip("resource", reason="no limits on memory and no named pipes here: not tested")
    if kind == "device" and not os.path.exists("/dev/zero"):
        pytest.skip("no /dev/zero here: it is not tested as an input")
    make = {
        "pipe": os.mkfifo,
        "device": lambda path: os.symlink("/dev/zero", path),
        "folder": os.mkdir,
        "loop": lambda path: os.symlink(os.path.basename(path), path),
    }[kind]
    found = []
    for name in (*JSON, "vocab.txt", "model.safetensors", "model_head.pkl", "README.md", "golden.json"):
        path, good = os.path.join(judge.source, *name.split("/")), None
        if os.path.exists(path):
            good = _bytes(judge, name)
            os.unlink(path)
        make(path)
        command = [sys.executable, "-B", "-c", SMALL.format(TOOLS), judge.source, "-o", judge.source + "/out"]
        if name in ("config.json", "model_head.pkl"):  # as a program too, in case it is waited for
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            found += [(name, problem) for problem in sentence(done.stderr)[1]]
            assert done.returncode == 1, done
        found += [(name, problem) for problem in judge.wrong()]
        os.rmdir(path) if kind == "folder" else os.unlink(path)
        if good is not None:
            _put(judge, name, good)
    assert not found, found
    assert judge.refused >= 6
