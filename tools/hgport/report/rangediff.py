"""Two series compared, as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from hgport.engine.rangediff import Match, Status
from hgport.model.patch import short_name

_COLOURS = {
    Status.SAME: "yellow",
    Status.CHANGED: "yellow",
    Status.DROPPED: "red",
    Status.ADDED: "green",
}


def text(matches: Sequence[Match], *, colour: bool) -> list[str]:
    """A line a patch, as git range-diff has it, and below it how the two differ."""
    width = len(
        str(max((n for m in matches for n in (m.old_number, m.new_number) if n), default=0))
    )
    lines = []
    for match in matches:
        line = f"{_place(match.old_number, width)} {match.status.value} "
        line += f"{_place(match.new_number, width)}  {_names(match)}"
        lines.append(click.style(line, fg=_COLOURS[match.status], bold=True) if colour else line)
        lines += [f"    {one}".rstrip() if not colour else _painted(one) for one in match.diff]
    return [*lines, summary(matches)]


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


def plain(matches: Iterable[Match]) -> list[dict[str, Any]]:
    """The matches as ``hgport range-diff --json`` prints them."""
    return [
        {
            "status": match.status.name.lower(),
            "old": match.old.name if match.old else None,
            "new": match.new.name if match.new else None,
            "old_number": match.old_number,
            "new_number": match.new_number,
            "diff": "".join(f"{line}\n" for line in match.diff),
        }
        for match in matches
    ]


def _place(number: int | None, width: int) -> str:
    return f"{'-' if number is None else number:>{width}}"


def _names(match: Match) -> str:
    names = [short_name(patch.name) for patch in (match.old, match.new) if patch is not None]
    return " -> ".join(dict.fromkeys(names))


def _painted(line: str) -> str:
    """A line of the outer diff: its own mark in reverse, what it is about in the inner's colour."""
    if line.startswith("@@"):
        return "    " + click.style(line, fg="cyan")
    mark, inner = line[:1], line[1:]
    colour = {"-": "red", "+": "green"}.get(inner[:1])
    outer = {"-": "red", "+": "green"}.get(mark)
    shown = click.style(mark, fg=outer, reverse=True) if outer else mark
    return f"    {shown}" + click.style(inner, fg=colour, dim=outer == "red", bold=outer == "green")
