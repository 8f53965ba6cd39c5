"""The names of imports, merged as sets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers_merge import unit
from hgport.engine.merge import importlist

NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)


def merge(base: str, patched: str, target: str) -> str | None:
    sides = (unit(f"from x import {names}\n") for names in (base, patched, target))
    found = importlist.merge(*sides)
    return None if found is None else ", ".join(b" ".join(name).decode() for name in found)


@pytest.mark.parametrize(
    ("base", "patched", "target", "expected"),
    [
        ("a, b", "a, b, c", "a, b, d", "a, b, c, d"),
        ("a, b, c", "a, c", "a, b", "a"),  # both deletions, not one
        ("a, b, c", "a, b", "b, c", "b"),
        ("a, b", "a, c", "a, c", "a, c"),  # both have it: once
        ("(a, b,)", "(\n  a,\n  b as c,\n)", "a, b, d", "a, b as c, d"),
        ("b, a", "b, n, a", "b, a, z", "b, n, a, z"),  # no order: after what it follows
        ("b, a", "n, b, a", "b, a, z", "n, b, a, z"),
        ("a", "b", "c", "b, c"),
    ],
)
def test_sets(base: str, patched: str, target: str, expected: str) -> None:
    assert merge(base, patched, target) == expected


def test_what_is_no_such_statement() -> None:
    plain, other = unit("from x import a, b\n"), unit("from y import a, b\n")
    assert importlist.merge(plain, plain, other) is None
    for text in (
        "import a, b\n",
        "x = a\n",
        "# from x import a\n",
        "from x import (a,  # why\n b)\n",
    ):
        assert importlist.merge(plain, plain, unit(text)) is None
        assert importlist.split(unit(text)) is None


def test_nothing_left_is_nothing_to_write() -> None:
    assert merge("a", "b", "a, c") == "b, c"
    assert merge("a, b", "a", "b") is None


@given(NAMES, NAMES, NAMES)
def test_each_name_is_where_the_sets_have_it(
    base: list[str], patched: list[str], target: list[str]
) -> None:
    found = merge(*(", ".join(side) for side in (base, patched, target)))
    b, p, t = set(base), set(patched), set(target)
    names = [] if found is None else found.split(", ")
    assert set(names) == (p & t) | (p - b) | (t - b)
    assert len(names) == len(set(names))
    kept = [name for name in target if name in names]
    assert [name for name in names if name in kept] == kept
