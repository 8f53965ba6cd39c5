"""A composed submission as JSON: kept in an outbox, so that another run can end what one began."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hgport.model.catalogue import Catalogue
from hgport.model.diff import path_problem
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
    ValueError for what is not of its making: its names become files."""
    try:
        return Composed(
            stack=stack,
            release=catalogue.release(told["release"]),
            settings=_read_settings(told["settings"]),
            version=_version(told["version"]),
            digest=_digest(told["digest"]),
            date=int(told["date"]),
            messages=tuple(messages),
            patches=tuple(_patch(*one) for one in told["patches"]),
            diffstats={int(number): str(text) for number, text in told["diffstats"].items()},
            cover=Path(told["cover"]) if told["cover"] else None,
        )
    except (KeyError, IndexError, TypeError, AttributeError) as err:
        raise ValueError(f"{type(err).__name__}: {err}") from err


def _version(told: Any) -> int:
    if type(told) is not int or told < 1:
        raise ValueError(f"{told!r} is no version")
    return told


def _digest(told: Any) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", told):
        raise ValueError(f"{told!r} is no digest")
    return str(told)


def _patch(name: str, data: str) -> tuple[str, bytes]:
    problem = path_problem(name)
    if problem:
        raise ValueError(f"the path {name!r} {problem}")
    return name, base64.b64decode(data, validate=True)


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
