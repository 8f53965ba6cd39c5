"""Prove a plan: take what is known of its cells, run the others, and judge them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hgport.proof import judge
from hgport.proof.evidence import Evidence
from hgport.proof.plan import Cell, Plan, Subject
from hgport.proof.results import Results
from hgport.proof.world import blobs
from hgport.upstream.contents import Contents


@dataclass(frozen=True)
class Verdict:
    """What came of a cell.

    ``problems`` says what is not as it must be, a phrase each; ``evidence`` is None where the cell
    could not be run at all; ``cached`` says that it had been run before.
    """

    cell: Cell
    evidence: Evidence | None
    problems: tuple[str, ...]
    cached: bool = False

    @property
    def as_stated(self) -> bool:
        """Whether all is as it must be."""
        return not self.problems

    @property
    def observed(self) -> str:
        """What was seen, in a few words."""
        if self.evidence is None:
            return "not run"
        return judge.observed(self.evidence, blobs(self.cell.row.operation))


# told of each subject when it is done
Told = Callable[[Subject, Sequence[Verdict]], None]


def prove(
    plan: Plan, results: Results, contents: Contents, told: Told, *, jobs: int, fresh: bool = False
) -> list[Verdict]:
    """The verdicts on every cell, in the plan's order; what is not in ``results`` is run.

    ``fresh`` runs all.  ``jobs`` is how many worlds are at work at once.  Raises OutsideError for
    trouble with the network or the disk.
    """
    subjects = plan.by_subject()
    known = {} if fresh else results.get([cell.key for cell in plan.cells])
    done: dict[Subject, list[Verdict]] = {}
    waiting: list[Subject] = []
    for subject, cells in subjects.items():
        if all(cell.key in known for cell in cells):
            done[subject] = [_judged(cell, known[cell.key], cached=True) for cell in cells]
            told(subject, done[subject])
        else:
            waiting.append(subject)

    def finish(subject: Subject, found: Mapping[str, Evidence | str]) -> None:
        results.put({key: seen for key, seen in found.items() if isinstance(seen, Evidence)})
        every = {**known, **found}
        done[subject] = [
            _judged(cell, every[cell.key], cached=cell.key in known) for cell in subjects[subject]
        ]
        told(subject, done[subject])

    if waiting:
        from hgport.proof import schedule  # brings Mercurial's patcher

        lacking = {s: [c for c in subjects[s] if c.key not in known] for s in waiting}
        schedule.run(lacking, contents, jobs, finish)
    return [verdict for subject in subjects for verdict in done[subject]]


def _judged(cell: Cell, seen: Evidence | str, *, cached: bool) -> Verdict:
    if isinstance(seen, str):
        return Verdict(cell, None, (seen,))
    found = judge.problems(seen, cell.expected, blobs(cell.row.operation))
    return Verdict(cell, seen, found, cached)
