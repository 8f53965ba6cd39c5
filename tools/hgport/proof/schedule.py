"""Run cells, several at once: cut them into pieces, and keep a crew busy with these.

A piece has cells of one subject and one operation, few enough for the crew to be busy to the end,
and enough for the making of their world to cost little beside them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from hgport.proof.crew import Crew
from hgport.proof.evidence import Evidence
from hgport.proof.patched import Patched, patched
from hgport.proof.plan import Cell, Subject
from hgport.proof.work import Done, Work
from hgport.upstream.contents import Contents

# the making of a world and the start of its hg take about as long as three cells
_LEAST_CELLS, _MOST_CELLS = 4, 36
# pieces for each of the crew, if there are so many: the last of them ends not long after the others
_PIECES = 4
# seconds after which to ask whether the crew is still there
_PATIENCE = 5

# told of each piece that is done: of which subject, and, by the cells' keys, what was seen or why
# they could not be run
Finish = Callable[[Subject, Mapping[str, "Evidence | str"]], None]
Begun = Callable[[Subject], None]
# what the pieces of a release and an interpreter have in common
_Ground = tuple[str, str]


@dataclass(frozen=True, eq=False)
class Piece:
    """Cells that are run together, in one world."""

    subject: Subject
    cells: tuple[Cell, ...]


def run(
    lacking: Mapping[Subject, Sequence[Cell]],
    contents: Contents,
    crew: AbstractContextManager[Crew],
    finish: Finish,
    *,
    begun: Begun | None = None,
    keep: Callable[[Cell], Path] | None = None,
    fresh: bool = False,
) -> None:
    """Have a crew run the cells of each subject.

    ``begun`` is told when the first cell of a subject is begun, ``finish`` of each piece.  ``keep``
    gives the directory where a cell is to be left; ``fresh`` is ``Work``'s.  Raises OutsideError
    for trouble with the network or the disk.
    """
    contents.read_many({s.release: None for s in lacking}, _paths(lacking))
    with crew as hands:
        _Run(lacking, contents, hands, finish, begun, keep, fresh).run()


def _paths(subjects: Iterable[Subject]) -> list[str]:
    return sorted({path for s in subjects for patch in s.patches for path in patch.paths})


def pieces(cells: Sequence[Cell], most: int) -> Iterator[Piece]:
    """Cells of one subject in pieces of one size, or nearly so, of ``most`` at most."""
    count = -(-len(cells) // most)
    for number in range(count):
        some = cells[len(cells) * number // count : len(cells) * (number + 1) // count]
        yield Piece(some[0].subject, tuple(some))


def size(cells: int, width: int) -> int:
    """The most cells of a piece, if there are so many in all, for a crew that has so many pieces
    at once."""
    return min(_MOST_CELLS, max(_LEAST_CELLS, cells // (_PIECES * width)))


def cut_up(alike: Sequence[Sequence[Cell]], most: int, ahead: bool) -> Iterator[Piece]:
    """The cells of a ground, by subject, in pieces.  If one is to go ``ahead``, the first has a
    cell of each operation."""
    first, *others = alike
    if ahead and (others or len(first) > most):
        of_each = {cell.row.operation: cell for cell in reversed(first)}
        taken = {cell.key for cell in of_each.values()}
        yield Piece(first[0].subject, tuple(cell for cell in first if cell.key in taken))
        first = [cell for cell in first if cell.key not in taken]
    for cells in (first, *others):
        yield from pieces(cells, most)


class _Run:
    """The state of a run: what waits, and what is at work.

    Where the crew works in one room, a small piece goes ahead of all others of its ground and makes
    the repositories that they need; meanwhile those of other grounds are worked on.
    """

    def __init__(
        self,
        lacking: Mapping[Subject, Sequence[Cell]],
        contents: Contents,
        crew: Crew,
        finish: Finish,
        begun: Begun | None,
        keep: Callable[[Cell], Path] | None,
        fresh: bool,
    ) -> None:
        self._contents = contents
        self._crew = crew
        self._finish = finish
        self._begun = begun
        self._keep = keep
        self._fresh = fresh
        self._ready: deque[Piece] = deque()
        self._waiting: dict[_Ground, deque[Piece]] = {}
        most = size(sum(map(len, lacking.values())), crew.width())
        for ground, alike in _by_ground(lacking).items():
            cut = cut_up(alike, most, crew.in_one_room)
            if crew.in_one_room:
                self._waiting[ground] = deque(cut)
            else:
                self._ready.extend(cut)
        self._starts = deque(self._waiting)
        self._unbegun = dict.fromkeys(lacking)
        self._applied: dict[Subject, Patched | str] = {}
        self._working: dict[Future[Done], Piece] = {}

    def run(self) -> None:
        """Run until nothing is left."""
        while self._starts or self._ready or self._working:
            width = self._crew.width()
            while len(self._working) < width and (self._ready or self._starts):
                self._begin(self._next())
            done = wait(self._working, _PATIENCE, FIRST_COMPLETED).done
            for future in done:
                self._done(self._working.pop(future), self._crew.outcome(future))
            if self._working and not done:
                self._crew.check()

    def _next(self) -> Piece:
        return (
            self._ready.popleft()
            if self._ready
            else self._waiting[self._starts.popleft()].popleft()
        )

    def _begin(self, piece: Piece) -> None:
        """Put a piece to work, unless its patches do not apply: then it is done."""
        subject = piece.subject
        if subject in self._unbegun:
            del self._unbegun[subject]
            self._applied[subject] = patched(self._contents, subject.release, subject.patches)
            if self._begun is not None:
                self._begun(subject)
        made = self._applied[subject]
        if isinstance(made, str):
            self._done(piece, made)
            return
        rows = tuple(cell.row for cell in piece.cells)
        keep = tuple(map(self._keep, piece.cells)) if self._keep else ()
        work = Work(subject.release, subject.interpreter, *made, rows, keep, self._fresh)
        self._working[self._crew.submit(work)] = piece

    def _done(self, piece: Piece, found: Done) -> None:
        # the ground is made now, so the others may follow
        ground = _ground_of(piece.cells[0])
        self._ready.extend(self._waiting.pop(ground, ()))
        cells = piece.cells
        seen: Sequence[Evidence | str] = [found] * len(cells) if isinstance(found, str) else found
        self._finish(piece.subject, {cell.key: one for cell, one in zip(cells, seen)})


def _ground_of(cell: Cell) -> _Ground:
    return cell.subject.release.version, cell.subject.interpreter.version


def _by_ground(lacking: Mapping[Subject, Sequence[Cell]]) -> dict[_Ground, list[list[Cell]]]:
    """For each ground the cells of each subject."""
    found: dict[_Ground, list[list[Cell]]] = {}
    for cells in filter(None, lacking.values()):
        found.setdefault(_ground_of(cells[0]), []).append(list(cells))
    return found
