"""What predict, embed and tokenize answer, in both formats."""

import json
import struct
import unittest

from tool import GOLDEN, LABELS, ROOT, ask, ask_json

# Texts that fit on a line; each is asked in both formats.
ONE_LINE = [g for g in GOLDEN if not set(g["text"]) & {"\n", "\r"}]


def as_lines(texts):
    return "".join(text + "\n" for text in texts).encode("utf-8", "surrogatepass")


class Predict(unittest.TestCase):
    def test_json_is_the_original_s_answer(self):
        for golden, answer in zip(GOLDEN, ask_json("predict", [{"text": g["text"]} for g in GOLDEN])):
            self.assertEqual(list(answer), ["text", "label", "probabilities", "tokens", "truncated"])
            self.assertEqual(list(answer["probabilities"]), LABELS)
            self.assertEqual(answer["label"], golden["label"])
            self.assertEqual((answer["tokens"], answer["truncated"]), (golden["tokens"], golden["truncated"]))
            for mine, original in zip(answer["probabilities"].values(), golden["probabilities"]):
                self.assertAlmostEqual(mine, original, delta=1e-6)

    def test_text_is_label_tab_probability_and_the_same_numbers(self):
        lines = ask("predict", as_lines(g["text"] for g in ONE_LINE)).decode().split("\n")
        self.assertEqual(lines.pop(), "")
        answers = ask_json("predict", [{"text": g["text"]} for g in ONE_LINE])
        self.assertEqual(len(lines), len(answers))
        for line, answer in zip(lines, answers):
            label, probability = line.split("\t")
            self.assertEqual(label, answer["label"])
            self.assertEqual(float(probability), max(answer["probabilities"].values()))

    def test_probabilities_sum_to_one(self):
        for answer in ask_json("predict", [{"text": g["text"]} for g in GOLDEN]):
            self.assertAlmostEqual(sum(answer["probabilities"].values()), 1, delta=1e-14)


class Tokenize(unittest.TestCase):
    def test_json_is_the_original_s_ids(self):
        for golden, answer in zip(GOLDEN, ask_json("tokenize", [{"text": g["text"]} for g in GOLDEN])):
            self.assertEqual(list(answer), ["text", "ids", "tokens", "truncated"])
            self.assertEqual(answer["ids"], golden["ids"])
            self.assertEqual(answer["tokens"], len(golden["ids"]))
            self.assertEqual(answer["truncated"], golden["truncated"])

    def test_text_is_ids_and_spaces(self):
        lines = ask("tokenize", as_lines(g["text"] for g in ONE_LINE)).decode().splitlines()
        self.assertEqual(lines, [" ".join(map(str, g["ids"])) for g in ONE_LINE])

    def test_special_tokens_can_be_left_out(self):
        full, bare = (ask("tokenize", b"one text\n\n", *flags).decode().split("\n") for flags in ((), ("--no-special-tokens",)))
        self.assertEqual(full[0].split()[1:-1], bare[0].split())
        self.assertEqual(bare[1], "")

    def test_offsets_are_bytes_of_the_text(self):
        text = "Мы сде́лали это! [SEP] ok"
        (answer,) = ask_json("tokenize", [{"text": text}], "--offsets")
        self.assertEqual(list(answer), ["text", "ids", "offsets", "tokens", "truncated"])
        self.assertEqual(len(answer["offsets"]), len(answer["ids"]))
        self.assertEqual((answer["offsets"][0], answer["offsets"][-1]), ([0, 0], [0, 0]))
        parts = [text.encode()[begin:end].decode() for begin, end in answer["offsets"][1:-1]]
        self.assertEqual("".join(parts), text.replace(" ", "").replace("\u0301", ""))
        self.assertEqual(parts[-3:], ["!", "[SEP]", "ok"])

    def test_truncation_can_be_left_out(self):
        long = b"word " * 200
        self.assertEqual(len(ask("tokenize", long).split()), 128)
        self.assertEqual(len(ask("tokenize", long, "--no-truncation").split()), 202)


