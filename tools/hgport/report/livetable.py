"""The live table of a proof: a line for each release and interpreter, a column for each state of
patches, and a bar for the whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from hgport.proof.plan import Plan, Subject
from hgport.proof.prover import Verdict
from hgport.report.downloads import mebibytes

# redraws in a second
_RATE = 4
# lines of the screen beside the table's own: its heading, the bar, a download, and the cursor's
_OTHER_LINES = 4


@dataclass
class _State:
    """How many cells of one state of patches there are, are done, and are wrong; and whether any is
    begun."""

    whole: int = 0
    done: int = 0
    wrong: int = 0
    begun: bool = False


@dataclass
class _Line:
    """The line of a release and an interpreter: its states by the number of patches."""

    release: str
    python: str
    states: dict[int, _State] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        return all(state.done == state.whole for state in self.states.values())

    @property
    def importance(self) -> int:
        """What is looked at first has the least: what is wrong, at work, waits, is done."""
        if any(state.wrong for state in self.states.values()):
            return 0
        if self.is_done:
            return 3
        return 1 if any(state.begun or state.done for state in self.states.values()) else 2


class LiveTable:
    """The table on standard error; ``start`` it, and ``stop`` it however the proof ends, which
    leaves nothing of it on the screen."""

    def __init__(self, plan: Plan, console: Console | None = None) -> None:
        self._lines: dict[tuple[str, str], _Line] = {}
        for subject, cells in plan.by_subject().items():
            self._state(subject).whole += len(cells)
        self._bar = Progress(
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("cells, {task.fields[wrong]} not as stated"),
            TimeElapsedColumn(),
        )
        self._task = self._bar.add_task("", total=len(plan.cells), wrong=0)
        self._fetching: dict[str, tuple[int, int]] = {}
        self._wrong = 0
        console = console or Console(stderr=True)
        self._live = Live(
            self, console=console, transient=True, refresh_per_second=_RATE, redirect_stdout=False
        )

    def start(self) -> None:
        """Show it."""
        self._live.start()

    def stop(self) -> None:
        """Take it off the screen, and give the cursor back."""
        self._live.stop()

    def begin(self, subject: Subject) -> None:
        """Show that a subject is at work."""
        self._state(subject).begun = True

    def tell(self, subject: Subject, verdicts: Sequence[Verdict]) -> None:
        """Count the verdicts on a subject."""
        state = self._state(subject)
        wrong = sum(not verdict.as_stated for verdict in verdicts)
        state.done += len(verdicts)
        state.wrong += wrong
        self._wrong += wrong
        self._bar.update(self._task, advance=len(verdicts), wrong=self._wrong)

    def fetched(self, name: str, done: int, whole: int) -> None:
        """Show how many bytes of a file are there."""
        self._fetching[name] = (done, whole)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw it, on no more lines than the terminal has."""
        room = max(1, console.height - _OTHER_LINES)
        parts: list[RenderableType] = [self._table(room)]
        fetching = [
            f"{name} ({mebibytes(done)} of {mebibytes(whole)})"
            for name, (done, whole) in list(self._fetching.items())
            if done < whole
        ]
        if fetching:
            told = f"fetching {', '.join(fetching)}"
            parts.append(Text(told, no_wrap=True, overflow="ellipsis"))
        yield Group(*parts, self._bar)

    def _state(self, subject: Subject) -> _State:
        place = subject.release.version, subject.interpreter.version
        states = self._lines.setdefault(place, _Line(*place)).states
        return states.setdefault(len(subject.patches), _State())

    def _table(self, room: int) -> Table:
        lines = list(self._lines.values())
        columns = sorted({count for line in lines for count in line.states})
        table = Table(box=None, pad_edge=False)
        headings = [f"+{count}" if count else "unpatched" for count in columns]
        for heading in ("release", "Python", *headings):
            table.add_column(heading, no_wrap=True, overflow="ellipsis")
        for line in _fitting(lines, room):
            words = [_word(line.states.get(count)) for count in columns]
            table.add_row(line.release, line.python, *words)
        if len(lines) > room:
            done = sum(line.is_done for line in lines)
            table.add_row("…", "", f"{done} of {len(lines)} done")
        return table


def _fitting(lines: Sequence[_Line], room: int) -> Sequence[_Line]:
    """Those of the lines that there is room for, in their order: what is done goes first."""
    if len(lines) <= room:
        return lines
    by_importance = sorted(range(len(lines)), key=lambda at: (lines[at].importance, at))
    return [lines[at] for at in sorted(by_importance[: room - 1])]


def _word(state: _State | None) -> Text:
    if state is None:
        return Text("-")
    counted = f"{state.done}/{state.whole}"
    if state.wrong:
        return Text(f"{counted}, {state.wrong} WRONG", style="bold red")
    if state.done == state.whole:
        return Text(counted, style="green")
    return Text(counted) if state.begun else Text(f"/{state.whole}", style="dim")
