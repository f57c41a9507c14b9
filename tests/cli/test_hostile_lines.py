# SPDX-License-Identifier: MIT
"""Lines that lie, in JSON Lines and in labelled text: each command says which line it was, has written what came
before it, and stays within time and memory."""

import functools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from tool import CLI, LABELS, MODEL, exhaustive, run

GOOD = {"label": LABELS[1], "text": "Каждое утро начинаем с планёрки."}
OTHER = {"label": LABELS[2], "text": "Показали результат."}
LINES = ("predict", "embed", "tokenize", "explain")  # a line in, a line out; they ask for no label
OWN = ("label",)  # what predict and explain add themselves
DEEP = 1_000_000
BIG = 100 << 20


def line_of(example, command):
    kept = {key: value for key, value in example.items() if command in ("eval", "teach") or key not in OWN}
    return json.dumps(kept, ensure_ascii=False).encode()


BAD = {  # name: the line, and words of the sentence
    "nothing": (b"", "the line is empty"),
    "a return": (b"\r", "the line is empty"),
    "no JSON": (b"text", "not JSON"),
    "two marks of the byte order": (b'\xef\xbb\xbf\xef\xbb\xbf{"text":"a","label":"x"}', "not JSON"),
    "a zero at the end": (b'{"text":"a","label":"x"}\0', "not JSON"),
    "a zero in the text": (b'{"text":"a\0","label":"x"}', "not JSON"),
    "a return in the text": (b'{"text":"a\rb","label":"x"}', "not JSON"),
    "half of a pair": (b'{"text":"\\ud800","label":"x"}', "not JSON"),
    "the other half": (b'{"text":"\\udc00","label":"x"}', "not JSON"),
    "two first halves": (b'{"text":"\\ud800\\ud800","label":"x"}', "not JSON"),
    "half of a pair in UTF-8": (b'{"text":"\xed\xa0\x80","label":"x"}', "not JSON"),
    "past Unicode": (b'{"text":"\xf4\x90\x80\x80","label":"x"}', "not JSON"),
    "an overlong slash": (b'{"text":"\xc0\xaf","label":"x"}', "not JSON"),
    "half of a character": (b'{"text":"\xd0","label":"x"}', "not JSON"),
    "a half escape": (b'{"text":"\\u12', "not JSON"),
    "an unknown escape": (b'{"text":"\\x41"}', "not JSON"),
    "lists without end": (b"[" * DEEP, "not a JSON object but an array"),
    "lists in it without end": (b'{"text":"a","x":' + b"[" * DEEP, "not JSON"),
    "objects without end": (b'{"x":' * DEEP, "not JSON"),
    "wrongly closed": (b'{"text":"a","x":' + b"[" * DEEP + b"}" * DEEP, "not JSON"),
    "a number out of range": (b'{"x":1e400,"text":"a"}', "out of range"),
    "a whole number out of range": (b'{"x":' + b"9" * 400 + b',"text":"a"}', "out of range"),
    "a number of a million digits": (b'{"x":' + b"9" * DEEP + b',"text":"a"}', "out of range"),
    "no number": (b'{"x":-,"text":"a"}', "not JSON"),
    "an octal number": (b'{"x":01,"text":"a"}', "not JSON"),
    "infinity": (b'{"x":Infinity,"text":"a"}', "not JSON"),
    "the text twice": (b'{"text":"a","text":"b"}', '"text" twice'),
    "the text a list": (b'{"text":["a"]}', '"text" is not a string but an array'),
    "the text deep": (b'{"text":' + b"[" * DEEP, '"text" is not a string but an array'),
    "two objects": (b'{"text":"a"}{"text":"b"}', ""),
    "no quotes": (b'{text:"a"}', "not JSON"),
}


