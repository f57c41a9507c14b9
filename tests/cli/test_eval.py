"""What eval says of labelled texts: scikit-learn's figures and a calibration table."""

import functools
import json
import unittest

from tool import LABELS, MODEL, ROOT, ask_json, run

EVAL = json.loads((ROOT / "tests/cli/golden_eval.json").read_text(encoding="utf-8"))
PARITY = json.loads((ROOT / "tests/parity/golden/golden.json").read_text(encoding="utf-8"))["texts"]
SCORES = ("precision", "recall", "f1")


def examples_of(case):
    """(label, text) of each example."""
    return [(EVAL["labels"][true], PARITY[i]["text"]) for i, true in zip(case["texts"], case["true"])]


def as_tsv(examples):
    return "".join(f"{label}\t{text}\n" for label, text in examples).encode()


def as_jsonl(examples):
    return "".join(json.dumps({"id": 1, "text": text, "label": label}) + "\n" for label, text in examples).encode()


def report_of(stdin, *arguments, model=MODEL):
    """The report of a run that must succeed in silence."""
    done = run("eval", "--model", model, *arguments, stdin=stdin)
    assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
    return done.stdout.decode()


@functools.cache
def golden_report(name):
    """What eval says of a case of the golden file."""
    return json.loads(report_of(as_tsv(examples_of(EVAL["cases"][name])), "--report", "json"))


def numbers(report):
    """All that is compared with scikit-learn, in the shape of the golden file."""
    averages = {name: {**report[name], "support": None} for name in ("macro_avg", "weighted_avg")}
    return {"accuracy": report["accuracy"], "confusion_matrix": report["confusion_matrix"], **averages,
            "classes": {name: [c[name] for c in report["classes"]] for name in (*SCORES, "support")}}


def differences(mine, golden, path=""):
    """The paths where two nests of numbers are not within 1e-12 of each other."""
    if isinstance(golden, dict):
        return [d for key in golden.keys() | mine.keys() for d in differences(mine[key], golden[key], f"{path}.{key}")]
    if isinstance(golden, list):
        assert len(mine) == len(golden), path
        return [d for i, pair in enumerate(zip(mine, golden)) for d in differences(*pair, f"{path}[{i}]")]
    same = mine == golden if golden is None or isinstance(golden, int) else abs(mine - golden) <= 1e-12
    return [] if same else [path]


class Golden(unittest.TestCase):
    def test_equals_scikit_learn(self):
        for name, case in EVAL["cases"].items():
            report = golden_report(name)
            self.assertEqual(report["examples"], len(case["texts"]))
            self.assertEqual([c["label"] for c in report["classes"]], EVAL["labels"])
            golden = {key: case[key] for key in numbers(report)}
            self.assertEqual(differences(numbers(report), golden), [], name)

    def test_the_comparison_would_notice_swapped_classes(self):
        golden = {key: EVAL["cases"]["all"][key] for key in ("accuracy", "confusion_matrix", "classes")}
        for a, b in ((0, 1), (0, 2), (1, 2)):
            swapped = json.loads(json.dumps(golden))
            for values in swapped["classes"].values():
                values[a], values[b] = values[b], values[a]
            self.assertEqual(len(differences(swapped, golden)), 8)
        turned = {"confusion_matrix": list(map(list, zip(*golden["confusion_matrix"])))}
        self.assertTrue(differences(turned, {"confusion_matrix": golden["confusion_matrix"]}))

    def test_cases_hold_what_they_are_for(self):
        cases = EVAL["cases"]
        self.assertEqual(EVAL["labels"], LABELS)
        self.assertEqual(len(set(cases["all"]["classes"]["support"])), 3)
        self.assertIn(0, cases["never_true"]["classes"]["support"])
        self.assertIn(0, map(sum, zip(*cases["never_predicted"]["confusion_matrix"])))


class Calibration(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.case = EVAL["cases"]["all"]
        cls.report = golden_report("all")

    def test_equals_a_plain_computation(self):
        examples = examples_of(self.case)
        bins = [[] for _ in range(10)]
        for (label, _), answer in zip(examples, ask_json("predict", [{"text": text} for _, text in examples])):
            confidence = max(answer["probabilities"].values())
            chosen = sum(confidence > edge / 10 for edge in range(1, 10))
            bins[chosen].append((confidence, label == max(answer["probabilities"], key=answer["probabilities"].get)))
        error = 0
        for i, (mine, bin) in enumerate(zip(self.report["calibration"], bins, strict=True)):
            self.assertEqual((mine["from"], mine["to"], mine["examples"]), (i / 10, (i + 1) / 10, len(bin)))
            if not bin:
                self.assertEqual((mine["confidence"], mine["accuracy"]), (None, None))
                continue
            confidence, accuracy = (sum(column) / len(bin) for column in zip(*bin))
            self.assertAlmostEqual(mine["confidence"], confidence, delta=1e-12)
            self.assertAlmostEqual(mine["accuracy"], accuracy, delta=1e-12)
            error += len(bin) / len(examples) * abs(accuracy - confidence)
        self.assertAlmostEqual(self.report["expected_calibration_error"], error, delta=1e-12)

    def test_is_scikit_learn_s_curve_at_the_original_s_probabilities(self):
        filled = [bin for bin in self.report["calibration"] if bin["examples"]]
        curve = self.case["calibration_curve"]
        for bin, accuracy, confidence in zip(filled, curve["accuracy"], curve["confidence"], strict=True):
            self.assertAlmostEqual(bin["accuracy"], accuracy, delta=1e-12)
            self.assertAlmostEqual(bin["confidence"], confidence, delta=1e-6)


if __name__ == "__main__":
    unittest.main()
