"""``hgport test``: prove the series."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from hgport.commands import completion, options
from hgport.errors import UsageError
from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.ranges import select
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.output import say, width
from hgport.places import cache_dir
from hgport.proof import choice, followups, interpreters, plan, prover, scenarios
from hgport.proof.memory import Memory
from hgport.proof.plan import Gap, Plan
from hgport.proof.prover import Verdict
from hgport.proof.results import Results
from hgport.proof.scenarios import Scenario
from hgport.report import proof as report
from hgport.report.progress import progress
from hgport.report.proof import Proven
from hgport.upstream.contents import Contents

# what has no meaning together: options by the parameter that they do not go with
_NOT_WITH = {
    "upstream": ("scenario_globs quick server by_scenario only_list failed keep cluster patched"),
    "patched": "upto",
    "only_list": (
        "releases pythons jobs upto patched no_cache failed keep cluster junit by_scenario"
        " test_globs"
    ),
}


# A client that hangs takes no processor while it does, for most of its time.  Upstream's own tests
# are at work all the time, and some of them measure it.
_WORLDS, _TESTS = 4, 2
_MOST_JOBS = 256
# which rows of a table are meant
Pick = Callable[[Sequence[Scenario]], Sequence[Scenario]]


def _jobs(for_each: int) -> int:
    """How many to have at work at once, if so many for each processor are good."""
    return min(_MOST_JOBS, for_each * (os.cpu_count() or 1))


@click.command("test")
@click.argument("releases", metavar="[RANGE]", default="affected", shell_complete=completion.ranges)
@click.option(
    "--python",
    "pythons",
    multiple=True,
    metavar="V",
    shell_complete=completion.pythons,
    help="Only this Python: a version (2.7, 3.8.18) or the path of one.  May be given again.",
)
@click.option(
    "--upto",
    metavar="PATCH",
    shell_complete=completion.patches,
    help="Go no further than this patch of the series.",
)
@click.option("--patched", is_flag=True, help="Only with all patches: skip what shows the bug.")
@click.option(
    "--scenario",
    "scenario_globs",
    multiple=True,
    metavar="GLOB",
    help="Only scenarios whose name matches, or has this in it.  May be given again.",
)
@click.option("--quick", is_flag=True, help="Only the handful of scenarios that tell the most.")
@click.option(
    "--server",
    default=choice.EMBEDDED,
    metavar="NAME",
    help="The server: embedded (if none is given), 'hg serve', giftless or all.",
)
@click.option("--failed", is_flag=True, help="Only what was not as stated when it was run last.")
@click.option("--no-cache", is_flag=True, help="Run what was run before, too.")
@click.option(
    "--jobs",
    type=click.IntRange(1, _MOST_JOBS),
    metavar="N",
    help="Worlds at work at once (four times the processors; with --upstream, twice).",
)
@click.option("--cluster", metavar="ADDRESS", help="Run the cells on this Dask scheduler.")
@click.option("--keep", is_flag=True, help="Leave what a failed cell worked on, to look at.")
@click.option("--list", "only_list", is_flag=True, help="Print the scenarios; run nothing.")
@click.option("--by-scenario", is_flag=True, help="Print a line for each scenario instead.")
@click.option(
    "--junit",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the results there, as JUnit's XML, too.",
)
@click.option("--upstream", is_flag=True, help="Run each release's own tests instead.")
@click.option(
    "--tests",
    "test_globs",
    multiple=True,
    metavar="GLOB",
    help="With --upstream: only these tests.  May be given again.",
)
@options.json_output
@options.series
@options.over
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> int:
    """Prove the series: the bug shows without it and is gone with it.

    Each release of RANGE (affected if none is given; see hgport status) is run in its own
    interpreter against a server that misbehaves, as the table of scenarios says (--list): as
    published, and with each patch added.  The table counts what came of it: hang, the client and
    the server wait for each other; unsafe and spill, what the server gets may be wrong; failed, the
    push ends with an error that is not ours to prevent; refused, it ends at once with the reason;
    stored, everything arrived whole and once.

    Exits with 1 if anything is not as the table of scenarios states, or if the series that serves
    a release lacks a patch of the top-level one that upstream has not taken, else with 3 if an
    interpreter or a server that was asked for is missing.
    """
    _check_together(ctx)
    of_upstream, only_list = given.pop("upstream"), given.pop("only_list")
    test_globs = given.pop("test_globs")
    given["jobs"] = given["jobs"] or _jobs(_TESTS if of_upstream else _WORLDS)
    if of_upstream:
        return _upstream(test_globs, given)
    if test_globs:
        raise UsageError("--tests names upstream's own tests", "give --upstream as well")
    pick = functools.partial(
        choice.choose,
        server=given.pop("server"),
        globs=given.pop("scenario_globs"),
        quick=given.pop("quick"),
    )
    if only_list:
        return show_rows(pick, as_json=given["as_json"], series=given["series"], over=given["over"])
    return test(given.pop("releases"), pick=pick, fresh=given.pop("no_cache"), **given)


def _check_together(ctx: click.Context) -> None:
    """Raise UsageError for options that were given and make no sense together."""
    named = {
        param.name: (
            max(param.opts, key=len) if isinstance(param, click.Option) else param.make_metavar(ctx)
        )
        for param in ctx.command.params
    }
    told = {
        name
        for name in ctx.params
        if ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE
    }
    for name, others in _NOT_WITH.items():
        for other in others.split():
            if {name, other} <= told:
                raise UsageError(f"{named[name]} and {named[other]} make no sense together")


def _upstream(globs: Sequence[str], given: dict[str, Any]) -> int:
    from hgport.commands import upstream_tests

    return upstream_tests.upstream(
        given["releases"],
        globs=globs,
        pythons=given["pythons"],
        jobs=given["jobs"],
        upto=given["upto"],
        fresh=given["no_cache"],
        as_json=given["as_json"],
        junit=given["junit"],
        series=given["series"],
        over=given["over"],
    )


def show_rows(
    pick: Pick, *, as_json: bool = False, series: Path | None = None, over: Sequence[str] = ()
) -> int:
    """Print what the rows of the table of scenarios state, and return the exit code."""
    from hgport.report import rows as report_rows

    stack, catalogue = project.load(series, over)
    rows = pick(_rows(stack))
    if as_json:
        _say_json(report_rows.listed_plain(stack, catalogue, rows))
    else:
        say(*report.heading(stack), *report_rows.listed(stack, catalogue, rows))
    return 0


def _rows(stack: Stack) -> Sequence[Scenario]:
    return (*followups.rows(stack.names), *scenarios.REAL)


def test(
    releases: str,
    *,
    pick: Pick = choice.choose,
    pythons: Sequence[str] = (),
    jobs: int = 1,
    upto: str | None = None,
    patched: bool = False,
    fresh: bool = False,
    failed: bool = False,
    keep: bool = False,
    cluster: str | None = None,
    junit: Path | None = None,
    by_scenario: bool = False,
    as_json: bool = False,
    series: Path | None = None,
    over: Sequence[str] = (),
) -> int:
    """Prove a stack on a range of releases, print what came of it and return the exit code."""
    if junit is not None:
        from hgport.report import junit as xml

        xml.check(junit)
    stack, catalogue = project.load(series, over)
    chosen, rows = select(catalogue, releases), pick(_rows(stack))
    lacking = _lacking(rows)
    rows = [row for row in rows if row.server not in lacking]
    made, without = _planned(stack, catalogue, chosen, pythons, rows, upto)
    if patched:
        made = made.patched()
    if not (made.cells or made.gaps or lacking):
        raise UsageError(
            f"no chosen scenario makes sense on {releases}", "see hgport test --list: since"
        )
    asked, never = bool(made.cells), 0
    kept = cache_dir() / "kept" if keep else None
    with Results(cache_dir() / "proofs.sqlite") as results:
        memory = Memory(results, *(layer.top.path for layer in stack.layers))
        if failed:
            made, never = _failed(made, memory)
        if not as_json:
            say(*report.heading(stack))
        how = {"jobs": jobs, "fresh": fresh, "keep": kept, "cluster": cluster}
        verdicts = _proven(made, results, quiet=as_json, remember=memory.take, **how)
        if as_json:
            verdicts = prover.with_evidence(verdicts, results)
    found = Proven(
        stack,
        catalogue,
        verdicts,
        made.gaps,
        without,
        plan.without_rows(chosen, rows) if rows else (),
        lacking,
        _incomplete(stack, catalogue, chosen, upto),
        never,
    )
    try:
        if as_json:
            _say_json(report.to_plain(found))
        elif failed and asked and not verdicts:
            say(*report.nothing_failed(found))
        else:
            say(*report.text(found, by_scenario=by_scenario, wide=width()))
    finally:
        # last, and whatever came of it: neither of the two that fails now must cost the other
        if junit is not None:
            xml.write(junit, "hgport test", report.cases(found))
    return _exit_code(found)


def _failed(made: Plan, memory: Memory) -> tuple[Plan, int]:
    """What of a plan was not as stated when it was run last, and how many cells never were.

    Raises UsageError if none of its cells ever was.
    """
    failed, ever = memory.failed(made)
    if made.cells and not ever:
        raise UsageError(
            "nothing of this was run before, so nothing is known to fail",
            "run it without --failed first",
        )
    return failed, len(made.cells) - ever


def _incomplete(
    stack: Stack, catalogue: Catalogue, releases: Sequence[Release], upto: str | None
) -> dict[Release, tuple[str, ...]]:
    """The releases whose series lacks patches, with these."""
    found = {one: plan.lacking(stack, catalogue, one, upto) for one in releases}
    return {release: names for release, names in found.items() if names}


def _lacking(rows: Sequence[Scenario]) -> dict[str, str]:
    """The servers of rows that this machine lacks, with the way to get each."""
    servers = dict.fromkeys(row.server for row in rows if row.server != choice.EMBEDDED)
    if not servers:
        return {}
    from hgport.proof import realservers

    found = {name: realservers.lacking(name) for name in servers}
    return {name: advice for name, advice in found.items() if advice is not None}


def _planned(
    stack: Stack,
    catalogue: Catalogue,
    releases: Sequence[Release],
    pythons: Sequence[str],
    rows: Sequence[Scenario],
    upto: str | None,
) -> tuple[Plan, Sequence[Gap]]:
    """The plan for the interpreters of this machine, and what ``pythons`` leaves out of it."""
    asked, named = interpreters.asked(pythons)
    demanded = plan.demands(catalogue, releases, asked)
    wanted = [v for _release, any_of in demanded for v in any_of if v not in named]
    found = {**interpreters.find(wanted), **named}
    made = plan.make(stack, catalogue, demanded, found, upto=upto, rows=rows)
    return made, plan.left_out(catalogue, releases, asked)


def _proven(made: Plan, results: Results, quiet: bool, **how: Any) -> list[Verdict]:
    """The verdicts on a plan; ``how`` goes to ``prover.prove``."""
    with contextlib.ExitStack() as open_:
        told = open_.enter_context(progress(made, quiet=quiet))
        contents = open_.enter_context(Contents(progress=told.fetched))
        return prover.prove(made, results, contents, told, begun=told.begun, **how)


def _say_json(data: Any) -> None:
    import json

    say(json.dumps(data, indent=2))


def _exit_code(found: Proven) -> int:
    if found.incomplete or not all(verdict.as_stated for verdict in found.verdicts):
        return 1
    return 3 if found.gaps or found.servers else 0
