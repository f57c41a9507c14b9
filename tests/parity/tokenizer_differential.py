#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares text/ with the `tokenizers` package on seeded adversarial texts: ids, and where each came from.

    g++ -std=c++17 -O2 -Iinclude tests/parity/tokenize_lines.cpp -lutf8proc -o tokenize_lines
    python3 tests/parity/tokenizer_differential.py ./tokenize_lines [--texts 100000] [--seed 1]

The texts are shared out among the demonstration model's own tokenizer (the larger half) and variants of it: each
option off, added tokens that overlap, strip white space, stand alone or are normalised, special tokens as text. Bytes
that are not UTF-8 reach the original as bytes.decode("utf-8", "replace") gives them, and its offsets, which count
characters, are turned into bytes. Exit status 1 if any text differs.
"""
import argparse
import json
import pathlib
import random
import struct
import subprocess
import sys

import tokenizers
from tokenizers import AddedToken, Tokenizer
from tqdm import tqdm

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "interviews"
AT_ONCE = 50000  # texts; their encodings take a few hundred megabytes

WORDS = """
the of and unaffable Hello naïve café résumé ÉCOLE Straße ΟΔΟΣ İstanbul ǅ ﬁne ½ x² 10^5 don't U.S.A. C++ e.g. £5
Результат Ёлка Йод съёмка Київ україна 한국어 각 中文 日本語 ガギグ か\u3099 ﾊﾟ เมื่อ हिन्दी বাংলা தமிழ் שָׁלוֹם مُحَمَّد
\u1b13\u1b44 \ua98f\ua9c0 ##ing ## [unused1] [mask] [ MASK ] ［MASK］ [CLS [SEP ]SEP] new york New\u00a0York
newyork zz zzz zzzy zzzzy qu q quq""".replace("\n", " ").split(" ")
SPECIALS = ["[CLS]", "[SEP]", "[MASK]", "[PAD]", "[UNK]", "[MAS[MASK]K]", "[[MASK]]", "[MA\u200bSK]", "[SEP][SEP]",
            "[MAS", "[x]", "<l>", "<r>", " y", " w", "  v", " u", "[y] w", "[y]  v", "[x]   v", "mn u", "mn  u", "mn\t u", "\ufffd!", "abcde", "ababcd", "ét", "\U0001D16E\U0001D165"]
SPACES = [" ", "  ", "\t", "\n", "\r\n", "\x0b", "\x0c", "\x85", "\x1c", "\xa0", "\u1680", "\u2000", "\u2001",
          "\u2028", "\u202f", "\u3000", "\u200b", "\ufeff", "\u180e", "\xad", "\x00", "\ufffd"]
EMOJI = ["😀", "👨\u200d👩\u200d👧", "👍🏽", "🇷🇺", "1\ufe0f\u20e3", "❤\ufe0f"]
KEPT_MARKS = [0x1B44, 0x1BAA, 0x1BF2, 0x302E, 0x302F, 0xA953, 0xA9C0, 0x111C0, 0x11235, 0x1134D, 0x116B6, 0x1D165,
              0x1D166, 0x1D16D, 0x1D16E, 0x1D172, 0x8D4, 0x8E1, 0x1DFB, 0x11442, 0x11446, 0x11C3F, 0x1E000, 0x1E02A,
              0x1E944, 0x1E94A]
OTHER_MARKS = [0x300, 0x301, 0x308, 0x323, 0x327, 0x344, 0x345, 0x34F, 0x5B0, 0x64B, 0x901, 0x93C, 0x94D, 0x9FE,
               0xE38, 0xF71, 0xF72, 0xF73, 0xFE0F, 0x20E3, 0x1D15E, 0x1D1C0, 0x3099, 0x200D, 0xAD]
CJK_EDGES = [0x33FF, 0x3400, 0x4DBF, 0x4DC0, 0x4E00, 0x9FFF, 0xA000, 0xF8FF, 0xF900, 0xFA6E, 0xFAFF, 0xFB00, 0x1FFFF,
             0x20000, 0x2A6DF, 0x2A6E0, 0x2A700, 0x2B740, 0x2B81F, 0x2B820, 0x2B91F, 0x2B920, 0x2CEAF, 0x2CEB0,
             0x2F800, 0x2FA1F, 0x3007]
REPEATED = ["a", "б", "é", "한", "가", "😀", "_", "a\u0301", "zz"]
BLOCKS = [0x20, 0x20, 0xA0, 0x300, 0x400, 0x900, 0x1100, 0x1AB0, 0x2000, 0x3000, 0xA900, 0xAC00, 0x1E900]
BAD_BYTES = [b"\xff", b"\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\x98", b"\xed\xa0\x80", b"\xc0\xaf",
             b"\xf4\x90\x80\x80", b"\xe0\x80"]


def added(content, normalized=False, **flags):
    return AddedToken(content, normalized=normalized, **flags)


AWKWARD = [
    added("[x]", lstrip=True, rstrip=True), added("<l>", lstrip=True), added("<r>", rstrip=True),
    added("[MAS"), added(" y"), added("qu", single_word=True), added("q", single_word=True),
    added("\ufffd!"), added("Zz", normalized=True), added("zzzY", normalized=True),
    added("new york", normalized=True, single_word=True), added(" b", normalized=True),
    added("Caf", normalized=True, lstrip=True, rstrip=True), added("日本", normalized=True),
    added("\U0001D16E\U0001D165", normalized=True), added(" w", lstrip=True), added("  v", lstrip=True),
    added(" u", lstrip=True, normalized=True), added("[y]", rstrip=True), added("mn", rstrip=True, normalized=True)]
OVERLAPS = [
    added("ab"), added("abcd"), added("bcde"), added("a", normalized=True), added("  ", rstrip=True),
    added("\u00e9t", normalized=True), added("the", single_word=True, normalized=True)]

# clean_text, handle_chinese_chars, strip_accents, lowercase, special tokens are text; max chars, added tokens, share
VARIANTS = [
    (1, 1, 1, 1, 0, 100, [], 12), (1, 1, 1, 1, 0, 100, AWKWARD, 4), (1, 1, 0, 0, 0, 100, [], 2),
    (1, 1, 0, 1, 0, 100, AWKWARD, 1), (1, 1, 1, 0, 0, 100, [], 1), (0, 1, 1, 1, 0, 100, AWKWARD, 1),
    (1, 0, 1, 1, 0, 100, [], 1), (0, 0, 0, 0, 0, 5, AWKWARD, 1), (1, 1, 1, 1, 0, 3, OVERLAPS, 1),
    (1, 1, 1, 1, 1, 100, AWKWARD, 1), (1, 0, 0, 0, 1, 100, [], 1)]


def make_part(rng, kind):
    """A few characters that have made tokenizers differ."""
    if kind < 3:
        return rng.choice(WORDS)
    if kind < 6:
        return rng.choice((SPECIALS, SPACES, EMOJI)[kind - 3])
    if kind == 6:
        marks = (rng.choice(rng.choice((KEPT_MARKS, OTHER_MARKS))) for _ in range(rng.choice((1, 2, 4, 9, 120))))
        return "".join(map(chr, marks))
    if kind == 7:
        return chr(rng.choice(CJK_EDGES)) + rng.choice(("", "a"))
    if kind == 8:
        return rng.choice(REPEATED) * rng.choice((2, 33, 34, 50, 51, 99, 100, 101))
    if kind == 9:
        return "".join(chr(c) for c in (rng.randrange(0x110000) for _ in range(3)) if not 0xD800 <= c <= 0xDFFF)
    start = rng.choice(BLOCKS)
    return "".join(chr(start + rng.randrange(0x60)) for _ in range(rng.randrange(1, 12)))


def make_text(rng):
    """Bytes, not always UTF-8."""
    parts = []
    for _ in range(rng.choice((1, 2, 4, 8, 16, 40))):
        kind = rng.randrange(12)
        if kind == 11:
            parts.append(rng.choice(BAD_BYTES))
            continue
        parts.append(make_part(rng, kind).encode("utf-8"))
        if rng.randrange(3) == 0:
            parts.append(b" ")
    return b"".join(parts)


def make_original(variant):
    """The real tokenizer with a variant's options, and its added tokens as the model file would hold them."""
    clean, chinese, strip, lower, as_text, max_chars, extra, _ = variant
    state = json.loads((MODEL / "tokenizer.json").read_text(encoding="utf-8"))
    state["normalizer"] = {"type": "BertNormalizer", "clean_text": bool(clean),
                           "handle_chinese_chars": bool(chinese), "strip_accents": bool(strip),
                           "lowercase": bool(lower)}
    state["model"]["max_input_chars_per_word"] = max_chars
    state["truncation"] = state["padding"] = None
    original = Tokenizer.from_str(json.dumps(state))
    original.add_tokens(extra)
    original.encode_special_tokens = bool(as_text)
    tokens = []
    for token_id, t in original.get_added_tokens_decoder().items():
        content = original.normalizer.normalize_str(t.content) if t.normalized else t.content
        bits = t.single_word | t.lstrip << 1 | t.rstrip << 2 | t.normalized << 3 | t.special << 4
        tokens.append((token_id, bits, content.encode("utf-8")))
    return original, tokens