class Embed(unittest.TestCase):
    def test_numbers_survive_the_round_trip(self):
        texts = [{"text": "one text"}, {"text": "За год мы увеличили выручку."}]
        for answer in ask_json("embed", texts):
            self.assertEqual(list(answer), ["text", "embedding", "tokens", "truncated"])
            self.assertEqual(len(answer["embedding"]), 384)
            for number in answer["embedding"]:
                single = struct.unpack("f", struct.pack("f", number))[0]
                # Shortest, so the decimal is not the float's value exactly; but it is no other float's.
                self.assertLess(abs(single - number), 2e-8 * max(abs(number), 1e-30) * 4)

    def test_text_and_json_hold_the_same_digits(self):
        in_text = ask("embed", b"one text\n").decode().rstrip("\n").split(" ")
        line = ask("embed", b'{"text":"one text"}\n', "--format", "jsonl").decode()
        self.assertEqual(line[line.index("[") + 1 : line.index("]")].split(","), in_text)


class Sameness(unittest.TestCase):
    """Neither the batch nor the threads change a byte."""

    def test_batches_and_threads(self):
        texts = [line.split("\t")[1] for line in
                 (ROOT / "models/interviews/train.tsv").read_text(encoding="utf-8").splitlines()]
        lines = as_lines(texts + ["", "x"])
        for command in ("predict", "embed", "tokenize"):
            once = ask(command, lines)
            self.assertEqual(once.count(b"\n"), len(texts) + 2)
            for flags in (["--batch-size", 1], ["--batch-size", 7], ["--threads", 2], ["--batch-size", 64, "--threads", 3]):
                self.assertEqual(ask(command, lines, *flags), once, (command, flags))


class Lines(unittest.TestCase):
    def test_a_json_line_comes_back_byte_for_byte(self):
        for line in (b'{"text":"a"}', b'  {"id" : 1e2 ,"text": "\\u0061" }  ', b'{"x":{"text":1,"label":{}},"text":"a"}\r',
                     b'{"text":"}","y":[{"tokens":1}]}\t', '{"text":"é😀","я":"\\ud83d\\ude00"}'.encode(),
                     b'{"text":"a\\u0000b"}', b'{"n":12345678901234567890123,"text":""}'):
            got = ask("predict", line + b"\n", "--format", "jsonl")
            head, tail = line[: line.rindex(b"}")], line[line.rindex(b"}") :]
            self.assertTrue(got.startswith(head + b',"label":'), got)
            self.assertTrue(got.endswith(tail + b"\n"), got)
            self.assertEqual(set(json.loads(got)) - set(json.loads(line)), {"label", "probabilities", "tokens", "truncated"})

    def test_keys_of_other_commands_may_be_there(self):
        line = ask("predict", b'{"text":"a","embedding":1,"ids":2}\n', "--format", "jsonl")
        self.assertIn(b'"label"', line)

    def test_the_last_line_needs_no_newline(self):
        self.assertEqual(ask("predict", b"a\nb"), ask("predict", b"a\nb\n"))
        self.assertEqual(ask("predict", b""), b"")

    def test_an_empty_line_is_an_empty_text(self):
        self.assertEqual(ask("tokenize", b"\n\na"), b"101 102\n101 102\n" + ask("tokenize", b"a"))

    def test_crlf_ends_a_line_of_text(self):
        self.assertEqual(ask("predict", b"one\r\ntwo\r\n"), ask("predict", b"one\ntwo\n"))

    def test_any_bytes_are_a_text(self):
        for text in (b"\x00", b"a\x00b", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f\x98", bytes(set(range(256)) - {10})):
            self.assertEqual(ask("predict", text + b"\n").count(b"\n"), 1)
        self.assertNotEqual(ask("tokenize", b"a\x00b c"), ask("tokenize", b"a"))


if __name__ == "__main__":
    unittest.main()
