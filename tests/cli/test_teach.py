"""What teach learns from labelled texts, says of them and writes, beside scikit-learn on the same vectors."""

import json
import os
import pathlib
import re
import select
import shutil
import subprocess
import tempfile
import time
import unittest

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneOut

from tool import CLI, LABELS, MODEL, ROOT, ask_json, run

TRAIN = [tuple(line.split("\t", 1)) for line in
         (ROOT / "models/interviews/train.tsv").read_text(encoding="utf-8").splitlines()]
# A slip of every kind of label, so that leaving out has something to find.
SLIPS = {3: "Результат", 30: "Нейтральный", 47: "Процесс"}
SLIPPED = [(SLIPS.get(i, label), text) for i, (label, text) in enumerate(TRAIN)]
# Beginnings of two answers in one, which are hard to tell: some answers are wrong, and the head is not sure of them.
MIXED = [("Результат" if i % 3 else "Процесс", " ".join(TRAIN[i][1].split()[:5] + TRAIN[i + 20][1].split()[:5]))
         for i in range(20)]


def as_tsv(examples):
    return "".join(f"{label}\t{text}\n" for label, text in examples).encode()


def vectors(examples):
    """What the model makes of the texts."""
    return np.array([a["embedding"] for a in ask_json("embed", [{"text": text} for _, text in examples])])


def original(examples, **options):
    """scikit-learn's fit, at its optimum."""
    fitted = LogisticRegression(tol=1e-12, max_iter=100000, **options)
    return fitted.fit(vectors(examples), [label for label, _ in examples])


class Taught(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp())
        self.head = self.folder / "head.fewfit"

    def tearDown(self):
        shutil.rmtree(self.folder)

    def teach(self, examples, *arguments):
        """The text report of a run that must succeed in silence."""
        done = run("teach", "-m", MODEL, "-o", self.head, *arguments, stdin=as_tsv(examples))
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return done.stdout.decode()

    def report(self, examples, *arguments):
        return json.loads(self.teach(examples, "--report", "json", *arguments))

    def probabilities(self, examples):
        """What the written head says, a row a text, labels in the order of their bytes."""
        answers = ask_json("predict", [{"text": text} for _, text in examples], "--head", self.head)
        return np.array([[a["probabilities"][label] for label in sorted(a["probabilities"])] for a in answers])

    def alone(self):
        """No file but the head is in the folder, or not even that."""
        return [p.name for p in self.folder.iterdir()]


class Learning(Taught):
    def equals_original(self, examples, *arguments, **options):
        self.teach(examples, *arguments)
        expected = original(examples, **options).predict_proba(vectors(TRAIN))
        np.testing.assert_allclose(self.probabilities(TRAIN), expected, atol=1e-5)

    def test_equals_scikit_learn(self):
        self.equals_original(TRAIN)

    def test_its_options_are_scikit_learn_s(self):
        some = SLIPPED[:30] + SLIPPED[40:45]
        self.equals_original(some, "--C", "0.01", C=0.01)
        self.equals_original(some, "--C", "0.01", "--balanced", C=0.01, class_weight="balanced")

    def test_two_labels(self):
        self.equals_original([e for e in SLIPPED if e[0] != LABELS[0]])

    def test_known_examples_count_with_the_new_ones(self):
        self.teach(SLIPPED[:40])
        self.equals_original_after(SLIPPED[40:], "--known", self.head)
        report = self.report(SLIPPED[:1], "--known", self.head)
        self.assertEqual(report["leave_one_out"]["examples"], len(SLIPPED) + 1)

    def equals_original_after(self, more, *arguments):
        self.teach(more, *arguments)
        np.testing.assert_allclose(self.probabilities(TRAIN), original(SLIPPED).predict_proba(vectors(TRAIN)),
                                   atol=1e-5)

    def test_jsonl_and_threads(self):
        self.teach(TRAIN)
        bytes_of_text = self.head.read_bytes()
        lines = "".join(json.dumps({"text": text, "label": label, "id": 1}) + "\n" for label, text in TRAIN).encode()
        done = run("teach", "-m", MODEL, "-o", self.head, "--format", "jsonl", "--threads", 2, stdin=lines)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(json.loads(done.stdout)), ["leave_one_out", "doubtful"])
        self.assertEqual(self.head.read_bytes(), bytes_of_text)

    def test_size(self):
        """K (S + 1) doubles, S floats an example, and what names and checksums take."""
        size, n, k = vectors(TRAIN).shape[1], len(TRAIN), 3
        self.teach(TRAIN)
        whole = self.head.stat().st_size
        self.assertTrue(0 < whole - (8 * k * (size + 1) + 4 * n * (size + 1)) < 2000, whole)
        self.teach(TRAIN, "--no-examples")
        self.assertTrue(0 < self.head.stat().st_size - 8 * k * (size + 1) < 2000)
        np.testing.assert_allclose(self.probabilities(TRAIN), original(TRAIN).predict_proba(vectors(TRAIN)), atol=1e-5)
        self.teach(TRAIN, "--keep-texts")
        self.assertIn(TRAIN[5][1].encode(), self.head.read_bytes())
        self.assertTrue(0 < self.head.stat().st_size - whole - sum(len(t.encode()) for _, t in TRAIN) < 2000)


