"""A proof as text and as plain data: the table, what is wrong, what is missing, the summary."""

from __future__ import annotations

import itertools
import shlex
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hgport.engine.judge import absorptions
from hgport.model.catalogue import Catalogue
from hgport.model.patch import short_name
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.proof import interpreters
from hgport.proof.expectations import Expectation
from hgport.proof.plan import Gap, Subject
from hgport.proof.prover import Verdict
from hgport.report import stacks
from hgport.report.junit import Case

_SPACE = "  "


@dataclass(frozen=True)
class Proven:
    """What came of a proof.

    ``gaps`` could not be proven, ``left_out`` is what --python left out, ``without_rows`` are
    releases that none of the chosen scenarios makes sense on, ``servers`` tells how to get the
    servers that were asked for and are not there.  ``incomplete`` are releases whose series lacks
    patches that upstream has not taken, with these; ``never_run`` is how many cells --failed left
    out because nobody knows of them.
    """

    stack: Stack
    catalogue: Catalogue
    verdicts: Sequence[Verdict]
    gaps: Sequence[Gap] = ()
    left_out: Sequence[Gap] = ()
    without_rows: Sequence[Release] = ()
    servers: Mapping[str, str] = field(default_factory=dict)
    incomplete: Mapping[Release, Sequence[str]] = field(default_factory=dict)
    never_run: int = 0


def heading(stack: Stack) -> list[str]:
    """What is proven: the series, the lowest stack first, with the numbers that the table uses."""
    lines, numbers = [], itertools.count(1)
    for layer in stack.layers:
        base = f", base {layer.base}" if layer.base else ""
        lines.append(f"series {layer.top.path}{base}")
        lines += [f"  +{next(numbers)} {short_name(name)}" for name in layer.own_names]
    return lines


def text(proven: Proven, *, wide: int, by_scenario: bool = False) -> list[str]:
    """Everything that is printed when a proof is over, on a terminal of so many columns."""
    from hgport.report import rows

    return [
        *(rows.by_scenario(proven) if by_scenario else table(proven, wide)),
        *wrong(proven.verdicts),
        *unsteady(proven.verdicts),
        *kept(proven.verdicts),
        *_lacking(proven),
        summary(proven),
    ]


def nothing_failed(proven: Proven) -> list[str]:
    """What is printed where --failed has found nothing to run."""
    return [
        *_lacking(proven),
        "; ".join(["nothing of it failed when it was run last", *_never_run(proven)]),
    ]


def _lacking(proven: Proven) -> Iterator[str]:
    """A line for each thing that keeps this from being a proof of all that was asked for."""
    yield from incomplete(proven.incomplete)
    yield from missing(proven.gaps)
    for name, why in proven.servers.items():
        yield f"not proven on the server {name}: {why}"
    yield from left_out(proven)


def _never_run(proven: Proven) -> Iterator[str]:
    count = proven.never_run
    if count:
        cells = f"{count} cell" + ("s" if count != 1 else "")
        yield f"{cells} never run, so not known (run without --failed)"


def line(verdicts: Sequence[Verdict]) -> str:
    """One line about a release in an interpreter, whose verdicts these are."""
    right = sum(verdict.as_stated for verdict in verdicts)
    cached = sum(verdict.cached for verdict in verdicts)
    known = f" ({cached} known)" if cached else ""
    return f"{_place(verdicts[0].cell.subject)}: {right} of {len(verdicts)} as stated{known}"


def table(proven: Proven, wide: int) -> list[str]:
    """A line for each release and interpreter, a column for no patch and for each one added.

    Where words would make it wider than ``wide``, the counts stand without them, and the order in
    which they stand is said above.
    """
    lines = aligned(_rows(proven, counted))
    if max(map(len, lines)) <= wide:
        return lines
    names = _names(verdict.cell.expected for verdict in proven.verdicts)
    said = f"counted: {' / '.join(names)}"
    return [said, *aligned(_rows(proven, lambda stated: _numbers(stated, names)))]


