"""Three sequences side by side: what stays together, and the stretches between."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from hgport.engine.merge.align import Matches


class Kept(NamedTuple):
    """An element of the base that both sides still have, by its index in each."""

    base: int
    patched: int
    target: int


class Stretch(NamedTuple):
    """What lies between two kept elements: the first index of each side, and the one after it."""

    base: tuple[int, int]
    patched: tuple[int, int]
    target: tuple[int, int]


def walk(
    lengths: tuple[int, int, int], to_patched: Matches, to_target: Matches
) -> Iterator[Kept | Stretch]:
    """Everything in order.

    ``lengths`` are those of base, patched and target; the matches lead from the base to the others
    and rise on both sides.
    """
    base, patched, target = 0, 0, 0
    for at in range(lengths[0] + 1):
        if at == lengths[0]:
            p, t = lengths[1], lengths[2]
        elif at in to_patched and at in to_target:
            p, t = to_patched[at], to_target[at]
        else:
            continue
        if (base, patched, target) != (at, p, t):
            yield Stretch((base, at), (patched, p), (target, t))
        if at < lengths[0]:
            yield Kept(at, p, t)
        base, patched, target = at + 1, p + 1, t + 1