def ask(program, variant, tokens, texts):
    """Ids and byte ranges of each text, from tokenize_lines."""
    flags = sum(bit << i for i, bit in enumerate(variant[:5]))
    request = [struct.pack("<3I", flags, variant[5], len(tokens))]
    request += [struct.pack("<3I", token_id, bits, len(content)) + content for token_id, bits, content in tokens]
    request += [struct.pack("<I", len(text)) + text for text in texts]
    command = [program, str(MODEL / "vocab.txt")]
    done = subprocess.run(command, input=b"".join(request), stdout=subprocess.PIPE, check=True)
    numbers = struct.unpack(f"<{len(done.stdout) // 4}I", done.stdout)
    answers, at = [], 0
    while at < len(numbers):
        count = numbers[at]
        if count == 0xFFFFFFFF:
            sys.exit(f"with and without ranges the ids differ: {texts[len(answers)]!r}")
        ids, pairs = numbers[at + 1:at + 1 + count], numbers[at + 1 + count:at + 1 + 3 * count]
        answers.append((list(ids), list(zip(pairs[::2], pairs[1::2]))))
        at += 1 + 3 * count
    return answers


def is_utf8(text):
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def byte_positions(text):
    """Where each character of text.decode("utf-8", "replace") begins, and the end."""
    if is_utf8(text):
        return [i for i, byte in enumerate(text) if byte & 0xC0 != 0x80] + [len(text)]
    positions, at = [], 0
    while at < len(text):
        positions.append(at)
        try:
            at += len(text[at:at + 4].decode("utf-8")[0].encode("utf-8"))
        except UnicodeDecodeError as error:
            at += len(text[at:at + error.start].decode("utf-8")[0].encode("utf-8")) if error.start else error.end
    return positions + [len(text)]


