"""Who does the work: the processes of this machine; ``cluster`` has those of others."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from hgport.proof.server import check_loopback
from hgport.proof.work import NOT_RUN, Done, Work, do
from hgport.proof.workers import WorkerDied, local
from hgport.proof.world import room


class Crew(Protocol):
    """Those who do pieces of work.

    ``width`` is how many pieces they should have at once.  ``in_one_room``: what the first piece
    makes of a release and its repositories serves all others, which would only wait for it.
    """

    in_one_room: bool

    def width(self) -> int:
        """See above; it may change."""

    def submit(self, work: Work) -> Future[Done]:
        """Have a piece done."""

    def outcome(self, future: Future[Done]) -> Done:
        """What came of a piece that is done.  Raises OutsideError for trouble with the network or
        the disk."""

    def check(self) -> None:
        """Raises OutsideError if nobody is left to do what was submitted."""


class _Local:
    in_one_room = True

    def __init__(self, executor: Executor, place: Path, jobs: int) -> None:
        self._executor = executor
        self._place = place
        self._jobs = jobs

    def width(self) -> int:
        return self._jobs

    def submit(self, work: Work) -> Future[Done]:
        return self._executor.submit(do, work, self._place)

    def outcome(self, future: Future[Done]) -> Done:
        try:
            return future.result()
        except WorkerDied as err:
            return f"{NOT_RUN}{err.message} ({err.hint})"

    def check(self) -> None:
        pass  # who dies is replaced


def local_crew(jobs: int) -> AbstractContextManager[Crew]:
    """So many processes of this machine, for the block.  A piece of which three of them die could
    not be run.  Raises OutsideError if the disk refuses, and at once, before anything is fetched
    for them, if they could talk to no server of this machine."""
    check_loopback()
    return _local_crew(jobs)


@contextlib.contextmanager
def _local_crew(jobs: int) -> Iterator[Crew]:
    with room() as place, local(jobs) as executor:
        yield _Local(executor, place, jobs)
