"""The merge by lines, and the story of each hunk."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgport.engine.merge import bylines
from hgport.engine.merge.bylines import Change
from hgport.engine.merge.pieces import Decided
from hgport.engine.merge.result import Step


def lines(text: str) -> list[bytes]:
    return [one.encode() + b"\n" for one in text]


def merge(base: str, patched: str, target: str) -> str | None:
    found = bylines.merge(lines(base), lines(patched), lines(target)).content
    return None if found is None else found.decode().replace("\n", "")


@pytest.mark.parametrize(
    ("base", "patched", "target", "expected"),
    [
        ("abcdef", "aBcdef", "abcdEf", "aBcdEf"),
        ("abcd", "acd", "abcXd", "acXd"),
        ("abcd", "abXcd", "abcd", "abXcd"),
        ("abc", "aXc", "aXc", "aXc"),
        ("abc", "aXc", "aYc", None),
        ("abc", "aXbc", "aYbc", None),
        ("abcd", "aBcd", "abCd", None),
        ("abc", "ac", "aBc", None),
        ("", "a", "", "a"),
        ("a", "", "a", ""),
        ("", "a", "b", None),
    ],
)
def test_three_sides(base: str, patched: str, target: str, expected: str | None) -> None:
    assert merge(base, patched, target) == expected
    assert merge(base, target, patched) == expected


TEXT = st.text("abcd", max_size=8)


@given(TEXT, TEXT, TEXT)
def test_the_direction_does_not_matter(base: str, patched: str, target: str) -> None:
    assert merge(base, patched, target) == merge(base, target, patched)
    assert merge(base, base, target) == target
    assert merge(base, patched, base) == patched
    assert merge(base, patched, patched) == patched


@given(TEXT, TEXT)
def test_changes_make_one_file_of_the_other(base: str, patched: str) -> None:
    old, new = lines(base), lines(patched)
    made = list(old)
    for change in reversed(bylines.changes(old, new)):
        made[slice(*change.base)] = new[slice(*change.patched)]
    assert made == new


def test_a_change_is_exact_where_its_context_is_at_one_place() -> None:
    base = lines("abcdefgh")
    (change,) = bylines.changes(base, lines("abcdXfgh"))
    assert change == Change((4, 5), (4, 5))
    assert bylines.is_exact(change, base, lines("1234bcdefgh"))
    assert not bylines.is_exact(change, base, lines("1234bcdefg-"))
    assert not bylines.is_exact(change, base, lines("bcdefghbcdefgh"))
    assert not bylines.is_exact(change, base, [])
    assert not bylines.is_exact(Change((0, 0), (0, 1)), [], lines("ab"))


def told(*changes: tuple[int, int], decided: list[Decided], exact: bool = False) -> list[Step]:
    found = [Change(span, span) for span in changes]
    hunks = bylines.hunks(found, decided, [exact] * len(found))
    assert [h.number for h in hunks] == list(range(1, len(found) + 1))
    assert [h.line for h in hunks] == [start + 1 for start, _end in changes]
    return [h.step for h in hunks]


def test_a_hunk_is_as_hard_as_the_hardest_that_it_is_part_of() -> None:
    decided = [
        Decided(3, 4, Step.LINES, "a"),
        Decided(4, 6, Step.CONFLICT, "b"),
        Decided(9, 8, Step.FORMAT, "c"),
    ]
    assert told((2, 3), (3, 5), (6, 7), decided=decided) == [
        Step.LINES,
        Step.CONFLICT,
        Step.LINES,
    ]
    # an insertion before line 9, and a change of lines 8 to 9
    assert told((8, 8), (7, 9), decided=decided) == [Step.FORMAT, Step.FORMAT]


def test_an_exact_hunk_is_told_so_unless_it_was_no_matter_of_lines() -> None:
    decided = [
        Decided(1, 1, Step.LINES, "a"),
        Decided(3, 3, Step.APPLIED, "b"),
        Decided(5, 5, Step.CONFLICT, "c"),
    ]
    steps = told((0, 1), (2, 3), (4, 5), decided=decided, exact=True)
    assert steps == [Step.EXACT, Step.APPLIED, Step.CONFLICT]
    assert told((0, 1), decided=decided) == [Step.LINES]
