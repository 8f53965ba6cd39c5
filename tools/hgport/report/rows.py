"""The table of scenarios as text and as plain data: what each row states, and how it came out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from hgport.engine.judge import absorptions
from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack
from hgport.proof import scenarios
from hgport.proof.courses import TLS_PYTHONS
from hgport.proof.prover import Verdict
from hgport.proof.scenarios import Scenario
from hgport.report import stacks
from hgport.report.proof import Proven, aligned, counted, numbered

_NONE = "-"


def listed(stack: Stack, catalogue: Catalogue, rows: Sequence[Scenario]) -> list[str]:
    """A line for each row: what is done, and what must hold without a patch and from each on.

    Why a row is not made good is said below the table, once for all rows that share the reason.
    """
    reasons = list(dict.fromkeys(filter(None, map(_reason, rows))))
    about = ["transport", "operation", "fault", "workers", "server", "since", "quick"]
    table = [[*about, "unpatched", *numbered(stack), "except", "why"]]
    for row in rows:
        why = str(reasons.index(_reason(row)) + 1) if _reason(row) else ""
        table.append(
            [*_about(row), *_stated(stack, catalogue, row), "; ".join(_except(stack, row)), why]
        )
    notes = [f"{number}: {reason}" for number, reason in enumerate(reasons, start=1)]
    return [*aligned(_filled(table, ["server"])), *notes, _count(rows)]


def _about(row: Scenario) -> list[str]:
    workers, quick = ("workers" if row.workers else "", "quick" if row.quick else "")
    return [
        row.transport,
        row.operation.name,
        row.fault.name,
        workers,
        row.server,
        row.since,
        quick,
    ]


def _stated(stack: Stack, catalogue: Catalogue, row: Scenario) -> list[str]:
    """What must hold without a patch, and from each on, on the oldest release with the bug."""
    names = stack.names
    python = catalogue.newest(catalogue.affected_lines[0]).pythons[0]
    return [
        scenarios.expectation(row, python, names[:count], names, ()).name
        for count in range(len(names) + 1)
    ]


def _except(stack: Stack, row: Scenario) -> list[str]:
    """What must hold whatever is patched, in some Pythons, but for some patches."""
    in_new, (first, last) = row.course.in_new, TLS_PYTHONS
    if in_new is None:
        return []
    but_with = [number for number, name in _numbers(stack) if name in row.course.but_with]
    but = f", but for {', '.join(but_with)}" if but_with else ""
    return [f"{in_new.name} in Python {first} to {last}{but}"]


def _numbers(stack: Stack) -> Iterable[tuple[str, str]]:
    return zip(numbered(stack), stack.names)


def _reason(row: Scenario) -> str:
    return row.course.reason


def _filled(table: list[list[str]], alike: Collection[str]) -> list[list[str]]:
    """The table without the columns that say nothing, or that are ``alike`` in every line, and with
    a sign in empty places."""
    kept = []
    for at, heading in enumerate(table[0]):
        said = {line[at] for line in table[1:]}
        if any(said) and not (heading in alike and len(said) == 1):
            kept.append(at)
    return [[line[at] or _NONE for at in kept] for line in table]


def _count(rows: Sequence[Scenario]) -> str:
    count = f"{len(rows)} scenario" + ("s" if len(rows) != 1 else "")
    servers = {row.server for row in rows}
    return f"{count}, server: {servers.pop()}" if len(servers) == 1 else count


def listed_plain(stack: Stack, catalogue: Catalogue, rows: Sequence[Scenario]) -> dict[str, Any]:
    """The same as data for ``--json``."""
    return {
        **stacks.plain(stack),
        "scenarios": [_row_to_plain(stack, catalogue, row) for row in rows],
    }


def _row_to_plain(stack: Stack, catalogue: Catalogue, row: Scenario) -> dict[str, Any]:
    unpatched, *patched = _stated(stack, catalogue, row)
    return {
        "name": row.name,
        "transport": row.transport,
        "operation": row.operation.name,
        "fault": row.fault.name,
        "workers": row.workers,
        "server": row.server,
        "since": row.since,
        "quick": row.quick,
        "unpatched": unpatched,
        "from": dict(zip(stack.names, patched)),
        "except": _except(stack, row),
        "reason": _reason(row),
    }


def by_scenario(proven: Proven) -> list[str]:
    """A line for each scenario, a column for no patch and for each one added: what came of it, the
    releases counted where they differ."""
    found: dict[str, dict[str, list[Verdict]]] = {}
    for verdict in proven.verdicts:
        row, applied = verdict.cell.row, verdict.cell.subject.applied
        mine = found.setdefault(row.name, {})
        mine.setdefault(applied[-1] if applied else "", []).append(verdict)
    stack = proven.stack
    lacking = _lacking(stack, proven.catalogue, proven.verdicts)
    table = [["scenario", "unpatched", *numbered(stack)]]
    for name, mine in found.items():
        words = [_word(mine[at]) if at in mine else lacking.get(at, _NONE) for at in _states(stack)]
        table.append([name, *words])
    return aligned(table)


def _states(stack: Stack) -> tuple[str, ...]:
    """The last patch of each state, "" of none."""
    return ("", *stack.names)


def _lacking(stack: Stack, catalogue: Catalogue, verdicts: Iterable[Verdict]) -> dict[str, str]:
    """What to say of a patch that is in no release's series because each has it already."""
    releases = {verdict.cell.subject.release for verdict in verdicts}
    names = {one.patch for one in absorptions(stack, catalogue)}
    return {
        name: "upstream"
        for name in names
        if all(catalogue.absorption(name, release) is not None for release in releases)
    }


def _word(verdicts: Sequence[Verdict]) -> str:
    """What came of a scenario in one state on several releases."""
    wrong = sum(not verdict.as_stated for verdict in verdicts)
    if wrong:
        return f"{wrong} of {len(verdicts)} WRONG" if len(verdicts) > 1 else "WRONG"
    stated = Counter(verdict.cell.expected for verdict in verdicts)
    names = {expectation.name for expectation in stated}
    return counted(stated) if len(names) > 1 else names.pop()
