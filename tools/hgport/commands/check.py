"""``hgport check``: would the maintainers' own checks pass?"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from hgport.commands import completion, options
from hgport.model import project
from hgport.model.ranges import select
from hgport.model.release import Release
from hgport.output import say


@click.command("check")
@click.argument("releases", metavar="[RANGE]", default="affected", shell_complete=completion.ranges)
@click.option("--offline", is_flag=True, help="Look at the files alone; ask no release's tools.")
@click.option("--quick", is_flag=True, help="Leave out the releases' own test-check-*.t.")
@click.option("--here", is_flag=True, help="Be content with the Pythons that this machine has.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="Releases at work at once (the processors).",
)
@options.json_output
@options.series
@options.over
def command(
    releases: str,
    offline: bool,
    quick: bool,
    here: bool,
    jobs: int | None,
    as_json: bool,
    series: Path | None,
    over: tuple[str, ...],
) -> int:
    """Put the series to the checks that Mercurial's maintainers make.

    RANGE is as for status; without one, it is the affected lines.  First the files are looked at,
    of the series and all its ports, and of the further stacks beside it; then each release's own
    check-commit, check-code and import-checker, pyflakes, black, every Python and the release's
    test-check-*.t look at what the patches for it make of it.

    Each finding is a line: patch, file, line, [rule], message.  Exits with 1 if there is one, or if
    nothing was looked at; with 3 if this machine cannot look at everything, which with --here
    is a machine that has none of a release's Pythons.
    """
    return check(
        releases,
        offline=offline,
        quick=quick,
        here=here,
        jobs=jobs or os.cpu_count() or 1,
        as_json=as_json,
        series=series,
        over=over,
    )


def check(
    releases: str,
    *,
    offline: bool = False,
    quick: bool = False,
    here: bool = False,
    jobs: int = 1,
    as_json: bool = False,
    series: Path | None = None,
    over: Sequence[str] = (),
) -> int:
    """Check a stack, with those ``over`` it, on a range of releases, print what came of it, and
    return the exit code.

    Raises UsageError for what is no range or no series, OutsideError for trouble with network or
    disk.
    """
    from hgport.report import check as report
    from hgport.submit.check import offline as files
    from hgport.submit.check.finding import OF_RELEASES

    places, catalogue = project.find(series, over)
    chosen = select(catalogue, releases)
    looked = files.look(places)
    checked = looked.checked
    if not offline and looked.stack is not None:
        from hgport.report.downloads import shown
        from hgport.submit.check import checker

        sound, broken = files.split(looked, chosen)
        checked.notes += broken
        request = checker.Request(
            looked.stack, catalogue, places[0].path.parent, tuple(sound), quick, jobs, here
        )
        checked.needed = OF_RELEASES
        with shown() as progress:
            checked.add(checker.look(request, _Progress(len(sound)), progress))
    if as_json:
        import json

        say(json.dumps(report.to_plain(checked, looked.stack), indent=2))
    else:
        say(*report.text(checked))
    return checked.exit_code


class _Progress:
    """Tells on standard error which release is done, if there are several."""

    def __init__(self, whole: int) -> None:
        self._whole = whole
        self._done = 0

    def __call__(self, release: Release) -> None:
        self._done += 1
        if self._whole > 1:
            sys.stderr.write(f"checked {release.version} ({self._done} of {self._whole})\n")
