"""``hgport test --upstream``: put the series to the releases' own tests."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from concurrent.futures import Executor
from pathlib import Path

from hgport.model import project
from hgport.model.ranges import select
from hgport.output import say
from hgport.places import cache_dir
from hgport.proof import upstreamchoice, upstreamplan
from hgport.proof.upstreamresults import UpstreamResults
from hgport.proof.upstreamtests import test
from hgport.proof.upstreamverdict import Subject, Tested, Told
from hgport.report import junit as xml
from hgport.report import upstream as report
from hgport.report.downloads import shown
from hgport.report.proof import heading
from hgport.upstream.contents import Contents


def upstream(
    releases: str,
    *,
    globs: Sequence[str] = (),
    pythons: Sequence[str] = (),
    jobs: int = 1,
    upto: str | None = None,
    fresh: bool = False,
    as_json: bool = False,
    junit: Path | None = None,
    series: Path | None = None,
    over: Sequence[str] = (),
) -> int:
    """Run the own tests of a range of releases before and after a stack, print what came of it and
    return the exit code: 1 if a test newly fails, fails otherwise than before whenever it is run,
    or nothing is said of it, or if one that a patch brings does not fail without the patch and pass
    with it, or if no test of a release passed; else 3 if there was no interpreter for some release.

    ``globs`` choose test files; without any, those that touch what the series touches are run.
    ``pythons`` as in ``interpreters.asked``.
    Raises UsageError, and OutsideError for trouble with the network or the disk.
    """
    if junit is not None:
        xml.check(junit)
    stack, catalogue = project.load(series, over)
    chosen = select(catalogue, releases)
    patches = upstreamplan.patches(stack, chosen, upto)
    machine = upstreamplan.machine(catalogue, chosen, pythons)
    with shown() as progress:
        subjects = upstreamplan.subjects(
            patches, machine.found, upstreamchoice.split(globs), progress
        )
    if not as_json:
        say(*heading(stack))
    tested = _tested(subjects, Told() if as_json else report.Lines(), jobs, fresh)
    outcome = report.Outcome(stack, tested, machine.gaps, machine.left_out)
    try:
        if as_json:
            say(json.dumps(report.to_plain(outcome), indent=2))
        else:
            say(*report.text(outcome))
    finally:
        # last, and whatever came of it: neither of the two that fails now must cost the other
        if junit is not None:
            xml.write(junit, "hgport test --upstream", report.cases(outcome))
    if not all(one.right for one in tested):
        return 1
    return 3 if machine.gaps else 0


def _tested(subjects: Sequence[Subject], told: Told, jobs: int, fresh: bool) -> list[Tested]:
    with contextlib.ExitStack() as open_:
        contents = open_.enter_context(Contents(progress=open_.enter_context(shown())))
        results = open_.enter_context(UpstreamResults(cache_dir() / "upstream-tests.sqlite"))

        def begin() -> tuple[Path, Executor]:
            from hgport.proof.workers import local
            from hgport.proof.world import room

            return open_.enter_context(room()), open_.enter_context(local(jobs))

        return list(test(subjects, contents, results, told, begin, jobs=jobs, fresh=fresh))
