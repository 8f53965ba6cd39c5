"""Which rows of the table of scenarios a person means."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from hgport.errors import UsageError
from hgport.proof.scenarios import Scenario

EMBEDDED = "embedded"
_EVERY_SERVER = "all"
_SEE = "see hgport test --list"


def choose(
    rows: Iterable[Scenario],
    *,
    server: str = EMBEDDED,
    globs: Sequence[str] = (),
    quick: bool = False,
) -> tuple[Scenario, ...]:
    """Those of the rows that are meant, in their order.

    ``server`` is a row's server or "all"; ``globs`` are patterns of names, of which a row matches
    any: a plain word matches where it occurs, but a whole name that row alone, and case is all one;
    ``quick`` takes those that are marked quick.  Raises UsageError, which offers near names, for
    what matches nothing.
    """
    every = tuple(rows)
    found = _on(every, server)
    if globs:
        named = {row for glob in globs for row in _named(glob, found, every)}
        found = tuple(row for row in found if row in named)
    if quick:
        found = tuple(row for row in found if row.quick)
        if not found:
            raise UsageError("none of these scenarios is marked quick", _SEE)
    return found


def _on(rows: Sequence[Scenario], server: str) -> tuple[Scenario, ...]:
    known = list(dict.fromkeys(row.server for row in rows))
    wanted = server.lower()
    if wanted == _EVERY_SERVER:
        return tuple(rows)
    found = tuple(row for row in rows if row.server.lower() == wanted)
    if not found:
        raise UsageError(
            f"no scenario is on a server {server!r}",
            f"there are {', '.join([*known, _EVERY_SERVER])}",
        )
    return found


def _named(glob: str, rows: Sequence[Scenario], every: Sequence[Scenario]) -> list[Scenario]:
    """The rows that one pattern means, at least one."""
    found = [row for row in rows if row.name.lower() == glob.lower()]
    found = found or [row for row in rows if _matches(row, glob)]
    if not found:
        raise _unknown(glob, rows, every)
    return found


def _matches(row: Scenario, glob: str) -> bool:
    name, wanted = row.name.lower(), glob.lower()
    if any(sign in wanted for sign in "*?["):
        return fnmatchcase(name, wanted)
    return wanted in name


def _unknown(glob: str, rows: Sequence[Scenario], every: Sequence[Scenario]) -> UsageError:
    elsewhere = dict.fromkeys(row.server for row in every if _matches(row, glob))
    if elsewhere:
        return UsageError(
            f"no scenario matches {glob!r}", f"with --server {' or '.join(map(repr, elsewhere))}"
        )
    # a name is long; what is meant is mostly one part of it, or a word
    names = [row.name for row in rows]
    parts = dict.fromkeys(
        part for name in names for part in [*name.split(", "), *re.split("[, ]+", name), name]
    )
    near = difflib.get_close_matches(glob.strip("*").lower(), parts, n=3, cutoff=0.5)
    offered = f"did you mean {' or '.join(map(repr, near))}? " if near else ""
    return UsageError(f"no scenario matches {glob!r}", offered + _SEE)
