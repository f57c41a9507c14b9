"""explain: parts that sum to the logit, words in colours, a page; and texts that would like to be more than text."""

import html.parser
import json
import math
import os
import pty
import pathlib
import re
import struct
import subprocess
import tempfile
import unicodedata
import unittest

from tool import CLI, GOLDEN, LABELS, MODEL, ROOT, ask, ask_json, run

KEYS = ["text", "label", "probability", "logit", "intercept", "rest", "exact", "evidence", "tokens", "truncated"]
TEXT = "За год мы увеличили выручку на 34 %."
SGR = re.compile(r"\x1b\[38;5;16;48;5;(\d+)m(.*?)\x1b\[0m")
NUMBER = re.compile(r"\[[+-]\d+\.\d\d\]")
COLOURS = {194, 157, 120, 83, 224, 217, 210, 203}
HOSTILE = ["<script>alert(1)</script>", "</p></article><img src=x onerror=alert(1)>", "\"><mark class='f4' onclick=x>", "&lt;b&gt; & &amp;",
           "<!-- x", "]]>", "<style>*{display:none}</style>", "javascript:alert(1)", "{{x}} ${x} <%= x %>"]
OBEYED = [chr(c) for c in [*range(32), *range(127, 160)] if c not in (10, 13)] + list("\u061c\u200b\u200e\u200f\u2028\u2029\u202a\u202d\u202e\u2066\u2069\ufeff\u00ad")


def lines(*texts):
    return "".join(text + "\n" for text in texts).encode()


def explained(*texts, arguments=(), command="explain"):
    return ask_json(command, [{"text": text} for text in texts], *arguments)


def fields(text, *arguments, **options):
    """The three fields of a line of text."""
    done = run("explain", "-m", MODEL, *arguments, stdin=text if isinstance(text, bytes) else lines(text), **options)
    assert (done.returncode, done.stderr) == (0, b""), done
    assert done.stdout.count(b"\n") == 1, done.stdout
    return done.stdout.decode().rstrip("\n").split("\t")


