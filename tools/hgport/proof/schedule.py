"""Run cells, several at once.

A piece of work is one subject: its world is made, all its cells are run there, and it goes.  Work
is handed to a ``concurrent.futures`` executor and is plain data, so that any such executor will do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from hgport.engine.apply import apply_series
from hgport.engine.outcome import Outcome
from hgport.errors import HgportError, OutsideError
from hgport.model.release import Release
from hgport.proof.cell import run_cell
from hgport.proof.evidence import Evidence
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Cell, Subject
from hgport.proof.scenarios import Scenario
from hgport.proof.workers import local
from hgport.proof.world import ground, room, world
from hgport.upstream.contents import Contents

# what comes of a piece of work: the evidence of each row, or why there is none
Done = Union["list[Evidence]", str]
_BROKEN = (Outcome.CONFLICT, Outcome.NOT_TRIED)


@dataclass(frozen=True)
class Work:
    """One piece of work: run the rows on a release with some files replaced, in a room."""

    room: Path
    release: Release
    interpreter: Interpreter
    replaced: Mapping[str, bytes | None]
    executable: tuple[str, ...]
    rows: tuple[Scenario, ...]


Finish = Callable[[Subject, Mapping[str, "Evidence | str"]], None]


def run(
    lacking: Mapping[Subject, list[Cell]], contents: Contents, jobs: int, finish: Finish
) -> None:
    """Run the cells of each subject, so many subjects at once, and finish each when it is run.

    ``finish`` gets the subject and, by the cells' keys, what was seen or why it could not be run.
    Raises OutsideError for trouble with the network or the disk, or if a worker dies.
    """
    contents.read_many({s.release: None for s in lacking}, _paths(lacking))
    with room() as place, local(jobs) as executor:
        _Run(lacking, contents, place, executor, jobs, finish).run()


def _paths(subjects: Iterable[Subject]) -> list[str]:
    return sorted({path for s in subjects for patch in s.patches for path in patch.paths})


class _Run:
    """The state of a run: what waits, and what is at work.

    The first subject of a release and an interpreter goes ahead of its others, which need the
    ground that it makes; others would only wait for it.
    """

    def __init__(
        self,
        lacking: Mapping[Subject, list[Cell]],
        contents: Contents,
        place: Path,
        executor: Executor,
        jobs: int,
        finish: Finish,
    ) -> None:
        self._cells = lacking
        self._contents = contents
        self._place = place
        self._executor = executor
        self._jobs = jobs
        self._finish = finish
        self._grounds: dict[tuple[str, str], deque[Subject]] = {}
        for subject in lacking:
            self._grounds.setdefault(_ground_of(subject), deque()).append(subject)
        self._ready: deque[Subject] = deque()
        self._working: dict[Future[Done], Subject] = {}

    def run(self) -> None:
        """Run until nothing is left."""
        try:
            self._run()
        except BrokenExecutor as err:
            raise OutsideError("a worker process died", "is there enough memory?") from err

    def _run(self) -> None:
        starts = deque(self._grounds.values())
        while starts or self._ready or self._working:
            while len(self._working) < self._jobs and (self._ready or starts):
                self._begin(self._ready.popleft() if self._ready else starts.popleft().popleft())
            if self._working:
                self._end(wait(self._working, return_when=FIRST_COMPLETED).done)

    def _begin(self, subject: Subject) -> None:
        """Put a subject to work, unless its patches do not apply: then it is done."""
        made = _replaced(self._contents, subject)
        if isinstance(made, str):
            self._done(subject, made)
            return
        rows = tuple(cell.row for cell in self._cells[subject])
        work = Work(self._place, subject.release, subject.interpreter, *made, rows)
        self._working[self._executor.submit(do, work)] = subject

    def _end(self, futures: set[Future[Done]]) -> None:
        for future in futures:
            self._done(self._working.pop(future), future.result())

    def _done(self, subject: Subject, found: Done) -> None:
        cells = self._cells[subject]
        seen: Sequence[Evidence | str] = [found] * len(cells) if isinstance(found, str) else found
        # its ground is made now, so the others may follow
        others = self._grounds[_ground_of(subject)]
        self._ready.extend(others)
        others.clear()
        self._finish(subject, {cell.key: one for cell, one in zip(cells, seen)})


def _ground_of(subject: Subject) -> tuple[str, str]:
    return subject.release.version, subject.interpreter.version


def _replaced(
    contents: Contents, subject: Subject
) -> tuple[Mapping[str, bytes | None], tuple[str, ...]] | str:
    """The files that a subject's patches change and which of them are executable; or why a patch
    does not apply."""
    if not subject.patches:
        return {}, ()
    files = contents.read(subject.release, _paths([subject]))
    applied = apply_series(lambda path: _file(contents, subject, files, path), subject.patches)
    for result in applied.results:
        if result.outcome in _BROKEN:
            return f"{result.patch.name} does not apply to {subject.release.version}"
    return applied.files, tuple(path for path, mode in applied.modes.items() if mode == "x")


def _file(
    contents: Contents, subject: Subject, files: Mapping[str, bytes | None], path: str
) -> bytes | None:
    return files[path] if path in files else contents.read(subject.release, [path])[path]


def do(work: Work) -> Done:
    """Do a piece of work.  Raises OutsideError for trouble with the network or the disk."""
    try:
        base = ground(work.room, work.release, work.interpreter)
        with world(base, work.replaced, work.executable) as tree:
            return [run_cell(base, tree, row) for row in work.rows]
    except OutsideError as err:
        # as plain as it can be: it has to get from one process to another
        raise OutsideError(err.message, err.hint) from None
    except HgportError as err:
        return f"could not be run: {err.message}"
