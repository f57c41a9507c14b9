#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes unicode_tables.hpp, fold_table.hpp and word_ranges.hpp of include/fewfit/text/ from
fewfit_convert/bert_tables.json and tests/data/word_characters.json.

    python3 tools/make_unicode_tables.py            write the headers
    python3 tools/make_unicode_tables.py --check    fail if one is not what would be written
    python3 tools/make_unicode_tables.py --probe    make word_characters.json anew with `tokenizers` 0.21.1

The JSON files say what BertTokenizerFast does with each code point; they were read off the real tokenizer, which
mixes three versions of Unicode. Python's own tables are not used, so every machine writes the same headers.
"""
import argparse
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT / "tests" / "data"
HEADERS = ROOT / "include" / "fewfit" / "text"
WIDTH = 118
BLOCK = 64
TABLE_END = 0x20000  # beyond it a few ranges say everything

# Bits of a class. Frequent ones are small numbers, which keeps the header small.
CLASSES = ["removed", "white_space", "punctuation", "stripped_mark", "reorders", "has_lower", "decomposes", "cjk"]

# Upper-case letters of Unicode 10 to 16. Older utf8proc does not know them, so it is not asked.
LETTERS_AFTER_UNICODE_9 = [
    (0x1C89, 0x1C89), (0x1C90, 0x1CBA), (0x1CBD, 0x1CBF), (0x2C2F, 0x2C2F), (0xA7B8, 0xA7C2), (0xA7C4, 0xA7F5),
    (0x10570, 0x10595), (0x10D50, 0x10D65), (0x16E40, 0x16E5F)]


def ranges_to_set(ranges):
    return {c for first, last in ranges for c in range(int(first, 16), int(last, 16) + 1)}


def to_ranges(code_points):
    ranges = []
    for c in sorted(code_points):
        if ranges and ranges[-1][1] == c - 1:
            ranges[-1][1] = c
        else:
            ranges.append([c, c])
    return ranges


def read_tables():
    raw = json.loads((ROOT / "tools" / "fewfit_convert" / "bert_tables.json").read_text(encoding="utf-8"))
    words = json.loads((DATA / "word_characters.json").read_text(encoding="utf-8"))
    parse = lambda table: {int(k, 16): [int(x, 16) for x in v] for k, v in table.items()}  # noqa: E731
    tables = {
        "removed": ranges_to_set(raw["clean_removed"]),
        "space": ranges_to_set(raw["clean_to_space"]),
        "white_space": ranges_to_set(raw["pretok_space"]),
        "punctuation": ranges_to_set(raw["punct"]),
        "stripped_mark": ranges_to_set(raw["mn_stripped"]),
        "cjk": ranges_to_set(raw["cjk"]),
        "ccc": {int(k, 16): v for k, v in raw["ccc_unicode9"].items()},
        "nfd": parse(raw["nfd_non_hangul"]),
        "lower": parse(raw["lower"]),
        "word": ranges_to_set(words["word_characters"]),
    }
    tables["reorders"] = set(tables["ccc"])
    tables["has_lower"] = set(tables["lower"])
    tables["decomposes"] = set(tables["nfd"]) | set(range(0xAC00, 0xD7A4))
    return tables


def check_assumptions(t):
    """What unicode.hpp and basic_tokenizer.hpp take for granted."""
    plain = t["white_space"] | t["punctuation"] | t["removed"]
    assert t["white_space"] - t["removed"] == t["space"], "one bit serves clean_text and the pre-tokeniser"
    assert not t["reorders"] & plain, "marks that reorder are kept and belong to a word"
    assert not t["reorders"] & t["has_lower"], "marks that reorder have no case"
    for c, parts in t["nfd"].items():
        marks = [p in t["reorders"] for p in parts]
        assert marks == sorted(marks), f"U+{c:04X}: no starter follows a mark inside a decomposition"
        assert not any(p in t["nfd"] for p in parts) and len(parts) <= 4
    for c, parts in t["lower"].items():
        assert not any(p in plain for p in parts)
        assert len(parts) == (2 if c == 0x130 else 1)


def class_of(t, c):
    return sum(1 << bit for bit, name in enumerate(CLASSES) if c in t[name])


def wrap(items, indent="  "):
    lines, line = [], indent
    for item in items:
        if len(line) + len(item) > WIDTH:
            lines.append(line.rstrip())
            line = indent
        line += item
    return "\n".join(lines + [line.rstrip()])


def array(comment, declaration, items):
    return f"// {comment}\ninline constexpr {declaration} = {{\n{wrap(items)}\n}};\n"


def class_tables(t):
    classes = [class_of(t, c) for c in range(0x110000)]
    blocks = {}
    index = [blocks.setdefault(tuple(classes[i:i + BLOCK]), len(blocks)) for i in range(0, TABLE_END, BLOCK)]
    assert len(blocks) < 256 and index[:2] == [0, 1], "ASCII is the first two blocks"
    upper, first = [], TABLE_END
    for c in range(TABLE_END, 0x110001):
        if c == 0x110000 or classes[c] != classes[first]:
            if classes[first]:
                upper.append((first, c - 1, classes[first]))
            first = c
    values = [v for block in blocks for v in block]
    return (
        array(f"Block of each {BLOCK} code points below U+{TABLE_END:04X}.",
              f"std::uint8_t class_index[{len(index)}]", [f"{v}," for v in index])
        + "\n" + array("Classes of the code points of each block; the first two blocks are ASCII.",
                       f"std::uint8_t class_blocks[{len(values)}]", [f"{v}," for v in values])
        + "\n" + array("Classes of the code points from there on, where they have any.",
                       f"class_range upper_classes[{len(upper)}]",
                       [f"{{0x{a:X}, 0x{b:X}, {v}}}, " for a, b, v in upper]))


def lower_table(t):
    rows = []
    newer = [c for a, b in LETTERS_AFTER_UNICODE_9 for c in range(a, b + 1) if c in t["lower"]]
    for c in newer:
        (target,) = t["lower"][c]
        last = rows[-1] if rows else None
        step = c - last[1] if last else 0
        if last and target - c == last[3] and step in (1, 2) and (last[0] == last[1] or step == last[2]):
            last[1:3] = [c, step]
        else:
            rows.append([c, c, 1, target - c])
    return array("Upper-case letters newer than Unicode 9: every step-th code point of a range moves by delta.",
                 f"lower_range newer_lower[{len(rows)}]",
                 [f"{{0x{a:X}, 0x{b:X}, {s}, {d}}}, " for a, b, s, d in rows])


def order_table(t):
    surviving = {v for c, v in t["ccc"].items() if c not in t["stripped_mark"] and c not in t["nfd"]}
    return array("Combining classes of the 83 marks that reorder and are not stripped, in ascending order.",
                 f"std::uint8_t kept_mark_classes[{len(surviving)}]", [f"{v}, " for v in sorted(surviving)])


def word_table(t):
    rows = to_ranges(t["word"])
    return array("First and last of each range of word characters: `\\w` of the regex crate that the original uses.",
                 f"char32_t word_ranges[{len(rows)}][2]", [f"{{0x{a:X},0x{b:X}}}," for a, b in rows])


# Kinds of an entry of `folded` that is no plain character.
PUNCTUATION, SPACE, NOTHING, OTHER = 0x800, 0x1000, 0x2000, 0x4000


def fold(t, c):
    """What clean_text, strip_accents and lowercase together make of a character below U+0800, if that is simple."""
    if c in t["removed"]:
        return NOTHING
    if c in t["white_space"]:
        return SPACE
    kept = [p for p in t["nfd"].get(c, [c]) if p not in t["stripped_mark"]]
    lower = [q for p in kept for q in t["lower"].get(p, [p])]
    if not lower:
        return NOTHING
    if len(lower) > 1 or lower[0] >= 0x800 or kept[0] in t["reorders"]:
        return OTHER
    return lower[0] | (PUNCTUATION if lower[0] in t["punctuation"] else 0)


def fold_table(t):
    return array("U+0000 to U+07FF after clean_text, strip_accents and lowercase: a character and perhaps a kind.",
                 "std::uint16_t folded[2048]", [f"{fold(t, c)}," for c in range(0x800)])


OPENING = """\
// SPDX-License-Identifier: MIT
#pragma once
// Generated by tools/make_unicode_tables.py; not to be edited.
//
{purpose}
#include <cstdint>