class BadLines(unittest.TestCase):
    def refused(self, command, line, sentence, size):
        """The third line is bad: two answers, and one sentence that names it."""
        lines = line_of(GOOD, command) + b"\n" + line_of(OTHER, command) + b"\n" + line + b"\n"
        with tempfile.TemporaryDirectory() as folder:
            more = ("-o", f"{folder}/head.fewfit") if command == "teach" else ("--batch-size", size)
            done = run(command, "-m", MODEL, "--format", "jsonl", *more, stdin=lines + line_of(GOOD, command))
            self.assertEqual(os.listdir(folder), [])
        message = done.stderr.decode()
        self.assertEqual(done.returncode, 2, message[:300])
        self.assertEqual(done.stdout.count(b"\n"), 2 if command in LINES else 0)
        self.assertTrue(message.startswith("fewfit: <stdin>:3: "), message[:300])
        self.assertIn(sentence, message)
        self.assertTrue(message.count("\n") == 1 and len(message) < 300, message[:1000])

    def test_every_command_names_the_line(self):
        for number, (name, (line, sentence)) in enumerate(BAD.items()):
            if name in ("nothing", "a return"):
                line, sentence = line + b" ", "the line is empty"
            commands = [*LINES, "eval", "teach"]
            for command in commands if len(line) < 100 and number % 4 == 0 else commands[number % 6 :][:1]:
                with self.subTest(name=name, command=command):
                    self.refused(command, line.rstrip(b" "), sentence, 32 if number % 2 else 1)

    def test_long_ones_in_labelled_examples(self):
        for name, (line, sentence) in BAD.items():
            if len(line) > 100:
                with self.subTest(name=name):
                    self.refused("eval" if len(line) % 2 else "teach", line, sentence, 32)


