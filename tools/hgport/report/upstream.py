"""A series put to upstream's own tests, as text, as plain data and as cases for JUnit."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hgport.model.patch import short_name
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.proof.plan import Gap
from hgport.proof.upstreamreport import FAILED, PASSED, SKIPPED, Seen
from hgport.proof.upstreamverdict import Change, Compared, Step, Subject, Tested, Told
from hgport.report import stacks
from hgport.report.junit import Case
from hgport.report.proof import aligned, missing

# lines of a failure that the text shows
_LINES = 12
_INDENT = "    "


@dataclass(frozen=True)
class Outcome:
    """What is reported: what came of each release, ``gaps`` for want of an interpreter, and
    releases that ``--python`` left out."""

    stack: Stack
    tested: Sequence[Tested]
    gaps: Sequence[Gap] = ()
    left_out: Sequence[Release] = ()


class Lines(Told):
    """Says on standard error when a release is begun and when it is done."""

    def begun(self, subject: Subject) -> None:
        """Say so."""
        count = _count(len(subject.tests), "test file")
        sys.stderr.write(f"{_place(subject)}: {count}, before and after ...\n")

    def done(self, tested: Tested) -> None:
        """Say so, with what came of it."""
        sys.stderr.write(f"{line(tested)}\n")


def line(tested: Tested) -> str:
    """One line about a release."""
    place = _place(tested.subject)
    if tested.problem:
        return f"{place}: {tested.problem}"
    if not tested.tests:
        return f"{place}: no patch in its series"
    known = " (known)" if tested.known else ""
    parts = [
        f"before {_counts(test.before for test in tested.tests)}",
        f"after {_counts(test.after for test in tested.tests)}",
        *_harm([tested]),
    ]
    return f"{place}: {'; '.join(parts)}{known}"


def text(outcome: Outcome) -> list[str]:
    """Everything that is printed in the end."""
    details = [line for tested in outcome.tested for line in _details(tested)]
    left = [f"{one.version} left out, as --python asks" for one in outcome.left_out]
    return [
        *table(outcome),
        *details,
        *_unchanged(outcome),
        *missing(outcome.gaps),
        *left,
        summary(outcome),
    ]


def table(outcome: Outcome) -> list[str]:
    """A line for each release, with how many tests came out which way."""
    rows = [["release", "Python", "passed/failed/skipped before", "after"]]
    rows[0] += ["newly failing", "own tests", "newly passing"]
    for tested in outcome.tested:
        subject = tested.subject
        rows.append(
            [subject.release.version, subject.interpreter.version, *_words(outcome, tested)]
        )
    for gap in outcome.gaps:
        pythons = "/".join(gap.pythons) or "?"
        rows += [[one.version, pythons, "not run"] for one in gap.releases]
    return aligned(rows)


def _words(outcome: Outcome, tested: Tested) -> list[str]:
    if not tested.tests:
        return ["NOT RUN" if tested.problem else "no patch"]
    return [
        "/".join(map(str, _counted(test.before for test in tested.tests))),
        "/".join(map(str, _counted(test.after for test in tested.tests))),
        _harm_in_short(tested),
        ", ".join(_own(outcome, tested)),
        ", ".join(_names(tested, Change.NEWLY_PASSING)) or "-",
    ]


def _own(outcome: Outcome, tested: Tested) -> Iterator[str]:
    """The patches by their numbers, and whether their tests fail without and pass with them."""
    for step in tested.steps:
        number = outcome.stack.names.index(step.patch) + 1
        yield f"+{number} {_state(step)}"


def _state(step: Step) -> str:
    if not step.tests:
        return "none"
    return "ok" if step.right else "WRONG"


def _unchanged(outcome: Outcome) -> Iterator[str]:
    """What says nothing about the series, and on which releases: tests that fail in any case, and
    tests that are skipped, with the reason."""
    alike: dict[str, list[str]] = {}
    for tested in outcome.tested:
        for test in tested.tests:
            if test.right and test.change is Change.FAILS:
                how = ", differently" if test.difference else ""
                what = f"fails with and without the series{how}: {test.name}"
            elif test.right and test.change is Change.SKIPPED:
                what = f"skipped: {test.name}, {test.after.text}"
            else:
                continue
            alike.setdefault(what, []).append(tested.subject.release.version)
    for what in sorted(alike):
        yield f"{what} ({', '.join(alike[what])})"


def _details(tested: Tested) -> Iterator[str]:
    """What is wrong or doubtful with a release, with the beginnings of failures."""
    place = _place(tested.subject)
    if tested.problem:
        yield f"{'PROVES NOTHING' if tested.tests else 'NOT RUN'}: {place}: {tested.problem}"
    said: dict[str, None] = {}
    for patch, test in _everything(tested):
        if test.unsteady:
            said[f"RUN TWICE: {place}: {test.name}: {_at_first(test)}"] = None
        if not test.right and not (test.own and not patch and _in_steps(tested, test.name)):
            where = f"{place}, {short_name(patch)}" if patch else place
            yield from _wrong(f"{where}: {test.name}", test)
    yield from said


def _everything(tested: Tested) -> Iterator[tuple[str, Compared]]:
    """Every test that was compared, with the patch if that was done for a single one."""
    yield from (("", test) for test in tested.tests)
    for step in tested.steps:
        yield from ((step.patch, test) for test in step.tests)


def _in_steps(tested: Tested, name: str) -> bool:
    """Whether a test is wrong with a single patch, which says more than that it is in the end."""
    return any(
        patch and test.name == name and not test.right for patch, test in _everything(tested)
    )


def _wrong(what: str, test: Compared) -> Iterator[str]:
    head = _said(test)
    yield f"{head[0].upper()}: {what}: {head[1]}"
    if test.difference is not None and not test.own:
        yield f"{_INDENT}before: {test.difference.before or 'no other line'}"
        yield f"{_INDENT}after:  {test.difference.after}"
        return
    shown = test.after if test.after.outcome != PASSED else test.before
    lines = shown.text.splitlines()
    yield from (_INDENT + one for one in lines[:_LINES])
    if len(lines) > _LINES:
        yield f"{_INDENT}... {_count(len(lines) - _LINES, 'more line')}"


def _said(test: Compared) -> tuple[str, str]:
    """A word for what is wrong with a test, and a phrase."""
    seen = f"{test.before.outcome} before, {test.after.outcome} after"
    if test.own:
        return "own test", f"{seen}; it must fail before and pass after"
    if test.change is Change.FAILS_OTHERWISE:
        return test.change.value, "each time it was run, with lines that it did not have before"
    return test.change.value, seen


def _at_first(test: Compared) -> str:
    parts = []
    for when, seen in (("before", test.before), ("after", test.after)):
        if seen.at_first:
            first = seen.at_first.partition("\n")[0]
            parts.append(f"{when}: at first {first}; alone: {seen.outcome}")
    return "; ".join(parts)


def summary(outcome: Outcome) -> str:
    """The one line at the end."""
    ran = [tested for tested in outcome.tested if tested.tests]
    tests = [test for tested in ran for test in tested.tests]
    steps = [step for tested in ran for step in tested.steps if step.tests]
    right = sum(step.right for step in steps)
    parts = [
        f"{_count(len(ran), 'release')}, {_count(len(tests), 'test')}",
        *_harm(ran),
        f"own tests fail without and pass with their patch: {right} of {len(steps)}",
    ]
    differing = sum(test.change is Change.FAILS and bool(test.difference) for test in tests)
    if differing:
        parts.append(f"{differing} failing with and without, differently")
    broken = sum(bool(tested.problem and not tested.tests) for tested in outcome.tested)
    if broken:
        parts.append(f"{_count(broken, 'release')} could not be run")
    nothing = sum(bool(tested.problem) for tested in ran)
    if nothing:
        parts.append(f"{_count(nothing, 'release')} in which no test passed")
    lacking = sum(len(gap.releases) for gap in outcome.gaps)
    if lacking:
        parts.append(f"{_count(lacking, 'release')} without an interpreter")
    return "; ".join(parts)


def to_plain(outcome: Outcome) -> dict[str, Any]:
    """Everything as data for ``--json``."""
    return {
        **stacks.plain(outcome.stack),
        "releases": [_tested_to_plain(tested) for tested in outcome.tested],
        "gaps": [
            {"pythons": list(gap.pythons), "releases": [one.version for one in gap.releases]}
            for gap in outcome.gaps
        ],
        "left_out": [one.version for one in outcome.left_out],
        "summary": summary(outcome),
    }


def _tested_to_plain(tested: Tested) -> dict[str, Any]:
    subject = tested.subject
    return {
        "release": subject.release.version,
        "python": subject.interpreter.full,
        "patches": [patch.name for patch in subject.patches],
        "right": tested.right,
        "problem": tested.problem,
        "cached": tested.known,
        "tests": [_compared_to_plain(test) for test in tested.tests],
        "steps": [
            {
                "patch": step.patch,
                "right": step.right,
                "tests": [_compared_to_plain(test) for test in step.tests],
            }
            for step in tested.steps
        ],
    }


def _compared_to_plain(test: Compared) -> dict[str, Any]:
    return {
        "name": test.name,
        "change": test.change.value,
        "own": test.own,
        "right": test.right,
        "difference": asdict(test.difference) if test.difference else None,
        "before": test.before.to_json(),
        "after": test.after.to_json(),
    }


def cases(outcome: Outcome) -> list[Case]:
    """A case for each test of a release, for each of a patch's own, and for what was not run."""
    found: list[Case] = []
    for tested in outcome.tested:
        place = _place(tested.subject)
        if tested.problem:
            found.append(Case(place, "run-tests.py", 0.0, failure=tested.problem))
        found += [_case(place, test) for test in tested.tests]
        for step in tested.steps:
            where = f"{place}, {short_name(step.patch)}"
            found += [_case(where, test) for test in step.tests]
    for gap in outcome.gaps:
        why = f"no Python {' or '.join(gap.pythons)}" if gap.pythons else "no Python is named"
        found += [Case(one.version, "run-tests.py", 0.0, skipped=why) for one in gap.releases]
    return found


