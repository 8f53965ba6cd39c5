"""Merge by lines, as every other tool does: the step before anything cleverer is tried."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hgport.engine.merge import align
from hgport.engine.merge.pieces import Decided
from hgport.engine.merge.result import Hunk, Step
from hgport.engine.merge.threeway import Kept, walk

# the lines of context by which a hunk is found
_CONTEXT = 3

Lines = Sequence[bytes]


@dataclass(frozen=True)
class LineMerge:
    """``content`` is None if there is a conflict; ``decided`` tells how each change was settled."""

    content: bytes | None
    decided: tuple[Decided, ...]


def merge(base: Lines, patched: Lines, target: Lines) -> LineMerge:
    """Merge three files that are given as their lines."""
    out: list[bytes] = []
    decided = []
    lengths = len(base), len(patched), len(target)
    clean = True
    for part in walk(lengths, align.same(base, patched), align.same(base, target)):
        if isinstance(part, Kept):
            out.append(target[part.target])
            continue
        b, p, t = (
            base[slice(*part.base)],
            patched[slice(*part.patched)],
            target[slice(*part.target)],
        )
        if p == b:
            out += t
            continue
        if t == b:
            out += p
            step, why = Step.LINES, "the target changed other lines only"
        elif p == t:
            out += t
            step, why = Step.APPLIED, "the target has the same change"
        else:
            clean = False
            step, why = Step.CONFLICT, "both changed the same lines"
        decided.append(Decided(part.base[0] + 1, part.base[1], step, why))
    return LineMerge(b"".join(out) if clean else None, tuple(decided))


@dataclass(frozen=True)
class Change:
    """One run of changed lines: its place in the base and in the patched file, from 0, ends
    excluded."""

    base: tuple[int, int]
    patched: tuple[int, int]


def changes(base: Lines, patched: Lines) -> list[Change]:
    """The runs of lines that a patch changes, in order."""
    found = []
    i = j = 0
    for a, b in [*sorted(align.same(base, patched).items()), (len(base), len(patched))]:
        if (i, j) != (a, b):
            found.append(Change((i, a), (j, b)))
        i, j = a + 1, b + 1
    return found


def is_exact(change: Change, base: Lines, target: Lines) -> bool:
    """Whether the change's lines, with their context, are in the target, at one place only."""
    start, end = max(change.base[0] - _CONTEXT, 0), change.base[1] + _CONTEXT
    window = list(base[start:end])
    if not window:
        return False
    places = [
        at
        for at in range(len(target) - len(window) + 1)
        if target[at] == window[0] and list(target[at : at + len(window)]) == window
    ]
    return len(places) == 1


def hunks(
    found: Sequence[Change], decided: Sequence[Decided], exact: Sequence[bool]
) -> tuple[Hunk, ...]:
    """The story of each change: how the hardest of what it is part of was settled."""
    order = list(Step)
    told = []
    for number, (change, is_exact_) in enumerate(zip(found, exact), 1):
        first, last = change.base[0] + 1, change.base[1]
        about = [d for d in decided if _meet(first, last, d)]
        hardest = max(about, key=lambda d: order.index(d.step), default=None)
        if hardest is None:
            step, why = Step.LINES, "the target changed other lines only"
        else:
            step, why = hardest.step, hardest.why
        if is_exact_ and step in (Step.LINES, Step.FORMAT):
            step, why = Step.EXACT, "its lines and their context are the target's"
        told.append(Hunk(number, first, step, why))
    return tuple(told)


def _meet(first: int, last: int, decided: Decided) -> bool:
    """Whether the two have a line in common, or a place between lines."""
    if last < first:
        return decided.first <= first <= decided.last + 1
    if decided.last < decided.first:
        return first <= decided.first <= last + 1
    return first <= decided.last and decided.first <= last
