"""``hgport status``: which patch applies to which release."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from hgport.commands import completion, options
from hgport.engine.verdicts import verdicts
from hgport.model import project
from hgport.model.ranges import select
from hgport.output import say, width
from hgport.report import matrix as report
from hgport.report.downloads import shown


@click.command("status")
@click.argument("releases", metavar="[RANGE]", default="latest", shell_complete=completion.ranges)
@options.json_output
@options.series
@options.over
@options.fuzz
def command(
    releases: str, as_json: bool, series: Path | None, over: tuple[str, ...], fuzz: int
) -> int:
    """Show which patch applies to which release.

    RANGE is latest (the newest release of each line; this if none is given), affected, all, a
    line (5.2), a release (5.2.2), every release of a line (5.2.*), or A..B; commas join.

    The words: ok, the patch applies at the lines that it names; port, so does the port's; offset,
    at other lines; fuzz, with less context; conflict, not; upstream, the release has it;
    repeated, a patch before it does the same; absent, the port leaves it out for no reason; n/a,
    the release has none of its files.  Exits with 1 if anything is not as it should be.
    """
    return status(releases, as_json=as_json, series=series, over=over, fuzz=fuzz)


def status(
    releases: str,
    *,
    as_json: bool = False,
    series: Path | None = None,
    over: Sequence[str] = (),
    fuzz: int = 0,
) -> int:
    """Print the status of a stack, with those ``over`` it, on a range of releases and return the
    exit code."""
    stack, catalogue = project.load(series, over)
    with shown() as progress:
        wanted = select(catalogue, releases)
        found = verdicts(stack, catalogue, wanted, fuzz=fuzz, progress=progress)
    if as_json:
        import json

        say(json.dumps(found.to_plain(), indent=2))
    else:
        say(report.table(found, width()), *report.notes(found), report.summary(found))
    return 0 if found.is_right else 1
