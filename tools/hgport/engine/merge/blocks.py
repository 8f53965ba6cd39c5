"""Whether each piece of a merge stands where it belongs: in its block, after its clause, below its
command.

This looks at the whole result, whoever put a piece there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from hgport.engine.merge import tree
from hgport.engine.merge.likeness import ALIKE
from hgport.engine.merge.pieces import FromPatch, FromTarget, Imports, Mixed, Piece
from hgport.engine.merge.units import Unit

# what belongs to the statement of its depth before it
_CLAUSES = frozenset([b"else", b"elif", b"except", b"finally"])


class _Placed(NamedTuple):
    """A unit of the result: its depth, and what it is in the patched file and in the target."""

    depth: int
    unit: Unit
    ours: Unit | None
    theirs: Unit | None
    replaces: bool  # it takes the place of something in the target


def keeps_places(
    pieces: Iterable[Piece],
    patched: Sequence[Unit],
    target: Sequence[Unit],
    base: Sequence[Unit] = (),
) -> bool:
    """Whether all that the patch brings is in the block that it is in in the patched file, and
    each clause and each line of output is still after what it belongs to.

    What takes the place of something in the target is in the block which that is in.  With the base
    given, what only the target has is looked at in the same way.
    """
    return _Looker(patched, target, {unit.key for unit in base}).look(pieces)


class _Looker:
    """Goes through a result from its start, and knows what it has passed."""

    def __init__(self, patched: Sequence[Unit], target: Sequence[Unit], base: set[bytes]) -> None:
        self._base = base
        self._patched, self._target = patched, target
        self._places = {id(u): at for side in (patched, target) for at, u in enumerate(side)}
        self._there = {unit.key for unit in target}
        self._out: list[_Placed] = []

    def look(self, pieces: Iterable[Piece]) -> bool:
        for one in (placed for piece in pieces for placed in _placed(piece)):
            if not self._is_right(one):
                return False
            if one.unit.kind in ("code", "command"):
                self._out.append(one)
        return True

    def _is_right(self, one: _Placed) -> bool:
        origin = one.ours if one.ours is not None else one.theirs
        assert origin is not None
        source = self._patched if one.ours is not None else self._target
        before = source[: self._places[id(origin)]]
        if one.unit.kind == "output":
            return self._is_below_its_command(before)
        if one.unit.kind != "code":
            return True
        if one.ours is not None and not one.replaces and not self._is_in_its_block(one, before):
            return False
        if one.ours is None and not self._stays_in_its_block(one, before):
            return False
        return one.unit.tokens[0].text not in _CLAUSES or self._is_after_its_own(one, before)

    def _is_in_its_block(self, one: _Placed, before: Sequence[Unit]) -> bool:
        """Whether the line that opens its block is the one of the patched file."""
        assert one.ours is not None
        depth = one.ours.depth
        wanted = next((u for u in reversed(before) if u.kind == "code" and u.depth < depth), None)
        found = next((p for p in reversed(self._out) if p.depth < one.depth), None)
        return self._is_same(wanted, found)

    def _stays_in_its_block(self, one: _Placed, before: Sequence[Unit]) -> bool:
        """Whether what only the target has is in its block still, or in one that the patch puts
        around that."""
        if not self._base or one.unit.key in self._base:
            return True
        wanted = next(
            (u for u in reversed(before) if u.kind == "code" and u.depth < one.unit.depth), None
        )
        depth = one.depth
        for found in reversed(self._out):
            if found.depth < depth:
                if self._is_same(wanted, found):
                    return True
                if found.theirs is not None:
                    return False
                depth = found.depth
        return wanted is None

    def _is_after_its_own(self, one: _Placed, before: Sequence[Unit]) -> bool:
        """Whether a clause belongs to the statement that it belongs to in the file it comes from,
        or to what the patch made of that."""
        origin = one.ours if one.ours is not None else one.theirs
        assert origin is not None
        found = next((p for p in reversed(self._out) if _is_head(p.unit, p.depth, one.depth)), None)
        if found is None or found.depth != one.depth:
            return False
        head = _head(before, origin)
        is_it = head is not None and (
            head in (found.ours, found.theirs) or head.key == found.unit.key
        )
        # two ifs that look alike are two; what both sides changed is one
        both = found.ours is not None and found.theirs is not None
        return (
            is_it
            or (both and self._is_same(head, found))
            or any(
                _head(self._patched[:at], unit) is found.ours
                for at, unit in enumerate(self._patched)
                if found.ours is not None and unit.key == one.unit.key
            )
        )

    def _is_below_its_command(self, before: Sequence[Unit]) -> bool:
        """Whether the command above a line of output is that of the file that it comes from."""
        wanted = next((unit for unit in reversed(before) if unit.kind == "command"), None)
        return self._is_same(wanted, self._out[-1] if self._out else None)

    def _is_same(self, wanted: Unit | None, found: _Placed | None) -> bool:
        if wanted is None or found is None:
            return wanted is None and found is None
        if wanted in (found.ours, found.theirs) or found.unit.key == wanted.key:
            return True
        if wanted.key in self._there:
            # it is not what it resembles, as it is somewhere itself
            return False
        one, other = wanted.key.split(b"\0"), found.unit.key.split(b"\0")
        if wanted.kind == "command":
            one, other = wanted.key.split(), found.unit.key.split()
        return one[0][:1] == other[0][:1] and tree.likeness(one, other) >= ALIKE


def _head(before: Sequence[Unit], clause: Unit) -> Unit | None:
    """The statement that a clause goes on, or what is outside of it."""
    return next((u for u in reversed(before) if _is_head(u, u.depth, clause.depth)), None)


def _placed(piece: Piece) -> Iterator[_Placed]:
    if isinstance(piece, FromTarget):
        depth = piece.unit.depth if piece.depth is None else piece.depth
        yield _Placed(depth, piece.unit, None, piece.unit, True)
    elif isinstance(piece, FromPatch):
        replaces = piece.instead is not None
        yield _Placed(piece.depth, piece.unit, piece.unit, piece.instead, replaces)
    elif isinstance(piece, Mixed):
        yield _Placed(piece.depth, piece.target, piece.patched, piece.target, True)
    elif isinstance(piece, Imports):
        yield _Placed(piece.target.depth, piece.target, piece.patched, piece.target, True)
    else:
        for unit in piece.target:
            yield _Placed(unit.depth, unit, None, unit, True)


def _is_head(unit: Unit, depth: int, of: int) -> bool:
    """Whether a unit is the statement of that depth that clauses go on, or outside of it."""
    if unit.kind != "code" or depth > of:
        return False
    return depth < of or unit.tokens[0].text not in _CLAUSES
