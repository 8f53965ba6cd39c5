"""Prove a plan: take what is known of its cells, run the others, and judge them all.

A moment in which the machine is overloaded can make a cell come out wrong.  So a cell that is not
as stated is run once more, alone, before it is called wrong, and is run anew the next time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hgport.proof import judge
from hgport.proof.evidence import Evidence
from hgport.proof.plan import Cell, Plan, Subject
from hgport.proof.results import Results, Settled
from hgport.proof.stamp import stamp
from hgport.upstream.contents import Contents

# wrong cells that are run once more; where there are more of them it was no bad moment
_MOST_AGAIN = 24


@dataclass(frozen=True)
class Verdict:
    """What came of a cell.

    ``problems`` says what is not as it must be, a phrase each; ``evidence`` is None where the cell
    could not be run at all; ``cached`` says that it had been run before.  ``at_first`` are the
    problems of a first run, beside others, if there was one and the second came out otherwise.
    ``settled`` is what is remembered of a cell whose evidence was not read, as nothing has changed.
    """

    cell: Cell
    evidence: Evidence | None
    problems: tuple[str, ...]
    cached: bool = False
    at_first: tuple[str, ...] = ()
    settled: Settled | None = None

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


def prove(
    plan: Plan, results: Results, contents: Contents, told: Told, *, jobs: int, fresh: bool = False
) -> list[Verdict]:
    """The verdicts on every cell, in the plan's order; what ``results`` does not have as stated is
    run.

    ``fresh`` runs all.  ``jobs`` is how many worlds are at work at once.  Raises OutsideError for
    trouble with the network or the disk.
    """
    proof = _Proof(plan, results, told, fresh)
    if proof.lacking:
        from hgport.proof import schedule  # brings Mercurial's patcher

        schedule.run(proof.lacking, contents, jobs, proof.first)
        again = proof.doubtful()
        if again and sum(map(len, again.values())) <= _MOST_AGAIN:
            schedule.run(again, contents, 1, proof.second)
        proof.tell_rest()
    return [proof.verdicts[cell.key] for cell in plan.cells]


class _Proof:
    """The state of a proof: the verdicts so far, by the cells' keys, and who was told."""

    def __init__(self, plan: Plan, results: Results, told: Told, fresh: bool) -> None:
        self._subjects = plan.by_subject()
        self._results = results
        self._told = told
        self._untold = dict.fromkeys(self._subjects)
        self.verdicts = {} if fresh else _known(plan, results)
        self.lacking = self._cells(lambda cell: cell.key not in self.verdicts)
        for subject in self._subjects:
            if subject not in self.lacking:
                self._tell(subject)

    def first(self, subject: Subject, found: Mapping[str, Evidence | str]) -> None:
        """Take up what came of a subject's cells; it is told now if nothing is in doubt."""
        self._keep(found)
        for cell in self.lacking[subject]:
            self.verdicts[cell.key] = _judged(cell, found[cell.key])
        _settle(self._results, (self.verdicts[cell.key] for cell in self.lacking[subject]))
        if not any(self._is_doubtful(cell) for cell in self._subjects[subject]):
            self._tell(subject)

    def second(self, subject: Subject, found: Mapping[str, Evidence | str]) -> None:
        """Take up what came of those that were run once more."""
        self._keep(found)
        for cell in self._subjects[subject]:
            if cell.key in found:
                was, now = self.verdicts[cell.key], _judged(cell, found[cell.key])
                at_first = was.problems if was.problems != now.problems else ()
                self.verdicts[cell.key] = replace(now, at_first=at_first)
        self._tell(subject)

    def doubtful(self) -> dict[Subject, list[Cell]]:
        """The cells that were run and are not as stated, by subject."""
        return self._cells(self._is_doubtful)

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
