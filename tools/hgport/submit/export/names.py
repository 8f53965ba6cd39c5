"""File names of exported patches."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

# letters that mean nothing in a spec file, a nix expression or mq's series
_ODD = re.compile(r"[^A-Za-z0-9._+-]+")


def kept(names: Sequence[str], taken: Collection[str] = ()) -> dict[str, str]:
    """A name for each name: itself, unless it is ``taken`` by a file of another kind."""
    return _apart({name: name for name in names}, taken)


def plain(names: Sequence[str], taken: Collection[str] = ()) -> dict[str, str]:
    """A name for each name: without directories, and of nothing but ASCII letters, digits and
    ``._+-``.

    Names that are so already stay.  Where two would be the same, their directories become part of
    them, and then a number; none is one of ``taken``.
    """
    bases = {name: _plain(name.rpartition("/")[2]) for name in names}
    count = Counter(bases.values())
    wanted = {
        name: base if count[base] == 1 else _plain(name.replace("/", "-"))
        for name, base in bases.items()
    }
    return _apart(wanted, taken)


def _plain(name: str) -> str:
    # what starts with a dot is hidden, and with a hyphen an option
    plain = _ODD.sub("-", name)
    stem, dot, end = plain.rpartition(".")
    if stem and not stem.strip(".-"):
        return f"patch{dot}{end}"
    return plain.lstrip(".-") or "patch"


def _apart(wanted: dict[str, str], taken: Collection[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    used = set(taken)
    # those that stay as they are go first: what was exported is exported under the same names
    for name in sorted(wanted, key=lambda one: wanted[one] != one):
        found[name] = _unused(wanted[name], used)
        used.add(found[name])
    return {name: found[name] for name in wanted}


def _unused(name: str, used: Collection[str]) -> str:
    if name not in used:
        return name
    stem, dot, end = name.rpartition(".")
    stem, end = (stem, dot + end) if stem else (name, "")
    number = 2
    while f"{stem}-{number}{end}" in used:
        number += 1
    return f"{stem}-{number}{end}"
