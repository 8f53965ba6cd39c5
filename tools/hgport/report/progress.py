"""Show a proof as it goes: a live table on a terminal, one plain line for each release elsewhere.

All of it goes to standard error.  What was known already is not shown on its own, and a proof that
takes no time shows nothing.
"""

from __future__ import annotations

import contextlib
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Union

from hgport.model.release import Release
from hgport.proof.plan import Plan, Subject
from hgport.proof.prover import Verdict
from hgport.report import downloads, proof
from hgport.upstream.sdist import ProgressOfMany

if TYPE_CHECKING:
    from hgport.report.livetable import LiveTable

# seconds after which a table is worth showing
_PATIENCE = 0.4


@contextlib.contextmanager
def progress(plan: Plan, *, quiet: bool = False) -> Iterator[Shown]:
    """Yield what ``prove`` takes as ``told``; its ``begun`` is what that takes by this name, and
    its ``fetched`` what ``Contents`` takes as ``progress``.

    Nothing is shown if ``quiet`` and standard error is no terminal.
    """
    if sys.stderr.isatty():
        with _Live(plan) as live:
            yield live
    else:
        with downloads.shown() as fetched:
            yield _Lines(plan, fetched, quiet)


class _Lines:
    """A line for each release and interpreter, when the last of its cells is done."""

    def __init__(self, plan: Plan, fetched: ProgressOfMany, quiet: bool) -> None:
        self.fetched = fetched
        self._quiet = quiet
        self._left = Counter(_place(subject) for subject in plan.by_subject())
        self._verdicts: dict[tuple[str, str], list[Verdict]] = {}

    def begun(self, subject: Subject) -> None:
        """A log tells what is done."""

    def __call__(self, subject: Subject, verdicts: Sequence[Verdict]) -> None:
        place = _place(subject)
        mine = self._verdicts.setdefault(place, [])
        mine += verdicts
        self._left[place] -= 1
        known = all(verdict.cached for verdict in mine)
        if not self._left[place] and not known and not self._quiet:
            sys.stderr.write(proof.line(mine) + "\n")


class _Live:
    """A table that is redrawn as it changes, and gone at the end."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._told: list[tuple[Subject, Sequence[Verdict]]] = []
        self._begun: list[Subject] = []
        self._table: LiveTable | None = None
        self._lock = threading.Lock()
        self._ended = False
        self._timer = threading.Timer(_PATIENCE, self._show)
        self._timer.daemon = True

    def __enter__(self) -> _Live:
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._ended = True
        if self._table is not None:
            self._table.stop()

    def __call__(self, subject: Subject, verdicts: Sequence[Verdict]) -> None:
        with self._lock:
            self._told.append((subject, verdicts))
            if self._table is not None:
                self._table.tell(subject, verdicts)

    def begun(self, subject: Subject) -> None:
        """Show that a subject is at work."""
        with self._lock:
            self._begun.append(subject)
            if self._table is not None:
                self._table.begin(subject)

    def fetched(self, release: Release, done: int, whole: int) -> None:
        """Show how far a download is."""
        if self._table is not None:
            self._table.fetched(release.sdist, done, whole)

    def _show(self) -> None:
        # brings rich, which takes longer to import than a proof in which nothing has changed
        from hgport.report.livetable import LiveTable

        with self._lock:
            if self._ended:
                return
            table = self._table = LiveTable(self._plan)
            for subject in self._begun:
                table.begin(subject)
            for subject, verdicts in self._told:
                table.tell(subject, verdicts)
            table.start()


Shown = Union[_Live, _Lines]


def _place(subject: Subject) -> tuple[str, str]:
    return subject.release.version, subject.interpreter.version