class Report(Taught):
    def test_leaving_out_equals_refits(self):
        some = SLIPPED[::3] + [SLIPPED[47], SLIPPED[2]]
        report = self.report(some, "--C", "10")
        x, y = vectors(some), np.array([label for label, _ in some])
        held_out = np.zeros((len(y), 3))
        for rest, one in LeaveOneOut().split(x):
            fitted = LogisticRegression(C=10, tol=1e-10, max_iter=10000).fit(x[rest], y[rest])
            held_out[one] = fitted.predict_proba(x[one])
        truth = np.searchsorted(LABELS, y)
        said = held_out.argmax(axis=1)
        self.assertLess((said == truth).mean(), 1)
        self.assertAlmostEqual(report["leave_one_out"]["accuracy"], (said == truth).mean(), delta=1e-12)
        confusion = [[int(((truth == t) & (said == p)).sum()) for p in range(3)] for t in range(3)]
        self.assertEqual(report["leave_one_out"]["confusion_matrix"], confusion)
        own = held_out[np.arange(len(y)), truth]
        order = np.argsort(own, kind="stable")[:5]
        self.assertEqual([d["line"] for d in report["doubtful"]], [int(i) + 1 for i in order])
        for doubtful, i in zip(report["doubtful"], order):
            self.assertEqual((doubtful["label"], doubtful["text"]), some[i])
            self.assertAlmostEqual(doubtful["probability"], own[i], delta=1e-5)
            self.assertEqual(doubtful["instead"], LABELS[said[i]])
            self.assertAlmostEqual(doubtful["its_probability"], held_out[i].max(), delta=1e-5)

    def test_slips_come_first(self):
        text = self.teach(SLIPPED)
        doubtful = text[text.index("Most doubtful"):].splitlines()[1:6]
        self.assertEqual({int(line.split(":")[1]) - 1 for line in doubtful[:3]}, set(SLIPS))
        self.assertRegex(doubtful[0], r"^<stdin>:\d+: \w+ 0\.0\d{3}, but \w+ 0\.\d{4}: \S")
        self.assertTrue(any(re.search(r": .{60}\.\.\.$", line) for line in doubtful), doubtful)
        self.assertRegex(text, r"(?m)^accuracy  0\.9\d{3}$")
        self.assertIn("Leave-one-out", text)
        self.assertTrue(text.endswith(f"{self.head}: 3 labels, 56 examples\n"), text)

    def test_known_examples_are_named_as_such(self):
        self.teach(SLIPPED[:31], "--keep-texts")
        found = self.report(SLIPPED[31:], "--known", self.head, "--keep-texts")["doubtful"]
        self.assertEqual({d.get("known", 0) - 1 for d in found} & set(SLIPS), {3, 30})
        self.assertIn(47 - 31 + 1, [d.get("line") for d in found])
        self.assertIn(SLIPPED[3][1], [d["text"] for d in found])

    def test_a_text_that_was_not_kept_is_none(self):
        self.teach(SLIPPED[:31])
        found = self.report(SLIPPED[31:], "--known", self.head)["doubtful"]
        self.assertEqual({d["text"] is None for d in found if "known" in d}, {True})
        self.assertNotIn(None, [d["text"] for d in found if "line" in d])
        self.teach(SLIPPED[:31])
        self.assertIn(": (its text was not kept)\n", self.teach(SLIPPED[31:], "--known", self.head))

    def test_no_answer_to_count(self):
        some = [("rest", text) for _, text in TRAIN[:18]] + [("rare", text) for _, text in TRAIN[40:42]]
        said = self.teach(some, "--C", "0.0001", "--unknown", "rest", "--most-errors", "0.05", "--report", "none")
        self.assertEqual(said, "Every example was taken for none of the labels: there is no answer to count.\n")

    def test_a_threshold(self):
        some = ["--most-errors", "0.05"]
        report = self.report(TRAIN + MIXED, *some)
        self.assertTrue(0.5 < report["abstain_below"] < 1)
        self.assertTrue(0 < report["expected_error"] <= 0.05)
        self.assertGreater(1 - report["leave_one_out"]["accuracy"], 0.05)
        self.assertTrue(0.5 < report["expected_answers"] < 1)
        said = (f"A probability below {report['abstain_below']:.4f} is no answer: then "
                f"{100 * report['expected_answers']:.1f} % of texts get an answer, and "
                f"{100 * report['expected_error']:.1f} % of the answers are wrong.\n")
        self.assertIn(said, self.teach(TRAIN + MIXED, *some))
        self.assertEqual(self.teach(TRAIN + MIXED, *some, "--report", "none"), said)
        self.assertIn("no threshold is high enough", self.teach(SLIPPED, "--most-errors", "0.02"))
        self.assertIn("No probability is too low to count: 100.0 % of texts get an answer, and 0.0 % of", self.teach(TRAIN, "--most-errors", "0.02"))
        self.assertNotIn("abstain_below", self.report(TRAIN))

    def test_none_of_the_labels(self):
        self.assertNotIn("is no answer", self.teach(TRAIN + MIXED))
        some = ["--unknown", "Нейтральный", "--most-errors", "0.02"]
        report = self.report(TRAIN + MIXED, *some)
        self.assertEqual(report["unknown"], "Нейтральный")
        self.assertTrue(0 < report["abstain_below"] < 1)
        self.assertTrue(self.teach(TRAIN + MIXED, *some).endswith("\nНейтральный is no answer.\n"))
        texts = [{"text": text} for _, text in TRAIN + MIXED]
        plain = ask_json("predict", texts, "--head", self.head)
        answers = ask_json("predict", texts, "--head", self.head, "--abstain")
        silent = 0
        for answer, said in zip(answers, plain):
            best = said["label"]
            sure = said["probabilities"][best] >= report["abstain_below"]
            self.assertEqual(answer, {**said, "label": best if sure and best != "Нейтральный" else None})
            silent += best != "Нейтральный" and not sure
        self.assertTrue(0 < silent < len(TRAIN), silent)
        lines = "".join(f"{text}\n" for _, text in TRAIN + MIXED).encode()
        done = run("predict", "-m", MODEL, "--head", self.head, "--abstain", stdin=lines)
        said = [line.split("\t")[0] for line in done.stdout.decode().splitlines()]
        self.assertEqual(said, [a["label"] or "" for a in answers])

    def test_none_of_the_labels_is_one_of_them(self):
        done = run("teach", "-m", MODEL, "-o", self.head, "--unknown", "Нейтральный\x1b", stdin=as_tsv(TRAIN))
        self.assertEqual(done.returncode, 1)
        self.assertIn('<stdin>: no example has the label "Нейтральный<U+001B>" (--unknown)', done.stderr.decode())
        self.assertEqual(self.alone(), [])
        self.teach(TRAIN)
        done = run("predict", "-m", MODEL, "--head", self.head, "--abstain", stdin=b"text\n")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"was not taught when to say nothing", done.stderr)
        done = run("predict", "-m", MODEL, "--abstain", stdin=b"text\n")
        self.assertEqual(done.returncode, 64)
        self.assertIn(b"--abstain needs --head FILE", done.stderr)

    def test_no_report(self):
        self.teach(TRAIN)
        head = self.head.read_bytes()
        self.head.unlink()
        self.assertEqual(self.teach(TRAIN, "--report", "none"), "")
        self.assertEqual(self.head.read_bytes(), head)
        self.assertEqual(run("eval", "-m", MODEL, "--report", "none").returncode, 64)

    def test_nothing_of_a_text_is_obeyed(self):
        examples = TRAIN[:30] + [("Процесс", "\x1b[31mred\x07 \u202e" + "x" * 100), ("\x1b]0;a", "b")]
        text = self.teach(examples)
        for obeyed in "\x1b\x07\u202e":
            self.assertNotIn(obeyed, text)
        self.assertIn("<U+001B>", text)


