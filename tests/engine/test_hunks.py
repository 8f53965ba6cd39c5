"""Diffs taken apart, and how alike two of them are."""

from __future__ import annotations

import pytest

from helpers_engine import file_diff, numbered, patch_bytes
from hgport.engine.hunks import changed_lines, file_diffs, similarity
from hgport.model import project
from hgport.model.patch import Patch
from hgport.model.series import Series

STACK = project.load()[0]
BASE = numbered(30)
BINARY = b"diff --git a/b b/b\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\n"


def parsed(*diffs: bytes) -> Patch:
    return Patch.parse("a.patch", patch_bytes(*diffs))


def test_files_hunks_and_lines() -> None:
    patch = parsed(
        file_diff("f", BASE, numbered(30, line3="--- x", line20="+++ y")),
        b"diff --git a/m b/m\nold mode 100644\nnew mode 100755\n",
        BINARY,
        file_diff("gone", b"g\n", None),
    )
    found = file_diffs(patch)
    assert [change.path for change, _diff in found] == ["f", "m", "b", "gone"]
    first, mode, binary, gone = (diff for _change, diff in found)
    assert [len(lines) for lines in first.hunks] == [7, 8]
    assert changed_lines(first) == [b"-line 3\n", b"+--- x\n", b"-line 20\n", b"++++ y\n"]
    assert first.header[-1] == b"+++ b/f\n"
    assert mode.header[1:] == [b"old mode 100644\n", b"new mode 100755\n"]
    assert binary.binary[0] == b"GIT binary patch\n"
    assert changed_lines(gone) == [b"-g\n"]


def test_a_line_without_its_end_belongs_to_its_hunk() -> None:
    (_change, diff), (_other, after) = file_diffs(
        parsed(file_diff("f", b"a\n", b"b"), file_diff("g", b"1\n", b"2\n"))
    )
    assert diff.hunks == [[b"-a\n", b"+b\n", b"\\ No newline at end of file\n"]]
    assert after.hunks == [[b"-1\n", b"+2\n"]]


def test_a_diff_that_is_not_gits() -> None:
    text = b"--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n--- a/g\n+++ b/g\n@@ -1 +1 @@\n-c\n+d\n"
    assert [d.hunks for _c, d in file_diffs(parsed(b"Index: f\n" + text))] == [
        [[b"-a\n", b"+b\n"]],
        [[b"-c\n", b"+d\n"]],
    ]


@pytest.mark.parametrize("port", [STACK.top, STACK.ports[0].series], ids=["base", "4.5"])
def test_our_patches_lose_no_line(port: Series) -> None:
    for patch in port.patches:
        lines = sum(len(d.header) + sum(1 + len(h) for h in d.hunks) for _c, d in file_diffs(patch))
        assert lines == patch.body.count(b"\n")


def test_similarity() -> None:
    one = parsed(file_diff("f", BASE, numbered(30, line3="x", line20="y")))
    moved = parsed(file_diff("f", b"0\n" + BASE, b"0\n" + numbered(30, line3="x", line20="y")))
    half = parsed(file_diff("f", BASE, numbered(30, line3="x")))
    elsewhere = parsed(file_diff("g", BASE, numbered(30, line3="x", line20="y")))
    assert similarity(one, moved) == 1
    assert similarity(one, half) == pytest.approx(2 * 2 / 6)
    assert similarity(one, elsewhere) == 0
