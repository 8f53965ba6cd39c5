"""Two series compared, as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import click

from hgport.engine import rangedifftext
from hgport.engine.rangediff import Match, Status
from hgport.model.stack import Stack
from hgport.report import stacks

_COLOURS = {
    Status.SAME: "yellow",
    Status.CHANGED: "yellow",
    Status.DROPPED: "red",
    Status.ADDED: "green",
}


def text(matches: Sequence[Match], *, colour: bool) -> list[str]:
    """A line a patch, as git range-diff has it, and below it how the two differ."""
    if not colour:
        return rangedifftext.lines(matches)
    lines = []
    for headline, match in zip(rangedifftext.headlines(matches), matches):
        lines.append(click.style(headline, fg=_COLOURS[match.status], bold=True))
        lines += [_painted(one) for one in match.diff]
    return [*lines, rangedifftext.summary(matches)]


def plain(stack: Stack, matches: Iterable[Match]) -> dict[str, Any]:
    """The stacks whose ports were compared, and the matches, as ``hgport range-diff --json`` prints
    them."""
    return {**stacks.plain(stack), "matches": [_plain_match(match) for match in matches]}


def _plain_match(match: Match) -> dict[str, Any]:
    return {
        "status": match.status.name.lower(),
        "old": match.old.name if match.old else None,
        "new": match.new.name if match.new else None,
        "old_number": match.old_number,
        "new_number": match.new_number,
        "diff": "".join(f"{line}\n" for line in match.diff),
    }


def _painted(line: str) -> str:
    """A line of the outer diff: its own mark in reverse, what it is about in the inner's colour."""
    if line.startswith("@@"):
        return "    " + click.style(line, fg="cyan")
    mark, inner = line[:1], line[1:]
    colour = {"-": "red", "+": "green"}.get(inner[:1])
    outer = {"-": "red", "+": "green"}.get(mark)
    shown = click.style(mark, fg=outer, reverse=True) if outer else mark
    return f"    {shown}" + click.style(inner, fg=colour, dim=outer == "red", bold=outer == "green")
