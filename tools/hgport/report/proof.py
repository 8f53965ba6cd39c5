"""A proof as text and as plain data: the table, what is wrong, what is missing, the summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from hgport.engine.judge import absorptions
from hgport.model.catalogue import Catalogue
from hgport.model.patch import short_name
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.proof import interpreters
from hgport.proof.plan import Gap, Subject
from hgport.proof.prover import Verdict

_SPACE = "  "


def heading(stack: Stack) -> list[str]:
    """What is proven: the series, with the numbers that the table uses."""
    base = f", base {stack.base}" if stack.base else ""
    numbered = (
        f"  +{number} {short_name(name)}" for number, name in enumerate(stack.names, start=1)
    )
    return [f"series {stack.top.path}{base}", *numbered]


def line(verdicts: Sequence[Verdict]) -> str:
    """One line about a release in an interpreter, whose verdicts these are."""
    right = sum(verdict.as_stated for verdict in verdicts)
    cached = sum(verdict.cached for verdict in verdicts)
    known = f" ({cached} known)" if cached else ""
    return f"{_place(verdicts[0].cell.subject)}: {right} of {len(verdicts)} as stated{known}"


def table(
    stack: Stack, catalogue: Catalogue, verdicts: Sequence[Verdict], gaps: Sequence[Gap]
) -> list[str]:
    """A line for each release and interpreter, a column for no patch and for each one added."""
    rows = [["release", "Python", "unpatched"]]
    rows[0] += [f"+{number}" for number, _name in enumerate(stack.names, start=1)]
    for mine in grouped(verdicts):
        subject = mine[0].cell.subject
        by_last = _by_last_patch(mine)
        absorbed = _absorbed(stack, catalogue, subject.release)
        words = [_words(by_last[""])]
        for name in stack.names:
            missing = "upstream" if name in absorbed else "-"
            words.append(_words(by_last[name]) if name in by_last else missing)
        rows.append([subject.release.version, subject.interpreter.version, *words])
    for gap in gaps:
        pythons = "/".join(gap.pythons) or "?"
        rows += [[one.version, pythons, "not proven"] for one in gap.releases]
    return _aligned(rows)


def _absorbed(stack: Stack, catalogue: Catalogue, release: Release) -> set[str]:
    known = (one.patch for one in absorptions(stack, catalogue))
    return {name for name in known if catalogue.absorption(name, release) is not None}


def wrong(verdicts: Iterable[Verdict]) -> list[str]:
    """A line for each cell that is not as stated; cells that differ by their scenario alone share
    one."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for verdict in verdicts:
        if not verdict.as_stated:
            cell = verdict.cell
            seen = (cell.expected.name, verdict.observed, *verdict.problems)
            place = f"{_place(cell.subject)}, {_state(cell.subject)}"
            alike.setdefault((place, *seen), []).append(cell.row.name)
    return [_wrong(names, *what) for what, names in alike.items()]


def _wrong(names: Sequence[str], place: str, stated: str, seen: str, *problems: str) -> str:
    why = "; ".join(problems)
    return f"NOT AS STATED: {place}: {'; '.join(names)}: {stated} stated, but {seen}: {why}"


