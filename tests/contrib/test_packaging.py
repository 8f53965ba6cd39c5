"""The worked examples for packagers, run as they are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import helpers_export as odd
from helpers_consumers import content
from hgport import process
from programs import needed

PACKAGING = Path(__file__).parents[2] / "contrib" / "packaging"


def make(kind: str, room: Path, *, allowed: int = 0) -> Path:
    """Run an example on the small project; the directory that it made."""
    place = odd.place(room)
    environment = {**os.environ, "HGPORT": str(Path(sys.executable).with_name("hgport"))}
    script = PACKAGING / kind / "make-source-package"
    words = [script, place.version, place.sdist, room / "made"]
    process.run(words, cwd=room, env=environment, allowed=(allowed,))
    return room / "made"


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    odd.write(tmp_path / "project", monkeypatch, odd.PATCHES)
    return tmp_path


def test_debian(room: Path) -> None:
    program = needed("dpkg-source", "dpkg-dev")
    made = make("debian", room)
    assert sorted(one.name for one in made.iterdir() if one.is_file()) == [
        "mercurial_5.2-1.debian.tar.xz",
        "mercurial_5.2-1.dsc",
        "mercurial_5.2.orig.tar.gz",
    ]
    process.run([program, "--no-check", "-x", "mercurial_5.2-1.dsc", "unpacked"], cwd=made)
    assert content(made / "unpacked") == content(room / "applied")


def test_rpm(room: Path) -> None:
    needed("rpmbuild", "rpm")
    made = make("rpm", room)
    assert content(made / "BUILD" / "mercurial-5.2") == content(room / "applied")
    (package,) = (made / "SRPMS").iterdir()
    held = process.run([needed("rpm"), "-qpl", package]).stdout.decode().split()
    assert {*odd.PATCHES, "patches.inc", "prep.inc", "mercurial-5.2.tar.gz"} <= set(held)


@pytest.mark.parametrize("kind", ["debian", "rpm"])
def test_what_is_there_stays(room: Path, kind: str) -> None:
    (room / "made").mkdir()
    (room / "made" / "mine").write_bytes(b"")
    make(kind, room, allowed=1)
    assert [one.name for one in (room / "made").iterdir()] == ["mine"]