namespace fewfit {{
inline namespace v0 {{
namespace detail {{

"""
CLOSING = "\n}  // namespace detail\n}  // namespace v0\n}  // namespace fewfit\n"

CLASSES_PURPOSE = """\
// What BertTokenizerFast (tokenizers 0.21.1 to 0.22.x) knows of each code point. Three versions of Unicode meet in
// it: categories are those of 8.0, decompositions and combining classes of 9.0, lower case and white space of 16.0, as
// the word characters of word_ranges.hpp. A model was trained with these, so a newer Unicode must not change them.
"""
FOLD_PURPOSE = """\
// What becomes of the first 2,048 code points, which are most of European text: the answer of unicode_tables.hpp and
// utf8proc to each, so that neither need be asked.
"""
WORD_PURPOSE = """\
// Word characters: added tokens with single_word do not match beside them.
"""


FOLD_KINDS = f"""\
/// Kinds of an entry of `folded`.
struct fold_kind {{
  enum : std::uint16_t {{
    punctuation = 0x{PUNCTUATION:X},  // a character that is a word of its own
    space = 0x{SPACE:X},       // separates words
    nothing = 0x{NOTHING:X},     // vanishes, unless it stands in a run of marks one of which is kept
    other = 0x{OTHER:X},       // several characters, or one beyond U+07FF
  }};
}};

"""


def classes_header(t):
    bits = {
        "removed": "deleted by clean_text",
        "white_space": "becomes a space by clean_text unless deleted, separates words",
        "punctuation": "is a word of its own",
        "stripped_mark": "deleted by strip_accents",
        "reorders": "combining class is not 0",
        "has_lower": "lower case is another character",
        "decomposes": "canonical decomposition is something else",
        "cjk": "gets spaces around it by handle_chinese_chars",
    }
    enum = "".join(f"    {name} = {1 << i},".ljust(26) + f"// {bits[name]}\n" for i, name in enumerate(CLASSES))
    return (
        "/// Bits of a character's class.\nstruct char_class {\n  enum : std::uint8_t {\n" + enum + "  };\n};\n\n"
        + "struct class_range {\n  char32_t first, last;\n  std::uint8_t value;\n};\n\n"
        + "struct lower_range {\n  char32_t first, last;\n  std::uint32_t step;\n  std::int32_t delta;\n};\n\n"
        + f"inline constexpr char32_t class_table_end = 0x{TABLE_END:X};\n"
        + f"inline constexpr unsigned class_block_size = {BLOCK};\n\n"
        + class_tables(t) + "\n" + lower_table(t) + "\n" + order_table(t))


def headers(t):
    """What stands in each header."""
    parts = {"unicode_tables": (CLASSES_PURPOSE, classes_header(t)),
             "fold_table": (FOLD_PURPOSE, FOLD_KINDS + fold_table(t)), "word_ranges": (WORD_PURPOSE, word_table(t))}
    return {HEADERS / f"{name}.hpp": OPENING.format(purpose=purpose) + body + CLOSING
            for name, (purpose, body) in parts.items()}


def probe_words():
    """The characters beside which a single_word token of the real tokenizer does not match."""
    import tokenizers
    t = tokenizers.Tokenizer(tokenizers.models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    t.add_tokens([tokenizers.AddedToken("<w>", single_word=True, normalized=False)])
    token = t.token_to_id("<w>")
    scalars = [c for c in range(0x110000) if not 0xD800 <= c <= 0xDFFF]
    sides = [{c for c, e in zip(scalars, t.encode_batch([form(chr(c)) for c in scalars])) if token not in e.ids}
             for form in (lambda c: c + "<w>", lambda c: "<w>" + c)]
    assert sides[0] == sides[1]
    rows = [[f"{a:04X}", f"{b:04X}"] for a, b in to_ranges(sides[0])]
    about = f"read off tokenizers=={tokenizers.__version__}: a token with single_word does not match beside these " \
        "characters; hex code points, inclusive ranges"
    text = json.dumps({"_about": about, "word_characters": rows}).replace("]], ", "]],\n").replace(", [", ",[")
    (DATA / "word_characters.json").write_text(text + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--check", action="store_true", help="fail if a header is out of date")
    parser.add_argument("--probe", action="store_true", help="make word_characters.json with the tokenizers package")
    arguments = parser.parse_args()
    if arguments.probe:
        probe_words()
    tables = read_tables()
    check_assumptions(tables)
    for path, text in headers(tables).items():
        if not arguments.check:
            path.write_text(text, encoding="ascii", newline="\n")
        elif path.read_text(encoding="ascii") != text:
            sys.exit(f"{path.relative_to(ROOT)} is out of date: run tools/make_unicode_tables.py")


if __name__ == "__main__":
    main()