def unsteady(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """A line for each cell that came out otherwise when it was run once more, alone."""
    for verdict in verdicts:
        if verdict.at_first:
            subject, name = verdict.cell.subject, verdict.cell.row.name
            now = "as stated" if verdict.as_stated else "; ".join(verdict.problems)
            where = f"{_place(subject)}, {_state(subject)}: {name}"
            yield f"RUN TWICE: {where}: at first: {'; '.join(verdict.at_first)}; alone: {now}"


def missing(gaps: Iterable[Gap]) -> Iterator[str]:
    """A line for each gap, with the way to close it."""
    for gap in gaps:
        if gap.pythons:
            yield f"{_lines(gap)} not proven on {_pythons(gap)}: none found; {_advice(gap)}"
        else:
            yield f"{_lines(gap)} not proven: {_advice(gap)}"


def _advice(gap: Gap) -> str:
    if gap.pythons:
        return interpreters.advice(gap.pythons[0])
    return "the catalogue names no Python that runs it; name one in its [pythons]"


def left_out(gaps: Iterable[Gap]) -> Iterator[str]:
    """A line for what --python left out."""
    for gap in gaps:
        yield f"{_lines(gap)} left out on {_pythons(gap)}, as --python asks"


def _pythons(gap: Gap) -> str:
    return f"Python {' or '.join(gap.pythons)}"


def summary(verdicts: Sequence[Verdict], gaps: Sequence[Gap], without: Sequence[Gap] = ()) -> str:
    """The one line at the end; ``without`` is what --python left out."""
    right = sum(verdict.as_stated for verdict in verdicts)
    parts = [f"{len(verdicts)} cells: {right} as stated"]
    if right < len(verdicts):
        parts[0] += f", {len(verdicts) - right} not"
    # where upstream itself has mended it there is nothing to show, and nothing of ours to go by
    buggy = [mine for mine in grouped(verdicts) if any(map(_must_show, mine))]
    bug = _count(buggy, _must_show)
    if bug[1]:
        parts.append(f"bug shown on {bug[0]} of {bug[1]} unpatched")
    gone = _count(buggy, _must_be_gone)
    if gone[1]:
        parts.append(f"gone on {gone[0]} of {gone[1]} patched")
    for gap in gaps:
        lacking = f"no {_pythons(gap)}" if gap.pythons else "no Python named"
        parts.append(f"{_lines(gap)} not proven ({lacking})")
    parts += [f"{_lines(gap)} left out on {_pythons(gap)}" for gap in without]
    return "; ".join(parts)


def to_plain(
    stack: Stack, verdicts: Sequence[Verdict], gaps: Sequence[Gap], without: Sequence[Gap] = ()
) -> dict[str, Any]:
    """Everything as data for ``--json``."""
    return {
        "series": str(stack.top.path),
        "base": stack.base,
        "patches": list(stack.names),
        "cells": [_cell_to_plain(verdict) for verdict in verdicts],
        "gaps": [{**_gap_to_plain(gap), "advice": _advice(gap)} for gap in gaps],
        "left_out": [_gap_to_plain(gap) for gap in without],
        "summary": summary(verdicts, gaps, without),
    }


def _gap_to_plain(gap: Gap) -> dict[str, Any]:
    return {
        "pythons": list(gap.pythons),
        "releases": [release.version for release in gap.releases],
    }


def _cell_to_plain(verdict: Verdict) -> dict[str, Any]:
    cell, seen = verdict.cell, verdict.evidence
    return {
        "release": cell.subject.release.version,
        "python": cell.subject.interpreter.full,
        "patches": list(cell.subject.applied),
        "scenario": cell.row.name,
        "expected": cell.expected.name,
        "observed": verdict.observed,
        "as_stated": verdict.as_stated,
        "problems": list(verdict.problems),
        "at_first": list(verdict.at_first),
        "cached": verdict.cached,
        "evidence": None if seen is None else seen.to_json(),
    }


def grouped(verdicts: Iterable[Verdict]) -> list[list[Verdict]]:
    """The verdicts of each release and interpreter, in order."""
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(_place(verdict.cell.subject), []).append(verdict)
    return list(found.values())


def _by_last_patch(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(([""] + [*verdict.cell.subject.applied])[-1], []).append(verdict)
    return found


def _words(verdicts: Sequence[Verdict]) -> str:
    """What a column says: how many cells came out which way, or how many are wrong."""
    bad = sum(not verdict.as_stated for verdict in verdicts)
    if bad:
        return f"{bad} of {len(verdicts)} WRONG"
    counts = Counter(verdict.cell.expected.name for verdict in verdicts)
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))


def _must_show(verdict: Verdict) -> bool:
    return not verdict.cell.subject.patches and verdict.cell.expected.hangs


def _must_be_gone(verdict: Verdict) -> bool:
    subject, row = verdict.cell.subject, verdict.cell.row
    return bool(subject.patches) and subject.whole and row.course.shows_bug


def _count(
    groups: Sequence[Sequence[Verdict]], counts: Callable[[Verdict], bool]
) -> tuple[int, int]:
    """Of the groups that have cells which count: where all of those are as stated, and all."""
    those = [[v for v in mine if counts(v)] for mine in groups]
    those = [mine for mine in those if mine]
    return sum(all(v.as_stated for v in mine) for mine in those), len(those)


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(len(rows[0]))]
    return [_SPACE.join(w.ljust(n) for w, n in zip(row, widths)).rstrip() for row in rows]


def _lines(gap: Gap) -> str:
    versions = [release.line for release in gap.releases]
    versions = list(dict.fromkeys(versions))
    return versions[0] if len(versions) == 1 else f"{versions[0]}–{versions[-1]}"


def _place(subject: Subject) -> str:
    return f"{subject.release.version}, Python {subject.interpreter.version}"


def _state(subject: Subject) -> str:
    if not subject.patches:
        return "unpatched"
    return f"up to {short_name(subject.applied[-1])}"
