"""A composed submission: what would go where, as text and as plain data.

Some of it may be a repository's own words; in the text they do nothing to a terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hgport.report.stacks import serving
from hgport.submit.compose import Composed
from hgport.submit.identity import Identity
from hgport.submit.message import Message
from hgport.submit.sevenbit import body_of


def text(composed: Composed) -> list[str]:
    """Each mail with its size, the introduction whole, a patch by what it changes; then, where a
    question about it would follow, from whom and to whom they are."""
    lines = [*_head(composed), *_mails(composed), "", *_settings(composed), *_notes(composed)]
    return [_escaped(line) for line in lines]


def plain(composed: Composed) -> dict[str, Any]:
    """The submission as ``hgport email --json`` prints it."""
    settings = composed.settings
    return {
        "release": composed.release.version,
        "version": composed.version,
        "digest": composed.digest,
        "cover": str(composed.cover) if composed.cover else None,
        "same_as": str(composed.same_as) if composed.same_as else None,
        "from": str(settings.sender),
        **{key: [str(one) for one in those] for key, those in _persons(composed)},
        "flags": list(settings.flags),
        "origins": dict(settings.origins),
        "from_repository": sorted(settings.from_repository),
        "introduction": _introduction(composed.messages[0]),
        "messages": [
            {
                "number": message.number,
                "subject": message.subject,
                "message_id": message.message_id,
                "recipients": list(message.recipients),
                "bytes": len(message.data),
                "diffstat": composed.diffstats[message.number],
            }
            for message in composed.messages
        ],
    }


def _persons(composed: Composed) -> Iterator[tuple[str, Sequence[Identity]]]:
    settings = composed.settings
    yield "to", settings.to
    yield "cc", settings.cc
    yield "bcc", settings.bcc
    yield "reply-to", settings.reply_to


def _head(composed: Composed) -> Iterator[str]:
    series = serving(composed.stack, composed.release.line)
    yield f"{series} for {composed.release.version}, v{composed.version}"
    if composed.cover is not None:
        yield f"introduced by {composed.cover}"


def _mails(composed: Composed) -> Iterator[str]:
    for message in composed.messages:
        yield ""
        yield f"{message.subject}  ({len(message.data) / 1000:.1f} kB)"
        # an introduction has the diffstat in it
        shown = _introduction(message) or composed.diffstats[message.number]
        yield from (f"  {line}".rstrip() for line in shown.rstrip("\n").split("\n"))


def _introduction(message: Message) -> str | None:
    """The text of an introduction, as it is in the mail; None for a patch."""
    return None if message.number else body_of(message.data).decode("utf-8", "replace")


def _settings(composed: Composed) -> Iterator[str]:
    settings = composed.settings
    yield _line(composed, "from", [str(settings.sender)])
    for key, those in _persons(composed):
        yield from [_line(composed, key, [str(one) for one in those])] if those else []
    if settings.flags:
        yield _line(composed, "flag", settings.flags)
    if settings.in_reply_to is not None:
        yield _line(composed, "in-reply-to", [settings.in_reply_to])


def _line(composed: Composed, key: str, values: Sequence[str]) -> str:
    """What is set, and who says so."""
    settings = composed.settings
    origin = settings.origins.get(key, "")
    if key in settings.from_repository:
        origin = f"the repository says so: {origin}"
    name = key.title() + ":"
    return f"{name:12} {', '.join(values)}" + (f"  ({origin})" if origin else "")


def _notes(composed: Composed) -> Iterator[str]:
    if composed.same_as is not None:
        yield f"these are the same patches as in {composed.same_as}"


def _escaped(line: str) -> str:
    """A line without what a terminal would obey, and without what turns text around."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode()
        for char in line.expandtabs()
    )
