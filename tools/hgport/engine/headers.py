"""The header of a patch file: made for a changeset, or rewritten where that says otherwise.

A header that says the same is never touched: it may have been written by another program, and
says more than what Mercurial knows.
"""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass

from hgport.model.patch import Patch

_MARK = "# HG changeset patch"
# in Mercurial's own form, after the date for programs comes one for people
_FOR_PEOPLE = re.compile(r"# {6}\w{3} \w{3} \d\d ")
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*):")
# the fields of a mail or of DEP-3 that Mercurial's form says in its own way
_SAID = ("from", "author", "date", "last-update", "subject", "description")


@dataclass(frozen=True)
class Said:
    """Who, when and why, as in Patch."""

    user: str
    date: str
    description: str


def header_of(patch: Patch) -> bytes:
    """What stands above a patch's diff."""
    return patch.data[: len(patch.data) - len(patch.body)]


def stripped(description: str) -> str:
    """A description as Mercurial keeps it: no blanks at the ends of lines, nor empty lines at the
    ends of all."""
    lines = re.split(r"\r\n|\r|\n", description)
    return "\n".join(line.rstrip() for line in lines).strip("\n")


def description_of(patch: Patch) -> str:
    """The description of the changeset that is made of a patch."""
    told = patch.description or patch.name.encode("utf-8", "replace").decode()
    return stripped(told)


def says(patch: Patch, said: Said) -> bool:
    """Whether a patch's header says this; what it leaves open may be anything."""
    return (
        description_of(patch) == said.description
        and patch.user.strip() in ("", said.user)
        and (patch.date == said.date or not _has_date(patch))
    )


def _has_date(patch: Patch) -> bool:
    return bool(re.search(rb"^(?:# )?(?:Date|Last-Update)\b", header_of(patch), re.M | re.I))


def fresh(said: Said) -> bytes:
    """A header in the form of ``hg export``."""
    return _bytes("\n".join([_MARK, *_who(said), said.description, "", ""]))


def rewritten(patch: Patch, said: Said) -> bytes:
    """The patch's header, saying this, in the form of ``hg export``; its other lines are kept."""
    lines = [line.rstrip("\r") for line in _text(header_of(patch)).split("\n")]
    if _MARK in lines:
        at = lines.index(_MARK) + 1
        above, lines = lines[:at], lines[at:]
        end = next((i for i, line in enumerate(lines) if not line.startswith("#")), len(lines))
        own, rest = _with_who(lines[:end], said), lines[end:]
    else:
        above, rest = _other_fields(lines)
        above, own = [*above, _MARK], _who(said)
    # after a rule stands what is no part of the description
    tail = rest[rest.index("---") :] if "---" in rest else [""]
    return _bytes("\n".join([*above, *own, said.description, *_gap(tail)]))


def _gap(tail: list[str]) -> list[str]:
    return ["", ""] if tail == [""] else tail


def _who(said: Said) -> list[str]:
    return [f"# User {said.user}", f"# Date {said.date}"]


def _with_who(lines: list[str], said: Said) -> list[str]:
    """The ``#`` lines of a header, with another user and date."""
    made = _who(said)
    for line in lines:
        if _FOR_PEOPLE.match(line):
            made.append(_for_people(said.date))
        elif not line.startswith(("# User ", "# Date ")):
            made.append(line)
    return made


def _for_people(date: str) -> str:
    seconds, offset = map(int, date.split())
    zone = datetime.timezone(datetime.timedelta(seconds=-offset))
    start = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    when = (start + datetime.timedelta(seconds=seconds)).astimezone(zone)
    return f"#      {when.ctime()[:8]}{when:%d %H:%M:%S %Y %z}"


def _other_fields(lines: list[str]) -> tuple[list[str], list[str]]:
    """The fields of a mail or of DEP-3 that are to be kept, and the lines below the fields."""
    kept: list[str] = []
    keeps = False
    for at, line in enumerate(lines):
        found = _FIELD.match(line)
        if found:
            keeps = found[1].lower() not in _SAID
        elif line.startswith("From ") and not at:
            keeps = True
        elif not line.startswith((" ", "\t")):
            return kept, lines[at:]
        if keeps:
            kept.append(line)
    return kept, []


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