class Writing(Taught):
    def fails(self, stdin, sentence, status, *arguments, place="<stdin>"):
        """A run that writes nothing: what had the head's name still has it."""
        for before in (None, b"what was there"):
            if before is not None:
                self.head.write_bytes(before)
            done = run("teach", "-m", MODEL, "-o", self.head, *arguments, stdin=stdin)
            message = done.stderr.decode()
            self.assertEqual((done.returncode, done.stdout), (status, b""), message)
            self.assertTrue(message.startswith(f"fewfit: {place}: "), message)
            self.assertIn(sentence, message)
            self.assertEqual(message.count("\n"), 1, message)
            self.assertEqual(self.alone(), ["head.fewfit"] if before else [])
            if before is not None:
                self.assertEqual(self.head.read_bytes(), before)
                self.head.unlink()

    def test_wrong_input(self):
        good = as_tsv(TRAIN[:2] + TRAIN[-2:])
        self.fails(b"", "no examples", 1)
        self.fails(as_tsv(TRAIN[:3]), "all examples have the same label", 1)
        self.fails(good + "Процесс\t\n".encode(), "no words", 2, place="<stdin>:5")
        self.fails(good + "Процесс\t \t \n".encode() + good, "no words", 2, place="<stdin>:5")
        self.fails(good + b"\ttext\n", "the label is empty", 2, place="<stdin>:5")
        self.fails(good + b"text\n", "no tab", 2, place="<stdin>:5")
        self.fails(good + b"\n", "the line is empty", 2, place="<stdin>:5")
        self.fails(good + b"a\xff\ttext\n", "the label is not UTF-8", 2, place="<stdin>:5")
        self.fails(good + b"a\ttext \xed\xa0\x80\n", "the text is not UTF-8", 2, place="<stdin>:5")
        self.fails(b"\xef\xbb\xbf" + good, "byte order mark", 2, place="<stdin>:1")
        self.fails(b'{"text":"a","label":"b"}\n{"text":"a"}\n', 'no "label"', 2, "--format", "jsonl", place="<stdin>:2")
        self.fails(b'{"text":"a","label":1}\n', '"label" is not a string', 2, "--format", "jsonl", place="<stdin>:1")

    def test_a_line_is_counted_over_all_batches(self):
        many = as_tsv((TRAIN * 6)[:299] + [("Процесс", " ")] + TRAIN)
        self.fails(many, "no words", 2, place="<stdin>:300")

    def test_wrong_heads(self):
        known = self.folder.parent / (self.folder.name + ".known")
        try:
            done = run("teach", "-m", MODEL, "-o", known, "--no-examples", stdin=as_tsv(TRAIN))
            self.assertEqual(done.returncode, 0)
            self.fails(as_tsv(TRAIN), "holds no examples", 1, "--known", known, place=known)
        finally:
            known.unlink(missing_ok=True)
        self.fails(as_tsv(TRAIN), "no file has this name", 1, "--known", known, place=known)

    def test_neither_model_nor_input_is_overwritten(self):
        model, text = self.folder / "model.fewfit", self.folder / "train.tsv"
        shutil.copy(MODEL, model)
        text.write_bytes(as_tsv(TRAIN))
        os.link(model, self.folder / "link")
        for output, sentence in ((model, "this is the model"), (self.folder / "link", "this is the model"),
                                 (self.folder / ".." / self.folder.name / "train.tsv", "this is the input")):
            done = run("teach", "-m", model, "-i", text, "-o", output)
            self.assertEqual(done.returncode, 64)
            self.assertIn(f"{output}: {sentence}", done.stderr.decode())
        self.assertEqual(text.read_bytes(), as_tsv(TRAIN))
        self.assertEqual(model.read_bytes(), pathlib.Path(MODEL).read_bytes())

    def test_where_nothing_can_be_written(self):
        for output, sentence in ((self.folder / "none" / "head", "No such file"), (self.folder, "not a file that can"),
                                 ("/dev/null", "not a file that can"), ("/proc/head", "")):
            done = run("teach", "-m", MODEL, "-o", output, stdin=as_tsv(TRAIN))
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertIn(f"fewfit: {output}: {sentence}", done.stderr.decode())
        self.assertEqual(self.alone(), [])

    def test_a_full_disk_leaves_what_was_there(self):
        """A limit on the size of files stands for the disk: the run fails in the middle of writing."""
        self.head.write_bytes(b"what was there")
        limited = ["sh", "-c", 'trap "" XFSZ; ulimit -f 16; exec "$0" "$@"', CLI]
        done = subprocess.run([*limited, "teach", "-m", MODEL, "-o", str(self.head)], input=as_tsv(TRAIN),
                              capture_output=True, timeout=600)
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(f"{self.head}: File too large", done.stderr.decode())
        self.assertEqual((self.alone(), self.head.read_bytes()), (["head.fewfit"], b"what was there"))

    def test_a_replaced_file_keeps_its_permissions_and_its_links(self):
        target = self.folder / "target"
        target.write_bytes(b"")
        target.chmod(0o600)
        self.head.symlink_to(target)
        self.teach(TRAIN)
        self.assertTrue(self.head.is_symlink())
        self.assertEqual(target.stat().st_mode & 0o777, 0o600)
        self.assertGreater(target.stat().st_size, 1000)

    def test_a_head_may_replace_the_one_it_knows(self):
        self.teach(TRAIN[:40])
        self.teach(TRAIN[40:], "--known", self.head)
        self.assertEqual(self.alone(), ["head.fewfit"])


