"""What the text above a patch's diff says: who, when and why.

Three forms are read: that of ``hg export``, that of a mail (``git format-patch``, ``hg email``) and
that of DEP-3.  Any other text is the description.
"""

from __future__ import annotations

import re

_HEADER_LINE = re.compile(r"([A-Za-z][A-Za-z0-9-]*):(?:[ \t]+(.*))?$")
_HG_DATE = re.compile(r"(-?\d+) (-?\d+)$")
# a description may well start with "topic: summary"; these alone start a mail's or DEP-3's header
_HEADER_NAMES = frozenset(
    [
        "applied-upstream",
        "author",
        "bug",
        "content-type",
        "date",
        "description",
        "forwarded",
        "from",
        "last-update",
        "message-id",
        "mime-version",
        "origin",
        "reviewed-by",
        "subject",
    ]
)


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def read_header(raw: bytes) -> tuple[str, str, str]:
    """User ("" if none is named), date ("0 0" if none is; see Patch) and description.

    Raises ValueError for a date that nobody understands.
    """
    text = _text(raw)
    lines = [line.rstrip("\r") for line in text.split("\n")]
    if "# HG changeset patch" in lines:
        return _hg_header(lines[lines.index("# HG changeset patch") + 1 :])
    lines = _without_leading(lines)
    found = _HEADER_LINE.match(lines[0]) if lines else None
    if found and found[1].lower() in _HEADER_NAMES:
        return _mail_header(lines)
    return "", "0 0", _before_rule(lines)


def _without_leading(lines: list[str]) -> list[str]:
    """The lines from the first that is neither blank nor mbox's own separator."""
    for at, line in enumerate(lines):
        if line.strip() and not line.startswith("From "):
            return lines[at:]
    return []


def _before_rule(lines: list[str]) -> str:
    """The text up to the ``---`` that mail puts before what is not part of the description."""
    if "---" in lines:
        lines = lines[: lines.index("---")]
    return "\n".join(lines).strip()


def _hg_header(lines: list[str]) -> tuple[str, str, str]:
    user, date = "", "0 0"
    at = 0
    for at, line in enumerate(lines):  # noqa: B007 - used after the loop
        if not line.startswith("#"):
            break
        if line.startswith("# User "):
            user = line[7:].strip()
        elif line.startswith("# Date "):
            date = _date(line[7:].strip())
    return user, date, _before_rule(lines[at:])


def _mail_header(lines: list[str]) -> tuple[str, str, str]:
    fields: dict[str, str] = {}
    last = None
    at = 0
    for at, line in enumerate(lines):  # noqa: B007 - used after the loop
        found = _HEADER_LINE.match(line)
        if line[:1] in (" ", "\t") and last:
            fields[last] += "\n" + line
        elif found:
            last = found[1].lower()
            fields.setdefault(last, found[2] or "")
        else:
            break
    else:
        at = len(lines)
    rest = _before_rule(lines[at:])
    top = _mail_summary(fields)
    user = _decoded(fields.get("from") or fields.get("author") or "")
    date = fields.get("date") or fields.get("last-update")
    return user, _date(date) if date else "0 0", f"{top}\n\n{rest}".strip()


def _mail_summary(fields: dict[str, str]) -> str:
    if "description" in fields:
        # DEP-3: every further line is indented by one, " ." stands for an empty one, and what has
        # more blanks about it for a dot
        first, *more = fields["description"].split("\n")
        return "\n".join([first] + ["" if m[1:] == "." else m[1:] for m in more])
    subject = re.sub(r"\n[ \t]+", " ", fields.get("subject", ""))
    return re.sub(r"^\[[^\]]*\]\s*", "", _decoded(subject))


def _decoded(text: str) -> str:
    text = re.sub(r"\n[ \t]+", " ", text).strip()
    if "=?" not in text:
        return text
    from email.errors import HeaderParseError
    from email.header import decode_header, make_header

    try:
        decoded = str(make_header(decode_header(text)))
    except (LookupError, ValueError, HeaderParseError):
        # an encoding that is unknown or not kept to
        return text
    return decoded if is_text(decoded) else text


def is_text(text: str) -> bool:
    """Whether it can be written as UTF-8: what was decoded from anything else cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _date(text: str) -> str:
    """A date as in Patch.  ValueError for what is none, or is none of Mercurial's."""
    try:
        date = _read_date(text)
    except OverflowError:
        raise ValueError(f"{text!r} is no date") from None
    seconds, offset = map(int, date.split())
    if not -(1 << 31) <= seconds < 1 << 31:
        raise ValueError(f"the date {text!r} exceeds 32 bits")
    if not -14 * 3600 <= offset <= 12 * 3600:
        raise ValueError(f"the date {text!r} is in a time zone that there is not")
    return date


def _read_date(text: str) -> str:
    if _HG_DATE.match(text):
        return text
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        import datetime

        day = datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc)
        return f"{int(day.timestamp())} 0"
    from email.utils import mktime_tz, parsedate_tz

    parsed = parsedate_tz(text)
    if parsed is None:
        raise ValueError(f"{text!r} is no date")
    return f"{int(mktime_tz(parsed))} {-(parsed[9] or 0)}"
