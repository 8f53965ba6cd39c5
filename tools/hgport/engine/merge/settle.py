"""Settle a merge unit by unit: what each side did to each, and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hgport.engine.merge import align, importlist, tree
from hgport.engine.merge.likeness import matches
from hgport.engine.merge.pieces import (
    Decided,
    Disputed,
    FromPatch,
    FromTarget,
    Imports,
    Mixed,
    Piece,
)
from hgport.engine.merge.result import Step
from hgport.engine.merge.runs import (
    TEXT,
    annotates,
    clings,
    enclosing,
    is_at_both_ends,
    is_clear,
    is_gone,
    is_outside,
    is_part,
    is_parting,
    once,
    parent_of,
)
from hgport.engine.merge.threeway import Kept, Stretch, walk
from hgport.engine.merge.units import LONG, Unit

_STYLE = "the target differs from the base there in how it is written, not in what it says"

Units = Sequence[Unit]
Span = tuple[int, int]


@dataclass(frozen=True)
class Settled:
    """The pieces of the merged file, and how each change of the patch was settled."""

    pieces: tuple[Piece, ...]
    decided: tuple[Decided, ...]

    @property
    def disputes(self) -> int:
        """How many places a person has to settle."""
        return sum(isinstance(piece, Disputed) for piece in self.pieces)


def settle(base: Units, patched: Units, target: Units) -> list[Settled]:
    """Merge three files that are given as their units: the ways to see it, the better first.

    Where indentation matters it is tried a second time, with units that are the same at any depth,
    as when a patch puts a block around them.
    """
    found = [_Settler(base, patched, target).settle()]
    if found[0].disputes and any(unit.depth for unit in base):
        found.append(_Settler(base, patched, target, depths=False).settle())
    return sorted(found, key=lambda one: one.disputes)


def dispute(base: Units, patched: Units, target: Units, *, everything: bool) -> Settled:
    """As ``settle``, but without looking into what both sides changed.

    ``everything`` disputes all that the patch changes and the target does not have, for where even
    what looks clean is not to be trusted.
    """
    return _Strict(base, patched, target, everything).settle()


class _Settler:
    def __init__(self, base: Units, patched: Units, target: Units, *, depths: bool = True) -> None:
        self._base, self._patched, self._target = base, patched, target
        self._depths = depths
        self._pieces: list[Piece] = []
        self._decided: list[Decided] = []
        self._next_line = 1  # of the base, after what has been settled
        self._counterpart: dict[int, int] = {}  # of a patched unit, in the target
        self._moved: dict[int, int] = {}  # a patched unit and the base's that it was, elsewhere
        self._base_to_target: align.Matches = {}
        self._parts: list[Kept | Stretch] = []
        self._outside: tuple[int, ...] = ()  # how much deeper the target has what is around

    def settle(self) -> Settled:
        b, p, t = (
            [unit.identity if self._depths else unit.key for unit in side]
            for side in (self._base, self._patched, self._target)
        )
        to_patched, to_target = align.same(b, p), align.same(b, t)
        self._base_to_target = dict(to_target)
        self._find_moves(to_patched)
        lengths = len(b), len(p), len(t)
        parts = list(walk(lengths, to_patched, to_target))
        self._parts = parts
        self._counterpart = {k.patched: k.target for k in parts if isinstance(k, Kept)}
        for number, part in enumerate(parts):
            if isinstance(part, Kept):
                self._kept(part)
            else:
                self._outside = tuple(
                    self._shift(one)
                    for one in (
                        *parts[max(number - 1, 0) : number],
                        *parts[number + 1 : number + 2],
                    )
                    if isinstance(one, Kept)
                )
                self._stretch(part)
        return Settled(tuple(self._pieces), tuple(self._decided))

    def _find_moves(self, to_patched: align.Matches) -> None:
        """What the patch takes away in one place and puts, as it was, into another."""
        stays = set(to_patched.values())
        gone = once(self._base, (i for i in range(len(self._base)) if i not in to_patched))
        new = once(self._patched, (i for i in range(len(self._patched)) if i not in stays))
        moved = {new[key]: gone[key] for key in gone if key in new}
        # a statement that is said in many places was not moved because it is gone in one of them
        self._moved = {
            index: origin
            for index, origin in moved.items()
            if self._is_long(index)
            or moved.get(index + 1) == origin + 1
            or moved.get(index - 1) == origin - 1
        }

    def _is_long(self, index: int) -> bool:
        return len(self._patched[index].tokens) >= LONG

    # what the three sides have alike

    def _kept(self, part: Kept) -> None:
        b, p, t = self._base[part.base], self._patched[part.patched], self._target[part.target]
        depth = _merged_depth(b, p, t)
        if depth is None:
            self._dispute_units([b], [p], [t], "both indented it in different ways")
        elif b.text == p.text or t.text == p.text or b.depth != p.depth:
            self._pieces.append(FromTarget(t, _lead(b, p, t), depth))
            if b.depth != p.depth:
                self._decide([b], Step.FORMAT, "the patch indents it, and the target has it too")
        elif t.text == b.text:
            self._pieces.append(FromPatch(p, depth, t))
            self._decide([b], Step.LINES, "only how it is written changes")
        else:
            why = "the patch changes only how it is written, and the target writes it otherwise"
            self._dispute_units([b], [p], [t], why)
        self._next_line = b.last + 1

    # stretches

    def _stretch(self, part: Stretch) -> None:
        if not self._one_sided(part):
            first, part, last = self._peeled(part)
            for one in first:
                self._kept(one)
            if not self._one_sided(part):
                self._by_likeness(part)
            for one in last:
                self._kept(one)
        base = self._base[slice(*part.base)]
        if base:
            self._next_line = base[-1].last + 1

    def _peeled(self, part: Stretch) -> tuple[list[Kept], Stretch, list[Kept]]:
        """A stretch without what is the same at its end, and then at its start, on all sides, such
        as a blank line that could be taken for another one."""
        starts, ends = [span[0] for span in part], [span[1] for span in part]
        sides = (self._base, self._patched, self._target)

        def same(places: Sequence[int]) -> bool:
            return len({side[at].identity for side, at in zip(sides, places)}) == 1

        last: list[Kept] = []
        while all(a < b for a, b in zip(starts, ends)) and same([end - 1 for end in ends]):
            ends = [end - 1 for end in ends]
            last.insert(0, Kept(*ends))
        first: list[Kept] = []
        while all(a < b for a, b in zip(starts, ends)) and same(starts):
            first.append(Kept(*starts))
            starts = [start + 1 for start in starts]
        return first, Stretch(*zip(starts, ends)), last

    def _sides(self, part: Stretch) -> tuple[Units, Units, Units]:
        return (
            self._base[slice(*part.base)],
            self._patched[slice(*part.patched)],
            self._target[slice(*part.target)],
        )

    def _one_sided(self, part: Stretch) -> bool:
        """Settle what only one side changed, or both alike; whether that was so."""
        base, patched, target = self._sides(part)
        b, p, t = _identities(base), _identities(patched), _identities(target)
        if not base and p != t and self._at_an_edge(part):
            self._dispute(part, "one side puts a block around what the other adds to")
        elif not base and not patched:
            self._keep_added(part)
        elif p == b and [u.text for u in patched] == [u.text for u in base]:
            self._pieces += [FromTarget(unit) for unit in target]
        elif p == t:
            self._pieces += [FromTarget(unit) for unit in target]
            self._decide(base, Step.APPLIED, "the target has the same change")
        elif not base and not target:
            self._insert(part.patched, 0)
            self._decide(base, Step.FORMAT, "the patch adds it, between lines that the target has")
        elif not patched and t == b:
            self._decide(base, Step.FORMAT, f"the patch removes it; {_STYLE}")
        else:
            return False
        return True

    def _keep_added(self, part: Stretch) -> None:
        """Keep what only the target has, as deep as the patch has made what is around it."""
        before = part.base[0] - 1, part.patched[0] - 1
        shift = 0
        if min(before) >= 0 and self._base[before[0]].key == self._patched[before[1]].key:
            shift = self._patched[before[1]].depth - self._base[before[0]].depth
        units = self._target[slice(*part.target)]
        if shift and units and units[0].depth < self._base[before[0]].depth:
            shift = 0  # it is outside of what the patch indents
        for unit in units:
            self._pieces.append(FromTarget(unit, None, unit.depth + shift if shift else None))

    def _at_an_edge(self, part: Stretch) -> bool:
        """Whether what one side adds there is at an edge of a block that the other one indents: it
        may belong into that block, or not."""
        ours = part.patched[0] < part.patched[1]
        added, units = (part.patched, self._patched) if ours else (part.target, self._target)
        other, at = (self._target, part.target[0]) if ours else (self._patched, part.patched[0])
        if added[0] == added[1]:
            return False
        before = self._indented(other, at - 1, part.base[0] - 1)
        after = self._indented(other, at, part.base[0])
        if before is None or after is None or before == after:
            return False
        first, last = units[added[0]].depth, units[added[1] - 1].depth
        return (before != 0 and first >= self._base[part.base[0] - 1].depth) or (
            after != 0 and last >= self._base[part.base[0]].depth
        )

    def _indented(self, units: Units, at: int, base: int) -> int | None:
        """How much deeper a side has a unit than the base; None if it is another one.  The ends of
        the file are no deeper."""
        if base < 0 or base >= len(self._base):
            return 0
        if not 0 <= at < len(units) or units[at].key != self._base[base].key:
            return None
        return units[at].depth - self._base[base].depth

    def _by_likeness(self, part: Stretch) -> None:
        """Align what is alike though not equal, and settle each unit by itself."""
        base, patched, target = self._sides(part)
        to_patched = matches(base, patched)
        to_target = matches(base, target)
        self._base_to_target.update(
            (part.base[0] + i, part.target[0] + j) for i, j in to_target.items()
        )
        lengths = len(base), len(patched), len(target)
        parts = [_shifted(one, part) for one in walk(lengths, to_patched, to_target)]
        kept = [one for one in parts if isinstance(one, Kept)]
        self._counterpart.update((one.patched, one.target) for one in kept)
        for number, one in enumerate(parts):
            if isinstance(one, Kept):
                self._both(one)
                continue
            around = [x for x in parts[max(number - 1, 0) : number + 2] if isinstance(x, Kept)]
            shifts = {self._shift(x) for x in around}
            if number == 0 or number == len(parts) - 1:
                shifts.update(self._outside)
            self._between(one, self._shift_at(one, shifts))

    def _shift(self, kept: Kept) -> int:
        """How much deeper the target has it than the base."""
        return self._target[kept.target].depth - self._base[kept.base].depth

    def _shift_at(self, part: Stretch, around: set[int]) -> int | None:
        """How much deeper than in the patch its units are to be there: as much as what is around
        them, or as the block that they are in; None if that is not known."""
        start = part.patched[0]
        if part.patched[0] == part.patched[1]:
            return 0
        top = min(self._patched[index].depth for index in range(*part.patched))
        parent = parent_of(self._patched, start, top)
        if parent is None:
            return 0
        theirs = self._theirs(parent)
        if theirs is None:
            return min(around) if len(around) == 1 else None
        shift = self._target[theirs].depth - self._patched[parent].depth
        there = parent_of(self._target, part.target[0], top + shift)
        return shift if there == theirs or around == {shift} else None

    def _theirs(self, patched: int) -> int | None:
        """What the target has in place of a unit of the patched file, if it is known."""
        if patched not in self._counterpart:
            for part in self._parts:
                if isinstance(part, Stretch) and part.patched[0] <= patched < part.patched[1]:
                    base, ours, theirs = self._sides(part)
                    to_ours, to_theirs = matches(base, ours), matches(base, theirs)
                    for at, number in to_ours.items():
                        if at in to_theirs:
                            there = part.target[0] + to_theirs[at]
                            self._counterpart.setdefault(part.patched[0] + number, there)
        return self._counterpart.get(patched)

    def _between(self, part: Stretch, shift_: int | None) -> None:
        base, patched, target = self._sides(part)
        b, p, t = _keys(base), _keys(patched), _keys(target)
        shift = shift_ or 0
        sure = shift_ is not None
        if not base and p != t and self._at_an_edge(part):
            self._dispute(part, "one side puts a block around what the other adds to")
        elif not base and not patched:
            self._keep_added(part)
        elif p == b and _depths(patched) == _depths(base):
            self._keep_unless_rewritten(part)
        elif p == t and _depths(patched) == _depths(target):
            self._pieces += [FromTarget(unit) for unit in target]
            self._decide(base, Step.APPLIED, "the target has the same change")
        elif t == b and (sure or not patched):
            self._replace(part, shift)
            why = "the patch adds it" if not base else "the patch replaces it"
            self._decide(base, Step.FORMAT, f"{why}, beside lines that the target changed")
        elif is_part(t, b) and is_part(p, t):
            kept = align.same(t, p)
            self._pieces += [FromTarget(unit) for i, unit in enumerate(target) if i in kept]
            self._decide(base, Step.FORMAT, "the target has removed a part of it")
        elif is_part(p, b) and is_part(t, p):
            self._pieces += [FromTarget(unit) for unit in target]
            self._decide(base, Step.APPLIED, "the target has removed it, and more")
        elif (
            (sure and self._beside(part, shift))
            or self._beside_theirs(part, shift_)
            or self._divided(part, shift_)
        ):
            self._decide(base, Step.FORMAT, "the target changed what is beside it")
        else:
            self._dispute(part, "both changed it in different ways")

    def _keep_unless_rewritten(self, part: Stretch) -> None:
        """Keep what the target has where the patch says nothing new; what it only writes otherwise
        is a matter for a person."""
        base, patched, target = self._sides(part)
        if [unit.text for unit in patched] == [unit.text for unit in base]:
            self._pieces += [FromTarget(unit) for unit in target]
        else:
            why = "the patch changes only how it is written, and the target changed it"
            self._dispute(part, why)

    def _replace(self, part: Stretch, shift: int) -> None:
        """Put the patch's units in place of the target's; those that it keeps stay as they are."""
        _base, patched, target = self._sides(part)
        kept = align.same(_identities(patched), _identities(target))
        for index in range(len(patched)):
            if index in kept:
                self._pieces.append(FromTarget(target[kept[index]]))
            else:
                start = part.patched[0] + index
                self._insert((start, start + 1), shift)

    def _insert(self, span: Span, shift: int) -> None:
        """Put in what the patch adds; what it only moved comes as the target has it."""
        for index in range(*span):
            unit = self._patched[index]
            origin = self._moved.get(index)
            if origin is None or self._patched[index].kind != "code":
                self._pieces.append(FromPatch(unit, unit.depth + shift))
            elif origin in self._base_to_target:
                moved = self._target[self._base_to_target[origin]]
                self._pieces.append(FromTarget(moved, None, unit.depth + shift))
            elif not self._same_function(index, origin):
                why = "the patch moves it, and the target has removed it"
                self._dispute_units([], [unit], [], why)

    def _same_function(self, patched: int, base: int) -> bool:
        """Whether a unit of the patched file and one of the base are in one function."""
        ours = enclosing(self._patched, patched)
        theirs = enclosing(self._base, base)
        if ours is None or theirs is None:
            return ours is theirs
        return [t.text for t in ours.tokens[:2]] == [t.text for t in theirs.tokens[:2]]

    def _beside(self, part: Stretch, shift: int) -> bool:
        """Put what the patch only adds, before or after a run that the target changed or lacks, at
        that end of it; whether that is where it certainly belongs."""
        base, patched, target = self._sides(part)
        if not base or len(patched) <= len(base) or is_at_both_ends(patched, base):
            return False
        gone = is_gone(target, base)
        if gone and base[0].kind in TEXT and not is_outside(patched[len(base) :], base):
            return False
        start, end = part.patched
        count = len(base)
        if _keys(patched[:count]) == _keys(base) and self._fits(
            (start + count, end), part.target[1], shift, target, base
        ):
            self._pieces += [FromTarget(unit) for unit in target]
            if is_parting(patched[0], patched[count], target):
                self._pieces.append(FromPatch(patched[0], patched[0].depth + shift))
            self._insert((start + count, end), shift)
            return True
        if gone and clings(patched[-count - 1]):
            return False
        if _keys(patched[-count:]) == _keys(base) and self._fits(
            (start, end - count), part.target[0], shift, target, base
        ):
            self._insert((start, end - count), shift)
            self._pieces += [FromTarget(unit) for unit in target]
            return True
        return False

    def _beside_theirs(self, part: Stretch, shift: int | None) -> bool:
        """As ``_beside``, where it is the target that only adds, and the patch that changed."""
        base, patched, target = self._sides(part)
        count = len(base)
        if not base or len(target) <= count or (patched and shift is None):
            return False
        gone = is_gone(patched, base)
        if is_at_both_ends(target, base):
            return False
        if gone and base[0].kind in TEXT and not is_outside(target[count:], base):
            return False
        if _keys(target[:count]) == _keys(base):
            added = target[count:]
            if self._clear(added, part.target[0] + count, patched, base):
                self._insert(part.patched, shift or 0)
                if is_parting(target[0], added[0], patched):
                    self._pieces.append(FromTarget(target[0]))
                self._pieces += [FromTarget(unit) for unit in added]
                return True
        if gone and clings(target[-count - 1]):
            return False
        if _keys(target[-count:]) == _keys(base):
            added = target[:-count]
            if self._clear(added, part.target[0], patched, base):
                self._pieces += [FromTarget(unit) for unit in added]
                self._insert(part.patched, shift or 0)
                return True
        return False

    def _clear(self, added: Units, place: int, run: Units, base: Units) -> bool:
        """Whether what the target adds at a place of its own stays in its block, and clear of what
        the patch made of the lines beside it."""
        parent = parent_of(self._target, place, min(unit.depth for unit in added))
        if parent is not None and parent not in self._counterpart.values():
            return False
        return is_clear(added[0].depth, run, base)

    def _divided(self, part: Stretch, shift: int | None) -> bool:
        """Settle a stretch of which the patch changed one end and the target the other; whether
        there is one such way to see it."""
        base, patched, target = (_keys(side) for side in self._sides(part))
        count = len(base)
        if count < 2:
            return False
        if self._base[part.base[0]].kind in TEXT and min(len(patched), len(target)) < count:
            return False
        found: dict[tuple[bytes, ...], tuple[bool, int]] = {}
        for at in range(1, count):
            for patch_first in (True, False):
                first, second = (patched, target) if patch_first else (target, patched)
                cut_first, cut_second = len(first) - (count - at), at
                alike = second[:at] == base[:at] and first[max(cut_first, 0) :] == base[at:]
                both_grow = cut_first > at and len(second) > count
                if alike and cut_first >= 0 and not both_grow:
                    found[(*first[:cut_first], *second[cut_second:])] = patch_first, at
        if len(found) != 1:
            return False
        ((patch_first, at),) = found.values()
        brings = len(patched) - (count - at if patch_first else at)
        if brings and shift is None:
            return False
        self._put_halves(part, shift or 0, patch_first, at)
        return True

    def _put_halves(self, part: Stretch, shift: int, patch_first: bool, at: int) -> None:
        base, patched, target = self._sides(part)
        start, end = part.patched
        if patch_first:
            stays = end - (len(base) - at)
            self._insert((start, stays), shift)
            rest = [FromTarget(unit) for unit in target[at:]]
            if rest and not rest[0].unit.lead:
                # what stood before it is gone, and the blank line after that with it
                rest[0] = FromTarget(rest[0].unit, self._patched[stays].lead)
            self._pieces += rest
        else:
            self._pieces += [FromTarget(unit) for unit in target[: len(target) - (len(base) - at)]]
            self._insert((start + at, end), shift)

    def _fits(self, span: Span, place: int, shift: int, run: Units, base: Units) -> bool:
        """Whether the patch's units may go to a place of the target: into the block that they are
        in, and either clear of what the target has there by their depth, or beside lines that it
        merely changed."""
        top = min(self._patched[index].depth for index in range(*span))
        parent = parent_of(self._patched, span[0], top)
        theirs = parent_of(self._target, place, top + shift)
        if (None if parent is None else self._theirs(parent)) != theirs:
            return False
        if parent is not None and theirs is None:
            return False
        return is_clear(self._patched[span[0]].depth + shift, run, base)

    def _both(self, part: Kept) -> None:
        """Settle one unit that all three have in some form."""
        b, p, t = self._base[part.base], self._patched[part.patched], self._target[part.target]
        depth = _merged_depth(b, p, t)
        if depth is None or p.key == b.key:
            self._kept(part)
        elif p.key == t.key:
            self._pieces.append(FromTarget(t, None, depth))
            self._decide([b], Step.APPLIED, "the target has the same change")
        elif t.text == b.text:
            self._pieces.append(FromPatch(p, depth, t))
            self._decide([b], Step.FORMAT, "the target has it as it was, beside other changes")
        else:
            self._mix(b, p, t, depth)
        self._next_line = b.last + 1

    def _mix(self, base: Unit, patched: Unit, target: Unit, depth: int) -> None:
        names = importlist.merge(base, patched, target)
        if names is not None:
            self._pieces.append(Imports(base, patched, target, names))
            self._decide([base], Step.FORMAT, "the names that are imported merge as a set")
            return
        if annotates(base, target, patched) or annotates(base, patched, target):
            # what is added would be the only parameter with an annotation, or without
            why = "one side annotates the parameters, to which the other one adds"
            self._dispute_units([base], [patched], [target], why)
            return
        if target.kind == "output":
            self._dispute_units([base], [patched], [target], "both changed this line of output")
            return
        try:
            taken = tree.merge(base, patched, target)
        except tree.Differs:
            why = "both changed the same words of it"
            self._dispute_units([base], [patched], [target], why)
            return
        self._pieces.append(Mixed(base, patched, target, tuple(taken), depth))
        alike = target.key == base.key
        self._decide([base], Step.FORMAT, _STYLE if alike else "the target changed other words")

    # the record

    def _decide(self, base: Units, step: Step, why: str) -> None:
        first = base[0].line if base else self._next_line
        last = base[-1].last if base else first - 1
        self._decided.append(Decided(first, last, step, why))

    def _dispute(self, part: Stretch, why: str) -> None:
        self._dispute_units(*self._sides(part), why)

    def _dispute_units(self, base: Units, patched: Units, target: Units, why: str) -> None:
        self._pieces.append(Disputed(tuple(base), tuple(patched), tuple(target), why))
        self._decide(base, Step.CONFLICT, why)


class _Strict(_Settler):
    """Leaves what both sides changed to a person."""

    def __init__(self, base: Units, patched: Units, target: Units, everything: bool) -> None:
        super().__init__(base, patched, target)
        self._everything = everything

    def _one_sided(self, part: Stretch) -> bool:
        base, patched, target = self._sides(part)
        b, p, t = _identities(base), _identities(patched), _identities(target)
        if self._everything and p not in (b, t):
            return False
        if t == b and p != t:
            self._pieces += [FromPatch(unit, unit.depth) for unit in patched]
            self._decide(base, Step.LINES, "the target changed other lines only")
            return True
        return super()._one_sided(part)

    def _by_likeness(self, part: Stretch) -> None:
        self._dispute(part, "both changed these lines")


def _identities(units: Units) -> list[tuple[int, bytes]]:
    return [unit.identity for unit in units]


def _keys(units: Units) -> list[bytes]:
    return [unit.key for unit in units]


def _depths(units: Units) -> list[int]:
    return [unit.depth for unit in units]


def _shifted(part: Kept | Stretch, by: Stretch) -> Kept | Stretch:
    """A part of a stretch by its places in the files."""
    starts = by.base[0], by.patched[0], by.target[0]
    if isinstance(part, Kept):
        return Kept(*(at + start for at, start in zip(part, starts)))
    return Stretch(*((a + start, b + start) for (a, b), start in zip(part, starts)))


def _lead(base: Unit, patched: Unit, target: Unit) -> bytes | None:
    """The blank lines before a unit, if the patch changes them and the target did not."""
    changed = base.lead != patched.lead and target.lead == base.lead
    return patched.lead if changed else None


def _merged_depth(base: Unit, patched: Unit, target: Unit) -> int | None:
    if patched.depth == base.depth or patched.depth == target.depth:
        return target.depth
    return patched.depth if target.depth == base.depth else None
