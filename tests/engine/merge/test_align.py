"""Which elements belong together, and when nothing is said of it."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from hgport.engine.merge import align

FEW = st.text("abc", max_size=8)


def test_what_occurs_once_holds_the_rest() -> None:
    assert align.same("abcd", "abXcd") == {0: 0, 1: 1, 2: 3, 3: 4}
    assert align.same("abcd", "ad") == {0: 0, 3: 1}
    assert align.same("", "ab") == {}


def test_a_tie_is_left_open() -> None:
    # either x may be the new one
    assert align.same("axb", "axxb") == {0: 0, 2: 3}
    assert align.same("xx", "x") == {}
    # either of the two that changed places may be the one that stayed
    assert align.same("ab", "ba") == {}


def test_an_empty_line_more_does_not_unsettle_what_is_around() -> None:
    left, right = ["def f", "", "def g", "", "def h"], ["def f", "", "", "def g", "", "def h"]
    found = align.same(left, right)
    assert (found[0], found[2], found[3], found[4]) == (0, 3, 4, 5)
    assert 1 not in found


@given(FEW, FEW)
def test_matches_are_equal_and_rise(left: str, right: str) -> None:
    found = align.same(left, right)
    assert all(left[i] == right[j] for i, j in found.items())
    order = sorted(found)
    assert [found[i] for i in order] == sorted(set(found.values()))


@given(FEW, FEW)
def test_backward_says_what_forward_says(left: str, right: str) -> None:
    turned = align.same(left[::-1], right[::-1])
    expected = {len(left) - 1 - i: len(right) - 1 - j for i, j in turned.items()}
    assert align.same(left, right) == expected


@given(FEW)
def test_what_is_the_same_matches_whole(text: str) -> None:
    assert align.same(text, text) == {i: i for i in range(len(text))}


def test_the_highest_score_wins_and_order_is_kept() -> None:
    scores = [[0.5, 0.9], [0.6, 0.5]]
    assert align.similar(2, 2, lambda i, j: scores[i][j]) == {0: 0, 1: 1}
    crossed = [[0.1, 0.9], [0.2, 0.1]]
    assert align.similar(2, 2, lambda i, j: crossed[i][j]) == {0: 1}


def test_equal_scores_are_left_open() -> None:
    assert align.similar(1, 2, lambda i, j: 1.0) == {}
    assert align.similar(2, 1, lambda i, j: 0.5) == {}
    assert align.similar(1, 2, lambda i, j: 0.0) == {}
    assert align.similar(0, 3, lambda i, j: 1.0) == {}


def test_too_many_pairs_are_not_compared() -> None:
    assert align.similar(2000, 2000, lambda i, j: 1 / 0) == {}


def test_long_sequences_take_no_time() -> None:
    left = [f"line {n}" for n in range(20_000)]
    right = [one for n, one in enumerate(left) if n % 7] + ["end"]
    start = time.process_time()
    assert len(align.same(left, right)) == len(right) - 1
    many = ["pass", "return"] * 3000
    assert len(align.same(many, [*many[:2000], "new", *many[2000:]])) == len(many)
    assert time.process_time() - start < 5
