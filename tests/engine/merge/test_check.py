"""The second look at a merge."""

from __future__ import annotations

import pytest

from helpers_merge import cut
from hgport.engine.merge import check
from hgport.engine.merge.pieces import Disputed

BASE = "def f(a):\n    g(a, b)\n    h(a)\n    return c\n"
PATCHED = BASE.replace("g(a, b)", "g(a, b, d)").replace("    h(a)\n", "")
TARGET = "def f(a):\n    if a:\n        g(a,\n          e)\n        h(a)\n    return c\n"
RIGHT = "def f(a):\n    if a:\n        g(a, e,\n          d)\n    return c\n"


def same(merged: str, *disputed: Disputed, whole: bool = True, target: str = TARGET) -> bool:
    sides = (cut(text) for text in (BASE, PATCHED, target))
    return check.same_change(*sides, merged.encode(), disputed, whole=whole)


def test_the_change_is_the_patchs() -> None:
    assert same(RIGHT)
    assert same(RIGHT.replace("(a, e,\n          d)", "(\n            a, e, d,\n        )"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (", e", ""),  # something of the target is lost
        ("d)", "d, x)"),  # something comes from nowhere
        ("    return c\n", "    h(a)\n    return c\n"),  # the patch's deletion is lost
        ("d)", "e)"),
        ("d)", "d))"),
    ],
)
def test_any_other_is_not(old: str, new: str) -> None:
    assert old in RIGHT
    assert not same(RIGHT.replace(old, new))


def test_a_part_of_the_change_is_there_already() -> None:
    target = TARGET.replace("        h(a)\n", "")
    assert same(RIGHT, whole=False, target=target)
    assert not same(RIGHT, target=target)
    # but none of it may be undone
    assert not same(RIGHT.replace("return c", "h(a)\n    return c"), whole=False, target=target)


def test_what_is_disputed_is_left_out() -> None:
    base, patched, target = (cut(text).units for text in (BASE, PATCHED, TARGET))
    one = Disputed((base[1],), (patched[1],), (target[2],), "why")
    undecided = TARGET.replace("        h(a)\n", "")
    assert same(undecided, one)
    assert not same(undecided)
    assert not same(RIGHT, one)