def _rows(proven: Proven, words: Callable[[Mapping[Expectation, int]], str]) -> list[list[str]]:
    stack, catalogue = proven.stack, proven.catalogue
    rows = [["release", "Python", "unpatched", *numbered(stack)]]
    for mine in grouped(proven.verdicts):
        subject = mine[0].cell.subject
        by_last = _by_last_patch(mine)
        absorbed = _absorbed(stack, catalogue, subject.release)
        row = [_words(by_last[""], words) if "" in by_last else "-"]
        for name in stack.names:
            missing = "upstream" if name in absorbed else "-"
            row.append(_words(by_last[name], words) if name in by_last else missing)
        rows.append([subject.release.version, subject.interpreter.version, *row])
    for gap in proven.gaps:
        pythons = "/".join(gap.pythons) or "?"
        rows += [[one.version, pythons, "not proven"] for one in gap.releases]
    return rows


def numbered(stack: Stack) -> list[str]:
    """The headings of the columns with patches: +1 is the first of the series."""
    return [f"+{number}" for number, _name in enumerate(stack.names, start=1)]


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
            now = "as stated" if verdict.as_stated else "; ".join(verdict.problems)
            first = "; ".join(verdict.at_first)
            yield f"RUN TWICE: {_cell(verdict)}: at first: {first}; alone: {now}"


def incomplete(found: Mapping[Release, Sequence[str]]) -> Iterator[str]:
    """A line for all releases whose series lacks the same patches."""
    alike: dict[tuple[str, ...], list[Release]] = {}
    for release, names in found.items():
        alike.setdefault(tuple(names), []).append(release)
    for names, releases in alike.items():
        what = " and ".join(map(short_name, names))
        yield (
            f"INCOMPLETE: the series that serves {_lines(releases)} lacks {what}, "
            "which upstream has not taken"
        )


def missing(gaps: Iterable[Gap]) -> Iterator[str]:
    """A line for each gap, with the way to close it."""
    for gap in gaps:
        if gap.pythons:
            why = f"on {_pythons(gap)}: none found; {_advice(gap)}"
            yield f"{_lines(gap.releases)} not proven {why}"
        else:
            yield f"{_lines(gap.releases)} not proven: {_advice(gap)}"


def _advice(gap: Gap) -> str:
    if gap.pythons:
        return interpreters.advice(gap.pythons[0])
    return "the catalogue names no Python that runs it; name one in its [pythons]"


def left_out(proven: Proven) -> Iterator[str]:
    """A line for what was asked to be left out."""
    for gap in proven.left_out:
        yield f"{_lines(gap.releases)} left out on {_pythons(gap)}, as --python asks"
    if proven.without_rows:
        yield f"{_lines(proven.without_rows)} left out: no chosen scenario makes sense there"


