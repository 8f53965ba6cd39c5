"""Show a proof as it goes: a bar on a terminal, one plain line for each release elsewhere."""

from __future__ import annotations

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from hgport.proof.plan import Plan, Subject
from hgport.proof.prover import Told, Verdict
from hgport.report import proof

if TYPE_CHECKING:
    from rich.progress import Progress


@contextlib.contextmanager
def progress(plan: Plan, *, quiet: bool = False) -> Iterator[Told]:
    """Yield what ``prove`` takes as ``told``.

    What is shown goes to standard error; nothing if ``quiet`` and that is no terminal, nor about
    what was known already.
    """
    if sys.stderr.isatty():
        with _bar() as bar:
            yield _Bar(plan, bar).tell
    elif quiet:
        yield lambda subject, verdicts: None
    else:
        yield _Lines(plan).tell


class _Lines:
    """A line for each release and interpreter, when the last of its cells is done."""

    def __init__(self, plan: Plan) -> None:
        self._left = Counter(_place(subject) for subject in plan.by_subject())
        self._verdicts: dict[tuple[str, str], list[Verdict]] = {}

    def tell(self, subject: Subject, verdicts: Sequence[Verdict]) -> None:
        place = _place(subject)
        mine = self._verdicts.setdefault(place, [])
        mine += verdicts
        self._left[place] -= 1
        if not self._left[place] and not all(verdict.cached for verdict in mine):
            sys.stderr.write(proof.line(mine) + "\n")


class _Bar:
    """A bar that counts cells, and names what was done last."""

    def __init__(self, plan: Plan, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", total=len(plan.cells), wrong=0)
        self._wrong = 0

    def tell(self, subject: Subject, verdicts: Sequence[Verdict]) -> None:
        self._wrong += sum(not verdict.as_stated for verdict in verdicts)
        self._bar.update(
            self._task,
            advance=len(verdicts),
            description=f"{subject.release.version}, Python {subject.interpreter.version}",
            wrong=self._wrong,
        )


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
    )

    wrong = TextColumn("cells, {task.fields[wrong]} not as stated")
    count, elapsed = MofNCompleteColumn(), TimeElapsedColumn()
    name = TextColumn("{task.description}")
    console = Console(stderr=True)
    return Progress(BarColumn(), count, wrong, elapsed, name, console=console, transient=True)


def _place(subject: Subject) -> tuple[str, str]:
    return subject.release.version, subject.interpreter.version
