"""Whether each piece of a merge stands where it belongs: in its block, after its clause, below its
command.

This looks at the whole result, whoever put a piece there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hgport.engine.merge import tree
from hgport.engine.merge.pieces import FromPatch, FromTarget, Imports, Mixed, Piece
from hgport.engine.merge.units import Unit

# what belongs to the statement of its depth before it
_CLAUSES = frozenset([b"else", b"elif", b"except", b"finally"])
# two units are the same one, changed, if they are as alike as this
_ALIKE = 0.5


class _Placed(NamedTuple):
    """A unit of the result: its depth, and what it is in the patched file and in the target."""

    depth: int
    unit: Unit
    ours: Unit | None
    theirs: Unit | None
    replaces: bool  # it takes the place of something in the target


def keeps_places(pieces: Iterable[Piece], patched: Sequence[Unit], target: Sequence[Unit]) -> bool:
    """Whether all that the patch brings is in the block that it is in in the patched file, and
    each clause and each line of output is still after what it belongs to.

    What takes the place of something in the target is in the block which that is in.
    """
    places = {id(unit): index for side in (patched, target) for index, unit in enumerate(side)}
    out: list[_Placed] = []
    for one in (placed for piece in pieces for placed in _placed(piece)):
        source = patched if one.ours is not None else target
        origin = one.ours if one.ours is not None else one.theirs
        assert origin is not None
        before = source[: places[id(origin)]]
        if one.unit.kind == "code":
            if one.ours is not None and not one.replaces and not _in_its_block(one, before, out):
                return False
            if one.unit.tokens[0].text in _CLAUSES and not _after_its_own(one, before, out):
                return False
        elif one.unit.kind == "output" and not _below_its_command(before, out):
            return False
        if one.unit.kind in ("code", "command"):
            out.append(one)
    return True


def _placed(piece: Piece) -> Iterator[_Placed]:
    if isinstance(piece, FromTarget):
        depth = piece.unit.depth if piece.depth is None else piece.depth
        yield _Placed(depth, piece.unit, None, piece.unit, True)
    elif isinstance(piece, FromPatch):
        yield _Placed(piece.depth, piece.unit, piece.unit, None, piece.in_place)
    elif isinstance(piece, Mixed):
        yield _Placed(piece.depth, piece.target, piece.patched, piece.target, True)
    elif isinstance(piece, Imports):
        yield _Placed(piece.target.depth, piece.target, piece.patched, piece.target, True)
    else:
        for unit in piece.target:
            yield _Placed(unit.depth, unit, None, unit, True)


def _in_its_block(one: _Placed, before: Sequence[Unit], out: Sequence[_Placed]) -> bool:
    """Whether the line that opens its block is the one of the patched file."""
    assert one.ours is not None
    wanted = next(
        (u for u in reversed(before) if u.kind == "code" and u.depth < one.ours.depth), None
    )
    found = next((p for p in reversed(out) if p.depth < one.depth), None)
    return _same(wanted, found)


def _after_its_own(one: _Placed, before: Sequence[Unit], out: Sequence[_Placed]) -> bool:
    """Whether a clause belongs to the statement that it belongs to in the file it comes from."""
    origin = one.ours if one.ours is not None else one.theirs
    assert origin is not None
    wanted = next((u for u in reversed(before) if _is_head(u, u.depth, origin.depth)), None)
    found = next((p for p in reversed(out) if _is_head(p.unit, p.depth, one.depth)), None)
    level = found is not None and found.depth == one.depth
    return level and _same(wanted, found)


def _is_head(unit: Unit, depth: int, of: int) -> bool:
    """Whether a unit is the statement of that depth that clauses go on, or outside of it."""
    if unit.kind != "code" or depth > of:
        return False
    return depth < of or unit.tokens[0].text not in _CLAUSES


def _below_its_command(before: Sequence[Unit], out: Sequence[_Placed]) -> bool:
    """Whether the command above a line of output is that of the file that it comes from."""
    wanted = next((unit for unit in reversed(before) if unit.kind == "command"), None)
    return _same(wanted, out[-1] if out else None)


def _same(wanted: Unit | None, found: _Placed | None) -> bool:
    if wanted is None or found is None:
        return wanted is None and found is None
    if wanted in (found.ours, found.theirs) or found.unit.key == wanted.key:
        return True
    one, other = wanted.key.split(b"\0"), found.unit.key.split(b"\0")
    if wanted.kind == "command":
        one, other = wanted.key.split(), found.unit.key.split()
    return one[0][:1] == other[0][:1] and tree.likeness(one, other) >= _ALIKE