STEPS = "Сначала мы собирали требования у каждого отдела"
GROWTH = "Выручка выросла вдвое"


class Live(Taught):
    def session(self, *lines, arguments=(), status=0):
        """What a session answers to lines, without the two that say what the keys are."""
        done = run("teach", "--live", "-m", MODEL, *arguments, stdin="".join(f"{line}\n" for line in lines).encode())
        self.assertEqual((done.returncode, done.stderr), (status, b""))
        answers = done.stdout.decode().splitlines()
        self.assertTrue(answers[0].startswith("Say a text. Then Enter"), answers)
        return [re.sub(r"in \d+\.\d ms", "in T ms", line) for line in answers[2:]]

    def test_a_recorded_session(self):
        """Two labels, one of them wrong at first, forgotten, learned again, saved."""
        answers = self.session(STEPS, "n", "steps", "", GROWTH, "n", "growth", "", "", "Мы собирали", "1", "2", "u", "2",
                               "", "s", "Выручка", "", "q", arguments=["-o", self.head])
        said = r"(\w+) 0\.\d{4}  "
        expected = [r"\? Nothing to choose from: it takes two labels\.", "learned in T ms: 1 examples, 1 labels",
                    r"\? Nothing.*", r"\? Nothing.*", "learned in T ms: 2 examples, 2 labels",
                    "growth 0.[6-9].*", "(growth|steps) 0.*", "learned in T ms: 3 examples, 2 labels", "growth 0.*",
                    "learned in T ms: 3 examples, 2 labels", "steps 0.*", "taken back in T ms: 3 examples, 2 labels",
                    "growth 0.*", "learned in T ms: 3 examples, 2 labels", "steps 0.*",
                    "saved: " + re.escape(str(self.head)), said + ".*"]
        self.assertEqual(len(answers), len(expected), answers)
        for answer, pattern in zip(answers, expected):
            self.assertRegex(answer, f"^{pattern}$")
        learned = [("steps", STEPS), ("growth", GROWTH), ("steps", "Мы собирали")]
        np.testing.assert_allclose(self.probabilities(TRAIN), original(learned).predict_proba(vectors(TRAIN)), atol=1e-5)
        self.assertEqual(self.alone(), ["head.fewfit"])

    def test_evidence_is_what_explain_says_of_the_head_by_occlusion(self):
        self.teach(TRAIN)
        text = "Мы увеличили выручку."
        answer = self.session(text, arguments=["--known", self.head])[0]
        words = re.findall(r"(\w+|\.)\[([+-]\d+\.\d\d)\]", answer)
        (explained,) = ask_json("explain", [{"text": text}], "--head", self.head, "--occlusion")
        self.assertEqual(answer.split()[:2], [explained["label"], f"{explained['probability']:.4f}"])
        expected = [(w["word"], f"{w['contribution']:+.2f}") for w in explained["evidence"]]
        self.assertEqual(words, [(word, number) for word, number in expected if abs(float(number)) > 0])
        self.assertGreaterEqual(len(words), 3)

    def test_the_same_text_again_is_relabelled(self):
        answers = self.session(STEPS, "n", "a", "", GROWTH, "n", "b", "", STEPS, "2", "q", "q", arguments=["-o", self.head])
        self.assertIn("learned in T ms: 2 examples, 1 labels", answers)
        self.assertEqual(sum("quits all the same" in answer for answer in answers), 1)
        self.assertEqual(answers[-2:], ["Not saved: 3 changes. s saves, q quits all the same.", "Not saved: 3 changes."])
        self.assertEqual(self.alone(), [])

    def test_another_label_is_taken_back_too(self):
        answers = self.session(STEPS, "n", "steps", "", GROWTH, "n", "growth", "", STEPS, "1", "u", "s", "q",
                               arguments=["-o", self.head])
        self.assertIn("taken back in T ms: 2 examples, 2 labels", answers)
        self.assertRegex(answers[-2], "^steps 0")
        both = [("steps", STEPS), ("growth", GROWTH)]
        np.testing.assert_allclose(self.probabilities(both), original(both).predict_proba(vectors(both)), atol=1e-5)

    def test_a_known_head_is_taught_as_it_was(self):
        self.teach(TRAIN, "--C", "10", "--balanced", "--keep-texts", "--most-errors", "0.05", "--unknown", "Нейтральный")
        facts = lambda: json.loads(run("inspect", MODEL, "--head", self.head, "--format", "jsonl").stdout)
        first = facts()
        self.assertEqual([first[key] for key in ("examples", "texts_kept", "C", "balanced", "most_errors", "unknown")],
                         [56, True, 10, True, 0.05, "Нейтральный"])
        self.session(MIXED[1][1], "1", "", "s", "q", arguments=["--known", self.head, "-o", self.head])
        after = facts()
        self.assertEqual(after["examples"], 57)
        for key in ("texts_kept", "C", "balanced", "most_errors", "unknown", "name"):
            self.assertEqual(after[key], first[key], key)
        self.assertIn(MIXED[1][1].encode(), self.head.read_bytes())
        self.teach(MIXED[2:3], "--known", self.head, "--no-texts", "--not-balanced", "--C", "1")
        after = facts()
        self.assertEqual([after[key] for key in ("examples", "texts_kept", "C", "balanced", "most_errors")],
                         [58, False, 1, False, 0.05])
        text = run("inspect", MODEL, "--head", self.head).stdout.decode()
        self.assertRegex(text, r"(?m)^labels +Нейтральный, Процесс, Результат\n")

    def test_undo_to_nothing(self):
        answers = self.session(STEPS, "n", "a", "n", "b", "u", "u", "n", "a", "", GROWTH, "n", "b", "u", "u", "u")
        kept = [a for a in answers if not a.startswith(("?", "learned", "a 0", "b 0"))]
        self.assertEqual(kept, ["taken back in T ms: 1 examples, 1 labels", "taken back in T ms: 0 examples, 0 labels",
                                "taken back in T ms: 1 examples, 1 labels", "taken back in T ms: 0 examples, 0 labels",
                                "There is nothing to take back."])

    def test_known_head_and_threshold(self):
        self.teach(TRAIN + MIXED, "--most-errors", "0.05")
        answers = self.session(MIXED[1][1], "1", "u", "s", "q", arguments=["--known", self.head])
        self.assertRegex(answers[1], r"^learned in T ms: 77 examples, 3 labels$")
        self.assertIn("There is no file to save to: begin with -o FILE.", answers)
        self.assertTrue(any(a.startswith("unsure: ") for a in
                            (self.session(text, arguments=["--known", self.head])[0] for _, text in MIXED[:6])))
        neutral = next(text for label, text in TRAIN if label == "Нейтральный")
        self.assertRegex(self.session(neutral, arguments=["--known", self.head])[0], "^Нейтральный 0.9")
        self.teach(TRAIN, "--unknown", "Нейтральный")
        self.assertRegex(self.session(neutral, arguments=["--known", self.head])[0], "^unsure: Нейтральный 0.9")

    def test_what_goes_wrong_is_said_and_the_session_goes_on(self):
        answers = self.session("", "   ", "n", "a", "", STEPS, "x", "7", "12", "n", "", "n", "a", "s", "q",
                               arguments=["-o", self.head])
        self.assertEqual(answers[1], "Not learned: a text to learn from has no words")
        self.assertEqual([a[:22] for a in answers[3:7]], ["There is no such key: "] * 3 + ["This is no label."])
        self.assertIn("There is no head to save: it takes two labels.", answers)
        done = run("teach", "--live", "-m", MODEL, stdin=b"a\xff\n")
        self.assertIn(b"The text is not UTF-8.", done.stdout)

    def test_nothing_of_a_text_is_obeyed(self):
        answers = self.session("\x1b[31mкрасный\x07", "n", "\x1b]0;a", "", GROWTH, "n", "b", "", "\x1b[31mкрасный\x07", "x", "q")
        for obeyed in "\x1b\x07":
            self.assertNotIn(obeyed, "".join(answers))
        self.assertIn("[1] <U+001B>]0;a", "".join(answers))

    def test_usage(self):
        for wrong in (["--C", "nan"], ["--C", "inf"], ["--C", "1x"], ["--most-errors", "nan"]):
            done = run("teach", "-m", MODEL, "-o", self.head, *wrong, stdin=as_tsv(TRAIN))
            self.assertEqual((done.returncode, done.stdout), (64, b""), wrong)
        for more in (["-i", "x"], ["--format", "jsonl"], ["--no-examples", "-o", self.head]):
            self.assertEqual(run("teach", "--live", "-m", MODEL, *more).returncode, 64, more)
        done = run("teach", "--live", "-m", MODEL, "-o", self.folder)
        self.assertEqual((done.returncode, done.stdout), (1, b""))

    @unittest.skipUnless(hasattr(os, "fork"), "no terminals of this kind here")
    def test_keys_on_a_terminal(self):
        """A key answers without Enter and is not shown; an arrow is no key; the terminal is as before afterwards."""
        import pty
        import termios
        main, end = pty.openpty()
        before = termios.tcgetattr(end)
        with subprocess.Popen([CLI, "teach", "--live", "-m", MODEL, "--color", "never"], stdin=end, stdout=end,
                              stderr=subprocess.STDOUT) as process:
            seen = b""

            def wait_for(text):
                nonlocal seen
                while text not in seen:
                    self.assertTrue(select.select([main], [], [], 60)[0], seen)
                    seen += os.read(main, 4096)
                seen = seen[seen.index(text) + len(text):]

            try:
                for waited, typed in ((b"> ", STEPS.encode() + b"\n"), (b"quit ", b"\x1b[3~"), (b"no such key", b""),
                                      (b"quit ", b""), (b"quit ", b"n"), (b"its label: ", b"a\n"), (b"1 labels", b""),
                                      (b"[1] a", b""), (b"quit ", b"\x03")):
                    wait_for(waited)
                    if typed:
                        time.sleep(0.1)  # the prompt is written before the terminal is told to hand over keys
                        os.write(main, typed)
                self.assertEqual(process.wait(60), 0)
                self.assertEqual(termios.tcgetattr(end), before)
            finally:
                process.kill()
                os.close(main)
                os.close(end)


class Usage(unittest.TestCase):
    def test_each_kind(self):
        for arguments in ([], ["-o", "x", "--C", "0"], ["-o", "x", "--C", "-1"], ["-o", "x", "--most-errors", "2"],
                          ["-o", "x", "--keep-texts", "--no-examples"], ["-o", "x", "--report", "html"]):
            done = run("teach", "-m", MODEL, *arguments, stdin=as_tsv(TRAIN))
            self.assertEqual((done.returncode, done.stdout), (64, b""), arguments)


if __name__ == "__main__":
    unittest.main()
