"""``hgport test``: prove the series."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

import click

from hgport.commands import options
from hgport.errors import UsageError
from hgport.model import project
from hgport.model.ranges import select
from hgport.output import say
from hgport.places import cache_dir
from hgport.proof import interpreters, plan
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Plan
from hgport.proof.prover import Verdict, prove
from hgport.proof.results import Results
from hgport.report import proof as report
from hgport.report.downloads import shown
from hgport.report.progress import progress
from hgport.upstream.contents import Contents


def _jobs() -> int:
    # a client that hangs takes no processor while it does
    return 2 * (os.cpu_count() or 1)


@click.command("test")
@click.argument("releases", metavar="[RANGE]", default="affected")
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="V",
    help="Only this Python: a version (2.7) or the path of one.  May be given again.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 256),
    default=_jobs,
    metavar="N",
    help="Worlds at work at once (twice the processors).",
)
@click.option("--upto", metavar="PATCH", help="Go no further than this patch of the series.")
@click.option("--no-cache", is_flag=True, help="Run what was run before, too.")
@options.json_output
@options.series
def command(
    releases: str,
    pythons: tuple[str, ...],
    jobs: int,
    upto: str | None,
    no_cache: bool,
    as_json: bool,
    series: Path | None,
) -> int:
    """Prove the series: the bug shows without it and is gone with it.

    Each release of RANGE (affected if none is given; see hgport status) pushes lfs blobs, in its
    own interpreter, to a server that misbehaves: as published, and with each patch added.  The
    table counts what came of it: hang, the client and the server wait for each other; refused, the
    push fails at once with the reason; stored, every blob arrived whole and once.

    Exits with 1 if anything is not as the table of scenarios states, else with 3 if there was no
    interpreter for some release.
    """
    return test(
        releases,
        pythons=pythons,
        jobs=jobs,
        upto=upto,
        fresh=no_cache,
        as_json=as_json,
        series=series,
    )


def test(
    releases: str,
    *,
    pythons: Sequence[str] = (),
    jobs: int = 1,
    upto: str | None = None,
    fresh: bool = False,
    as_json: bool = False,
    series: Path | None = None,
) -> int:
    """Prove a stack on a range of releases, print what came of it and return the exit code."""
    stack, catalogue = project.load(series)
    named = _named(pythons)
    asked = [*(v for v in pythons if os.sep not in v), *named]
    chosen = select(catalogue, releases)
    demanded = plan.demands(catalogue, chosen, asked)
    without = plan.left_out(catalogue, chosen, asked)
    wanted = [v for _release, any_of in demanded for v in any_of if v not in named]
    made = plan.make(stack, catalogue, demanded, {**interpreters.find(wanted), **named}, upto=upto)
    if not as_json:
        say(*report.heading(stack))
    verdicts = _proven(made, jobs, fresh, quiet=as_json)
    if as_json:
        import json

        say(json.dumps(report.to_plain(stack, verdicts, made.gaps, without), indent=2))
    else:
        say(*report.table(stack, catalogue, verdicts, made.gaps))
        say(*report.wrong(verdicts), *report.unsteady(verdicts))
        say(*report.missing(made.gaps), *report.left_out(without))
        say(report.summary(verdicts, made.gaps, without))
    return _exit_code(verdicts, made)


def _named(pythons: Sequence[str]) -> dict[str, Interpreter]:
    """The interpreters that were given by their path, by version."""
    found: dict[str, Interpreter] = {}
    for path in dict.fromkeys(Path(one) for one in pythons if os.sep in one):
        one = interpreters.named(path)
        other = found.setdefault(one.version, one)
        if other is not one:
            both = f"{other.path} and {one.path}"
            raise UsageError(f"{both} are both Python {one.version}", "give one of each version")
    return found


def _proven(made: Plan, jobs: int, fresh: bool, *, quiet: bool) -> list[Verdict]:
    with contextlib.ExitStack() as open_:
        contents = open_.enter_context(Contents(progress=open_.enter_context(shown())))
        results = open_.enter_context(Results(cache_dir() / "proofs.sqlite"))
        told = open_.enter_context(progress(made, quiet=quiet))
        return prove(made, results, contents, told, jobs=jobs, fresh=fresh)


def _exit_code(verdicts: Sequence[Verdict], made: Plan) -> int:
    if not all(verdict.as_stated for verdict in verdicts):
        return 1
    return 3 if made.gaps else 0
