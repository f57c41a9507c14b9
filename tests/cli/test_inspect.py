"""What inspect and verify say about the demonstration model."""

import json
import re
import unittest

from tool import LABELS, MODEL, run


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


if __name__ == "__main__":
    unittest.main()
