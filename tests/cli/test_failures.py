"""How the command line fails: one sentence on standard error and the right status."""

import pathlib
import tempfile
import unittest

from tool import CLI, MODEL, run

BAD_LINES = {
    b"": "empty",
    b"  \r": "empty",
    b"text": "not JSON",
    b"{": "not JSON",
    b'{"text":"a"': "not JSON",
    b'{"text":"a"}}': "not JSON",
    b'{"text":"a"} {"text":"b"}': "not JSON",
    b'{"text":"a"}\x00': "not JSON",
    b'{"text":"a",}': "not JSON",
    b"{'text':'a'}": "not JSON",
    b'{"text":"\xff"}': "not JSON",
    b'{"text":"a","x":"\xed\xa0\x80"}': "not JSON",
    b'{"text":"\\ud800"}': "not JSON",
    b'{"text":"a\tb"}': "not JSON",
    b'{"text":"a","x":NaN}': "not JSON",
    b'{"text":"a","x":1e999}': "out of range",
    b"[]": "not a JSON object but an array",
    b'"text"': "not a JSON object but a string",
    b"1": "not a JSON object but a number",
    b"1.5": "not a JSON object but a number",
    b"null": "not a JSON object but null",
    b"true": "not a JSON object but a boolean",
    b"{}": 'no "text"',
    b'{"Text":"a"}': 'no "text"',
    b'{"x":{"text":"a"}}': 'no "text"',
    b'{"text":1}': '"text" is not a string but a number',
    b'{"text":null}': '"text" is not a string but null',
    b'{"text":["a"]}': '"text" is not a string but an array',
    b'{"text":{"text":"a"}}': '"text" is not a string but an object',
    b'{"text":"a","text":"a"}': '"text" twice',
    b'{"text":"a","t\\u0065xt":"b"}': '"text" twice',
    b'{"text":"a","label":"b"}': 'already has "label"',
    b'{"probabilities":{},"text":"a"}': 'already has "probabilities"',
    b'{"text":"a","tokens":1}': 'already has "tokens"',
    b'{"text":"a","\\u0074runcated":1}': 'already has "truncated"',
}


class BadLine(unittest.TestCase):
    def test_each_kind(self):
        for line, sentence in BAD_LINES.items():
            good = b'{"text":"a"}\n'
            for size in (1, 2, 32):
                done = run("predict", "-m", MODEL, "--format", "jsonl", "--batch-size", size,
                           stdin=good * 3 + line + b"\n" + good)
                message = done.stderr.decode()
                self.assertEqual(done.returncode, 2, (line, message))
                self.assertEqual(done.stdout.count(b"\n"), 3, line)
                self.assertTrue(message.startswith("fewfit: <stdin>:4: "), message)
                self.assertIn(sentence, message)
                self.assertEqual(message.count("\n"), 1, message)

    def test_a_file_is_named(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "тексты.jsonl")
            path.write_bytes(b'{"text":"a"}\n[]\n')
            done = run("tokenize", "-m", MODEL, "--format", "jsonl", "-i", path)
        self.assertEqual(done.returncode, 2)
        self.assertTrue(done.stderr.decode().startswith(f"fewfit: {path}:2: "))

    def test_every_command_defends_its_own_keys(self):
        for command, key in (("embed", "embedding"), ("tokenize", "ids")):
            done = run(command, "-m", MODEL, "--format", "jsonl", stdin=b'{"text":"a","%s":0}' % key.encode())
            self.assertEqual(done.returncode, 2)
            self.assertIn(f'already has "{key}"', done.stderr.decode())


class BadModel(unittest.TestCase):
    def refused(self, path, sentence):
        for command in (["predict", "-m", path], ["embed", "-m", path], ["tokenize", "-m", path], ["eval", "-m", path],
                        ["explain", "-m", path],
                        ["inspect", path], ["verify", path]):
            done = run(*command, stdin=b"a\n")
            message = done.stderr.decode()
            self.assertEqual(done.returncode, 1, message)
            self.assertEqual(done.stdout, b"")
            self.assertTrue(message.startswith(f"fewfit: {path}: "), message)
            self.assertIn(sentence, message)
            self.assertEqual(message.count("\n"), 1, message)

    def test_files_that_are_no_model(self):
        whole = pathlib.Path(MODEL).read_bytes()
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "модель.fewfit")
            self.refused(path, "no file has this name")
            self.refused(directory, "not a model file")
            for content, sentence in (
                (b"", "empty"),
                (whole[:40], "cut off"),
                (whole[:4096], "cut off"),
                (whole[:-64], "cut off"),
                (whole + b"\0", "appended"),
                (b"\x7fELF" + bytes(4096), "does not begin as a fewfit model"),
                (b"text " * 1000, "does not begin as a fewfit model"),
                (whole.replace(b"\r\n", b"\n", 1)[:8192], "text mode"),
                (whole[:16] + bytes([whole[16] ^ 1]) + whole[17:], ""),
                (whole[:70] + bytes([whole[70] ^ 1]) + whole[71:], "damaged"),
            ):
                path.write_bytes(content)
                self.refused(path, sentence)

    def test_a_flipped_bit_anywhere_is_found_by_its_checksum(self):
        whole = pathlib.Path(MODEL).read_bytes()
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "m.fewfit")
            for where in (len(whole) // 3, len(whole) // 2, len(whole) - 5000):
                path.write_bytes(whole[:where] + bytes([whole[where] ^ 0x10]) + whole[where + 1 :])
                done = run("verify", path)
                self.assertEqual(done.returncode, 1, where)
                self.assertIn("checksum", done.stderr.decode())


class BadUsage(unittest.TestCase):
    def test_each_kind(self):
        for arguments in ([], ["classify"], ["predict"], ["predict", "-m", MODEL, "--format", "xml"], ["verify"],
                          ["predict", "-m", MODEL, "--batch-size", "0"], ["predict", "-m", MODEL, "--threads", "-1"],
                          ["predict", "-m", MODEL, "--batch-size", "x"], ["predict", "-m", MODEL, "--no-truncation"],
                          ["embed", "-m", MODEL, "file"], ["inspect", MODEL, MODEL]):
            done = run(*arguments)
            self.assertEqual(done.returncode, 64, (arguments, done.stderr))
            self.assertEqual(done.stdout, b"")
            self.assertTrue(done.stderr.startswith(b"fewfit: "), done.stderr)

    def test_help_and_version_are_no_failure(self):
        for arguments in (["--help"], ["predict", "--help"], ["--version"]):
            done = run(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertTrue(done.stdout)

    def test_the_program_is_there(self):
        self.assertTrue(pathlib.Path(CLI).is_file())


class BadInput(unittest.TestCase):
    def test_what_cannot_be_read(self):
        with tempfile.TemporaryDirectory() as directory:
            for path, sentence in ((f"{directory}/none", "No such file"), (directory, "Is a directory")):
                done = run("predict", "-m", MODEL, "-i", path)
                self.assertEqual(done.returncode, 1)
                self.assertEqual(done.stdout, b"")
                self.assertEqual(done.stderr.decode(), f"fewfit: {path}: {sentence}" +
                                 (" or directory\n" if "none" in path else "\n"))


if __name__ == "__main__":
    unittest.main()
