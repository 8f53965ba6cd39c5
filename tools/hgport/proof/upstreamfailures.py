"""Whether a test that fails before a series and after it fails alike.

What a failed test printed is compared line by line, without what changes from run to run.  A line
counts as the series' doing only if it is there after it whenever the test was run, and never, or
less often, before it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from hgport.proof.upstreamreport import Seen

# what is another at each run, and what stands for it
_UNSTEADY = (
    (re.compile(r"\b(?:tmp|hgtests\.|hg-[a-z]+-)[A-Za-z0-9_]{6,8}\b"), "TEMP"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "ADDRESS"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b|\b\d\d:\d\d:\d\d(?:\.\d+)?\b"), "TIME"),
    (re.compile(r"\b\d+(?:\.\d+)?(?: ?(?:ms|s|secs?|seconds?)\b)"), "TIME"),
    (re.compile(r"(?<=:)\d{4,5}\b|(?<=\bport )\d{4,5}\b"), "PORT"),
    (re.compile(r"(?<=\bpid )\d+|(?<=\bpid=)\d+|(?<=\bprocess )\d+"), "PROCESS"),
    # a patch above moves what it does not touch
    (re.compile(r"(?<=, line )\d+|(?<=\.py:)\d+"), "LINE"),
)
_HEADS = ("+++ ", "--- ")


@dataclass(frozen=True)
class Difference:
    """The first line after the series that is not there before it; and the first one before it that
    is not there after it, "" if there is none.

    ``sure`` says that both were run twice, and it was so each time.
    """

    before: str
    after: str
    sure: bool


def difference(before: Seen, after: Seen) -> Difference | None:
    """What a failed test says after a series that it did not say before it; None if nothing."""
    was, now = _runs(before), _runs(after)
    gone = _first(was[0], _at_most(now))
    news = _first(_at_least(now), _at_most(was))
    if not news:
        return None
    return Difference(gone, news, before.again is not None and after.again is not None)


def lines(text: str) -> Counter[str]:
    """The lines of a failure, in order, each with how often it is there, without what is another
    at each run.  Of a diff, those that differ."""
    every = text.splitlines()
    differing = [one for one in every if one[:1] in ("+", "-") and not one.startswith(_HEADS)]
    return Counter(_steady(one.rstrip()) for one in differing or every)


def _steady(line: str) -> str:
    for pattern, word in _UNSTEADY:
        line = pattern.sub(word, line)
    return line


def _runs(seen: Seen) -> list[Counter[str]]:
    return [lines(text) for text in (seen.text, seen.again) if text is not None]


def _at_most(runs: Iterable[Counter[str]]) -> Counter[str]:
    """How often a line is there in the run that has it most often."""
    most: Counter[str] = Counter()
    for one in runs:
        most |= one
    return most


def _at_least(runs: list[Counter[str]]) -> Counter[str]:
    """How often a line is there in each run."""
    least = runs[0]
    for one in runs[1:]:
        least = least & one
    return least


def _first(some: Counter[str], others: Counter[str]) -> str:
    return next((line for line, count in some.items() if count > others[line]), "")
