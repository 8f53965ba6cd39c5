"""What stands above a patch's diff: the form of ``hg export``, complete and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hgport.model.header import read_header
from hgport.model.patch import Patch
from hgport.submit.check import description

_MARK = "# HG changeset patch"
_DATE = re.compile(r"# Date -?\d+ -?\d+$")
_FOR_PEOPLE = re.compile(r"#      \w{3} \w{3} \d\d \d\d:\d\d:\d\d \d{4} [+-]\d{4}$")
_ADDRESS = re.compile(r"[^<>]*<[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+")


def of_header(patch: Patch) -> Iterator[tuple[int, str]]:
    """What is wrong with a patch's header: the line of the patch file, and why."""
    lines = _lines(patch)
    if any(line.endswith("\r") for line in lines):
        yield 1, "the lines end with carriage returns"
        lines = [line.rstrip("\r") for line in lines]
    if not lines or lines[0] != _MARK:
        yield 1, f"the patch is not in the form of hg export, which begins with {_MARK!r}"
        return
    end = _end(lines)
    found = {"User": 0, "Date": 0}
    for number, line in enumerate(lines[1:end], 2):
        word = line[2:].partition(" ")[0]
        if word in found:
            found[word] += 1
            why = _wrong(word, line)
        elif _FOR_PEOPLE.match(line):
            why = ""
        else:
            why = f"{line[:40]!r} says something that another repository has no use for"
        if why:
            yield number, why
    for word, count in found.items():
        if count != 1:
            yield 1, f"there is no # {word}" if not count else f"there are {count} # {word}"


def of_description(patch: Patch) -> Iterator[tuple[int, str]]:
    """What is wrong with a patch's description: the line of the patch file, and why."""
    lines = _lines(patch)
    if all(line.endswith("\r") for line in lines):
        # which is said of the header
        lines = [line[:-1] for line in lines]
    start = _end(lines) if lines[:1] == [_MARK] else 0
    if start == 0:
        # of the other forms the reader of headers knows where the description is
        yield from ((1, why) for _, why in description.problems(patch.description))
        return
    while start < len(lines) and not lines[start].strip():
        start += 1
    text = "\n".join(lines[start:]).rstrip("\n")
    for number, why in description.problems(text):
        yield min(start + number + 1, len(lines) or 1), why


def _lines(patch: Patch) -> Sequence[str]:
    raw = patch.data[: len(patch.data) - len(patch.body)]
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")
    return text.split("\n")[: raw.count(b"\n") + (not raw.endswith(b"\n"))]


def _end(lines: Sequence[str]) -> int:
    """Where the lines of hg export's header end."""
    return next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))


def _wrong(word: str, line: str) -> str:
    if word == "Date":
        return "" if _DATE.match(line) else "the date is not two numbers, seconds and offset"
    return "" if _ADDRESS.fullmatch(line[7:].strip()) else "the user has no mail address"


def encoding_problem(patch: Patch) -> tuple[int, str] | None:
    """Where a header is no text, and why; None if it is."""
    header = patch.data[: len(patch.data) - len(patch.body)]
    try:
        header.decode("utf-8")
    except UnicodeDecodeError as err:
        return header.count(b"\n", 0, err.start) + 1, "the header is not in UTF-8"
    return None


def bad_date(data: bytes) -> tuple[int, str] | None:
    """The line of a patch file that says a date which nobody understands, and why; None if none of
    hg export's lines does."""
    for number, line in enumerate(data.split(b"\n"), 1):
        if not line.startswith(b"#"):
            return None
        if line.startswith(b"# Date "):
            try:
                read_header(_MARK.encode() + b"\n" + line + b"\n")
            except ValueError as err:
                return number, str(err)
    return None
