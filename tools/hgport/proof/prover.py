"""Prove a plan: take what is known of its cells, run the others, and judge them all.

A moment in which the machine is overloaded can make a cell come out wrong.  So a cell that is not
as stated is run once more, alone and in fresh processes, before it is called wrong, and is run anew
the next time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.files import remove_tree
from hgport.proof import judge
from hgport.proof.evidence import Evidence
from hgport.proof.plan import Cell, Plan, Subject
from hgport.proof.results import Results, Settled
from hgport.proof.stamp import stamp
from hgport.upstream.contents import Contents

if TYPE_CHECKING:
    from hgport.proof.crew import Crew

# wrong cells that are run once more; where there are more of them it was no bad moment
_MOST_AGAIN = 24


@dataclass(frozen=True)
class Verdict:
    """What came of a cell.

    ``problems`` says what is not as it must be, a phrase each; ``evidence`` is None where the cell
    could not be run at all; ``cached`` says that it had been run before.  ``at_first`` are the
    problems of a first run, beside others, if there was one and the second came out otherwise.
    ``settled`` is what is remembered of a cell whose evidence was not read, as nothing has changed.
    ``kept`` is where its last run was left for looking at, if it was.
    """

    cell: Cell
    evidence: Evidence | None
    problems: tuple[str, ...]
    cached: bool = False
    at_first: tuple[str, ...] = ()
    settled: Settled | None = None
    kept: Path | None = None

    @property
    def as_stated(self) -> bool:
        """Whether all is as it must be."""
        return not self.problems

    @property
    def observed(self) -> str:
        """What was seen, in a few words."""
        if self.settled is not None:
            return self.settled.observed
        if self.evidence is None:
            return "not run"
        return judge.observed(self.evidence, self.cell.row)

    @property
    def seconds(self) -> float:
        """How long it ran, 0 if it was not run."""
        known = self.settled or self.evidence
        return 0.0 if known is None else known.seconds


# told of each subject when it is done
Told = Callable[[Subject, Sequence[Verdict]], None]
# told of each subject when the first of its cells is begun
Begun = Callable[[Subject], None]
# told of verdicts as soon as they are there; on cells that are run once more it is told twice
Remember = Callable[[Sequence[Verdict]], None]


def prove(
    plan: Plan,
    results: Results,
    contents: Contents,
    told: Told,
    *,
    jobs: int,
    fresh: bool = False,
    keep: Path | None = None,
    cluster: str | None = None,
    begun: Begun | None = None,
    remember: Remember | None = None,
) -> list[Verdict]:
    """The verdicts on every cell, in the plan's order; what ``results`` does not have as stated is
    run.

    ``fresh`` runs all.  ``jobs`` is how many cells of this machine are at work at once; with
    ``cluster``, the address of a Dask scheduler, its workers run them, save those that are run once
    more.  What these leave stays below ``keep``, if that is given, a directory each, unless they
    come out as stated.  Raises OutsideError for trouble with the network, the disk or the cluster,
    UsageError if there is no Dask here.
    """
    proof = _Proof(plan, results, told, fresh, remember or _forget)
    if proof.lacking:
        from hgport.proof import schedule  # brings Mercurial's patcher
        from hgport.proof.crew import local_crew

        crew = local_crew(jobs) if cluster is None else _of_cluster(cluster)
        schedule.run(proof.lacking, contents, crew, proof.first, begun=begun)
        again = proof.again(whatever=keep is not None)
        if again:
            place = None if keep is None else partial(_place, keep)
            second = partial(proof.second, place)
            schedule.run(again, contents, local_crew(1), second, keep=place, fresh=True)
        proof.tell_rest()
    return [proof.verdicts[cell.key] for cell in plan.cells]


def _forget(_verdicts: Sequence[Verdict]) -> None:
    """Nobody wants to know."""


def _of_cluster(address: str) -> AbstractContextManager[Crew]:
    from hgport.proof.cluster import cluster_crew  # brings Dask

    return cluster_crew(address)


def _place(keep: Path, cell: Cell) -> Path:
    """Where below ``keep`` a cell is left."""
    subject = cell.subject
    patches = f"{len(subject.patches)} patches" if subject.patches else "unpatched"
    words = f"{subject.release.version} python{subject.interpreter.version} {patches}"
    return keep / re.sub(r"[^\w.]+", "-", f"{words} {cell.row.name}").strip("-")


def _left(verdict: Verdict, place: Path) -> Path | None:
    """Where a cell that was to be left at ``place`` is, if there is something to look at."""
    if verdict.evidence is None:
        return None  # what may be there is of another run
    if verdict.as_stated:
        remove_tree(place)
        return None
    return place


class _Proof:
    """The state of a proof: the verdicts so far, by the cells' keys, and who was told."""

    def __init__(
        self, plan: Plan, results: Results, told: Told, fresh: bool, remember: Remember
    ) -> None:
        self._subjects = plan.by_subject()
        self._results = results
        self._told = told
        self._remember = remember
        self._untold = dict.fromkeys(self._subjects)
        self.verdicts = {} if fresh else _known(plan, results)
        remember(list(self.verdicts.values()))
        self.lacking = self._cells(lambda cell: cell.key not in self.verdicts)
        # how many cells of a subject are to come yet
        self._left = {subject: len(cells) for subject, cells in self.lacking.items()}
        for subject in self._subjects:
            if subject not in self.lacking:
                self._tell(subject)

    def first(self, subject: Subject, found: Mapping[str, Evidence | str]) -> None:
        """Take up what came of some of a subject's cells; it is told once they all are there, if
        nothing is in doubt."""
        self._keep(found)
        mine = [cell for cell in self.lacking[subject] if cell.key in found]
        for cell in mine:
            self.verdicts[cell.key] = _judged(cell, found[cell.key])
        _settle(self._results, (self.verdicts[cell.key] for cell in mine))
        self._remember([self.verdicts[cell.key] for cell in mine])
        if self._all_there(subject, found) and not any(
            self._is_doubtful(cell) for cell in self._subjects[subject]
        ):
            self._tell(subject)

    def second(
        self,
        place: Callable[[Cell], Path] | None,
        subject: Subject,
        found: Mapping[str, Evidence | str],
    ) -> None:
        """Take up what came of some of those that were run once more, and left at a ``place``."""
        self._keep(found)
        mine = [cell for cell in self._subjects[subject] if cell.key in found]
        for cell in mine:
            was, now = self.verdicts[cell.key], _judged(cell, found[cell.key])
            at_first = was.problems if was.problems != now.problems else ()
            kept = _left(now, place(cell)) if place else None
            self.verdicts[cell.key] = replace(now, at_first=at_first, kept=kept)
        self._remember([self.verdicts[cell.key] for cell in mine])
        if self._all_there(subject, found):
            self._tell(subject)

    def again(self, *, whatever: bool) -> dict[Subject, list[Cell]]:
        """The cells to run once more, by subject: those that are not as stated.  None if they are
        too many, but ``whatever`` they mean some of them."""
        doubtful = [c for cells in self._cells(self._is_doubtful).values() for c in cells]
        if len(doubtful) > _MOST_AGAIN and not whatever:
            return {}
        some = {cell.key for cell in doubtful[:_MOST_AGAIN]}
        chosen = self._cells(lambda cell: cell.key in some)
        self._left = {subject: len(cells) for subject, cells in chosen.items()}
        return chosen

    def _all_there(self, subject: Subject, found: Collection[str]) -> bool:
        self._left[subject] -= len(found)
        return not self._left[subject]

    def tell_rest(self) -> None:
        """Tell of the subjects that nobody was told of."""
        for subject in list(self._untold):
            self._tell(subject)

    def _cells(self, wanted: Callable[[Cell], bool]) -> dict[Subject, list[Cell]]:
        chosen = {s: [c for c in cells if wanted(c)] for s, cells in self._subjects.items()}
        return {subject: cells for subject, cells in chosen.items() if cells}

    def _is_doubtful(self, cell: Cell) -> bool:
        verdict = self.verdicts[cell.key]
        return verdict.evidence is not None and not verdict.as_stated

    def _keep(self, found: Mapping[str, Evidence | str]) -> None:
        self._results.put({key: seen for key, seen in found.items() if isinstance(seen, Evidence)})

    def _tell(self, subject: Subject) -> None:
        del self._untold[subject]
        self._told(subject, [self.verdicts[cell.key] for cell in self._subjects[subject]])


