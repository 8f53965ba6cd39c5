"""What the options of ``hgport rebase`` do, each a function that returns an exit code."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hgport.engine.carried import CarriedSeries, CarryOrder
from hgport.engine.carrycache import carried
from hgport.engine.learn import Regenerated, learn, memory_of, regenerate, stray_records
from hgport.engine.origins import Origin, origin_of
from hgport.engine.session import Report, Session, Standing, Tools, Wish
from hgport.errors import UsageError
from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.ranges import select
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.output import say, width
from hgport.proof.compilers import compiler, identity
from hgport.report import rebase as report
from hgport.report import session as words
from hgport.report.downloads import shown

_WAITS = (
    Standing.CONFLICT,
    Standing.QUEUED,
    Standing.OPEN,
    Standing.READY,
    Standing.INTERRUPTED,
)


@dataclass(frozen=True)
class Asked:
    """What the command line says: a range, the series file, and the options by their names."""

    releases: str | None = None
    series: Path | None = None
    base: str | None = None
    into: Path | None = None
    again: bool = False
    uses_memory: bool = True
    explain: bool = False
    as_json: bool = False

    def load(self) -> tuple[Stack, Catalogue]:
        """The stack and its catalogue."""
        return project.load(self.series)

    def named(self) -> list[Release] | None:
        """The releases of the range, None if there is none."""
        return None if self.releases is None else select(self.load()[1], self.releases)


class _Listener:
    """Prints what is about to be done, and keeps what was carried."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.made_so_far: list[CarriedSeries] = []

    def begins(self, origin: Origin, target: Release) -> None:
        if not self._asked.as_json:
            say(words.beginning(origin, target))

    def made(self, carried: CarriedSeries) -> None:
        self.made_so_far.append(carried)
        if not self._asked.as_json:
            say(*words.uses(carried))


# verbs that write


def begin(asked: Asked) -> int:
    """Carry the series, and write what is finished."""
    wish = Wish(asked.base, asked.uses_memory, asked.into, asked.again)
    return _run(asked, lambda session: session.start(asked.named() or [], wish))


def go_on(asked: Asked) -> int:
    """``--continue``"""
    return _run(asked, lambda session: session.resume(asked.named()))


def skip(asked: Asked) -> int:
    """``--skip``"""
    return _run(asked, lambda session: session.skip(asked.named()))


def status(asked: Asked) -> int:
    """``--status``"""
    return _run(asked, lambda session: session.status(), empty="no rebase is under way")


def abort(asked: Asked) -> int:
    """``--abort``"""
    session = Session(asked.load, Tools(_Listener(asked)))
    told = session.abort(asked.named())
    say(*(f"given up: {one}" for one in told) if told else ["no rebase is under way"])
    return 0


def remember(asked: Asked) -> int:
    """``--remember``"""
    stack, catalogue = asked.load()
    lines = _lines(asked, stack)
    if not lines:
        raise UsageError("there is no port to remember", "a port is a directory patches/LINE")
    touched: list[Path] = []
    with shown() as progress:
        for line in lines:
            # every port where all are asked for, so none for another
            more = asked.releases is not None
            touched += learn(
                stack, catalogue, line, dependents=more, compiler=compiler, progress=progress
            )
    for path in dict.fromkeys(touched):
        say(words.record(path))
    say(f"{len(lines)} ports, {len(set(touched))} records changed")
    return 0


def _run(asked: Asked, verb: Callable[[Session], list[Report]], empty: str = "") -> int:
    """Run a verb of a session, print how the rebases stand, and return the exit code."""
    listener = _Listener(asked)
    with shown() as progress:
        session = Session(asked.load, Tools(listener, compiler, identity, progress))
        reports = verb(session)
    if asked.as_json:
        _say_json({"rebases": [words.plain(one) for one in reports], **_plain(listener)})
    elif not reports:
        say(empty or "nothing is left to do")
    else:
        _say_reports(asked, reports, listener.made_so_far)
    if any(one.standing in _WAITS for one in reports):
        return 4
    return 1 if any(one.standing is Standing.FAILED for one in reports) else 0


