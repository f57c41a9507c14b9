# SPDX-License-Identifier: MIT
"""Where a header decides about an error: the conditions that mutants.py deletes and inverts."""

import dataclasses
import re

HEADERS = ("io/blob", "io/mapped_file", "io/section_reader", "io/numbers", "io/arrays", "io/sections",
           "io/head_sections", "text/check", "text/trie", "text/short_words", "text/added_tokens", "text/unicode", "bind", "model",
           "model_state", "lesson")

# What a condition must lead to: an error, the passing on of one, or the answer of a function that only checks.
DECIDES = re.compile(r"errc::(?!none\b)\w+|\breturn (?:e|wrong)\b|\breturn error_|\breturn false\b|\bfail\(|\bnote\(")
CHECKERS = ("text/trie", "text/short_words", "text/added_tokens", "text/unicode")


@dataclasses.dataclass
class Site:
    begin: int
    end: int
    line: int
    condition: str


def _spaces(found):
    return re.sub(r"[^\n]", " ", found.group())


def _blank(text):
    """The text with comments and strings of equal length in which nothing is found."""
    text = re.sub(r"#if defined\(_WIN32\)\n.*?#(?:else|endif)", _spaces, text, flags=re.DOTALL)  # compiled elsewhere
    pattern = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', re.DOTALL)
    return pattern.sub(_spaces, text)


def _closing(text, at):
    """Where the bracket that opens at `at` is closed."""
    pairs, depth = {"(": ")", "{": "}"}, 0
    opening, closing = text[at], pairs[text[at]]
    for i in range(at, len(text)):
        depth += (text[i] == opening) - (text[i] == closing)
        if depth == 0:
            return i
    raise ValueError("unbalanced")


def _statement(text, at):
    """What an `if` controls: a block, or up to the semicolon."""
    at += len(text[at:]) - len(text[at:].lstrip())
    if text[at] == "{":
        return text[at:_closing(text, at) + 1]
    if text.startswith(("if (", "for (", "while ("), at):
        inner = _closing(text, text.index("(", at))
        return text[at:inner + 1] + _statement(text, inner + 1)
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in "({") - (text[i] in ")}")
        if text[i] == ";" and depth == 0:
            return text[at:i + 1]
    raise ValueError("no end")


def _condition(text, begin, end):
    """Without the declaration in front: `const error e = f(); e.code != errc::none`."""
    depth = 0
    for i in range(begin, end):
        depth += (text[i] in "({[") - (text[i] in ")}]")
        if text[i] == ";" and depth == 0:
            begin = i + 1
    while text[begin].isspace():
        begin += 1
    return begin, end


def _ifs(text):
    for found in re.finditer(r"\bif \(", text):
        opening = found.end() - 1
        closing = _closing(text, opening)
        statement = _statement(text, closing + 1)
        if len(statement) < 400 and DECIDES.search(statement):
            begin, end = _condition(text, opening + 1, closing)
            if not re.match(r"(const )?[\w:]+ \w+ = ", text[begin:end]):
                yield begin, end


def _ternaries(text):
    for found in re.finditer(r"\breturn ([^;{}?]+?) \? ([^;]+?);", text):
        if re.search(r"errc::(?!none\b)\w+", found[2]):
            yield found.span(1)


def find(header):
    """Sites in order; none lies within another."""
    text = _blank(header)
    spans = sorted({*_ifs(text), *_ternaries(text)})
    found, last = [], 0
    for begin, end in spans:
        if begin >= last:
            found.append(Site(begin, end, header.count("\n", 0, begin) + 1, " ".join(header[begin:end].split())))
            last = end
    return found
