"""The header of a patch in a Debian package, as DEP-3 has it.

DEP-3 knows the day of a patch only, so ``Date`` is written beside ``Last-Update``, and what was
written can be read again without loss (``model.header``).
"""

from __future__ import annotations

import datetime
import email.utils
import re
from collections.abc import Sequence

from hgport.engine.headers import Said
from hgport.model.header import read_header

# fields that a header keeps when it is written anew; any vendor may have a Bug field of its own
_KEPT = re.compile(r"(origin|bug(-[a-z]+)?|forwarded|applied-upstream|reviewed-by|acked-by)", re.I)
_FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*):[ \t]*(.*)")
_EARLY = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)

Field = tuple[str, str]


def written(said: Said, fields: Sequence[Field]) -> bytes:
    """A header that says who, when and why, with these fields between; an empty line ends it.

    A user or a date that nobody knows ("" and "0 0") is left out.
    """
    lines = [f"Description: {_folded(said.description)}"]
    if said.user:
        lines.append(f"Author: {_author(said.user)}")
    lines += [f"{name}: {value}" for name, value in fields]
    if said.date != "0 0":
        lines += [f"Last-Update: {_day(said.date)}", f"Date: {_date(said.date)}"]
    return "\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def kept_fields(header: bytes) -> list[Field]:
    """The fields of a patch's header that ``read_header`` passes over and a package wants to keep:
    where the patch comes from, where it went, which bug it mends.

    There are none in a header of another form.
    """
    text = header.decode("utf-8", "replace")
    found: list[Field] = []
    for line in text.split("\n"):
        field = _FIELD.fullmatch(line.rstrip("\r"))
        if field:
            found.append((field[1], field[2]))
        elif found and line.startswith((" ", "\t")):
            name, value = found.pop()
            found.append((name, f"{value}\n{line.rstrip()}"))
        elif line.strip() or found:
            break
    return [(name, value.rstrip()) for name, value in found if _KEPT.fullmatch(name)]


def _folded(description: str) -> str:
    first, *more = description.split("\n")
    return "\n".join([first, *map(_indented, more)])


def _indented(line: str) -> str:
    # a lone dot stands for an empty line; one with a blank after it, for itself
    return " ." if not line else f" {line} " if line.strip() == "." else f" {line}"


def _author(user: str) -> str:
    """The user as a field, encoded only where it would not be read as it is."""
    if _read(f"Author: {user}")[0] == user:
        return user
    import email.header

    return email.header.Header(user, "utf-8", maxlinelen=998).encode()


def _date(date: str) -> str:
    """A date as mail has it; Mercurial's own form where mail's would lose something."""
    seconds, offset = map(int, date.split())
    try:
        zone = datetime.timezone(datetime.timedelta(seconds=-offset))
        when = (_EARLY + datetime.timedelta(seconds=seconds)).astimezone(zone)
        text = email.utils.format_datetime(when)
        if _read(f"Date: {text}")[1] == date:
            return text
    except (ValueError, OverflowError):
        pass
    return date


def _day(date: str) -> str:
    return f"{_EARLY + datetime.timedelta(seconds=int(date.split()[0])):%Y-%m-%d}"


def _read(field: str) -> tuple[str, str, str]:
    return read_header(f"{field}\n\n".encode("utf-8", "surrogateescape"))
