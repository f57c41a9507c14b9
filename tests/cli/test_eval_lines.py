"""How eval reads labelled texts, how it spells its report, and how it fails."""

import contextlib
import json
import os
import pathlib
import pty
import re
import subprocess
import sys
import tempfile
import unittest

from test_eval import EVAL, SCORES, as_jsonl, as_tsv, examples_of, report_of
from test_inspect import convert
from tool import CLI, LABELS, MODEL, ROOT, ask_json, run

sys.path.append(str(ROOT / "tools/tests/support"))
import tiny  # noqa: E402, of the converter's tests

GOOD = "Процесс\tКаждое утро начинаем с планёрки.\n".encode()


def integer_model(folder):
    """A model whose labels are 7, 1 and -2."""
    source = pathlib.Path(folder, "source")
    source.mkdir()
    tiny.write_model(source, {"model_head.pkl": tiny.head([0, 1, 2]), "config_setfit.json:labels": [7, 1, -2]})
    return convert(folder, source=source)


class Formats(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.examples = examples_of(EVAL["cases"]["never_true"])

    def test_every_way_in_is_the_same_report(self):
        tsv, jsonl = as_tsv(self.examples), as_jsonl(self.examples)
        whole = report_of(tsv, "--report", "json")
        self.assertEqual(whole.count("\n"), 1)
        self.assertEqual(report_of(jsonl, "--format", "jsonl"), whole)
        self.assertEqual(report_of(b"\xef\xbb\xbf" + jsonl, "--format", "jsonl"), whole)  # as predict takes it
        self.assertEqual(report_of(tsv.replace(b"\n", b"\r\n"), "--report", "json"), whole)
        self.assertEqual(report_of(tsv[:-1], "--report", "json", "--batch-size", 7, "--threads", 2), whole)
        self.assertEqual(report_of(jsonl, "--format", "jsonl", "--report", "text"), report_of(tsv))
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "размечено.tsv")
            path.write_bytes(tsv)
            self.assertEqual(report_of(b"", "--input", path, "--report", "json"), whole)

    def test_text_holds_the_rounded_numbers(self):
        report = json.loads(report_of(as_tsv(self.examples), "--report", "json"))
        rows = [re.split(r"  +", line) for line in report_of(as_tsv(self.examples)).splitlines()]
        self.assertIn(["examples", str(len(self.examples))], rows)
        self.assertIn(["accuracy", f"{report['accuracy']:.4f}"], rows)
        for name, row in [(c["label"], c) for c in report["classes"]] + [("macro avg", report["macro_avg"]),
                                                                         ("weighted avg", report["weighted_avg"])]:
            self.assertIn([name, *(f"{row[score]:.4f}" for score in SCORES), str(row["support"])], rows)
        for label, row in zip(LABELS, report["confusion_matrix"]):
            self.assertIn([label, *map(str, row)], rows)
        for bin in report["calibration"]:
            means = [f"{bin[key]:.4f}" if bin["examples"] else "-" for key in ("confidence", "accuracy")]
            self.assertIn([f"{bin['from']:.1f} to {bin['to']:.1f}", str(bin["examples"]), *means], rows)
        self.assertIn(["expected calibration error", f"{report['expected_calibration_error']:.4f}"], rows)

    def test_columns_line_up_in_code_points(self):
        for table in report_of(as_tsv(self.examples)).split("\n\n")[1:4]:
            self.assertEqual(len({len(line) for line in table.splitlines()}), 1, table)

    def test_a_text_may_be_empty_or_hold_tabs(self):
        report = json.loads(report_of("Процесс\t\nПроцесс\ta\tb\n".encode(), "--report", "json"))
        self.assertEqual(report["examples"], 2)
        answers = [a["label"] for a in ask_json("predict", [{"text": ""}, {"text": "a\tb"}])]
        self.assertEqual(report["confusion_matrix"][1], [answers.count(label) for label in LABELS])

    def test_integer_labels(self):
        with tempfile.TemporaryDirectory() as folder:
            model = integer_model(folder)
            tsv = report_of(b"1\tone\n-2\ttwo\n", "--report", "json", model=model)
            self.assertEqual([c["label"] for c in json.loads(tsv)["classes"]], ["7", "1", "-2"])
            for lines in (b'{"label":1,"text":"one"}\n{"text":"two","label":-2}', b'{"label":"1","text":"one"}\n'
                          b'{"text":"two","label":"-2"}'):
                self.assertEqual(report_of(lines, "--format", "jsonl", model=model), tsv)
            self.assertRegex(report_of(b"1\tone\n-2\ttwo\n", model=model), r"(?m)^-2 +\d")


def read_terminal(descriptor):
    """All that was written to a terminal whose other side is closed."""
    seen = b""
    with contextlib.suppress(OSError):  # Linux's end of file
        while more := os.read(descriptor, 4096):
            seen += more
    os.close(descriptor)
    return seen


