"""Two series compared, as plain text: in the form of git range-diff."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hgport.engine.rangediff import Match, Status
from hgport.model.patch import short_name


def lines(matches: Sequence[Match]) -> list[str]:
    """A line a patch, below it how the two differ, and the one line at the end."""
    found = []
    for headline, match in zip(headlines(matches), matches):
        found += [headline, *(f"    {line}".rstrip() for line in match.diff)]
    return [*found, summary(matches)]


def headlines(matches: Sequence[Match]) -> list[str]:
    """The line of each patch: its numbers in both series, its mark, and its name."""
    numbers = [n for m in matches for n in (m.old_number, m.new_number) if n]
    width = len(str(max(numbers, default=0)))
    return [
        f"{_place(one.old_number, width)} {one.status.value} {_place(one.new_number, width)}"
        f"  {_names(one)}"
        for one in matches
    ]


def summary(matches: Iterable[Match]) -> str:
    """The one line at the end."""
    found = [match.status for match in matches]
    words = (
        (Status.SAME, "the same"),
        (Status.CHANGED, "changed"),
        (Status.DROPPED, "dropped"),
        (Status.ADDED, "added"),
    )
    told = [f"{found.count(status)} {word}" for status, word in words if status in found]
    return f"{len(found)} patch{'es' * (len(found) != 1)}: {', '.join(told) or 'none'}"


def _place(number: int | None, width: int) -> str:
    return f"{'-' if number is None else number:>{width}}"


def _names(match: Match) -> str:
    names = [short_name(patch.name) for patch in (match.old, match.new) if patch is not None]
    return " -> ".join(dict.fromkeys(map(_decoded, names)))


def _decoded(name: str) -> str:
    """A file's name as a mail can have it: as UTF-8, which it need not be."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
