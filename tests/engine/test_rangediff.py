"""Two series compared."""

from __future__ import annotations

import pytest

from helpers_engine import file_diff, numbered, patch_bytes
from hgport.engine.rangediff import Match, Status, compare
from hgport.model import project
from hgport.model.patch import Patch
from hgport.model.stack import Port

STACK, _CATALOGUE = project.load()
BASE = numbered(30)


def patch(name: str, *diffs: bytes, subject: str = "topic: words") -> Patch:
    return Patch.parse(name, patch_bytes(*diffs, subject=subject))


def change(path: str, **changed: str) -> bytes:
    return file_diff(path, BASE, numbered(30, **changed))


A = patch("a", change("f", line1="x"))
B = patch("b", change("g", line10="y"))
C = patch("c", change("h", line20="z"))


def marks(matches: tuple[Match, ...]) -> list[tuple[str, int | None, int | None]]:
    return [(m.status.value, m.old_number, m.new_number) for m in matches]


@pytest.mark.parametrize("port", [Port(None, STACK.top), *STACK.ports], ids=str)
@pytest.mark.parametrize("format_aware", [False, True])
def test_a_port_is_the_same_as_itself(port: Port, format_aware: bool) -> None:
    patches = port.series.patches
    found = compare(patches, patches, format_aware=format_aware)
    assert {match.status for match in found} == {Status.SAME}


@pytest.mark.parametrize("line", ["5.0", "5.3"])
def test_our_ports_that_differ_in_style_only(line: str) -> None:
    port = STACK.for_line(line)
    assert port.line == line
    found = compare(STACK.top.patches, port.series.patches, format_aware=True)
    assert [(m.status, m.diff) for m in found] == [(Status.SAME, ())] * 3
    whole = compare(STACK.top.patches, port.series.patches)
    assert Status.CHANGED in {match.status for match in whole}


def test_order_and_what_only_one_has() -> None:
    assert marks(compare([A, B], [B, C])) == [("<", 1, None), ("=", 2, 1), (">", None, 2)]
    assert marks(compare([A, B, C], [C, A])) == [("<", 2, None), ("=", 3, 1), ("=", 1, 2)]
    assert marks(compare([], [A])) == [(">", None, 1)]
    assert marks(compare([A], [])) == [("<", 1, None)]


def test_a_patch_of_another_name_is_matched_by_content() -> None:
    renamed = patch("other", change("f", line1="x"), subject="topic: other words")
    (match,) = compare([A], [renamed])
    assert (match.status, match.old, match.new) == (Status.CHANGED, A, renamed)
    assert match.diff == (
        "@@ text @@",
        " From: A Person <person@example.org>",
        " ## text ##",
        "-    topic: words",
        "+    topic: other words",
        " ",
        "     Why it is done.",
        " ## f ##",
    )


def test_places_and_dates_make_no_difference() -> None:
    data = A.data.replace(b"@@ -1,4 +1,4 @@", b"@@ -101,4 +201,4 @@ def f")
    data = data.replace(b"1600000000", b"1700000000")
    data = data.replace(b"--- a/f", b"index 0123..4567 100644\n--- a/f")
    assert data.count(b"\n") == A.data.count(b"\n") + 1
    assert marks(compare([A], [Patch.parse("a", data)])) == [("=", 1, 1)]


@pytest.mark.parametrize("format_aware", [False, True])
def test_a_line_that_differs(format_aware: bool) -> None:
    (match,) = compare([B], [patch("b", change("g", line10="other"))], format_aware=format_aware)
    assert match.status is Status.CHANGED
    assert [one for one in match.diff if one[:1] in "+-"] == ["-+y", "++other"]
    assert match.diff[0] == "@@ g @@"


def test_context_counts_only_without_format_aware() -> None:
    other = BASE.replace(b"line 9\n", b"nine\n")
    near = patch("b", file_diff("g", other, other.replace(b"line 10\n", b"y\n")))
    assert marks(compare([B], [near]))[0][0] == "!"
    assert marks(compare([B], [near], format_aware=True))[0][0] == "="


@pytest.mark.parametrize("format_aware", [False, True])
def test_what_becomes_of_files(format_aware: bool) -> None:
    mode = b"diff --git a/m b/m\nold mode 100644\nnew mode 100755\n"
    other = mode.replace(b"100755", b"120000")
    moved = b"diff --git a/m b/n\nrename from m\nrename to n\n"
    copied = moved.replace(b"rename", b"copy")
    binary = b"diff --git a/b b/b\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\n"
    second = binary.replace(b"IcmZPo000310RR91", b"IcmZPo000310RR92")
    for one, two in ((mode, other), (moved, copied), (binary, second)):
        olds, same, new = ([patch("a", diff)] for diff in (one, one, two))
        assert marks(compare(olds, same, format_aware=format_aware))[0][0] == "="
        assert marks(compare(olds, new, format_aware=format_aware))[0][0] == "!"


def test_text_that_is_no_utf_8_and_has_a_nul() -> None:
    odd = patch("a", file_diff("f", b"caf\xe9 \0\n", b"caf\xe8 \0\n"))
    (match,) = compare([odd], [patch("a", file_diff("f", b"caf\xe9 \0\n", b"caf\xea \0\n"))])
    assert match.status is Status.CHANGED
    assert "-+caf\ufffd \\0" in match.diff