def _known(plan: Plan, results: Results) -> dict[str, Verdict]:
    """The verdicts on the cells that were run before, and came out as stated.  Evidence is read
    only where it has not been judged by the same expectation and the same code."""
    settled = results.settled({cell.key: stamp(cell.expected) for cell in plan.cells})
    known = {
        cell.key: Verdict(cell, None, (), cached=True, settled=settled[cell.key])
        for cell in plan.cells
        if cell.key in settled
    }
    seen = results.get([cell.key for cell in plan.cells if cell.key not in settled])
    judged = [_judged(cell, seen[cell.key], cached=True) for cell in plan.cells if cell.key in seen]
    right = {verdict.cell.key: verdict for verdict in judged if verdict.as_stated}
    _settle(results, right.values())
    return {**known, **right}


def _settle(results: Results, verdicts: Iterable[Verdict]) -> None:
    """Remember verdicts that are as stated, so that their evidence need not be read again."""
    results.settle(
        {
            one.cell.key: Settled(stamp(one.cell.expected), one.observed, one.seconds)
            for one in verdicts
            if one.as_stated
        }
    )


def with_evidence(verdicts: Sequence[Verdict], results: Results) -> list[Verdict]:
    """The same verdicts, with the evidence that was not read."""
    seen = results.get([one.cell.key for one in verdicts if one.settled is not None])
    return [
        replace(one, evidence=seen.get(one.cell.key), settled=None) if one.cell.key in seen else one
        for one in verdicts
    ]


def _judged(cell: Cell, seen: Evidence | str, *, cached: bool = False) -> Verdict:
    if isinstance(seen, str):
        return Verdict(cell, None, (seen,))
    found = judge.problems(seen, cell.row, cell.expected)
    return Verdict(cell, seen, found, cached)
