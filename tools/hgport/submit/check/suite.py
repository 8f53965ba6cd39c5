"""The tests of a release's own suite that look at its source, ``tests/test-check-*.t``: before the
patches and after them, in a repository, which is what they want to see."""

from __future__ import annotations

import fnmatch
import os
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from hgport.proof.upstreamfailures import difference, lines
from hgport.proof.upstreamreport import FAILED, SKIPPED, Seen, file_of
from hgport.proof.upstreamverdict import HARM, Change, Compared
from hgport.submit.check.finding import Checked, Finding, Note
from hgport.submit.check.memory import Memory, key_of
from hgport.submit.check.subject import Bench, Subject
from hgport.submit.check.suiterun import machine, run

_TESTS = "test-check-*.t"
_PLACE = re.compile(r"([\w.+-]+(?:/[\w.+-]+)+):(\d+)\b")
_CHANGESETS = re.compile(r"hg\s+(log|export)\b|\bdesc\(")
# what run-tests.py shows of an exit code
_CODE = re.compile(r"[+-]\s*\[\d+\]\s*$")
_ABSENT = Seen(SKIPPED, 0.0, "there is no such test")

# what came of tests, by their names, each of which may be a case of a file
_Outcomes = dict[str, Seen]


def look(bench: Bench, jobs: int, tests: str = _TESTS) -> Checked:
    """Run those that ``tests`` matches, ``jobs`` at once.

    Raises Unheard if the suite cannot be run, OutsideError for trouble with network or disk.
    """
    subject, found = bench.subject, Checked()
    compared = _settled(bench, jobs, tests)
    for test in compared:
        if test.change is Change.SKIPPED:
            text = f"{file_of(test.name)}: {test.after.text or 'skipped'}"
            found.notes.append(Note(text, subject.release.version))
        else:
            found.counts["test-check"] += 1
        if test.change in HARM:
            found.findings.append(_finding(bench, test, jobs))
    return found


def _files(subject: Subject, number: int, wanted: str) -> set[str]:
    """The tests that there are with so many patches."""
    tests = subject.tree / "tests"
    there = {f"tests/{name}" for name in os.listdir(tests)}
    for path, data in subject.stages[number].items():
        (there.discard if data is None else there.add)(path)
    return {p[6:] for p in there if fnmatch.fnmatchcase(p, f"tests/{wanted}") and "/" not in p[6:]}


def _settled(bench: Bench, jobs: int, tests: str) -> list[Compared]:
    every = len(bench.subject.patches)
    runs = {
        number: _ran(bench, number, _files(bench.subject, number, tests), jobs)
        for number in (0, every)
    }
    compared = _compared(runs[0], runs[every])
    # once more, as a machine may have its moments
    doubtful = {file_of(test.name) for test in compared if _is_doubtful(test)}
    if not doubtful:
        return compared
    for number, seen in runs.items():
        wanted = doubtful & {file_of(name) for name in seen}
        again = _ran(bench, number, wanted, jobs, " again")
        for name, one in again.items():
            was = seen.get(name)
            if was is not None and was.outcome == one.outcome == FAILED:
                seen[name] = replace(was, again=one.text)
            else:
                seen[name] = one
    return _compared(runs[0], runs[every])


def _compared(before: _Outcomes, after: _Outcomes) -> list[Compared]:
    return [
        Compared(name, before.get(name, _ABSENT), after.get(name, _ABSENT))
        for name in sorted({*before, *after})
    ]


def _is_doubtful(test: Compared) -> bool:
    if test.before.outcome == test.after.outcome == FAILED:
        return difference(test.before, test.after) is not None
    return test.change in HARM


def _ran(
    bench: Bench, number: int, files: Collection[str], jobs: int, which: str = ""
) -> _Outcomes:
    """What comes of tests with so many patches, remembered or run."""
    subject = bench.subject
    about = [subject.python.full, machine(), which]
    keys = {
        file: key_of("suiterun", *about, _seen_by(subject, number, file), file)
        for file in sorted(files)
    }
    with Memory() as memory:
        known = memory.get(list(keys.values()))
    found = {
        name: Seen.from_json(plain)
        for key in keys.values()
        for name, plain in known.get(key, {}).items()
    }
    lacking = [file for file, key in keys.items() if key not in known]
    if lacking:
        seen = run(bench.tree(number), subject.python, lacking, jobs)
        found.update(seen)
        with Memory() as memory:
            memory.put({keys[file]: _plain(seen, file) for file in lacking})
    return found


def _seen_by(subject: Subject, number: int, file: str) -> Sequence[object]:
    """Plain data that stands for what a test looks at: files, or changesets as well."""
    path = f"tests/{file}"
    own = subject.stages[number].get(path)
    text = subject.text(path) if own is None else own.decode("utf-8", "replace")
    return subject.content(number) if _CHANGESETS.search(text) else subject.files(number)


def _plain(seen: Mapping[str, Seen], file: str) -> dict[str, object]:
    return {name: one.to_json() for name, one in seen.items() if file_of(name) == file}


def _finding(bench: Bench, test: Compared, jobs: int) -> Finding:
    """One about a test that the patches harm, at the place that it speaks of, if it does; else of
    the first patch that harms it."""
    subject, news = bench.subject, _news(test)
    file, line, first = _place(subject, news)
    numbers = [one.number for one in subject.touched if one.path == file]
    number = numbers[0] if len(numbers) == 1 else _first_harm(bench, test, jobs)
    said = f": {first.lstrip('+- ')[:200]}" if first else ""
    message = f"{test.name} {test.change.value}{said}"
    return subject.finding("test-check", number, file, line, message)


def _first_harm(bench: Bench, test: Compared, jobs: int) -> int | None:
    """The number of the first patch after which a test is harmed."""
    file = file_of(test.name)
    for number in range(len(bench.subject.patches)):
        if file not in _files(bench.subject, number + 1, file):
            continue
        seen = _ran(bench, number + 1, [file], jobs).get(test.name, _ABSENT)
        if _is_doubtful(Compared(test.name, test.before, seen)):
            return number
    return None


def _news(test: Compared) -> Sequence[str]:
    """The lines that it prints after the patches, but not before them."""
    was: Counter[str] = lines(test.before.text) if test.before.outcome == FAILED else Counter()
    news = lines(test.after.text) - was
    # compared without the numbers of lines, which are wanted here
    return [line for line in test.after.text.splitlines() if news.keys() & lines(line).keys()]


def _place(subject: Subject, news: Sequence[str]) -> tuple[str | None, int | None, str]:
    """The first place in a file of the patches that these lines name, and the line that does; if
    none does, the first that says anything."""
    paths = {one.path for one in subject.touched}
    for text in news:
        for found in _PLACE.finditer(text):
            if found[1] in paths:
                return found[1], int(found[2]), text
    for text in news:
        # a test may do no more than list files
        named = next((word for word in text.lstrip("+-").split() if word in paths), None)
        if named is not None:
            return named, None, text
    first = next((one for one in news if _PLACE.search(one)), None)
    return None, None, first or next((one for one in news if not _CODE.match(one)), "")
