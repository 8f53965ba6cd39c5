"""Look at a merge with other eyes than those that made it.

What it changes in the target must be what the patch changed in the base, counted in canonical
tokens; blocks must be where a statement opens one; and it must compile where the target did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from hgport.engine.merge import logical
from hgport.engine.merge.lexer import NotPython
from hgport.engine.merge.pieces import Disputed
from hgport.engine.merge.units import Cut, Unit

Counts = dict[bytes, int]


def same_change(
    base: Cut,
    patched: Cut,
    target: Cut,
    merged: bytes,
    disputed: Iterable[Disputed],
    *,
    whole: bool,
) -> bool:
    """Whether ``merged`` differs from the target as the patched file does from the base.

    What is disputed is the target's there, and left out.  ``whole`` is false where the target has
    a part of the change already: then only a part of it must show.
    """
    try:
        after = logical.cut(merged).units
    except NotPython:
        return False
    wanted = _difference(base.units, patched.units)
    for one in disputed:
        for word, count in _difference(one.base, one.patched).items():
            wanted[word] = wanted.get(word, 0) - count
    made = _difference(target.units, after)
    words = {*wanted, *made}
    if whole:
        return all(wanted.get(word, 0) == made.get(word, 0) for word in words)
    return all(_within(made.get(word, 0), wanted.get(word, 0)) for word in words)


def _within(part: int, all_: int) -> bool:
    return 0 <= part <= all_ or all_ <= part <= 0


def _difference(before: Sequence[Unit], after: Sequence[Unit]) -> Counts:
    counts = _words(after)
    counts.subtract(_words(before))
    return {word: count for word, count in counts.items() if count}


def _words(units: Iterable[Unit]) -> Counter[bytes]:
    return Counter(word for unit in units for word in unit.key.split(b"\0"))


def is_well_formed(merged: bytes) -> bool:
    """Whether the text can be read as Python, with a block after each line that opens one and
    nowhere else."""
    try:
        units = [u for u in logical.cut(merged).units if u.kind != "comment"]
    except NotPython:
        return False
    for unit, next_ in zip(units, [*units[1:], None]):
        depth = next_.depth if next_ is not None else 0
        if (depth > unit.depth) != _opens(unit):
            return False
    return True


def _opens(unit: Unit) -> bool:
    plain = [token for token in unit.tokens if token.kind != "comment"]
    return bool(plain) and plain[-1].text == b":"