class Progress(unittest.TestCase):
    def bar(self, repeats):
        """What a person at a terminal sees on standard error."""
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "in.tsv")
            path.write_bytes(b"".join([GOOD[:-1] + b" word" * 120 + b"\n"] * repeats))
            ours, theirs = pty.openpty()
            with subprocess.Popen([CLI, "eval", "-m", MODEL, "-i", str(path)], stdout=subprocess.PIPE,
                                  stderr=theirs) as process:
                os.close(theirs)
                report = process.stdout.read()
            self.assertEqual(process.returncode, 0)
            self.assertTrue(report.startswith(b"examples  %d\n" % repeats), report)
            return read_terminal(ours)

    def test_a_bar_for_long_input_that_goes_away(self):
        repeats = 40
        while not (bar := self.bar(repeats)) and repeats < 2_000:  # the faster the machine, the more of them
            repeats *= 4
        self.assertRegex(bar, rb"^\r *\d+ % \[=* *\] \d+ s left")
        self.assertTrue(bar.endswith(b"\r\x1b[K"), bar)

    def test_none_for_short_input(self):
        self.assertEqual(self.bar(1), b"")


class Failures(unittest.TestCase):
    def refused(self, stdin, where, sentence, *arguments, status=2):
        for size in (1, 32):
            done = run("eval", "-m", MODEL, "--batch-size", size, *arguments, stdin=stdin)
            message = done.stderr.decode()
            self.assertEqual((done.returncode, done.stdout), (status, b""), message)
            self.assertTrue(message.startswith(f"fewfit: <stdin>:{where}"), message)
            self.assertIn(sentence, message)
            self.assertEqual(message.count("\n"), 1, message)

    def test_each_kind_of_line(self):
        all_labels = '; the labels are "Нейтральный", "Процесс", "Результат"\n'
        for line, sentence in {
            b"": "the line is empty: take it out",
            b"\r": "the line is empty: take it out",
            b"  ": "no tab: write a label, a tab and the text",
            "Процесс текст".encode(): "no tab: write a label, a tab and the text",
            "процесс\tтекст".encode(): 'no label "процесс"' + all_labels,
            "Процесс \tтекст".encode(): 'no label "Процесс "' + all_labels,
            "\tтекст".encode(): 'no label ""' + all_labels,
            b"\xff\ttext": 'no label "\ufffd"' + all_labels,
            b"a" * 1000 + b"\ttext": '"' + "a" * 80 + '"...' + all_labels,
            b"\x1b[31m\ttext": '"\\u001b[31m"' + all_labels,
            b"\xef\xbb\xbf" + GOOD[:-1]: "byte order mark: save the file without it",
        }.items():
            self.refused(GOOD * 3 + line + b"\n" + GOOD, "4: ", sentence)

    def test_each_kind_of_object(self):
        for line, sentence in {
            "": "the line is empty",
            "Процесс\tтекст": "not JSON",
            "[]": "not a JSON object but an array",
            '{"text":"a"}': 'the object has no "label"',
            '{"label":"Процесс"}': 'the object has no "text"',
            '{"label":"Процесс","text":"a","label":"Процесс"}': '"label" twice',
            '{"label":1,"text":"a"}': '"label" is not a string but a number',
            '{"label":"Процесс","text":1}': '"text" is not a string but a number',
            '{"label":["Процесс"],"text":"a"}': '"label" is not a string but an array',
            '{"label":{"label":"Процесс"},"text":"a"}': '"label" is not a string but an object',
            '{"x":{"label":"Процесс"},"text":"a"}': 'the object has no "label"',
            '{"label":"Процес","text":"a"}': 'no label "Процес"; the labels are "Нейтральный", ',
        }.items():
            good = as_jsonl([("Процесс", "a")])
            self.refused(good + line.encode() + b"\n" + good, "2: ", sentence, "--format", "jsonl")

    def test_no_examples(self):
        self.refused(b"", " no examples: ", "a line for each, with its label and text", status=1)

    def test_a_file_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "размечено.tsv")
            for content, status, where in ((b"", 1, ""), (GOOD + b"x\ty\n", 2, ":2")):
                path.write_bytes(content)
                done = run("eval", "-m", MODEL, "-i", path)
                self.assertEqual(done.returncode, status)
                self.assertTrue(done.stderr.decode().startswith(f"fewfit: {path}{where}: "), done.stderr)
            self.assertEqual(run("eval", "-m", MODEL, "-i", f"{folder}/none").returncode, 1)

    def test_usage(self):
        for arguments in ([], ["-m", MODEL, "--report", "xml"], ["-m", MODEL, "--format", "json"],
                          ["-m", MODEL, "--offsets"]):
            self.assertEqual(run("eval", *arguments, stdin=GOOD).returncode, 64, arguments)
        self.assertEqual(run("predict", "-m", MODEL, "--report", "json").returncode, 64)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_disk_is_said(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([CLI, "eval", "-m", MODEL], input=GOOD, stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"fewfit: cannot write: No space left", done.stderr)


if __name__ == "__main__":
    unittest.main()
