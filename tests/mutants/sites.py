# SPDX-License-Identifier: MIT
"""Where a header checks something, and what becomes of the check when its turn has come to be wrong."""

import dataclasses
import re

HEADERS = ("io/blob", "io/mapped_file", "io/section_reader", "io/numbers", "io/arrays", "io/sections",
           "io/head_sections", "text/check", "text/trie", "text/short_words", "text/added_tokens", "text/unicode",
           "bind", "model", "lesson")

# What a condition must lead to: an error, the passing on of one, or the answer of a function that only checks.
DECIDES = re.compile(r"errc::(?!none\b)\w+|\breturn (?:e|wrong)\b|\breturn error_|\breturn false\b|\bfail\(|\bnote\(")
# Functions whose whole answer is a check.
ANSWERS = re.compile(r"\breturn ((?:found|taken|bits_of_unused|\(found)[^;?]*?);")


@dataclasses.dataclass
class Mutant:
    line: int
    how: str
    what: str


@dataclasses.dataclass
class Site:
    """`replacement` has a place for the number of each mutant."""

    begin: int
    end: int
    replacement: str
    mutants: list


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


def _split(text, begin, end, sign):
    """The spans between signs that stand in no brackets."""
    depth, spans = 0, []
    for i in range(begin, end):
        depth += (text[i] in "({[") - (text[i] in ")}]")
        if depth == 0 and text.startswith(sign, i):
            spans.append((begin, i))
            begin = i + len(sign)
    return [*spans, (begin, end)]


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


def _site(header, begin, end, pieces, sign, macro):
    """One mutant for each piece, which becomes what the macro says, and one for the whole, inverted."""
    line, parts, mutants = header.count("\n", 0, begin) + 1, [], []
    for b, e in pieces:
        piece = header[b:e].strip()
        parts.append(f"FEWFIT_MUTANT_{macro}({{}}, {_escaped(piece)})")
        mutants.append(Mutant(line, "deleted", " ".join(piece.split())))
    whole = f"FEWFIT_MUTANT_INVERT({{}}, {f' {sign} '.join(parts)})"
    return Site(begin, end, whole, [Mutant(line, "inverted", " ".join(header[begin:end].split())), *mutants])


def _escaped(text):
    return text.replace("{", "{{").replace("}", "}}")


def _takes(header, text):
    """Numbers between bounds, flags, shares and reserved bytes, each where it is read."""
    for found in re.finditer(r"\b(?:in\.)?take_(between|flag|zeros|share)\(", text):
        opening = found.end() - 1
        closing = _closing(text, opening)
        before = text[max(0, found.start() - 30):found.start()]
        if re.search(r"\b(?:double|void|std::uint32_t) $|return $", before) and not found[0].startswith("in."):
            continue  # where it is defined
        line, kind = header.count("\n", 0, found.start()) + 1, found[1]
        arguments = [header[b:e].strip() for b, e in _split(text, opening + 1, closing, ",")]
        what = " ".join(header[found.start():closing + 1].split())
        begin, end = found.start(), closing + 1
        if kind == "between" and found[0].startswith("in."):
            low, high, *rest = arguments
            mutants = [Mutant(line, "no upper bound", what)]
            new_low = low
            if low != "0":
                new_low = f"fewfit_mutants::low({{}}, {low})"
                mutants.insert(0, Mutant(line, "no lower bound", what))
            new_high = f"fewfit_mutants::high({{}}, {high})"
            yield Site(begin, end, f"in.take_between({', '.join([new_low, new_high, *rest])})", mutants)
        elif kind == "flag" and found[0].startswith("in."):
            high = "fewfit_mutants::high({}, 1)"
            yield Site(begin, end, f"in.take_between(0, {high}, errc::bad_flag, {arguments[0]})",
                       [Mutant(line, "deleted", what)])
        elif kind == "zeros" and found[0].startswith("in."):
            yield Site(begin, end, f"fewfit_mutants::zeros({{}}, in, {arguments[0]})",
                       [Mutant(line, "deleted", what)])
        elif kind == "share" and arguments[0] == "in":
            yield Site(begin, end, f"(fewfit_mutants::turn == {{}} ? in.take<double>() : {header[begin:end]})",
                       [Mutant(line, "deleted", what)])


def find(header):
    """Sites in order; none lies within another."""
    text = _blank(header)
    sites = [_site(header, b, e, _split(text, b, e, "||"), "||", "FALSE")
             for b, e in {*_ifs(text), *_ternaries(text)}]
    sites += [_site(header, *found.span(1), _split(text, *found.span(1), "&&"), "&&", "TRUE")
              for found in ANSWERS.finditer(text)]
    sites += _takes(header, text)
    chosen, last = [], 0
    for site in sorted(sites, key=lambda site: site.begin):
        if site.begin >= last:
            chosen.append(site)
            last = site.end
    return chosen
