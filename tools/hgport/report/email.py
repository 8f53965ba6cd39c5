"""A composed submission: what would go where, as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from hgport.submit.compose import Composed
from hgport.submit.identity import Identity
from hgport.submit.mailsettings import NAME


def text(composed: Composed) -> list[str]:
    """From whom and to whom, and each mail with its size and what it changes."""
    return [*_head(composed), *_mails(composed)]


def plain(composed: Composed) -> dict[str, Any]:
    """The submission as ``hgport email --json`` prints it."""
    settings = composed.settings
    return {
        "release": composed.release.version,
        "version": composed.version,
        "digest": composed.digest,
        "cover": str(composed.cover) if composed.cover else None,
        "from": str(settings.sender),
        **{key: [str(one) for one in those] for key, those in _persons(composed)},
        "origins": dict(settings.origins),
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
    series = composed.stack.for_line(composed.release.line).series.path
    yield f"{series} for {composed.release.version}, v{composed.version}"
    if composed.cover is not None:
        yield f"introduced by {composed.cover}"
    settings = composed.settings
    yield _line("from", [settings.sender], settings.origins.get("from", ""))
    for key, those in _persons(composed):
        if those:
            yield _line(key, those, settings.origins.get(key, ""))
    if settings.in_reply_to is not None:
        yield f"{'In-Reply-To:':12} {settings.in_reply_to}"


def _line(key: str, those: Sequence[Identity], origin: str) -> str:
    """A line about some persons, and who says so."""
    if origin.endswith(NAME):
        origin = f"the repository says so: {origin}"
    name = key.title() + ":"
    return f"{name:12} {', '.join(map(str, those))}" + (f"  ({origin})" if origin else "")


def _mails(composed: Composed) -> Iterator[str]:
    for message in composed.messages:
        yield ""
        yield f"{message.subject}  ({len(message.data) / 1000:.1f} kB)"
        yield from (f"  {line}" for line in composed.diffstats[message.number].splitlines())