def _say_reports(asked: Asked, reports: Sequence[Report], made: Sequence[CarriedSeries]) -> None:
    for one in made if asked.explain else ():
        say("", *report.explain(one))
    if made:
        served = [one.release for one in reports if one.standing is Standing.SERVED]
        say("", report.table(made, width(), served), *report.notes(made), "")
    for each in reports:
        say(*words.standing(each))
    if len(reports) > 1:
        say(words.summary(reports))


def _plain(listener: _Listener) -> dict[str, object]:
    return {"carried": [report.to_plain(one) for one in listener.made_so_far]}


def _say_json(document: object) -> None:
    import json

    say(json.dumps(document, indent=2))


# verbs that write nothing


def preview(asked: Asked) -> int:
    """``--dry-run`` and ``--explain``"""
    stack, catalogue = asked.load()
    listener = _Listener(asked)
    made = []
    memory = memory_of(stack)
    with shown() as progress:
        for target in _targets(asked, stack, catalogue):
            origin = origin_of(stack, catalogue, target, asked.base)
            if not asked.explain:
                listener.begins(origin, target)
            made.append(
                carried(
                    CarryOrder(stack, catalogue, origin, target),
                    memory=memory if asked.uses_memory else memory.nothing(),
                    compiler=compiler,
                    judged_by=identity(target),
                    progress=progress,
                )
            )
    _say_preview(asked, made)
    return 4 if any(one.conflict is not None for one in made) else 0


def _targets(asked: Asked, stack: Stack, catalogue: Catalogue) -> list[Release]:
    """The releases of the range, without the base's own line where there are others."""
    named = asked.named() or []
    others = [one for one in named if one.line != stack.base or asked.base is not None]
    return others or named


def _say_preview(asked: Asked, made: Sequence[CarriedSeries]) -> None:
    if asked.as_json:
        _say_json({"carried": [report.to_plain(one) for one in made]})
        return
    for one in made if asked.explain else ():
        say(*report.explain(one), "")
    say(report.table(made, width()), *report.notes(made), report.summary(made))


def check(asked: Asked) -> int:
    """``--check``"""
    stack, catalogue = asked.load()
    lines = _lines(asked, stack)
    if not lines:
        raise UsageError("there is no port to check", "a port is a directory patches/LINE")
    memory = memory_of(stack)
    found: list[Regenerated] = []
    with shown() as progress:
        for port in stack.ports:
            if port.line in lines:
                made = regenerate(
                    stack,
                    catalogue,
                    port,
                    memory,
                    compiler=compiler,
                    judged_by=identity(catalogue.newest(port.line)),
                    progress=progress,
                )
                found.append(made)
    stray = stray_records(stack, memory)
    good = all(one.is_same for one in found) and not stray
    if asked.as_json:
        plain = [words.plain_check(one) for one in found]
        _say_json({"ports": plain, "stray": [str(path) for path in stray], "ok": good})
    else:
        _say_check(asked, found, stray)
    return 0 if good else 1


def _say_check(asked: Asked, found: Sequence[Regenerated], stray: Sequence[Path]) -> None:
    for one in found:
        say(*words.checked(one, with_diff=asked.explain))
    say(*(f"{words.shown(path)}: is about no patch of a port" for path in stray))
    patches = sum(len(one.port.series.patches) for one in found)
    wrong = sum(not one.is_same for one in found)
    told = f"{wrong} of them differ" if wrong else "all as made from their neighbours"
    say(f"{len(found)} ports with {patches} patches: {told}")
    if wrong:
        say("if the ports are right: hgport rebase --remember; if not: hgport rebase --again LINE")


def _lines(asked: Asked, stack: Stack) -> list[str]:
    """The lines that have a port, among those asked for."""
    named = asked.named()
    wanted = None if named is None else {release.line for release in named}
    ports = [str(port.line) for port in stack.ports]
    return [line for line in ports if wanted is None or line in wanted]
