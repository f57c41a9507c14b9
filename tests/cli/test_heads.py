"""Heads with files of their own, heads for several labels, and files without a head, as predict and eval ask them."""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier

from tool import GOLDEN, MODEL, ROOT, ask_json, run

TEXTS = [{"text": g["text"]} for g in GOLDEN[:8]]


def convert(source, path, *options):
    """A conversion that must succeed."""
    command = [sys.executable, "-B", ROOT / "tools/fewfit_convert", source, "-o", path, *options]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=600)


def vectors():
    """What the model makes of the texts."""
    return np.array([answer["embedding"] for answer in ask_json("embed", TEXTS)])


class Heads(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.source = cls.folder / "source"
        shutil.copytree(ROOT / "models/interviews", cls.source)
        (cls.source / "golden.json").unlink()
        cls.vectors = vectors()

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def head(self, name, classifier, labels):
        """A head file for the demonstration model."""
        joblib.dump(classifier, self.source / "model_head.pkl")
        (self.source / "config_setfit.json").write_text(json.dumps({"labels": labels}), encoding="utf-8")
        path = self.folder / name
        convert(self.source, path, "--head-for", MODEL)
        self.assertLess(path.stat().st_size, 20000)
        return path

    def several(self, classifier, name):
        """A head for three labels a text, beside its original."""
        rng = np.random.default_rng(5)
        rows = rng.integers(0, 2, (len(TEXTS), 3))
        rows[0], rows[1] = 1, 0
        return classifier.fit(self.vectors, rows), self.head(name, classifier, ["one", "two", "three"])

    def check_several(self, classifier, name, yes):
        original, path = self.several(classifier, name)
        answers = ask_json("predict", TEXTS, "--head", path)
        decisions, probabilities = original.predict(self.vectors), yes(original.predict_proba(self.vectors))
        for answer, row, expected in zip(answers, decisions, probabilities):
            self.assertEqual(list(answer), ["text", "labels", "probabilities", "tokens", "truncated"])
            self.assertEqual(answer["labels"], [l for l, on in zip(["one", "two", "three"], row) if on])
            np.testing.assert_allclose(list(answer["probabilities"].values()), expected, atol=1e-6)
        lines = run("predict", "--model", MODEL, "--head", path, stdin=b"one line\n").stdout.decode()
        self.assertRegex(lines, r"^[a-z,]*\t[0-9.,e-]*\n$")

    def test_a_chain(self):
        self.check_several(ClassifierChain(LogisticRegression(C=5), order=[2, 0, 1]), "chain", lambda p: p)

    def test_pairs(self):
        self.check_several(MultiOutputClassifier(LogisticRegression(C=5)), "pairs",
                           lambda p: np.stack(p, axis=1)[:, :, 1])

    def test_one_label_another_head(self):
        labels = ["short", "long"]
        truth = np.array([labels[len(t["text"]) > 60] for t in TEXTS])
        truth[0], truth[1] = labels
        path = self.head("length", LogisticRegression(C=100).fit(self.vectors, truth), None)
        own = ask_json("predict", TEXTS)
        for answer, expected in zip(ask_json("predict", TEXTS, "--head", path), truth):
            self.assertEqual(answer["label"], expected)
            self.assertEqual(sorted(answer["probabilities"]), sorted(labels))
        self.assertEqual(ask_json("predict", TEXTS), own)
        lines = "".join(f"{label}\t{t['text']}\n" for label, t in zip(truth, TEXTS) if "\n" not in t["text"]).encode()
        done = run("eval", "--model", MODEL, "--head", path, "--report", "json", stdin=lines)
        self.assertEqual((done.returncode, json.loads(done.stdout)["accuracy"]), (0, 1))

    def test_eval_does_not_count_several_labels(self):
        _, path = self.several(ClassifierChain(LogisticRegression()), "chain2")
        done = run("eval", "--model", MODEL, "--head", path, stdin=b"one\ttext\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"several labels", done.stderr)

    def test_a_body_alone(self):
        path = self.folder / "body.fewfit"
        (self.source / "model_head.pkl").unlink(missing_ok=True)
        convert(self.source, path, "--body-only")
        done = run("predict", "--model", path, stdin=b"text\n")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"--head FILE", done.stderr)
        done = run("embed", "--model", path, stdin=(TEXTS[0]["text"] + "\n").encode())
        np.testing.assert_array_equal(np.array(done.stdout.split(), float), self.vectors[0])

    def test_the_wrong_file(self):
        done = run("predict", "--model", MODEL, "--head", MODEL, stdin=b"text\n")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(str(MODEL).encode(), done.stderr)
        done = run("predict", "--model", MODEL, "--head", self.folder / "absent", stdin=b"text\n")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"absent: no file has this name", done.stderr)


if __name__ == "__main__":
    unittest.main()