class StrangeLines(unittest.TestCase):
    def test_what_is_strange_and_json_comes_back(self):
        lines = [
            b'\xef\xbb\xbf{"text":"a"}',
            b'{"text":"b"}\r',
            b' \t{ "text" : "c" }\t ',
            b'{"text":"d","x":' + b"[" * DEEP + b"]" * DEEP + b"}",
            b'{"text":"e","x":' + b'{"":' * (DEEP // 4) + b"1" + b"}" * (DEEP // 4) + b"}",
            b'{"x":1,"x":2,"text":"f","x":{"text":1,"text":2}}',
            b'{"text":"","":"","x":1e-999,"y":-0,"z":18446744073709551616}',
            b'{"text":"\\u0000\\ud83d\\ude00\\uffff","\\u0000":"\\u0000"}',
            b'{"x":"' + b"y" * DEEP + b'","text":"g"}',
        ]
        for command in LINES:
            stdin = b"\n".join(lines)  # no line end behind the last
            done = run(command, "-m", MODEL, "--format", "jsonl", stdin=stdin)
            self.assertEqual((done.returncode, done.stderr), (0, b""), command)
            answers = done.stdout.split(b"\n")
            self.assertEqual((len(answers), answers[-1]), (len(lines) + 1, b""))
            for line, answer in zip(lines, answers):
                kept = line.removeprefix(b"\xef\xbb\xbf").rstrip(b" \t\r")[:-1].rstrip()
                answer = answer.removeprefix(b"\xef\xbb\xbf")
                self.assertTrue(answer.startswith(kept), (command, line[:60], answer[:60]))

    def test_labels_and_texts_of_any_bytes(self):
        """In labelled text; what is no UTF-8 or has no label is told by its line."""
        for text in (b"\0", b"a\0b", b"\r", b"\t\t", b"\xef\xbb\xbf", b"\x1b[31m", b"\xe2\x80\xa8"):
            good = f"{LABELS[0]}\t".encode()
            done = run("eval", "-m", MODEL, "--report", "json", stdin=good + text + b"\n" + good + text)
            self.assertEqual((done.returncode, json.loads(done.stdout)["examples"]), (0, 2), text)
        for line in (b"\xff\ta", b"a\t\xff", b"a\t\xed\xa0\x80", b"\ta", b"a\0", b"\0", b"\xef\xbb\xbfa\ta"):
            with tempfile.TemporaryDirectory() as folder:
                lines = b"one\ttext\ntwo\tother\n" + line + b"\n"
                done = run("teach", "-m", MODEL, "-o", f"{folder}/h.fewfit", stdin=lines)
                self.assertEqual((done.returncode, done.stdout), (2, b""), (line, done.stderr))
                self.assertEqual(os.listdir(folder), [])
                self.assertTrue(done.stderr.startswith(b"fewfit: <stdin>:3: "), done.stderr)


def address_space(command, *arguments):
    """The most bytes of address space that the command ever had when it has answered a short line."""
    arguments = (command, "-m", MODEL, "--batch-size", "1", *arguments)
    with subprocess.Popen([CLI, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdin.write(b'{"text":"a"}\n')
        process.stdin.flush()
        process.stdout.readline()
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        process.stdin.close()
    return int(re.search(r"^VmPeak:\s+(\d+) kB$", status, re.M).group(1)) << 10


@exhaustive
@unittest.skipUnless(hasattr(os, "wait4"), "no peak memory of a process here")
class LargeLines(unittest.TestCase):
    def ask(self, command, pieces, *arguments, limited=None):
        """Status, output's lines and message of a run over pieces of input, in bounded time and memory."""
        with tempfile.TemporaryDirectory() as folder:
            paths = [pathlib.Path(folder, name) for name in ("in", "out", "err")]
            with open(paths[0], "wb") as out:
                out.writelines(pieces)
            begin = time.monotonic()
            with open(paths[1], "wb") as out, open(paths[2], "wb") as err:
                process = subprocess.Popen([CLI, command, "-m", MODEL, "-i", str(paths[0]), *arguments], stdout=out,
                                           stderr=err, preexec_fn=limited)
                _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.assertLess(time.monotonic() - begin, 120)
            if sys.platform == "linux":
                self.assertLess(usage.ru_maxrss, 900 * 1024)  # KiB, of lines of 100 MB
            with open(paths[1], "rb") as answers:
                ends = sum(1 for _ in answers)
            return process.returncode, ends, paths[2].read_text(encoding="utf-8").replace(str(paths[0]), "in")

    def test_a_text_of_100_mb_is_answered(self):
        pieces = [b'{"text":"a"}\n{"text":"', b"abc " * (BIG // 4), b'"}\n{"text":"c"}']
        self.assertEqual(self.ask("predict", pieces, "--format", "jsonl"), (0, 3, ""))

    def test_a_broken_line_of_100_mb_is_named(self):
        pieces = [b'{"text":"a"}\n{"text":"', b"abc " * (BIG // 4), b'\n{"text":"c"}']
        status, ends, message = self.ask("predict", pieces, "--format", "jsonl")
        self.assertEqual((status, ends), (2, 1))
        self.assertRegex(message, r"\Afewfit: in:2: not JSON: wrong at byte \d+\n\Z")

    def test_a_label_of_100_mb_is_shown_in_short(self):
        pieces = [f"{LABELS[0]}\ta\n".encode(), b"abc " * (BIG // 4), b"\ta\n"]
        status, ends, message = self.ask("eval", pieces)
        self.assertEqual((status, ends), (2, 0))
        self.assertTrue(message.startswith('fewfit: in:2: there is no label "abc '), message[:500])
        self.assertLess(len(message), 500)

    @unittest.skipUnless(sys.platform == "linux", "no limit on memory here")
    def test_a_line_that_memory_does_not_hold_is_named(self):
        """And the line before it is answered, though both were one batch. What a short line needs and half of what
        the long one has is too little for the line alone, whatever the machine and its libraries take."""
        import resource
        arguments = ("tokenize", "--format", "jsonl", "--threads", "1")
        limit = address_space(*arguments) + BIG // 2
        limited = functools.partial(resource.setrlimit, resource.RLIMIT_AS, (limit, limit))
        pieces = [b'{"text":"a"}\n{"text":"', b"abc " * (BIG // 4), b'"}\n{"text":"c"}']
        status, ends, message = self.ask(arguments[0], pieces, *arguments[1:], limited=limited)
        self.assertEqual((status, ends, message), (1, 1, "fewfit: in:2: there is not enough memory for the line\n"))


class Outputs(unittest.TestCase):
    def commands(self, folder):
        return [(name, "-m", MODEL, "--format", "jsonl") for name in (*LINES, "eval")] + [
            ("teach", "-m", MODEL, "--format", "jsonl", "-o", f"{folder}/head.fewfit")]

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_disk_is_said_by_every_command(self):
        with tempfile.TemporaryDirectory() as folder, open("/dev/full", "wb") as full:
            for command in self.commands(folder):
                lines = (line_of(GOOD, command[0]) + b"\n" + line_of(OTHER, command[0]) + b"\n") * 20
                done = subprocess.run([CLI, *command], input=lines, stdout=full, stderr=subprocess.PIPE)
                self.assertEqual((done.returncode, done.stderr),
                                 (1, b"fewfit: cannot write: No space left on device\n"), command)

    @unittest.skipUnless(hasattr(signal, "SIGPIPE"), "no SIGPIPE here")
    def test_nobody_reads_the_output_of_any_command(self):
        with tempfile.TemporaryDirectory() as folder:
            for command in self.commands(folder):
                lines = (line_of(GOOD, command[0]) + b"\n" + line_of(OTHER, command[0]) + b"\n") * 20
                for ignored in (False, True):
                    ours, theirs = os.pipe()
                    os.close(ours)
                    ignore = (lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN)) if ignored else None
                    done = subprocess.run([CLI, *command], input=lines, stdout=theirs, stderr=subprocess.PIPE,
                                          preexec_fn=ignore, restore_signals=not ignored)
                    os.close(theirs)
                    status = 1 if ignored else -signal.SIGPIPE
                    self.assertEqual((done.returncode, done.stderr), (status, b""), command)


if __name__ == "__main__":
    unittest.main()