def _case(place: str, test: Compared) -> Case:
    seconds = test.before.seconds + test.after.seconds
    if not test.right:
        news = f"\n{test.difference.after}" if test.difference and not test.own else ""
        failure = ": ".join(_said(test)) + f"{news}\n{test.after.text or test.before.text}"
        return Case(place, test.name, seconds, failure=failure)
    # what fails with and without the series says nothing about it
    if test.change is Change.FAILS:
        return Case(place, test.name, seconds, skipped="fails before the series as well")
    if test.after.outcome == SKIPPED:
        return Case(place, test.name, seconds, skipped=test.after.text)
    return Case(place, test.name, seconds)


def _harmed(several: Iterable[Tested]) -> tuple[int, int, int]:
    """How many tests newly fail or are newly skipped, how many fail otherwise than before, and of
    how many nothing is said."""
    counts = Counter(test.change for tested in several for test in tested.tests)
    newly = counts[Change.NEWLY_FAILING] + counts[Change.NEWLY_SKIPPED]
    return newly, counts[Change.FAILS_OTHERWISE], counts[Change.UNTOLD]


def _harm(several: Iterable[Tested]) -> Iterator[str]:
    newly, otherwise, untold = _harmed(several)
    yield f"{newly} newly failing"
    if otherwise:
        yield f"{otherwise} failing otherwise"
    if untold:
        yield f"{untold} untold"


def _harm_in_short(tested: Tested) -> str:
    """The same for a column that is called "newly failing"."""
    newly, otherwise, untold = _harmed([tested])
    more = [f"{otherwise} otherwise"] * bool(otherwise) + [f"{untold} untold"] * bool(untold)
    return ", ".join([str(newly), *more])


def _names(tested: Tested, change: Change) -> list[str]:
    return [test.name for test in tested.tests if test.change is change]


def _counted(seen: Iterable[Seen]) -> tuple[int, int, int]:
    """How many passed, failed and were skipped."""
    counts = Counter(one.outcome for one in seen)
    return counts[PASSED], counts[FAILED], counts[SKIPPED]


def _counts(seen: Iterable[Seen]) -> str:
    passed, failed, skipped = _counted(seen)
    return f"{passed} passed, {failed} failed, {skipped} skipped"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _place(subject: Subject) -> str:
    return f"{subject.release.version}, Python {subject.interpreter.version}"
