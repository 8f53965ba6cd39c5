"""How the cells of a series came out when they were run last, by what a person calls them.

A cell's key changes with a patch and with our own code.  What is to be mended stays the same: a
release, a Python, the last of the patches, and a row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from hgport.proof.plan import Cell, Plan, Subject
from hgport.proof.prover import Verdict
from hgport.proof.results import Results


class Memory:
    """What ``results`` remembers of the series in the files ``series``, which lie on each other."""

    def __init__(self, results: Results, *series: Path) -> None:
        self._results = results
        self._series = [str(one.resolve()) for one in series]

    def take(self, verdicts: Iterable[Verdict]) -> None:
        """Remember how cells came out; those that could not be run were not as stated."""
        found: dict[str, dict[str, bool]] = {}
        last, mine = None, {}
        for verdict in verdicts:
            if verdict.cell.subject is not last:
                last = verdict.cell.subject
                mine = found.setdefault(self._key(last), {})
            mine[verdict.cell.row.name] = verdict.as_stated
        self._results.remember(found)

    def failed(self, plan: Plan) -> tuple[Plan, int]:
        """The plan with only those of its cells that were not as stated when they were run last;
        and how many of its cells were ever run."""
        subjects = plan.by_subject()
        keys = {subject: self._key(subject) for subject in subjects}
        lately = self._results.lately(list(keys.values()))
        cells: list[Cell] = []
        ever = 0
        for subject, mine in subjects.items():
            known = lately.get(keys[subject], {})
            ever += sum(cell.row.name in known for cell in mine)
            cells += [cell for cell in mine if not known.get(cell.row.name, True)]
        return replace(plan, cells=tuple(cells)), ever

    def _key(self, subject: Subject) -> str:
        last = subject.applied[-1] if subject.patches else ""
        parts = [*self._series, subject.release.version, subject.interpreter.version, last]
        return json.dumps(parts)
