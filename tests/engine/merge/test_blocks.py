"""Whether what a patch brings stands where it stands in the patched file."""

from __future__ import annotations

import pytest

from helpers_merge import cut
from hgport.engine.merge import blocks, textual
from hgport.engine.merge.pieces import Disputed, FromPatch, FromTarget, Piece
from hgport.engine.merge.units import Cut

PATCHED = cut("def f(a):\n    if a:\n        new(1)\n    else:\n        old(2)\n    return a\n")
TARGET = cut(
    "def f(a, b):\n    x = 1\n    if a:\n        y()\n    else:\n        old(2)\n    return a\n"
)


def keeps(*pieces: Piece, patched: Cut = PATCHED, target: Cut = TARGET) -> bool:
    return blocks.keeps_places(pieces, patched.units, target.units)


def target(*indexes: int) -> list[Piece]:
    return [FromTarget(TARGET.units[index]) for index in indexes]


def new(depth: int) -> FromPatch:
    return FromPatch(PATCHED.units[2], depth)


def test_what_stays_as_it_is_stands_right() -> None:
    assert keeps(*target(0, 1, 2, 3, 4, 5, 6))


def test_a_line_is_in_its_block() -> None:
    assert keeps(*target(0, 1, 2, 3), new(2), *target(4, 5, 6))
    # in the function, in the other branch, and in no block at all
    assert not keeps(*target(0, 1), new(1), *target(2, 3, 4, 5, 6))
    assert not keeps(*target(0, 1, 2, 3, 4, 5), new(2), *target(6))
    assert not keeps(new(0), *target(0, 1, 2, 3, 4, 5, 6))


def test_a_line_may_come_in_with_its_block() -> None:
    head, inner = FromPatch(PATCHED.units[1], 1), new(2)
    assert keeps(*target(0), head, inner, *target(1, 2, 3, 4, 5, 6))


def test_what_takes_the_place_of_a_line_is_in_that_ones_block() -> None:
    inner = FromPatch(PATCHED.units[2], 1, TARGET.units[1])
    assert keeps(*target(0), inner, *target(2, 3, 4, 5, 6))


def test_a_clause_goes_on_what_it_did() -> None:
    other = cut("while b:\n    pass\n").units
    brought = cut("def f(a):\n    while b:\n        pass\n")
    assert other[0].key == brought.units[1].key
    pieces = [*target(0, 1, 2, 3), FromPatch(brought.units[1], 1), FromPatch(brought.units[2], 2)]
    assert not keeps(*pieces, *target(4, 5, 6), patched=brought)
    assert keeps(*target(0, 1), *pieces[4:], *target(2, 3, 4, 5, 6), patched=brought)


def test_a_disputed_block_is_the_targets() -> None:
    disputed = Disputed((), PATCHED.units[1:3], TARGET.units[2:4], "why")
    assert keeps(*target(0, 1), disputed, *target(4, 5, 6))


@pytest.mark.parametrize(("commands", "right"), [("a b", True), ("b a", False)])
def test_output_is_below_its_command(commands: str, right: bool) -> None:
    patched = textual.cut("x.t", b"  $ hg log\n  new\n  $ cat other.txt\n")
    target_ = textual.cut("x.t", b"  $ hg log\n  $ cat other.txt\n")
    first, second = (FromTarget(unit) for unit in target_.units)
    output = FromPatch(patched.units[1], 1)
    pieces: list[Piece] = [first, output, second] if right else [first, second, output]
    assert keeps(*pieces, patched=patched, target=target_) is right
