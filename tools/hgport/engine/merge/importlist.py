"""Merge the names of ``from … import (…)`` as the sets that they are."""

from __future__ import annotations

from collections.abc import Sequence

from hgport.engine.merge.canon import atoms
from hgport.engine.merge.units import Unit

Name = tuple[bytes, ...]


def merge(base: Unit, patched: Unit, target: Unit) -> tuple[Name, ...] | None:
    """The names that the merged statement imports, each as its tokens (``a as b`` is three).

    Those that the patch adds stand where the order of the target has them, if it has one, else
    after the name that they follow in the patch.  None if the three are no such statements from one
    module.
    """
    sides = [split(unit) for unit in (base, patched, target)]
    if any(side is None or not side[1] for side in sides):
        return None
    (from_b, b), (from_p, p), (from_t, t) = (side for side in sides if side is not None)
    if not from_b == from_p == from_t:
        return None
    names = [name for name in t if name in p or name not in b]
    for name in (name for name in p if name not in b and name not in names):
        names.insert(_place(name, names, p), name)
    return tuple(names) or None


def split(unit: Unit) -> tuple[Name, list[Name]] | None:
    """The tokens up to ``import``, and the names after it; None for any other statement."""
    words = [atom.canon for atom in atoms(unit.tokens)] if unit.kind == "code" else []
    if words[:1] != [b"from"] or b"import" not in words or any(w[:1] == b"#" for w in words):
        return None
    at = words.index(b"import") + 1
    names: list[Name] = []
    name: list[bytes] = []
    for word in [*words[at:], b","]:
        if word in (b"(", b")"):
            continue
        if word == b",":
            names += [tuple(name)] if name else []
            name = []
        else:
            name.append(word)
    return tuple(words[:at]), names


def _place(name: Name, names: Sequence[Name], patched: Sequence[Name]) -> int:
    if all(a <= b for a, b in zip(names, names[1:])):
        return sum(1 for other in names if other < name)
    for before in reversed(patched[: patched.index(name)]):
        if before in names:
            return names.index(before) + 1
    return 0
