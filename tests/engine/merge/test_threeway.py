"""Three sequences side by side."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hgport.engine.merge import align
from hgport.engine.merge.threeway import Kept, Stretch, walk


def parts(base: str, patched: str, target: str) -> list[Kept | Stretch]:
    lengths = len(base), len(patched), len(target)
    return list(walk(lengths, align.same(base, patched), align.same(base, target)))


def test_changes_of_either_side() -> None:
    assert parts("abcde", "aBcde", "abcDde") == [
        Kept(0, 0, 0),
        Stretch((1, 2), (1, 2), (1, 2)),
        Kept(2, 2, 2),
        Stretch((3, 3), (3, 3), (3, 4)),
        Kept(3, 3, 4),
        Kept(4, 4, 5),
    ]


def test_what_comes_before_and_after() -> None:
    assert parts("a", "xa", "ay") == [
        Stretch((0, 0), (0, 1), (0, 0)),
        Kept(0, 1, 0),
        Stretch((1, 1), (2, 2), (1, 2)),
    ]
    assert parts("", "x", "") == [Stretch((0, 0), (0, 1), (0, 0))]
    assert parts("", "", "") == []
    assert parts("ab", "", "ab") == [Stretch((0, 2), (0, 0), (0, 2))]


@given(*[st.text("abc", max_size=6)] * 3)
def test_every_element_of_each_side_comes_once_and_in_order(
    base: str, patched: str, target: str
) -> None:
    seen = ["", "", ""]
    for part in parts(base, patched, target):
        for side, text in enumerate((base, patched, target)):
            if isinstance(part, Kept):
                seen[side] += text[part[side]]
            else:
                seen[side] += text[slice(*part[side])]
        if isinstance(part, Kept):
            assert base[part.base] == patched[part.patched] == target[part.target]
    assert seen == [base, patched, target]
