"""Settle a merge unit by unit: what each side did to each, and what comes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hgport.engine.merge import align, importlist, tree
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
from hgport.engine.merge.threeway import Kept, Stretch, walk
from hgport.engine.merge.units import Unit

# units that are less alike than this have nothing to do with each other
_ALIKE = 0.5
_STYLE = "the target differs from the base there in how it is written, not in what it says"

Units = Sequence[Unit]
Made = tuple[list[Piece], list[Decided]]


def settle(base: Units, patched: Units, target: Units) -> Made:
    """The pieces of the merged file, and how each change of the patch was settled."""
    return _Settler(base, patched, target).settle()


def dispute(base: Units, patched: Units, target: Units, *, everything: bool) -> Made:
    """As ``settle``, but without looking into what both sides changed.

    ``everything`` disputes all that the patch changes and the target does not have, for where even
    what looks clean is not to be trusted.
    """
    return _Strict(base, patched, target, everything).settle()


class _Settler:
    def __init__(self, base: Units, patched: Units, target: Units) -> None:
        self._base, self._patched, self._target = base, patched, target
        self._pieces: list[Piece] = []
        self._decided: list[Decided] = []
        self._next_line = 1  # of the base, after what has been settled

    def settle(self) -> Made:
        b, p, t = ([u.identity for u in side] for side in (self._base, self._patched, self._target))
        lengths = len(b), len(p), len(t)
        for part in walk(lengths, align.same(b, p), align.same(b, t)):
            if isinstance(part, Kept):
                self._kept(part)
            else:
                self._stretch(part)
        return self._pieces, self._decided

    # what the three sides have alike

    def _kept(self, part: Kept) -> None:
        b, p, t = self._base[part.base], self._patched[part.patched], self._target[part.target]
        lead = _lead(b, p, t)
        if b.text == p.text or t.text == p.text:
            self._pieces.append(FromTarget(t, lead))
        elif t.text == b.text:
            self._pieces.append(FromPatch(p, p.depth))
            self._decide([b], Step.LINES, "only how it is written changes")
        else:
            why = "the patch changes only how it is written, and the target writes it otherwise"
            self._dispute([b], [p], [t], why)
        self._next_line = b.last + 1

    # stretches

    def _stretch(self, part: Stretch) -> None:
        base = self._base[slice(*part.base)]
        patched = self._patched[slice(*part.patched)]
        target = self._target[slice(*part.target)]
        if not self._one_sided(base, patched, target):
            self._by_likeness(base, patched, target)
        if base:
            self._next_line = base[-1].last + 1

    def _one_sided(self, base: Units, patched: Units, target: Units) -> bool:
        """Settle what only one side changed, or both alike; whether that was so."""
        b, p, t = _identities(base), _identities(patched), _identities(target)
        if p == b and [u.text for u in patched] == [u.text for u in base]:
            self._pieces += [FromTarget(unit) for unit in target]
        elif p == t:
            self._pieces += [FromTarget(unit) for unit in target]
            self._decide(base, Step.APPLIED, "the target has the same change")
        elif not base and not target:
            self._pieces += [FromPatch(unit, unit.depth) for unit in patched]
            self._decide(base, Step.FORMAT, "the patch adds it, between lines that the target has")
        elif not patched and t == b:
            self._decide(base, Step.FORMAT, f"the patch removes it; {_STYLE}")
        else:
            return False
        return True

    def _by_likeness(self, base: Units, patched: Units, target: Units) -> None:
        """Align what is alike though not equal, and settle each unit by itself."""
        to_patched = _alike(base, patched)
        to_target = _alike(base, target)
        lengths = len(base), len(patched), len(target)
        parts = list(walk(lengths, to_patched, to_target))
        for number, part in enumerate(parts):
            if isinstance(part, Kept):
                self._both(base[part.base], patched[part.patched], target[part.target])
                continue
            around = [
                one for one in parts[max(number - 1, 0) : number + 2] if isinstance(one, Kept)
            ]
            shifts = {target[k.target].depth - base[k.base].depth for k in around}
            self._between(
                base[slice(*part.base)],
                patched[slice(*part.patched)],
                target[slice(*part.target)],
                shifts,
            )

    def _between(self, base: Units, patched: Units, target: Units, shifts: set[int]) -> None:
        b, p, t = _keys(base), _keys(patched), _keys(target)
        if p == b and _depths(patched) == _depths(base):
            self._pieces += [FromTarget(unit) for unit in target]
        elif p == t:
            self._pieces += [FromTarget(unit) for unit in target]
            self._decide(base, Step.APPLIED, "the target has the same change")
        elif t == b and (len(shifts) <= 1 or not patched):
            shift = min(shifts) if shifts else 0
            self._replace(patched, target, shift)
            why = "the patch adds it" if not base else "the patch replaces it"
            self._decide(base, Step.FORMAT, f"{why}, beside lines that the target changed")
        else:
            self._dispute(base, patched, target, "both changed it in different ways")

    def _replace(self, patched: Units, target: Units, shift: int) -> None:
        """Put the patch's units in place of the target's; those that it keeps stay as they are."""
        kept = align.same(_identities(patched), _identities(target))
        for index, unit in enumerate(patched):
            if index in kept:
                self._pieces.append(FromTarget(target[kept[index]]))
            else:
                self._pieces.append(FromPatch(unit, unit.depth + shift))

    def _both(self, base: Unit, patched: Unit, target: Unit) -> None:
        """Settle one unit that all three have in some form."""
        depth = _merged_depth(base, patched, target)
        if depth is None:
            self._dispute([base], [patched], [target], "both indented it in different ways")
        elif patched.key == base.key and patched.depth == base.depth:
            self._kept_alike(base, patched, target, depth)
        elif patched.key == target.key:
            self._pieces.append(FromTarget(target, None, depth))
            self._decide([base], Step.APPLIED, "the target has the same change")
        elif target.text == base.text:
            self._pieces.append(FromPatch(patched, depth))
            self._decide([base], Step.FORMAT, "the target has it as it was, beside other changes")
        else:
            self._mix(base, patched, target, depth)
        self._next_line = base.last + 1

    def _kept_alike(self, base: Unit, patched: Unit, target: Unit, depth: int) -> None:
        if base.text == patched.text or patched.text == target.text:
            self._pieces.append(FromTarget(target, _lead(base, patched, target), depth))
            return
        why = "the patch changes only how it is written, and the target changed it"
        self._dispute([base], [patched], [target], why)

    def _mix(self, base: Unit, patched: Unit, target: Unit, depth: int) -> None:
        names = importlist.merge(base, patched, target)
        if names is not None:
            self._pieces.append(Imports(base, patched, target, names))
            self._decide([base], Step.FORMAT, "the names that are imported merge as a set")
            return
        if target.kind == "output":
            self._dispute([base], [patched], [target], "both changed this line of output")
            return
        try:
            taken = tree.merge(base, patched, target)
        except tree.Differs:
            self._dispute([base], [patched], [target], "both changed the same words of it")
            return
        self._pieces.append(Mixed(base, patched, target, tuple(taken), depth))
        alike = target.key == base.key
        what = _STYLE if alike else "the target changed other words of it"
        self._decide([base], Step.FORMAT, what)

    # the record

    def _decide(self, base: Units, step: Step, why: str) -> None:
        first = base[0].line if base else self._next_line
        last = base[-1].last if base else first - 1
        self._decided.append(Decided(first, last, step, why))

    def _dispute(self, base: Units, patched: Units, target: Units, why: str) -> None:
        self._pieces.append(Disputed(tuple(base), tuple(patched), tuple(target), why))
        self._decide(base, Step.CONFLICT, why)


class _Strict(_Settler):
    """Leaves what both sides changed to a person."""

    def __init__(self, base: Units, patched: Units, target: Units, everything: bool) -> None:
        super().__init__(base, patched, target)
        self._everything = everything

    def _one_sided(self, base: Units, patched: Units, target: Units) -> bool:
        b, p, t = _identities(base), _identities(patched), _identities(target)
        if self._everything and p not in (b, t):
            return False
        if t == b and p != t:
            self._pieces += [FromPatch(unit, unit.depth) for unit in patched]
            self._decide(base, Step.LINES, "the target changed other lines only")
            return True
        return super()._one_sided(base, patched, target)

    def _by_likeness(self, base: Units, patched: Units, target: Units) -> None:
        self._dispute(base, patched, target, "both changed these lines")


def _identities(units: Units) -> list[tuple[int, bytes]]:
    return [unit.identity for unit in units]


def _keys(units: Units) -> list[bytes]:
    return [unit.key for unit in units]


def _depths(units: Units) -> list[int]:
    return [unit.depth for unit in units]


def _lead(base: Unit, patched: Unit, target: Unit) -> bytes | None:
    """The blank lines before a unit, if the patch changes them and the target did not."""
    changed = base.lead != patched.lead and target.lead == base.lead
    return patched.lead if changed else None


def _merged_depth(base: Unit, patched: Unit, target: Unit) -> int | None:
    if patched.depth == base.depth or patched.depth == target.depth:
        return target.depth
    return patched.depth if target.depth == base.depth else None


def _alike(left: Units, right: Units) -> align.Matches:
    if _identities(left) == _identities(right):
        return {index: index for index in range(len(left))}
    words = [_words(unit) for unit in left], [_words(unit) for unit in right]

    def score(i: int, j: int) -> float:
        one, other = left[i], right[j]
        if one.kind != other.kind:
            return 0.0
        if one.key == other.key:
            # what is said everywhere ("return", "else:", blank lines) holds little
            return 2.0 * min(1.0, 0.1 + 0.15 * len(words[0][i]))
        if _starts_otherwise(one, other):
            return 0.0
        found = tree.likeness(words[0][i], words[1][j])
        return found if found >= _ALIKE else 0.0

    return align.similar(len(left), len(right), score)


def _starts_otherwise(one: Unit, other: Unit) -> bool:
    """Whether two statements begin with different words, as "if" and "return" do."""
    if one.kind != "code":
        return False
    return one.tokens[0].text != other.tokens[0].text and (
        one.tokens[0].kind != "name" or one.tokens[1:2] != other.tokens[1:2]
    )


def _words(unit: Unit) -> list[bytes]:
    nodes: Iterator[bytes] = (canon for node in tree.nodes(unit) for canon in node.flat)
    return [canon for canon in nodes if canon.strip()]
