"""What comes of each unit that a patch, a target or both changed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers_merge import STATEMENTS, cut
from hgport.engine.merge import settle
from hgport.engine.merge.pieces import Disputed, FromPatch, FromTarget, Imports, Mixed, Piece
from hgport.engine.merge.result import Step
from hgport.engine.merge.settle import Settled


def sides(base: str, patched: str, target: str) -> list[Settled]:
    return settle.settle(*(cut(text).units for text in (base, patched, target)))


def settled(base: str, patched: str, target: str) -> str:
    """The pieces of the best way to see it, one word each, with what it says."""
    return told(sides(base, patched, target)[0].pieces)


def told(pieces: Sequence[Piece]) -> str:
    return " ".join(_word(piece) for piece in pieces)


def _word(piece: Piece) -> str:
    if isinstance(piece, Disputed):
        return "disputed"
    if isinstance(piece, Mixed):
        said = b"".join(taken.canon for taken in piece.taken)
        return f"mixed:{said.decode()}"
    if isinstance(piece, Imports):
        return "imports:" + ",".join(b" ".join(name).decode() for name in piece.names)
    unit = piece.unit
    side = "target" if isinstance(piece, FromTarget) else "patch"
    depth = unit.depth if piece.depth is None else piece.depth
    return f"{side}:{'>' * depth}{unit.key.replace(chr(0).encode(), b'').decode()}"


@pytest.mark.parametrize(
    ("base", "patched", "target", "expected"),
    [
        # one side each
        (
            "a\nb\nc\n",
            "a\nb\nc\nd\n",
            "z\na\nb\nc\n",
            "target:z target:a target:b target:c patch:d",
        ),
        ("a\nb\nc\n", "b\nc\n", "a\nb\nc\nd\n", "target:b target:c target:d"),
        ("f(a, b)\n", "f(a, c)\n", "f(d, b)\n", "mixed:f(d,c)"),
        ("f(a, b)\n", "f(a, c)\n", "f(a,\n  b)\n", "mixed:f(a,c)"),
        ("f(a)\n", "f(b)\n", "f(b)\n", "target:f(b)"),
        ("x = 1\n", "x = 2\n", "x = 3\n", "disputed"),
        ("a\nb\n", "a\nc\nb\n", "a\nd\nb\n", "target:a disputed target:b"),
        # lines that only one side has, beside what the other changed
        (
            "f(a, b)\nz\n",
            "f(a, b)\nnew(x)\nz\n",
            "f(a, d)\nz\n",
            "target:f(a,d) patch:new(x) target:z",
        ),
        # imports
        (
            "from x import a, b, c\n",
            "from x import a, c, d\n",
            "from x import a, b\n",
            "imports:a,d",
        ),
        # a block around lines of which the target changed one
        (
            "f(a)\ng(b)\n",
            "try:\n    f(a)\n    g(b)\nfinally:\n    z()\n",
            "f(a)\ng(c)\n",
            "patch:try: target:>f(a) target:>g(c) patch:finally: patch:>z()",
        ),
    ],
)
def test_pieces(base: str, patched: str, target: str, expected: str) -> None:
    assert settled(base, patched, target) == expected


def test_what_comes_in_is_as_deep_as_its_block_is_in_the_target() -> None:
    base = "def f():\n    a(1)\n    b(2)\n"
    patched = "def f():\n    a(1)\n    n(3)\n    b(2)\n"
    target = "class c:\n    def f():\n        a(1)\n        b(2)\n"
    for found in sides(base, patched, target):
        assert "patch:>n(3)" not in told(found.pieces)


def test_a_line_that_the_target_lacks_is_not_brought_back() -> None:
    base = "def f():\n    a(1)\n    b(2)\n    c(3)\n"
    found = settled(base, base.replace("b(2)", "b(2, 4)"), base.replace("    b(2)\n", ""))
    assert "disputed" in found and "patch:" not in found


def test_what_the_patch_moves_comes_as_the_target_has_it() -> None:
    lines = ["f(a, b)", "g(c, d)", "h(e)", "i(j)"]
    base = "\n".join(lines) + "\n"
    patched = "\n".join([*lines[1:], lines[0]]) + "\n"
    found = settled(base, patched, base.replace("f(a, b)", "f(a,\n  b)"))
    assert "disputed" in found or found.endswith("target:f(a,b)")


def test_each_change_is_told_with_its_lines_of_the_base() -> None:
    base = "a\n\n# c\n# d\nf(x, y)\nz = 1\ne\nk\n"
    patched = "a\nn\n\n# c\n# d\nf(x, w)\nz = 2\ne\n"
    target = "a\n\n# c d\nf(v, y)\nz = 3\ne\nk\n"
    found = sides(base, patched, target)[0].decided
    assert [(d.first, d.last, d.step) for d in found] == [
        (2, 1, Step.FORMAT),
        (5, 5, Step.FORMAT),
        (6, 6, Step.CONFLICT),
        (8, 8, Step.FORMAT),
    ]
    assert all(d.why for d in found)


def test_the_way_with_fewer_disputes_comes_first() -> None:
    base = "if a:\n    f(1)\n    g(b, 2)\n"
    patched = "if a:\n    if n:\n        f(1)\n        g(b, 2)\n"
    target = "if a:\n    f(1)\n    g(b, 3)\n"
    found = sides(base, patched, target)
    assert [one.disputes for one in found] == sorted(one.disputes for one in found)
    assert found[0].disputes == 0


def test_a_strict_look_disputes_what_both_changed() -> None:
    three = [cut(text).units for text in ("f(a, b)\nk\nz\n", "f(a, c)\nk\n", "f(d, b)\nk\nz\n")]
    found = settle.dispute(*three, everything=False)
    assert told(found.pieces) == "disputed target:k"
    found = settle.dispute(*three, everything=True)
    assert told(found.pieces) == "disputed target:k disputed"
    assert found.disputes == 2


FILES = st.lists(STATEMENTS, max_size=6).map(lambda lines: b"\n".join(lines) + b"\n")


@settings(max_examples=100, deadline=None)
@given(FILES, FILES, FILES)
def test_nothing_of_the_target_and_nothing_that_only_the_patch_has_is_lost(
    base: bytes, patched: bytes, target: bytes
) -> None:
    b, p, t = (cut(text).units for text in (base, patched, target))
    for found in settle.settle(b, p, t):
        ours: list[object] = []
        theirs: list[object] = []
        for piece in found.pieces:
            if isinstance(piece, Disputed):
                ours += map(id, piece.patched)
                theirs += map(id, piece.target)
            elif isinstance(piece, FromPatch):
                ours.append(id(piece.unit))
            elif isinstance(piece, FromTarget):
                theirs.append(id(piece.unit))
            else:
                ours.append(id(piece.patched))
                theirs.append(id(piece.target))
        known = {unit.key for unit in (*b, *t)}
        assert all(id(unit) in ours for unit in p if unit.key not in known)
        before = {unit.key for unit in (*b, *p)}
        assert all(id(unit) in theirs for unit in t if unit.key not in before)
        assert len(theirs) == len(set(theirs))


@settings(max_examples=50, deadline=None)
@given(FILES, FILES)
def test_a_patch_of_nothing_leaves_the_target(base: bytes, target: bytes) -> None:
    b, t = cut(base).units, cut(target).units
    pieces = settle.settle(b, b, t)[0].pieces
    assert [piece.unit for piece in pieces if isinstance(piece, FromTarget)] == list(t)
    assert len(pieces) == len(t)
