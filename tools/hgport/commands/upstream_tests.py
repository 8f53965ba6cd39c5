"""``hgport test --upstream``: put the series to the releases' own tests."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path

from hgport.errors import UsageError
from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.ranges import select
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.output import say
from hgport.places import cache_dir
from hgport.proof import interpreters, plan, upstreamchoice
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Gap
from hgport.proof.upstreamresults import UpstreamResults
from hgport.proof.upstreamtests import test
from hgport.proof.upstreamverdict import Subject, Tested, Told
from hgport.report import junit as xml
from hgport.report import upstream as report
from hgport.report.downloads import shown
from hgport.report.proof import heading
from hgport.upstream import tree
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
) -> int:
    """Run the own tests of a range of releases before and after a stack, print what came of it and
    return the exit code: 1 if a test newly fails, or if one that a patch brings does not fail
    without the patch and pass with it; else 3 if there was no interpreter for some release.

    ``globs`` choose test files; without any, those that touch what the series touches are run.
    Raises UsageError, and OutsideError for trouble with the network or the disk.
    """
    if junit is not None:
        xml.check(junit)
    stack, catalogue = project.load(series)
    chosen = select(catalogue, releases)
    patches = {one: _patches(stack, one, upto) for one in chosen}
    found, gaps, left_out = _interpreters(catalogue, chosen, pythons)
    subjects = _subjects(patches, found, upstreamchoice.split(globs))
    if not as_json:
        say(*heading(stack))
    tested = _tested(subjects, Told() if as_json else report.Lines(), jobs, fresh)
    outcome = report.Outcome(stack, tested, gaps, left_out)
    if junit is not None:
        xml.write(junit, "hgport test --upstream", report.cases(outcome))
    if as_json:
        say(json.dumps(report.to_plain(outcome), indent=2))
    else:
        say(*report.text(outcome))
    if not all(one.right for one in tested):
        return 1
    return 3 if gaps else 0


def _patches(stack: Stack, release: Release, upto: str | None) -> tuple[Patch, ...]:
    """The patches of the series that serves a release, up to the one that is named."""
    patches = stack.for_line(release.line).series.patches
    if upto is None:
        return patches
    for name in (upto, f"{upto}.patch"):
        if name in stack.names:
            last = stack.names.index(name)
            return tuple(one for one in patches if stack.names.index(one.name) <= last)
    raise UsageError(f"no patch {upto} in the series", f"it has {', '.join(stack.names)}")


def _interpreters(
    catalogue: Catalogue, releases: Sequence[Release], pythons: Sequence[str]
) -> tuple[dict[Release, Interpreter], list[Gap], list[Release]]:
    """The best interpreter for each release that this machine has, of those that were asked for;
    what it lacks; and the releases that run in none of those asked for."""
    paths = (Path(one) for one in pythons if os.sep in one)
    named = {one.version: one for one in map(interpreters.named, paths)}
    asked = [*(one for one in pythons if os.sep not in one), *named]
    any_of: dict[Release, list[str]] = {}
    for release, versions in plan.demands(catalogue, releases, asked):
        any_of.setdefault(release, []).extend(versions)
    wanted = [one for versions in any_of.values() for one in versions if one not in named]
    there = {**interpreters.find(wanted), **named}
    found: dict[Release, Interpreter] = {}
    gaps: dict[tuple[str, ...], list[Release]] = {}
    for release, suitable in any_of.items():
        suiting = [there[one] for one in suitable if one in there]
        if suiting:
            found[release] = suiting[0]
        else:
            gaps.setdefault(tuple(suitable), []).append(release)
    lacking = [Gap(versions, tuple(several)) for versions, several in gaps.items()]
    return found, lacking, [one for one in releases if one not in any_of]


def _subjects(
    patches: Mapping[Release, tuple[Patch, ...]],
    found: Mapping[Release, Interpreter],
    globs: Sequence[str],
) -> list[Subject]:
    with shown() as progress:
        names = {
            one: os.listdir(tree.pristine(one, progress) / upstreamchoice.DIRECTORY)
            for one in found
        }
    own = {name for several in patches.values() for name in upstreamchoice.own(several)}
    if found:
        upstreamchoice.check(globs, own.union(*names.values()))
    return [
        Subject(one, python, patches[one], upstreamchoice.chosen(names[one], patches[one], globs))
        for one, python in found.items()
    ]


def _tested(subjects: Sequence[Subject], told: Told, jobs: int, fresh: bool) -> list[Tested]:
    with contextlib.ExitStack() as open_:
        contents = open_.enter_context(Contents(progress=open_.enter_context(shown())))
        results = open_.enter_context(UpstreamResults(cache_dir() / "upstream-tests.sqlite"))

        def begin() -> tuple[Path, Executor]:
            from hgport.proof.workers import local
            from hgport.proof.world import room

            return open_.enter_context(room()), open_.enter_context(local(jobs))

        return list(test(subjects, contents, results, told, begin, jobs=jobs, fresh=fresh))
