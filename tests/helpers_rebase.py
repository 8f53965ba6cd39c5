"""What the tests of rebasing share: a project whose patches meet a conflict."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes

# the second patch is in conflict on 5.1 and 5.0, which have other text in line 10 of f, and
# has to be merged on 5.3
BASE = {"f": numbered(30), "g": b"old\nend\n", "h": numbered(20)}
OLD = {**BASE, "f": numbered(30, line10="upstream ten")}
NEW = {**BASE, "f": b"above\n" * 9 + numbered(30, line7="other seven")}
ONE, TWO, THREE = "1.patch", "2.patch", "3.patch"
PATCHES = {
    ONE: patch_bytes(file_diff("g", b"old\nend\n", b"new\nend\n"), subject="one: first"),
    TWO: patch_bytes(
        file_diff("f", numbered(30), numbered(30, line10="patched ten")),
        file_diff("h", numbered(20), numbered(20, line3="patched three")),
        subject="two: second",
    ),
    THREE: patch_bytes(
        file_diff("h", numbered(20, line3="patched three"), numbered(20, line3="third")),
        subject="three: third",
    ),
}
# what a person makes of the conflict
BOTH = numbered(30, line10="upstream and patched ten")


def said(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that were printed, if nothing was said on standard error."""
    got = capsys.readouterr()
    assert got.err == ""
    return got.out.splitlines()


def error(capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error."""
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err


def project(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    ports: dict[str, dict[str, bytes]] | None = None,
    **more: dict[str, bytes],
) -> Project:
    """Releases 5.0 and 5.1, 5.2 (the base) and 5.3, and three patches; ``more`` are further
    releases, as ``v4_9``."""
    made = Project(root)
    root.mkdir()
    releases = {"5.0": OLD, "5.1": OLD, "5.2": BASE, "5.3": NEW}
    releases.update((name[1:].replace("_", "."), files) for name, files in more.items())
    for version in sorted(releases):
        made.release(version, releases[version])
    made.write("5.2", PATCHES, ports)
    monkeypatch.setenv("HGPORT_PROJECT", str(root))
    monkeypatch.setenv("HGPORT_CACHE", str(made.cache))
    return made


def port(middle: bytes = BOTH, subject: str = "two: second") -> dict[str, bytes]:
    """The patches as a person ports them to 5.1 or 5.0; ``middle`` is what becomes of f."""
    second = patch_bytes(
        file_diff("f", OLD["f"], middle),
        file_diff("h", numbered(20), numbered(20, line3="patched three")),
        subject=subject,
    )
    return {**PATCHES, TWO: second}


# two stacks, of which the second lies on the first: LOW moves what SIDE changes two lines down, and
# UP changes what LOW has made
LOW, UP, SIDE = "low.patch", "up.patch", "side.patch"
LOW_F, UP_F = numbered(30, line10="low ten"), numbered(30, line10="up ten")
LOW_H = b"low\nlow\n" + numbered(20)
SIDE_H = numbered(20, line15="side fifteen")
LOWER = patch_bytes(
    file_diff("f", numbered(30), LOW_F), file_diff("h", numbered(20), LOW_H), subject="low: first"
)
UPPER = {
    UP: patch_bytes(file_diff("f", LOW_F, UP_F), subject="up: second"),
    SIDE: patch_bytes(file_diff("h", numbered(20), SIDE_H), subject="side: third"),
}
# of 5.1
OLD_H = numbered(20, line17="upstream seventeen")
OLD_LOW_F = numbered(30, line10="upstream and low ten")
OLD_UP_F = numbered(30, line10="upstream and up ten")
OLD_LOWER = patch_bytes(
    file_diff("f", OLD["f"], OLD_LOW_F),
    file_diff("h", OLD_H, b"low\nlow\n" + OLD_H),
    subject="low: first",
)


def two_stacks(
    root: Path, monkeypatch: pytest.MonkeyPatch, ports: dict[str, dict[str, bytes]] | None = None
) -> Project:
    """Releases 5.0, 5.1 and 5.2 (the base), with a stack of LOW, which has a port for 5.1, and
    ``more`` on it, of UP and SIDE, with these ports."""
    made = Project(root)
    root.mkdir()
    old = {**OLD, "h": OLD_H}
    for version, files in (("5.0", old), ("5.1", old), ("5.2", BASE)):
        made.release(version, files)
    made.write("5.2", {LOW: LOWER}, {"5.1": {LOW: OLD_LOWER}})
    made.further("more", UPPER, ports)
    monkeypatch.setenv("HGPORT_PROJECT", str(root))
    monkeypatch.setenv("HGPORT_CACHE", str(made.cache))
    return made
