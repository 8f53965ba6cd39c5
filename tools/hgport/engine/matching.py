"""Which patch of one series is which of another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hgport.engine.hunks import similarity
from hgport.model.patch import Patch

# whether two patches are the same one, by one way to tell
Same = Callable[[Patch, Patch], bool]

# how alike two patches are at least if nothing but their content says that they are one: those
# that change the same files, and those that have only some in common
_ALIKE = 0.3
_ALIKE_ELSEWHERE = 0.6


def pairs(olds: Sequence[Patch], news: Sequence[Patch], *ways: Same) -> dict[int, int]:
    """Which old patch each new one is: places in ``olds`` by places in ``news``.

    The ways are tried one after the other, each on what those before have left; where one of them
    fits several, the most similar content decides, then the order.
    """
    found: dict[int, int] = {}
    for same in ways:
        left_old = [i for i in range(len(olds)) if i not in found.values()]
        left_new = [j for j in range(len(news)) if j not in found]
        fitting = [(i, j) for j in left_new for i in left_old if same(olds[i], news[j])]
        if len(fitting) > 1:
            fitting.sort(key=lambda ij: -similarity(olds[ij[0]], news[ij[1]]))
        for i, j in fitting:
            if j not in found and i not in found.values():
                found[j] = i
    return found


def same_name(old: Patch, new: Patch) -> bool:
    """By the file's name."""
    return old.name == new.name


def same_content(old: Patch, new: Patch) -> bool:
    """By what they do: the same files in much the same way, or in part other files but nearly the
    same."""
    common = set(old.paths) & set(new.paths)
    if not common:
        return False
    needed = _ALIKE if set(old.paths) == set(new.paths) else _ALIKE_ELSEWHERE
    return similarity(old, new) >= needed
