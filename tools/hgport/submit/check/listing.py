"""What a series file lists, and what is wrong with its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hgport.errors import UsageError
from hgport.model.diff import shown
from hgport.model.series import Entry, entries

# how model.series says where something is
AT_LINE = re.compile(r"(?:.*?: )?line (\d+): (.*)", re.S)


def tidy(data: bytes) -> Iterator[tuple[int, str]]:
    """The lines, counted from 1, that no program minds but a reader does, and why."""
    lines = data.split(b"\n")
    if data.startswith(b"\xef\xbb\xbf"):
        yield 1, "it begins with a byte order mark"
    for number, line in enumerate(lines, 1):
        if line.endswith(b"\r"):
            yield number, "the line ends with a carriage return"
        elif line != line.rstrip():
            yield number, "the line ends with white space"
        elif line != line.lstrip():
            yield number, "the line begins with white space"
    if data and not data.endswith(b"\n"):
        yield len(lines), "the last line has no end"
    elif data.endswith(b"\n\n"):
        yield len(lines) - 1, "it ends with an empty line"


def listed(data: bytes) -> tuple[list[Entry], list[tuple[int, str]]]:
    """The patches that are listed, each once, and what is wrong with lines, by number."""
    found: dict[str, Entry] = {}
    problems = []
    for number, line in enumerate(data.split(b"\n"), 1):
        text = line if number == 1 else line.replace(b"\xef\xbb\xbf", b"")
        try:
            there = entries(text, "")
        except UsageError as err:
            problems.append((number, AT_LINE.sub(r"\2", err.message)))
            continue
        for entry in there:
            first = found.setdefault(entry.name, Entry(entry.name, number))
            if first.number != number:
                problems.append(
                    (number, f"{shown(entry.name)} is already listed in line {first.number}")
                )
    return list(found.values()), problems
