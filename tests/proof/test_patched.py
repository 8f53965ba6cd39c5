"""A release's files with patches, in memory."""

from __future__ import annotations

from helpers_proof import catalogue
from hgport.model.patch import Patch
from hgport.proof.patched import patched, stages
from hgport.upstream.contents import Contents

FILE, NEW = "hgeditor", "tests/test-new.t"


def patch(name: str, diff: str) -> Patch:
    return Patch.parse(name, diff.encode())


def adds(path: str, mode: str = "100644") -> str:
    head = f"diff --git a/{path} b/{path}\nnew file mode {mode}\n--- /dev/null\n+++ b/{path}\n"
    return head + "@@ -0,0 +1,1 @@\n+one\n"


ONE = patch("one.patch", adds(NEW))
TWO = patch(
    "two.patch", f"--- a/{NEW}\n+++ b/{NEW}\n@@ -1,1 +1,1 @@\n-one\n+two\n" + adds("x", "100755")
)
ODD = patch("odd.patch", f"--- a/{FILE}\n+++ b/{FILE}\n@@ -1,1 +1,1 @@\n-not there\n+new\n")


def test_each_stage_has_all_before_it() -> None:
    release = catalogue().release("5.2.2")
    with Contents() as contents:
        assert stages(contents, release, [ONE, TWO]) == [
            ({}, ()),
            ({NEW: b"one\n"}, ()),
            ({NEW: b"two\n", "x": b"one\n"}, ("x",)),
        ]
        assert patched(contents, release, [ONE, TWO]) == (
            {NEW: b"two\n", "x": b"one\n"},
            ("x",),
        )
        assert patched(contents, release, []) == ({}, ())


def test_what_does_not_apply() -> None:
    release = catalogue().release("5.2.2")
    with Contents() as contents:
        for patches in ([ODD], [ONE, ODD, TWO]):
            assert patched(contents, release, patches) == "odd.patch does not apply to 5.2.2"
            assert stages(contents, release, patches) == "odd.patch does not apply to 5.2.2"
