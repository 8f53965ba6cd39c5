"""A small project whose series holds what is hard to carry from one form to another."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_consumers import Place
from helpers_engine import Project, numbered
from hgport.cli import run
from hgport.engine.headers import Said, fresh
from hgport.engine.outcome import Edit
from hgport.engine.render import render_patch
from hgport.model import project
from hgport.upstream import sdist, tree

VERSION = "5.2"
LATIN = "Größe {}\n".encode("latin-1")
BASE = {
    "f": numbered(40),
    "crlf": b"".join(b"line %d\r\n" % n for n in range(20)),
    "a name with blanks": numbered(9),
    "lib/däta.txt": b"".join(LATIN.replace(b"{}", b"%d" % n) for n in range(9)),
    "gone": numbered(5),
    "script": b"#!/bin/sh\n",
}
_FIRST = {
    "f": numbered(40, line3="new 3", line30=""),
    "crlf": BASE["crlf"].replace(b"line 5\r\n", b"line five\r\nand more\r\n"),
    "a name with blanks": numbered(9, line4="four"),
    "lib/däta.txt": BASE["lib/däta.txt"].replace(b" 4", b" vier"),
    "long": b"x" * 2000 + b"\n",
}
DESCRIPTIONS = {
    "first.patch": "topic: größer\n\nFrom here on\n .indented\n.\n\n\nTabs\tand ends.\n\n.",
    "second.patch": "topic: modes, and what is empty",
    "third.patch": "topic: move things\n\nFrom: nobody, really",
}
USERS = {
    "first.patch": "Zoë Ångström <zoe@example.org>",
    "second.patch": "hgport <hgport@example.org>",
    "third.patch": '"Person, A" <person@example.org>',
}
DATES = {"first.patch": "1600000000 -7200", "second.patch": "0 0", "third.patch": "1600000001 0"}
EDITS = {
    "first.patch": [Edit(path, BASE.get(path), new) for path, new in _FIRST.items()],
    "second.patch": [
        Edit("script", BASE["script"], BASE["script"], "", "x"),
        Edit("new", None, b"#!/bin/sh\necho", "", "x"),
        Edit("gone", BASE["gone"], None),
    ],
    "third.patch": [
        Edit("g", _FIRST["f"], numbered(40, line3="new 3", line30="", line8="8"), source="f"),
        Edit("f", _FIRST["f"], None),
        Edit("bin/script", BASE["script"], BASE["script"], "x", "x", source="script"),
        Edit("script", BASE["script"], None, "x"),
    ],
}
BINARY = [Edit("picture", None, bytes(range(256)) * 3)]
EMPTY = [Edit("empty", None, b"")]
LINK = [Edit("link", None, b"f", "", "l")]


def patch(name: str, edits: list[Edit] | None = None) -> bytes:
    """A patch file of the project, or of other edits under its header."""
    said = Said(USERS[name], DATES[name], DESCRIPTIONS[name])
    return render_patch(fresh(said), EDITS[name] if edits is None else edits)


PATCHES = {name: patch(name) for name in EDITS}
# what every program takes but dpkg-source
NEARLY = {**PATCHES, "empty.patch": patch("second.patch", EMPTY)}
WHOLE = {**NEARLY, "binary.patch": patch("second.patch", BINARY)}


def write(root: Path, monkeypatch: pytest.MonkeyPatch, patches: dict[str, bytes]) -> Project:
    """Make the project that hgport works on: one release, and these patches."""
    made = Project(root)
    root.mkdir(exist_ok=True)
    made.release(VERSION, BASE)
    made.write(VERSION, patches)
    monkeypatch.setenv("HGPORT_PROJECT", str(root))
    monkeypatch.setenv("HGPORT_CACHE", str(made.cache))
    return made


def place(room: Path) -> Place:
    """Where a consumer of its exports works; the repository there has release and patches."""
    release = project.load()[1].release(VERSION)
    pristine = tree.pristine(release)
    assert run(["apply", VERSION, "--into", str(room / "applied")]) == 0
    return Place(room, VERSION, sdist.path_of(release), pristine, room / "applied")
