# SPDX-License-Identifier: MIT
"""The protocol of bench/quality: what is asked is never learned from, and every method sees the same."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "quality"))

import draws  # noqa: E402

ROWS = [(label, f"{label} {number}") for label, count in (("a", 400), ("b", 120), ("c", 94)) for number in range(count)]


def test_a_text_is_kept_once_whatever_its_case_and_not_at_all_under_two_labels():
    assert draws.distinct([("a", "Yes"), ("a", "yes"), ("a", "no"), ("b", "No")]) == [("a", "Yes")]


def test_no_text_that_is_asked_is_drawn():
    part = draws.split("x", ROWS)
    asked = {text for _, text in part.test}
    for seed in range(20):
        drawn = draws.draw("x", part.pool, part.largest, seed)
        assert not asked & {text for _, text in drawn}
        assert len({text for _, text in drawn}) == len(drawn) == 64 * 3


def test_a_class_is_asked_with_thirty_texts_or_more_in_its_proportion():
    part = draws.split("x", ROWS)
    counts = {label: sum(a == label for a, _ in part.test) for label in "abc"}
    assert counts == {"a": 200, "b": 56, "c": 30}


def test_fewer_examples_are_among_more():
    part = draws.split("x", ROWS)
    sizes = [set(draws.draw("x", part.pool, size, 3)) for size in draws.SIZES]
    assert sizes[0] < sizes[1] < sizes[2]
    assert draws.draw("x", part.pool, 8, 3) == draws.draw("x", part.pool, 8, 3) != draws.draw("x", part.pool, 8, 4)


def test_a_small_class_limits_the_examples_and_a_smaller_one_is_left_out():
    part = draws.split("x", [*ROWS, *(("d", f"d {n}") for n in range(93)), *(("e", f"e {n}") for n in range(45))])
    assert set(part.pool) == set("abcd") and part.largest == 16
