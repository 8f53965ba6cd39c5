"""A composed submission as JSON: kept in an outbox, so that another run can end what one began."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack
from hgport.submit.compose import Composed
from hgport.submit.identity import Identity
from hgport.submit.mailsettings import Settings
from hgport.submit.message import Message

_PERSONS = ("to", "cc", "bcc", "reply_to")


def to_json(composed: Composed) -> dict[str, Any]:
    """All of it but its stack and its mails."""
    return {
        "release": composed.release.version,
        "version": composed.version,
        "digest": composed.digest,
        "date": composed.date,
        "settings": _settings(composed.settings),
        "patches": [[name, base64.b64encode(data).decode()] for name, data in composed.patches],
        "diffstats": {str(number): text for number, text in composed.diffstats.items()},
        "cover": str(composed.cover) if composed.cover else None,
    }


def from_json(
    told: Mapping[str, Any], stack: Stack, catalogue: Catalogue, messages: Sequence[Message]
) -> Composed:
    """What ``to_json`` was given.  Raises UsageError if the catalogue has its release no more, and
    as KeyError, TypeError or ValueError what is not of its making."""
    return Composed(
        stack=stack,
        release=catalogue.release(told["release"]),
        settings=_read_settings(told["settings"]),
        version=int(told["version"]),
        digest=told["digest"],
        date=int(told["date"]),
        messages=tuple(messages),
        patches=tuple((name, base64.b64decode(data)) for name, data in told["patches"]),
        diffstats={int(number): text for number, text in told["diffstats"].items()},
        cover=Path(told["cover"]) if told["cover"] else None,
    )


def _settings(settings: Settings) -> dict[str, Any]:
    persons = {key: [[p.name, p.address] for p in getattr(settings, key)] for key in _PERSONS}
    return {
        **persons,
        "sender": [settings.sender.name, settings.sender.address],
        "flags": list(settings.flags),
        "in_reply_to": settings.in_reply_to,
        "origins": dict(settings.origins),
    }


def _read_settings(told: Mapping[str, Any]) -> Settings:
    persons = {key: tuple(Identity(*one) for one in told[key]) for key in _PERSONS}
    return Settings(
        sender=Identity(*told["sender"]),
        flags=tuple(told["flags"]),
        in_reply_to=told["in_reply_to"],
        origins=dict(told["origins"]),
        **persons,
    )