def on_a_terminal(text, *arguments, **environment):
    """What arrives at a terminal."""
    ours, theirs = pty.openpty()
    with tempfile.TemporaryFile() as given:
        given.write(lines(text))
        given.seek(0)
        inherited = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "TERM")}
        done = subprocess.run([CLI, "explain", "-m", MODEL, *arguments], stdin=given, stdout=theirs, stderr=subprocess.PIPE,
                              env=inherited | {"TERM": "xterm"} | environment, timeout=60)
    os.close(theirs)
    out = os.read(ours, 1 << 16).decode()
    os.close(ours)
    assert (done.returncode, done.stderr) == (0, b""), done
    return out.replace("\r\n", "\n")


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def small_model(folder, change):
    """A file of the small model with other sections, as docs/model_file.md has them: `change` gets {type: bytes}."""
    whole = (ROOT / "tests/data/version_2.fewfit").read_bytes()
    (count,) = struct.unpack_from("<I", whole, 28)
    at, sections = 64 + -(-count * 16 // 64) * 64, []
    for i in range(count):
        kind, _, size = struct.unpack_from("<IIQ", whole, 64 + 16 * i)
        sections.append((kind, whole[at : at + size]))
        at += -(-size // 64) * 64
    sections = [(kind, body) for kind, body in ((kind, change(kind, body)) for kind, body in sections) if body is not None]
    padded = [body + bytes(-len(body) % 64) for _, body in sections]
    directory = b"".join(struct.pack("<IIQ", kind, crc32c(p), len(body)) for (kind, body), p in zip(sections, padded))
    directory += bytes(-len(directory) % 64)
    start = bytearray(whole[:60])
    struct.pack_into("<Q", start, 16, 64 + len(directory) + sum(map(len, padded)))
    struct.pack_into("<I", start, 28, len(sections))
    path = pathlib.Path(folder, "small.fewfit")
    path.write_bytes(start + struct.pack("<I", crc32c(start + directory)) + directory + b"".join(padded))
    return path


class Json(unittest.TestCase):
    def test_label_and_probability_are_predict_s(self):
        texts = [g["text"] for g in GOLDEN]
        for mine, its in zip(explained(*texts), explained(*texts, command="predict")):
            self.assertEqual(list(mine), KEYS)
            self.assertEqual((mine["label"], mine["tokens"], mine["truncated"]), (its["label"], its["tokens"], its["truncated"]))
            self.assertEqual(mine["probability"], its["probabilities"][mine["label"]])

    def test_the_parts_sum_to_the_logit_and_the_logits_make_the_probability(self):
        texts = [g["text"] for g in GOLDEN]
        by_label = [explained(*texts, arguments=("--label", label)) for label in LABELS]
        for answers in zip(*by_label):
            weights = [math.exp(a["logit"]) for a in answers]
            for label, answer, weight in zip(LABELS, answers, weights):
                self.assertEqual(answer["label"], label)
                self.assertIs(answer["exact"], True)
                total = answer["intercept"] + answer["rest"] + sum(w["contribution"] for w in answer["evidence"])
                self.assertAlmostEqual(total, answer["logit"], delta=1e-6)
                self.assertAlmostEqual(weight / sum(weights), answer["probability"], delta=1e-12)

    def test_words_are_the_tokenizer_s(self):
        texts = [g["text"] for g in GOLDEN if "\u0301" not in g["text"]] + ["Doing well, thank-you", "x [SEP] y"]
        for text, answer, tokens in zip(texts, explained(*texts), explained(*texts, arguments=("--offsets",), command="tokenize")):
            covered = {i for begin, end in tokens["offsets"] for i in range(begin, end)}
            self.assertEqual({i for w in answer["evidence"] for i in range(w["start"], w["end"])}, covered)
            for word in answer["evidence"]:
                self.assertEqual(text.encode()[word["start"] : word["end"]].decode(), word["word"])
        words = [w["word"] for w in explained("Doing  well, thank-you [SEP]!")[0]["evidence"]]
        self.assertEqual(words, ["Doing", "well", ",", "thank", "-", "you", "[SEP]", "!"])

    def test_occlusion_is_what_the_logit_loses_without_the_word(self):
        for label in LABELS[1:]:
            (answer,) = explained(TEXT, arguments=("--occlusion", "--label", label))
            self.assertIs(answer["exact"], False)
            changed = [TEXT.encode()[: w["start"]].decode() + " " + TEXT.encode()[w["end"] :].decode() for w in answer["evidence"]]
            for word, other in zip(answer["evidence"], explained(*changed, arguments=("--label", label))):
                self.assertEqual(word["contribution"], answer["logit"] - other["logit"])
        page = ask("explain", lines(TEXT), "--format", "html", "--occlusion").decode()
        self.assertIn(", each what the logit loses without it + rest", page)

    def test_a_line_comes_back_and_own_keys_are_defended(self):
        got = ask("explain", b' {"id" : 1e2 ,"text": "\\u0061" } \n', "--format", "jsonl")
        self.assertTrue(got.startswith(b' {"id" : 1e2 ,"text": "\\u0061" ,"label":'), got)
        for key in KEYS[1:]:
            done = run("explain", "-m", MODEL, "--format", "jsonl", stdin=b'{"text":"a","%s":0}' % key.encode())
            self.assertEqual(done.returncode, 2)
            self.assertIn(f'already has "{key}"', done.stderr.decode())


class Text(unittest.TestCase):
    def test_without_colours_numbers_stand_behind_words(self):
        label, probability, marked = fields(TEXT)
        (answer,) = explained(TEXT)
        self.assertEqual((label, float(probability)), (answer["label"], answer["probability"]))
        self.assertEqual(NUMBER.sub("", marked), TEXT)
        for word in answer["evidence"]:
            self.assertIn("{}[{:+.2f}]".format(word["word"], word["contribution"]), marked)
        _, _, against = fields(TEXT, "--label", LABELS[1])
        self.assertRegex(against, r"увеличили\[-\d")

    def test_colours_when_asked(self):
        for label in LABELS:
            _, _, marked = fields(TEXT, "--color", "always", "--label", label)
            (answer,) = explained(TEXT, arguments=("--label", label))
            self.assertEqual(SGR.sub(r"\2", marked), TEXT)
            largest = max(abs(w["contribution"]) for w in answer["evidence"])
            greens, reds = [0, 194, 157, 120, 83], [0, 224, 217, 210, 203]
            expected = []
            for w in answer["evidence"]:
                level = int(abs(w["contribution"]) / largest * 4 + 0.5)
                if level:
                    expected.append(((greens if w["contribution"] > 0 else reds)[level], w["word"]))
            self.assertEqual([(int(c), word) for c, word in SGR.findall(marked)], expected)
            self.assertIn(4, [(greens if c in greens else reds).index(c) for c, _ in expected])

    def test_colours_on_a_terminal_unless_told_otherwise(self):
        coloured = fields(TEXT, "--color", "always")[2]
        plain = fields(TEXT, "--color", "never")[2]
        self.assertNotIn("\x1b", plain)
        self.assertEqual(fields(TEXT)[2], plain)  # a pipe
        for environment, arguments, expected in (({}, [], coloured), ({"NO_COLOR": ""}, [], coloured), ({"NO_COLOR": "1"}, [], plain),
                                                 ({"TERM": "dumb"}, [], plain), ({}, ["--color", "never"], plain),
                                                 ({"NO_COLOR": "1"}, ["--color", "always"], coloured)):
            got = on_a_terminal(TEXT, *arguments, **environment)
            self.assertEqual(got.rstrip("\n").split("\t")[2], expected, (environment, arguments))
        self.assertNotIn("\x1b", on_a_terminal(TEXT, "--format", "html"))

    def test_empty_lines_are_texts(self):
        out = ask("explain", b"\n\n a \n").decode().split("\n")
        self.assertEqual([line.count("\t") for line in out], [2, 2, 2, 0])
        self.assertEqual(out[0], out[1])
        self.assertTrue(out[0].endswith("\t"))
        self.assertEqual(NUMBER.sub("", out[2].split("\t")[2]), " a ")
        self.assertEqual(ask("explain", b""), b"")

    def test_batches_and_threads_change_no_byte(self):
        texts = lines(*(g["text"] for g in GOLDEN if not set(g["text"]) & {"\n", "\r"}), "", "x")
        for how in ([], ["--format", "html"]):
            once = ask("explain", texts, *how)
            for flags in (["--batch-size", 1], ["--batch-size", 7], ["--threads", 2], ["--batch-size", 64, "--threads", 3]):
                self.assertEqual(ask("explain", texts, *how, *flags), once, (how, flags))


class Hostile(unittest.TestCase):
    def test_what_a_terminal_obeys_does_not_reach_it(self):
        for colours in ("always", "never"):
            for c in OBEYED:
                marked = "\t".join(fields(f"good {c}[31mbad{c} word", "--color", colours)[2:])
                marked = SGR.sub(r"\2", marked) if colours == "always" else NUMBER.sub("", marked)
                self.assertEqual(marked, "good <U+{0:04X}>[31mbad<U+{0:04X}> word".format(ord(c)))
        self.assertEqual(fields("a\u200db\u200c", "--color", "always")[2].count("<U+"), 0)  # joiners are letters' own

    def test_every_byte_at_once(self):
        everything = bytes(b for b in range(256) if b != 10)
        for how in (["--color", "always"], ["--color", "never"], ["--format", "html"]):
            out = ask("explain", everything + b"\n", *how).decode("utf-8", "strict")
            rest = SGR.sub(r"\2", out).replace("\n", "").replace("\t", "")
            self.assertEqual([c for c in rest if unicodedata.category(c) in ("Cc", "Cf", "Cs")], [], how)

    def test_what_is_no_utf_8_is_shown_as_such(self):
        for bad in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf0\x9f\x98", b"\xc0\xaf", b"\xf5\x80\x80\x80"):
            marked = NUMBER.sub("", fields(b"good " + bad + b" day\n")[2])
            self.assertRegex(marked, "^good \ufffd{1,4} day$")


class OtherModels(unittest.TestCase):
    def explained(self, change, *arguments, stdin=b"good bad day\n"):
        with tempfile.TemporaryDirectory() as folder:
            return run("explain", "-m", small_model(folder, change), *arguments, stdin=stdin)

    def test_a_model_without_shares(self):
        cls = lambda kind, body: body[:32] + struct.pack("<I", 2) + body[36:] if kind == 1 else body
        given = b'{"text":"good bad day"}\n'
        with tempfile.TemporaryDirectory() as folder:
            path = small_model(folder, cls)
            found, asked = (json.loads(run("explain", "-m", path, "--format", "jsonl", *flag, stdin=given).stdout)
                            for flag in ([], ["--occlusion"]))
        self.assertIs(found["exact"], False)
        self.assertEqual(found, asked)
        self.assertNotEqual(found["evidence"], json.loads(self.explained(lambda kind, body: body, "--format", "jsonl", stdin=given).stdout)["evidence"])

    def test_labels_are_no_more_obeyed_than_texts(self):
        for label, shown, escaped in ((b"\x1b[1mx", "<U+001B>[1mx", "&lt;U+001B&gt;[1mx"), (b"<b>&'", "<b>&'", "&lt;b&gt;&amp;&#39;")):
            change = lambda kind, body: body.replace(b"minus", label) if kind == 9 else body
            done = self.explained(change, "--label", label.decode())
            self.assertEqual((done.returncode, done.stdout.decode().split("\t")[0]), (0, shown))
            done = self.explained(change, "--label", label.decode(), "--format", "html")
            self.assertIn(f"<bdi>{escaped}</bdi>", done.stdout.decode())

    def test_a_model_without_a_head(self):
        for arguments in ([], ["--label", "plus"], ["--format", "html"]):
            done = self.explained(lambda kind, body: None if kind in (9, 11) else body, *arguments)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertRegex(done.stderr.decode(), "^fewfit: .*small.fewfit: .*head.*\n$")


class OtherHeads(unittest.TestCase):
    """A head that has been taught, with labels of its own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.head = pathlib.Path(cls.folder.name, "head.fewfit")
        examples = [line.split("\t", 1) for line in (ROOT / "models/interviews/train.tsv").read_text(encoding="utf-8").splitlines()]
        cls.labels = ["deeds", "numbers", "the rest", "years"]
        kinds = {LABELS[0]: "the rest", LABELS[1]: "deeds", LABELS[2]: "numbers"}
        cls.teach(MODEL, cls.head, "".join(f"{'years' if 'год' in text else kinds[label]}\t{text}\n" for label, text in examples))

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def teach(cls, model, head, examples):
        done = run("teach", "-m", model, "-o", head, "--report", "none", stdin=examples.encode())
        assert (done.returncode, done.stderr) == (0, b""), done

    def with_head(self, *texts, arguments=(), command="explain"):
        return explained(*texts, arguments=("--head", self.head, *arguments), command=command)

    def test_the_parts_sum_to_a_logit_and_the_logits_make_its_probabilities(self):
        texts = [g["text"] for g in GOLDEN[:40]] + [""]
        by_label = [self.with_head(*texts, arguments=("--label", label)) for label in self.labels]
        for answers, unasked, predicted in zip(zip(*by_label), self.with_head(*texts), self.with_head(*texts, command="predict")):
            self.assertEqual((unasked["label"], list(unasked)), (predicted["label"], KEYS))
            weights = [math.exp(a["logit"]) for a in answers]
            for label, answer, weight in zip(self.labels, answers, weights):
                self.assertEqual((answer["label"], answer["exact"]), (label, True))
                self.assertEqual(answer["probability"], predicted["probabilities"][label])
                total = answer["intercept"] + answer["rest"] + sum(w["contribution"] for w in answer["evidence"])
                self.assertAlmostEqual(total, answer["logit"], delta=1e-5)
                self.assertAlmostEqual(weight / sum(weights), answer["probability"], delta=1e-12)

    def test_occlusion_is_what_its_logit_loses_without_the_word(self):
        for label in self.labels[1:3]:
            (answer,) = self.with_head(TEXT, arguments=("--occlusion", "--label", label))
            changed = [TEXT.encode()[: w["start"]].decode() + " " + TEXT.encode()[w["end"] :].decode() for w in answer["evidence"]]
            for word, other in zip(answer["evidence"], self.with_head(*changed, arguments=("--label", label))):
                self.assertEqual(word["contribution"], answer["logit"] - other["logit"])

    def test_lines_and_pages(self):
        (answer,) = self.with_head(TEXT)
        label, probability, marked = fields(TEXT, "--head", self.head)
        self.assertIn(label, self.labels)
        self.assertEqual((label, float(probability)), (answer["label"], answer["probability"]))
        for word in answer["evidence"]:
            self.assertIn("{}[{:+.2f}]".format(word["word"], word["contribution"]), marked)
        raw = ask("explain", lines(TEXT), "--format", "html", "--head", self.head).decode()
        self.assertEqual(page(raw).headings[0], f"{answer['label']} {answer['probability']:.4f}")

    def test_a_label_is_the_head_s(self):
        done = run("explain", "-m", MODEL, "--head", self.head, "--label", LABELS[0], stdin=b"a\n")
        self.assertEqual((done.returncode, done.stdout), (64, b""))
        self.assertIn('the labels are "deeds", "numbers", "the rest", "years"\n', done.stderr.decode())

    def test_a_body_alone_and_another_body(self):
        with tempfile.TemporaryDirectory() as folder:
            body = small_model(folder, lambda kind, content: None if kind in (9, 11) else content)
            head = pathlib.Path(folder, "small_head.fewfit")
            self.teach(body, head, "up\tgood day\ndown\tbad\n")
            given = b'{"text":"good bad"}\n'
            both = [json.loads(run("explain", "-m", body, "--head", head, "--format", "jsonl", "--label", label, stdin=given).stdout)
                    for label in ("down", "up")]
            self.assertEqual(both[0]["logit"], -both[1]["logit"])
            self.assertEqual([w["word"] for w in both[1]["evidence"]], ["good", "bad"])
            done = run("explain", "-m", MODEL, "--head", head, stdin=b"a\n")
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertRegex(done.stderr.decode(), "^fewfit: .*small_head.fewfit: .*\n$")


class page(html.parser.HTMLParser):
    """What a browser would find: elements with attributes, and the texts of headings and paragraphs."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.paragraphs, self.headings, self.open = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag != "meta":
            self.open.append(tag)
        if tag == "p":
            self.paragraphs.append("")
        if tag == "h2":
            self.headings.append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if "p" in self.open:
            self.paragraphs[-1] += data
        if "h2" in self.open:
            self.headings[-1] += data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


class Page(unittest.TestCase):
    def test_texts_stay_texts(self):
        texts = [*HOSTILE, TEXT, "", "  two  spaces ", "שלום עולם"]
        raw = ask("explain", lines(*texts), "--format", "html").decode()
        found = page(raw)
        self.assertEqual(found.open, [])
        self.assertEqual(found.paragraphs, texts)
        allowed = {"html": set(), "head": set(), "meta": {"charset", "name", "content", "http-equiv"}, "title": set(), "style": set(),
                   "body": set(), "header": set(), "mark": {"class", "title"}, "article": set(), "h2": set(), "bdi": set(),
                   "p": {"dir"}, "small": set()}
        for tag, attributes in found.elements:
            self.assertIn(tag, allowed)
            self.assertLessEqual(set(attributes), allowed[tag])
            if tag == "mark":
                self.assertRegex(attributes["class"], "^[fa][1-4]$")
        self.assertEqual([tag for tag, _ in found.elements].count("style"), 1)
        self.assertNotRegex(raw, r"(?i)https?:|url\(|@import|src=x onerror=alert\(1\)>")

    def test_it_is_one_page_and_says_what_it_shows(self):
        raw = ask("explain", lines(TEXT, "word " * 200), "--format", "html").decode()
        self.assertTrue(raw.startswith("<!doctype html>\n"))
        self.assertTrue(raw.endswith("</body>\n</html>\n"))
        self.assertEqual(raw.count("<header>"), 1)
        for needed in ('content="light dark"', "default-src 'none'", "in its context", "no causal effect", 'charset="utf-8"'):
            self.assertIn(needed, raw)
        self.assertEqual(raw.count("longer than the model reads"), 1)
        (answer,) = explained(TEXT)
        self.assertEqual(page(raw).headings[0], f"{answer['label']} {answer['probability']:.4f}")
        words = sum(w["contribution"] for w in answer["evidence"])
        self.assertIn(f"logit {answer['logit']:.2f} = intercept {answer['intercept']:.2f} + words {words:.2f} + rest {answer['rest']:.2f}.", raw)
        strongest = max(answer["evidence"], key=lambda w: abs(w["contribution"]))
        self.assertIn('<mark class="f4" title="{contribution:+.2f}">{word}</mark>'.format(**strongest), raw)
        against = ask("explain", lines(TEXT), "--format", "html", "--label", LABELS[1]).decode()
        self.assertIn('<mark class="a4" title="-', against)
        self.assertTrue(ask("explain", b"", "--format", "html").decode().endswith("</html>\n"))


class Usage(unittest.TestCase):
    def test_a_label_that_there_is_not(self):
        for label in ("Процес", "", "0", "\x1b[31m"):
            done = run("explain", "-m", MODEL, "--label", label, stdin=b"a\n")
            self.assertEqual((done.returncode, done.stdout), (64, b""))
            self.assertEqual(done.stderr.decode(), f"fewfit: there is no label {json.dumps(label, ensure_ascii=False)}; "
                             'the labels are "Нейтральный", "Процесс", "Результат"\n')

    def test_arguments(self):
        for arguments in (["--format", "xml"], ["--color", "sometimes"], ["--color", "2"], ["--color", "always", "--format", "html"],
                          ["--color", "always", "--format", "jsonl"], ["--label"], ["--offsets"]):
            done = run("explain", "-m", MODEL, *arguments, stdin=b"a\n")
            self.assertEqual((done.returncode, done.stdout), (64, b""), arguments)
        for arguments in (["--format", "html"], ["--label", LABELS[0]], ["--color", "never"]):
            self.assertEqual(run("predict", "-m", MODEL, *arguments, stdin=b"a\n").returncode, 64, arguments)
        self.assertEqual(run("explain", "-m", "none", stdin=b"a\n").returncode, 1)

    def test_a_page_that_ends_early_is_whole(self):
        with tempfile.TemporaryDirectory() as folder:
            done = run("explain", "-m", MODEL, "--format", "html", "-i", folder)
        self.assertEqual((done.returncode, done.stderr.decode()), (1, f"fewfit: {folder}: Is a directory\n"))
        self.assertEqual(page(done.stdout.decode()).open, [])

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full here")
    def test_a_full_disk_is_said(self):
        for how in ("text", "html"):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([CLI, "explain", "-m", MODEL, "--format", how], input=b"a\n", stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"fewfit: cannot write: No space left", done.stderr)


if __name__ == "__main__":
    unittest.main()
