"""What inspect and verify say about the demonstration model."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from tool import LABELS, MODEL, ROOT, run


def convert(folder, *options, source=ROOT / "models/interviews"):
    """The demonstration model, or another, converted otherwise."""
    path = pathlib.Path(folder, "other.fewfit")
    command = [sys.executable, "-B", ROOT / "tools/fewfit_convert", source, "-o", path, *options]
    subprocess.run(list(map(str, command)), check=True, capture_output=True, timeout=600)
    return path


class Inspect(unittest.TestCase):
    def test_json(self):
        done = run("inspect", MODEL, "--format", "jsonl")
        self.assertEqual((done.returncode, done.stderr, done.stdout.count(b"\n")), (0, b"", 1))
        facts = json.loads(done.stdout)
        self.assertEqual(facts["labels"], LABELS)
        self.assertEqual((facts["hidden_size"], facts["num_hidden_layers"], facts["vocab_size"]), (384, 3, 30522))
        self.assertEqual((facts["pooling"], facts["hidden_act"], facts["linear_type"]), ("mean", "gelu", "f16"))
        self.assertEqual(facts["special_tokens"], ["[CLS]", "[SEP]"])
        self.assertEqual(facts["license"].lower(), "apache-2.0")

    def test_text_holds_the_same_facts(self):
        text = run("inspect", MODEL).stdout.decode()
        facts = json.loads(run("inspect", MODEL, "--format", "jsonl").stdout)
        self.assertEqual([line.split()[0] for line in text.splitlines() if line[0] != " "], list(facts))
        self.assertRegex(text, r"(?m)^labels +Нейтральный, Процесс, Результат$")


    def test_types_that_were_asked_for(self):
        for options, types in ((["--dtype", "bf16"], ("bf16", "f16")), (["--dtype", "i8"], ("i8", "i8")),
                               (["--dtype", "f32", "--embeddings", "i8"], ("f32", "i8"))):
            with tempfile.TemporaryDirectory() as folder:
                facts = json.loads(run("inspect", convert(folder, *options), "--format", "jsonl").stdout)
                self.assertEqual((facts["linear_type"], facts["embedding_type"]), types)


class Verify(unittest.TestCase):
    def test_the_demonstration_model_is_sound(self):
        done = run("verify", MODEL)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        match = re.fullmatch(r"structure  ok\nchecksums  ok\n"
                             r"self-test  (\d+) texts, 0 other labels, probabilities within (\S+)\n"
                             r"digest     [0-9a-f]{8}\n", done.stdout.decode())
        self.assertTrue(match, done.stdout)
        self.assertGreater(int(match[1]), 10)
        self.assertLess(float(match[2]), 1e-6)

    def test_answers_that_are_not_the_original_s(self):
        golden = json.loads((ROOT / "models/interviews/golden.json").read_text(encoding="utf-8"))
        probabilities = golden["texts"][3]["probabilities"]
        probabilities[0] += 2e-5 if probabilities[0] < 0.5 else -2e-5
        with tempfile.TemporaryDirectory() as folder:
            other = pathlib.Path(folder, "golden.json")
            other.write_text(json.dumps(golden), encoding="utf-8")
            done = run("verify", convert(folder, "--golden", other))
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"farther than 1e-5 from the original's\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
