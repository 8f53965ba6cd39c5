"""What the options of ``hgport rebase`` do, each a function that returns an exit code."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from hgport.commands.rebase_asked import Asked, say_json
from hgport.engine.carried import CarriedSeries
from hgport.engine.learn import Regenerated, learn, regenerate, stray_records
from hgport.engine.origins import Origin
from hgport.engine.resolutions import memory_of
from hgport.engine.session import Report, Session, Standing, Tools, Wish
from hgport.errors import HgportError, OutsideError, UsageError
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.output import counted, say, width
from hgport.proof.compilers import compiler, identity
from hgport.report import rebase as report
from hgport.report import session as words
from hgport.report.downloads import shown
from hgport.report.stacks import plain as plain_stacks

_WAITS = (
    Standing.CONFLICT,
    Standing.QUEUED,
    Standing.OPEN,
    Standing.READY,
    Standing.INTERRUPTED,
)


class _Listener:
    """Prints what is about to be done, and keeps what was carried."""

    def __init__(self, asked: Asked) -> None:
        self._asked = asked
        self.made_so_far: list[CarriedSeries] = []

    def begins(self, origin: Origin, target: Release) -> None:
        if not self._asked.as_json:
            say(report.beginning(origin, target))

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
            touched += learn(
                stack, catalogue, line, dependents=False, compiler=compiler, progress=progress
            )
    for path in dict.fromkeys(touched):
        say(words.record(path))
    ports, records = counted(len(lines), "port", "ports"), len(set(touched))
    say(f"{ports}, {counted(records, 'record', 'records')} changed")
    return 0


def _run(asked: Asked, verb: Callable[[Session], list[Report]], empty: str = "") -> int:
    """Run a verb of a session, print how the rebases stand, and return the exit code."""
    listener = _Listener(asked)
    with shown() as progress:
        session = Session(asked.load, Tools(listener, compiler, identity, progress))
        reports = verb(session)
    if asked.as_json:
        stacks = plain_stacks(asked.load()[0])
        rebases = [words.plain(one) for one in reports]
        say_json({**stacks, "rebases": rebases, **_plain(listener)})
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
        say(*map(asked.with_stacks, words.standing(each)))
    if len(reports) > 1:
        say(words.summary(reports))


def _plain(listener: _Listener) -> dict[str, object]:
    return {"carried": [report.to_plain(one) for one in listener.made_so_far]}


# verbs that look


def check(asked: Asked) -> int:
    """``--check``"""
    stack, catalogue = asked.load()
    lines = _lines(asked, stack)
    if not lines:
        raise UsageError("there is no port to check", "a port is a directory patches/LINE")
    memory = memory_of(stack)
    found: list[Regenerated] = []
    failed: dict[str, str] = {}
    with shown() as progress:
        for port in stack.ports:
            if port.line in lines:
                with _noted(str(port.line), failed):
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
    good = all(one.is_same for one in found) and not stray and not failed
    if asked.as_json:
        plain = [words.plain_check(one) for one in found]
        plain += [{"line": line, "ok": False, "problem": why} for line, why in failed.items()]
        told = {"ports": plain, "stray": [str(path) for path in stray], "ok": good}
        say_json({**plain_stacks(stack), **told})
    else:
        names = {port.line: words.name_of(port) for port in stack.ports}
        say(*(f"{names[line]}: cannot be made: {why}" for line, why in failed.items()))
        _say_check(asked, found, stray)
    return 0 if good else 1


@contextlib.contextmanager
def _noted(line: str, failed: dict[str, str]) -> Iterator[None]:
    """Have what keeps a port from being made noted, so that the others are looked at as well."""
    try:
        yield
    except (UsageError, OutsideError):
        raise
    except HgportError as err:
        failed[line] = err.message


def _say_check(asked: Asked, found: Sequence[Regenerated], stray: Sequence[Path]) -> None:
    for one in found:
        say(*words.checked(one, with_diff=asked.explain))
    say(*(f"{words.shown(path)}: is about no patch of a port" for path in stray))
    patches = sum(len(one.port.series.patches) for one in found)
    wrong = sum(not one.is_same for one in found)
    told = f"{wrong} of them differ" if wrong else "all as made from their neighbours"
    ports = counted(len(found), "port", "ports")
    say(f"{ports} with {counted(patches, 'patch', 'patches')}: {told}")
    if wrong:
        told = (
            "if the ports are right: hgport rebase --remember; if not: hgport rebase --again LINE"
        )
        say(asked.with_stacks(told))


def _lines(asked: Asked, stack: Stack) -> list[str]:
    """The lines that have a port, among those asked for."""
    named = asked.named()
    wanted = None if named is None else {release.line for release in named}
    ports = [str(port.line) for port in stack.ports]
    return [line for line in ports if wanted is None or line in wanted]
