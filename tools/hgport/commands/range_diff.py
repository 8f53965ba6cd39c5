"""``hgport range-diff``: how one port differs from another."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hgport.commands import completion, options
from hgport.engine import rangediff as engine
from hgport.errors import UsageError
from hgport.model import project
from hgport.output import say
from hgport.report import rangediff as report

if TYPE_CHECKING:
    from hgport.model.catalogue import Catalogue
    from hgport.model.patch import Patch
    from hgport.model.stack import Stack


@click.command("range-diff")
@click.argument("old", metavar="A", shell_complete=completion.ports)
@click.argument("new", metavar="B", shell_complete=completion.ports)
@click.option("--format-aware", is_flag=True, help="Hide what is only style, or context.")
@options.json_output
@options.series
@options.over
def command(
    old: str,
    new: str,
    format_aware: bool,
    as_json: bool,
    series: Path | None,
    over: tuple[str, ...],
) -> int:
    """Show how one port of the series differs from another.

    A and B are each a line (4.9: the port that serves it), base (the top-level series), a directory
    with a series, or either of the first two at an older commit: HEAD~3:4.9.  With --with STACK, it
    is the series and that stack on it.

    Patches are matched by name, then by content: = is the same, ! differs, < is dropped, > is
    added.  Where hunks are makes no difference.  Below each patch is a diff of the two diffs.
    """
    stack, catalogue = project.load(series, over)
    for text in (old, new):
        _refuse_unknown(text, catalogue)
    return range_diff(stack, old, new, format_aware=format_aware, as_json=as_json)


def _refuse_unknown(text: str, catalogue: Catalogue) -> None:
    """Raise UsageError for a line that the catalogue does not have."""
    from hgport.model.release import is_version, line_of

    word = text.rpartition(":")[2]
    if is_version(word) and not Path(text).exists():
        catalogue.of_line(line_of(word))


def range_diff(
    stack: Stack, old: str, new: str, *, format_aware: bool = False, as_json: bool = False
) -> int:
    """Compare two ports, print how they differ, and return the exit code."""
    sides = [_patches(stack, text) for text in (old, new)]
    matches = engine.compare(*sides, format_aware=format_aware)
    if as_json:
        import json

        say(json.dumps(report.plain(stack, matches), indent=2))
    else:
        say(*report.text(matches, colour=_in_colour()))
    return 0


def _in_colour() -> bool:
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _patches(stack: Stack, text: str) -> tuple[Patch, ...]:
    """The patches that A or B names."""
    found = _of_port(stack, text)
    if found is not None:
        return found
    if text and Path(text).exists():
        return project.load(Path(text))[0].top.patches
    revision, colon, port = text.rpartition(":")
    if colon:
        from hgport.engine.oldstacks import stack_at

        found = _of_port(stack_at(stack, revision), port)
        if found is not None:
            return found
    raise UsageError(
        f"{text!r} is no port", "name base, a line such as 4.9, a directory, or REV:LINE"
    )


def _of_port(stack: Stack, text: str) -> tuple[Patch, ...] | None:
    """The patches of the ports that a word names, the lowest first; None if it names none."""
    from hgport.model.release import is_version, line_of

    if text == "base":
        return tuple(patch for layer in stack.layers for patch in layer.top.patches)
    return stack.patches_for(line_of(text)) if is_version(text) else None
