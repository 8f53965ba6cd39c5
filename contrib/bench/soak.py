#!/usr/bin/env python3
"""Run scenarios many times over on one release with the whole series, to see that none is flaky.

Run it with the Python that hgport is installed in:

    .venv/bin/python contrib/bench/soak.py [RELEASE] [--python V] [--scenario GLOB] [--times N]
        [--jobs N]

Without --scenario the quick ones are run.  A run that is not as stated is told, with what was
seen, and makes the exit code 1; nothing is run twice, and nothing is remembered.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from concurrent.futures import as_completed

from hgport.errors import HgportError
from hgport.model import project
from hgport.proof import choice, interpreters, judge, plan, scenarios
from hgport.proof.patched import patched
from hgport.proof.plan import Cell
from hgport.proof.work import Work, do
from hgport.proof.workers import local
from hgport.proof.world import room
from hgport.upstream.contents import Contents


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("release", nargs="?", default="5.2.2", help="(5.2.2)")
    parser.add_argument("--python", help="the Python to run it in (its best)")
    parser.add_argument("--scenario", action="append", help="only these scenarios (the quick ones)")
    parser.add_argument("--times", type=int, default=100, help="how often each is run (100)")
    parser.add_argument(
        "--jobs", type=int, default=2 * (os.cpu_count() or 1), help="(twice the processors)"
    )
    told = parser.parse_args()
    cells = chosen(told.release, told.python, told.scenario or [])
    started = time.monotonic()
    wrong = soak(cells, told.times, told.jobs)
    count, took = len(cells) * told.times, time.monotonic() - started
    print(f"{count} runs: {count - wrong} as stated, {wrong} not; {took:.0f} s")
    return 1 if wrong else 0


def chosen(version: str, python: str | None, globs: Sequence[str]) -> list[Cell]:
    """The cells of a release with its whole series."""
    stack, catalogue = project.load()
    release = catalogue.release(version)
    demanded = plan.demands(catalogue, [release], [python] if python else [release.pythons[0]])
    found = interpreters.find([one for _release, pythons in demanded for one in pythons])
    rows = choice.choose(scenarios.SCENARIOS, globs=globs, quick=not globs)
    made = plan.make(stack, catalogue, demanded, found, rows=rows)
    return [cell for cell in made.cells if cell.subject.whole]


def soak(cells: Sequence[Cell], times: int, jobs: int) -> int:
    """Run all the cells so many times; how many runs were not as stated."""
    if not cells:
        return 1
    subject, wrong = cells[0].subject, 0
    with Contents() as contents:
        made = patched(contents, subject.release, subject.patches)
    if isinstance(made, str):
        print(made)
        return 1
    work = Work(subject.release, subject.interpreter, *made, tuple(cell.row for cell in cells))
    with room() as place, local(jobs) as executor:
        for done in as_completed([executor.submit(do, work, place) for _time in range(times)]):
            wrong += told(cells, done.result())
    return wrong


def told(cells: Sequence[Cell], found: object) -> int:
    """Tell what was not as stated of one run of the cells; how many were not."""
    if not isinstance(found, list):
        print(found)
        return len(cells)
    wrong = 0
    for cell, seen in zip(cells, found):
        problems = judge.problems(seen, cell.row, cell.expected)
        if problems:
            wrong += 1
            print(f"{cell.row.name}: {judge.observed(seen, cell.row)}: {'; '.join(problems)}")
    return wrong


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HgportError as err:
        print(f"soak: {err.message}" + (f" ({err.hint})" if err.hint else ""), file=sys.stderr)
        sys.exit(err.exit_code)