def kept(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """A line for each cell whose world was left, with the command that repeats it."""
    for verdict in verdicts:
        place = verdict.kept
        if place is not None:
            yield f"KEPT: {_cell(verdict)}: {place}; again: {shlex.quote(str(place / 'again'))}"


def _pythons(gap: Gap) -> str:
    return f"Python {' or '.join(gap.pythons)}"


def summary(proven: Proven) -> str:
    """The one line at the end."""
    verdicts = proven.verdicts
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
    stays = {verdict.cell.row.name for verdict in verdicts if _stays(verdict)}
    if stays:
        what = f"{len(stays)} scenario" + ("s" if len(stays) != 1 else "")
        parts.append(f"{what} stated as not mended (--list says why)")
    if proven.incomplete:
        parts.append(f"series incomplete for {_lines(list(proven.incomplete))}")
    for gap in proven.gaps:
        lacking = f"no {_pythons(gap)}" if gap.pythons else "no Python named"
        parts.append(f"{_lines(gap.releases)} not proven ({lacking})")
    parts += [f"no {name}, so nothing on it" for name in proven.servers]
    parts += [f"{_lines(gap.releases)} left out on {_pythons(gap)}" for gap in proven.left_out]
    if proven.without_rows:
        parts.append(f"{_lines(proven.without_rows)} left out")
    parts += _never_run(proven)
    return "; ".join(parts)


def to_plain(proven: Proven) -> dict[str, Any]:
    """Everything as data for ``--json``."""
    stack = proven.stack
    return {
        **stacks.plain(stack),
        "cells": [_cell_to_plain(verdict) for verdict in proven.verdicts],
        "gaps": [{**_gap_to_plain(gap), "advice": _advice(gap)} for gap in proven.gaps],
        "missing_servers": dict(proven.servers),
        "left_out": [_gap_to_plain(gap) for gap in proven.left_out],
        "without_scenarios": [release.version for release in proven.without_rows],
        "incomplete": {one.version: list(names) for one, names in proven.incomplete.items()},
        "never_run": proven.never_run,
        "summary": summary(proven),
    }


def _gap_to_plain(gap: Gap) -> dict[str, Any]:
    return {
        "pythons": list(gap.pythons),
        "releases": [release.version for release in gap.releases],
    }


def _cell_to_plain(verdict: Verdict) -> dict[str, Any]:
    cell, seen, place = verdict.cell, verdict.evidence, verdict.kept
    return {
        "release": cell.subject.release.version,
        "python": cell.subject.interpreter.full,
        "python_version": cell.subject.interpreter.version,
        "python_path": str(cell.subject.interpreter.path),
        "patches": list(cell.subject.applied),
        "scenario": cell.row.name,
        "server": cell.row.server,
        "expected": cell.expected.name,
        "observed": verdict.observed,
        "as_stated": verdict.as_stated,
        "problems": list(verdict.problems),
        "at_first": list(verdict.at_first),
        "cached": verdict.cached,
        "seconds": verdict.seconds,
        "reason": cell.row.course.reason,
        "kept": place and str(place),
        "again": place and str(place / "again"),
        "evidence": None if seen is None else seen.to_json(),
    }


def cases(proven: Proven) -> list[Case]:
    """Everything as the results of tests: one for each cell, and one for each release in a gap."""
    found = [_case(verdict) for verdict in proven.verdicts]
    for release, names in proven.incomplete.items():
        why = next(incomplete({release: names}))
        found.append(Case(release.version, "the series is complete", 0.0, failure=why))
    for gap in proven.gaps:
        pythons = "-or-".join(gap.pythons) or "-unknown"
        why = next(missing([gap]))
        found += [
            Case(f"{one.version}.python{pythons}", "every scenario", 0.0, skipped=why)
            for one in gap.releases
        ]
    for name, why in proven.servers.items():
        found.append(Case(name, "every scenario", 0.0, skipped=why))
    return found


def _case(verdict: Verdict) -> Case:
    cell, subject = verdict.cell, verdict.cell.subject
    state = short_name(subject.applied[-1]) if subject.patches else "unpatched"
    failure = None
    if not verdict.as_stated:
        said = "" if verdict.evidence is None else verdict.evidence.output
        why = f"{cell.expected.name} stated, but {verdict.observed}: {'; '.join(verdict.problems)}"
        failure = f"{why}\n{said}"
    group = f"{subject.release.version}.python{subject.interpreter.version}.{state}"
    return Case(group, cell.row.name, verdict.seconds, failure)


def grouped(verdicts: Iterable[Verdict]) -> list[list[Verdict]]:
    """The verdicts of each release and interpreter, in order."""
    found: dict[str, list[Verdict]] = {}
    last, mine = None, []
    for verdict in verdicts:
        # the verdicts on a subject are together
        if verdict.cell.subject is not last:
            last = verdict.cell.subject
            mine = found.setdefault(_place(last), [])
        mine.append(verdict)
    return list(found.values())


def _by_last_patch(verdicts: Iterable[Verdict]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        patches = verdict.cell.subject.patches
        found.setdefault(patches[-1].name if patches else "", []).append(verdict)
    return found


def _words(verdicts: Sequence[Verdict], words: Callable[[Mapping[Expectation, int]], str]) -> str:
    """What a column says: how many cells came out which way, or how many are wrong."""
    bad = sum(not verdict.as_stated for verdict in verdicts)
    if bad:
        return f"{bad} of {len(verdicts)} WRONG"
    return words(Counter(verdict.cell.expected for verdict in verdicts))


def counted(stated: Mapping[Expectation, int]) -> str:
    """How many cells came out which way, what is worst first: "58 hang, 9 refused, 31 stored"."""
    counts = _by_name(stated)
    return ", ".join(f"{counts[name]} {name}" for name in _names(stated))


def _numbers(stated: Mapping[Expectation, int], names: Iterable[str]) -> str:
    """The counts in the order of the names: "58/9/31"."""
    counts = _by_name(stated)
    return "/".join(str(counts[name]) for name in names)


def _by_name(stated: Mapping[Expectation, int]) -> Counter[str]:
    # what goes by one name is one thing to a reader
    counts: Counter[str] = Counter()
    for expectation, count in stated.items():
        counts[expectation.name] += count
    return counts


def _names(stated: Iterable[Expectation]) -> list[str]:
    """The names of expectations, the worst first."""
    return list(dict.fromkeys(one.name for one in sorted(set(stated), key=_badness)))


def _badness(stated: Expectation) -> tuple[bool, bool, bool, str]:
    corrupts = stated.unsafe or stated.corrupts
    return not stated.hangs, not corrupts, stated.stored, stated.name


def _must_show(verdict: Verdict) -> bool:
    course = verdict.cell.row.course
    # upstream may have mended it
    shows = course.shows_bug and verdict.cell.expected.name == course.at_first.name
    return shows and not verdict.cell.subject.patches


def _must_be_gone(verdict: Verdict) -> bool:
    return _is_patched(verdict) and verdict.cell.row.course.shows_bug and not _stays(verdict)


def _stays(verdict: Verdict) -> bool:
    """Whether it is stated that a bug is not mended."""
    course, expected = verdict.cell.row.course, verdict.cell.expected
    same = course.shows_bug and expected.name == course.at_first.name
    return _is_patched(verdict) and (same or expected.unsafe)


def _is_patched(verdict: Verdict) -> bool:
    return bool(verdict.cell.subject.patches) and verdict.cell.subject.whole


def _count(
    groups: Sequence[Sequence[Verdict]], counts: Callable[[Verdict], bool]
) -> tuple[int, int]:
    """Of the groups that have cells which count: where all of those are as stated, and all."""
    those = [[v for v in mine if counts(v)] for mine in groups]
    those = [mine for mine in those if mine]
    return sum(all(v.as_stated for v in mine) for mine in those), len(those)


def aligned(rows: list[list[str]]) -> list[str]:
    """The rows of a table, each cell as wide as the widest of its column."""
    widths = [max(len(row[i]) for row in rows if i < len(row)) for i in range(len(rows[0]))]
    return [_SPACE.join(w.ljust(n) for w, n in zip(row, widths)).rstrip() for row in rows]


def _lines(releases: Sequence[Release]) -> str:
    versions = [release.line for release in releases]
    versions = list(dict.fromkeys(versions))
    return versions[0] if len(versions) == 1 else f"{versions[0]}–{versions[-1]}"


def _place(subject: Subject) -> str:
    return f"{subject.release.version}, Python {subject.interpreter.version}"


def _cell(verdict: Verdict) -> str:
    subject = verdict.cell.subject
    return f"{_place(subject)}, {_state(subject)}: {verdict.cell.row.name}"


def _state(subject: Subject) -> str:
    if not subject.patches:
        return "unpatched"
    return f"up to {short_name(subject.applied[-1])}"
