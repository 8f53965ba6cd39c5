"""What the tests of mails share: a small project whose patches are no easy ones to mail."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from helpers_engine import HEADER, Project, file_diff, numbered, patch_bytes
from hgport.model import project
from hgport.submit.compose import Composed, Request, compose
from hgport.submit.identity import STAND_IN
from hgport.submit.mailsettings import Asked, settle

BASE = numbered(30)
SECOND = numbered(30, line20="new 20 ë")
DATE = 1_800_000_000
LETTER = """# one: ways around ë

Why é.

From here on, {dots}.

## Changes since v1

- two goes otherwise
"""
OURS = HEADER.replace("A Person <person@example.org>", STAND_IN)
# a line that a mailbox, a server or an import might take for something else, in each
ODD = OURS.replace("Why it is done.", "From Zoë: why.\n.\n---\n+++ not a diff")


def patches(**changed: bytes) -> dict[str, bytes]:
    """Three patches of a release with the files ``f`` and ``g``; those named are replaced."""
    return {
        "one.patch": patch_bytes(
            file_diff("f", BASE, numbered(30, line10="x" * 1200)), subject="one: a", header=ODD
        ),
        "two.patch": patch_bytes(
            file_diff("g", b"old\r\nFrom me\n", b"new\r\nFrom me\r\n"), subject="two: b"
        ),
        "three.patch": patch_bytes(file_diff("h", None, b"\xff\n\xfe\n"), subject="three: ç"),
        **{f"{name}.patch": data for name, data in changed.items()},
    }


def made(root: Path, series: dict[str, bytes] | None = None) -> Project:
    """A project of such patches, with a cover letter, for its releases 5.2 and 5.3."""
    root.mkdir()
    result = Project(root)
    for version in ("5.2", "5.3"):
        result.release(version, {"f": BASE, "g": b"old\r\nFrom me\n"})
    result.write("5.2", patches() if series is None else series)
    (root / "patches" / "cover.md").write_text(LETTER.format(dots="x" * 1100), encoding="utf-8")
    return result


def asked(
    made: Project, version: str = "5.2", flags: Sequence[str] = (), **said: object
) -> Request:
    """What a person asks for who has no configuration; ``said`` is of Request's fields."""
    stack, catalogue = project.load(made.root / "series")
    mine = Asked(
        "Zoë, Dr. <zoe@example.org>",
        ["list@example.org", "Jörg <joerg@bücher.example>"],
        ["copy@example.org"],
        ["hidden@example.org"],
        flags,
        "parent@example.org",
    )
    settings = settle(mine, {}, None)
    told = {"date": DATE, **said}
    return Request(stack, catalogue, catalogue.release(version), settings, **told)  # type: ignore[arg-type]


def composed(
    made: Project, version: str = "5.2", flags: Sequence[str] = (), **said: object
) -> Composed:
    """The mails of it; the cache is the project's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HGPORT_CACHE", str(made.cache))
        patch.setenv("HGRCPATH", os.devnull)
        return compose(asked(made, version, flags, **said))
