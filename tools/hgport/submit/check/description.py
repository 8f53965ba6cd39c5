"""What Mercurial's maintainers, and the programs between, want of a patch's description.

The rules are those of the project's ``contrib/check-commit`` and of its page on contributing; and
that no line is taken for something else by ``hg import``, by ``git am`` or by an mbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

# columns; of the summary as contrib/check-commit has it, of the rest as a terminal has
SUMMARY, BODY = 78, 80
_TOPIC = re.compile(r"[A-Za-z0-9_-]+: \S")
_CAPITAL = re.compile(r"(?:\S+: *)?[A-Z][a-z]\S")
_ISSUES = (
    (re.compile(r"\(issue[ #-]+\d+\)?", re.I), "an issue is written (issueNNNN)"),
    (re.compile(r"\(bug[ #-]?\d+\)?", re.I), "an issue is written (issueNNNN), not as a bug"),
    (re.compile(r"\([Ii][Ss][Ss][Uu][Ee]\d+\)"), "an issue is written (issueNNNN), in lower case"),
    (re.compile(r"\(bc\)"), "(BC) is written in upper case"),
)
# what a line starts with, and what takes it for something else
_MISTAKEN = (
    ("From ", "an mbox takes it for the start of another mail"),
    ("diff ", "it reads as the start of a diff"),
    ("Index: ", "it reads as the start of a diff"),
    ("--- ", "it reads as the start of a diff"),
    ("*** ", "it reads as the start of a diff"),
    ("RCS file: ", "it reads as the start of a diff"),
    ("retrieving revision ", "it reads as the start of a diff"),
    ("# ", "it reads as a header of hg export"),
)
_IN_BODY = re.compile(r"(?:From|Subject|Date|Content-Type):", re.I)


def problems(description: str) -> Iterator[tuple[int, str]]:
    """What is wrong with a description: the line, counted from 0, and why, in one line.

    ``description`` is the text as it stands in the patch, without the empty lines at its end.
    """
    lines = description.split("\n")
    if not description.strip():
        yield 0, "there is no description"
        return
    for why in _of_summary(lines[0]):
        yield 0, why
    if len(lines) > 1 and lines[1].strip():
        yield 1, "the line below the summary is not empty"
    yield from _of_lines(lines)


def _of_summary(summary: str) -> Iterator[str]:
    if len(summary) > SUMMARY:
        yield f"the summary has {len(summary)} columns, of which {SUMMARY} are allowed"
    if not _TOPIC.match(summary):
        yield "the summary does not start with a one-word topic, as in 'topic: summary'"
    if _CAPITAL.match(summary):
        yield "the summary is capitalized"
    if summary.rstrip().endswith("."):
        yield "the summary ends with a period"


def _of_lines(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines):
        for why in _of_line(line):
            yield number, why
        if number > 1 and not line.strip() and not lines[number - 1].strip():
            yield number, "one empty line is enough"
        if number and len(line) > BODY and " " in line.strip():
            yield number, f"the line has {len(line)} columns, of which {BODY} are allowed"
    first = next((n for n, line in enumerate(lines[1:], 1) if line.strip()), None)
    if first is not None and _IN_BODY.match(lines[first]):
        yield first, "git am takes it for a header of the mail"


def _of_line(line: str) -> Iterator[str]:
    if "\r" in line:
        yield "a carriage return is in the description"
    if line != line.rstrip() and line.rstrip("\r") != line.rstrip():
        yield "white space is at the end of the line"
    if any(ord(c) < 32 and c not in "\t\r" or ord(c) == 127 for c in line):
        yield "a control character is in the description"
    for pattern, why in _ISSUES:
        found = pattern.search(line)
        if found and not re.match(r"\(issue\d+\)", found[0]):
            yield why
    yield from _mistaken(line)


def _mistaken(line: str) -> Iterator[str]:
    if line.rstrip() in ("---", "***"):
        yield "what follows is no part of the description for hg import and git am"
    for start, why in _MISTAKEN:
        if line.startswith(start):
            yield why
