"""What a working copy gets of a series that stopped."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import file_diff, numbered, patch_bytes
from helpers_rebase import BASE, BOTH, OLD, ONE, PATCHES, TWO, project
from hgport.engine.carry import CarryOrder, Fate, carry
from hgport.engine.conflicted import changesets, merging
from hgport.engine.origins import origin_of
from hgport.engine.outcome import Reader
from hgport.engine.records import Record
from hgport.engine.resolutions import Memory
from hgport.model import project as model

RENAMED = b"""# HG changeset patch
two: rename and change

diff --git a/f b/moved
rename from f
rename to moved
--- a/f
+++ b/moved
@@ -9,3 +9,3 @@
 line 9
-line 10
+patched ten
 line 11
"""


def order(version: str) -> CarryOrder:
    stack, catalogue = model.load()
    target = catalogue.release(version)
    return CarryOrder(stack, catalogue, origin_of(stack, catalogue, target), target)


def reader(files: dict[str, bytes]) -> Reader:
    return files.get


def test_the_patch_in_conflict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path / "project", monkeypatch)
    wanted = order("5.1")
    series = carry(wanted)
    made = merging(wanted, series, reader(BASE))
    assert made.user == "A Person <person@example.org>"
    assert made.date == "1600000000 -7200"
    assert made.description == "two: second\n\nWhy it is done."
    first, second = made.files
    assert (first.path, first.base, first.patched) == (
        "f",
        numbered(30),
        numbered(30, line10="patched ten"),
    )
    assert first.in_conflict and b"<<<<<<< target" in (first.content or b"")
    assert (second.path, second.content, second.in_conflict) == (
        "h",
        numbered(20, line3="patched three"),
        False,
    )
    (carried,) = changesets(series.patches, reader(OLD))
    assert (carried.description, carried.files) == (
        "one: first\n\nWhy it is done.",
        {"g": b"new\nend\n"},
    )


def test_the_patches_before_are_in_the_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project(tmp_path / "project", monkeypatch)
    wanted = order("5.1")
    settled = {TWO: {"f": BOTH, "h": numbered(20, line3="otherwise")}}
    series = carry(wanted, settled=settled)
    assert [one.fate for one in series.patches] == [Fate.EXACT, Fate.RESOLVED, Fate.CONFLICT]
    (file,) = merging(wanted, series, reader(BASE)).files
    assert (file.path, file.base, file.patched) == (
        "h",
        numbered(20, line3="patched three"),
        numbered(20, line3="third"),
    )
    one, two = changesets(series.patches, reader(OLD))
    assert two.files == settled[TWO]


def test_a_renamed_file_without_an_author(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = project(tmp_path / "project", monkeypatch)
    made.write("5.2", {ONE: PATCHES[ONE], TWO: RENAMED})
    wanted = order("5.1")
    merged = merging(wanted, carry(wanted), reader(BASE))
    assert merged.user == "hgport <hgport@example.org>"
    moved = next(file for file in merged.files if file.path == "moved")
    assert (moved.base, moved.patched) == (numbered(30), numbered(30, line10="patched ten"))
    gone = next(file for file in merged.files if file.path == "f")
    assert (gone.base, gone.patched, gone.content) == (numbered(30), None, None)


def test_a_patch_that_only_the_port_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project(tmp_path / "project", monkeypatch)
    wanted = order("5.1")
    own = patch_bytes(file_diff("g", b"gone\nend\n", b"new\nend\n"))
    memory = Memory(tmp_path, (Record("5.1", "own.patch", whole=own),))
    (file,) = merging(wanted, carry(wanted, memory=memory), reader(BASE)).files
    assert (file.path, file.base, file.in_conflict) == ("g", None, True)
    assert file.content == file.patched and b"<<<<<<< target" in (file.content or b"")