def compare(program, variant, original, tokens, texts):
    """How many texts differ, of how many ids and characters; the first few are printed."""
    ours = ask(program, variant, tokens, texts)
    assert len(ours) == len(texts)
    decoded = [text.decode("utf-8", "replace") for text in texts]
    theirs = []
    for text, characters, encoding in zip(texts, decoded, original.encode_batch(decoded, add_special_tokens=False)):
        positions = byte_positions(text)
        assert len(positions) == len(characters) + 1
        theirs.append((encoding.ids, [(positions[a], positions[b]) for a, b in encoding.offsets]))
    different = [i for i in range(len(texts)) if ours[i] != theirs[i]]
    for i in different[:3]:
        pairs = list(zip(zip(*ours[i]), zip(*theirs[i])))
        same = next((k for k, pair in enumerate(pairs) if pair[0] != pair[1]), len(pairs))
        print(f"{variant[:6]}, added tokens {[t.content for t in variant[6]]}\n  {texts[i]!r}\n"
              f"  from id {same} on: fewfit, original {pairs[same:same + 10]}")
    return len(different), sum(len(ids) for ids, _ in theirs), sum(map(len, decoded))


def store(path, rng):
    """Writes texts with what the original makes of them, for tests/text/tokenizer.cpp, which needs no Python."""
    variants = []
    for variant in VARIANTS:
        original, tokens = make_original(variant)
        cases = []
        texts = [make_text(rng)[:200] for _ in range(40)]
        for text in texts:
            encoding = original.encode(text.decode("utf-8", "replace"), add_special_tokens=False)
            positions = byte_positions(text)
            offsets = [[positions[a], positions[b]] for a, b in encoding.offsets]
            cases.append({"hex": text.hex(), "ids": encoding.ids, "offsets": offsets})
        variants.append({"flags": variant[:5], "max_chars": variant[5], "cases": cases,
                         "tokens": [[i, bits, content.hex()] for i, bits, content in tokens]})
    about = f"made by tests/parity/tokenizer_differential.py --store with tokenizers=={tokenizers.__version__}"
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in variants)
    path.write_text(f'{{"_about": "{about}", "variants": [\n{lines}\n]}}\n', encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program", nargs="?", help="tokenize_lines, as built")
    parser.add_argument("--texts", type=int, default=100000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--store", type=pathlib.Path, help="write the original's answers to a few texts, and no more")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    if arguments.store:
        return store(arguments.store, rng)
    if not arguments.program:
        parser.error("tokenize_lines is missing")
    shares = sum(variant[-1] for variant in VARIANTS)
    total, different, ids, characters = 0, 0, 0, 0
    progress = tqdm(total=arguments.texts, unit="text", unit_scale=True, disable=not sys.stderr.isatty())
    for variant in VARIANTS:
        left = -(-arguments.texts * variant[-1] // shares)
        original, tokens = make_original(variant)
        while left > 0:
            texts = [make_text(rng) for _ in range(min(left, AT_ONCE))]
            result = compare(arguments.program, variant, original, tokens, texts)
            left, total, different = left - len(texts), total + len(texts), different + result[0]
            ids, characters = ids + result[1], characters + result[2]
            progress.update(len(texts))
    progress.close()
    print(f"{total} texts, {characters} characters, {ids} ids; "
          f"{different} texts differ from tokenizers {tokenizers.__version__}")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
