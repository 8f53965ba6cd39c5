"""Reading patches: headers in three forms, diffs in two, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers_engine import HEADER, file_diff, numbered, patch_bytes
from hgport.errors import UsageError
from hgport.model.diff import path_problem
from hgport.model.patch import FileChange, Patch

PLAIN = b"--- a/foo\n+++ b/foo\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n"


def test_hg_export() -> None:
    data = patch_bytes(file_diff("mercurial/x.py", numbered(9), numbered(9, line5="new")))
    patch = Patch.parse("x.patch", data)
    assert (patch.user, patch.date) == ("A Person <person@example.org>", "1600000000 -7200")
    assert patch.description == "topic: change something\n\nWhy it is done."
    assert patch.subject == "topic: change something"
    assert patch.files == (FileChange("mercurial/x.py", None, "modify", 1),)
    assert patch.data == data
    assert data.endswith(patch.body)


def test_git_format_patch() -> None:
    header = (
        "From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001\n"
        "From: =?UTF-8?q?J=C3=BCrgen?= <j@example.org>\n"
        "Date: Sun, 13 Sep 2020 14:26:40 +0200\n"
        "Subject: [PATCH 1/2] lfs: retry when a\n transfer broke\n"
        "\nThe body.\n---\n foo | 2 +-\n\n"
    )
    patch = Patch.parse("x", header.encode() + PLAIN)
    assert patch.user == "Jürgen <j@example.org>"
    assert patch.date == "1600000000 -7200"
    assert patch.description == "lfs: retry when a transfer broke\n\nThe body."


@pytest.mark.parametrize(
    "name",
    ["=?x?q?a?=", "=?utf-8?b?a?=", "=?utf-8?q?=ff?=", "=?utf-7?q?+3/8-?=", "=?ascii?q?=e4?="],
)
def test_a_name_that_cannot_be_decoded_is_text_all_the_same(name: str) -> None:
    patch = Patch.parse("x", f"From: {name}\nSubject: {name}\n\n".encode() + PLAIN)
    for text in (patch.user, patch.description):
        assert text.strip()
        text.encode()


def test_dep3() -> None:
    header = (
        "Description: lfs: retry\n A longer text.\n .\n And more.\n"
        "Author: A <a@example.org>\nLast-Update: 2020-09-13\n\n"
    )
    patch = Patch.parse("x", header.encode() + PLAIN)
    assert patch.user == "A <a@example.org>"
    assert patch.date == "1599955200 0"
    assert patch.description == "lfs: retry\nA longer text.\n\nAnd more."


def test_plain_text_on_top_is_the_description() -> None:
    patch = Patch.parse("x", b"lfs: this is no header\n\nbut text.\n\nIndex: foo\n=====\n" + PLAIN)
    assert patch.description == "lfs: this is no header\n\nbut text."
    assert (patch.user, patch.date) == ("", "0 0")


def test_bytes_that_are_not_utf8_are_kept() -> None:
    data = b"by J\xfcrgen\n" + PLAIN.replace(b"two", b"tw\xf6")
    patch = Patch.parse("x", data)
    assert patch.data == data
    assert patch.description == "by Jürgen"


def test_every_kind_of_change() -> None:
    data = (
        file_diff("add", None, b"x\n")
        + file_diff("delete", b"x\n", None)
        + b"diff --git a/from b/to\nrename from from\nrename to to\n"
        + b"diff --git a/one b/two\ncopy from one\ncopy to two\n"
        + b"--- a/one\n+++ b/two\n@@ -1,1 +1,1 @@\n-a\n+b\n"
        + b"diff --git a/run b/run\nold mode 100644\nnew mode 100755\n"
        + b"diff --git a/bin b/bin\nnew file mode 100644\nindex 0..1\n"
        + b"GIT binary patch\nliteral 1\nIc${Nk0002\n\n"
    )
    changes = Patch.parse("x", data).files
    assert changes == (
        FileChange("add", None, "add", 1, mode=""),
        FileChange("delete", None, "delete", 1),
        FileChange("to", "from", "rename", 0),
        FileChange("two", "one", "copy", 1),
        FileChange("run", None, "modify", 0, mode="x"),
        FileChange("bin", None, "add", 1, binary=True, mode=""),
    )


def test_plain_add_and_delete() -> None:
    data = b"--- /dev/null\n+++ b/new\n@@ -0,0 +1,1 @@\n+x\n"
    data += b"--- a/old\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
    assert [(c.path, c.kind) for c in Patch.parse("x", data).files] == [
        ("new", "add"),
        ("old", "delete"),
    ]


@pytest.mark.parametrize(
    "data, said",
    [
        (b"", "it is empty"),
        (b"just text\n", "it holds no diff"),
        (b"diff --git a/x b/x\nindex 1..2\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n", "differ"),
        (b"--- a/x\n+++ b/x\n", "it changes no file"),
        (b"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n", "do not add up"),
        (b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n@@ mal @@\n", "line 6: a malformed hunk header"),
        (b"--- x\n+++ x\n@@ -1 +1 @@\n-a\n+b\n", "no leading directory"),
        (b"*** a/x\n--- b/x\n***************\n", "only unified diffs"),
        (PLAIN.replace(b"foo", b"f\xc2\x9bo"), "has a control character in it"),
        (PLAIN.replace(b"foo", b"f\xe2\x80\xaeo") * 2, r"line 7: 'f\u202eo' is changed a second"),
        (PLAIN + PLAIN, "line 7: foo is changed a second time"),
        (b"# HG changeset patch\n# Date whenever\nx\n" + PLAIN, "'whenever' is no date"),
        (b"# HG changeset patch\n# Date 2147483648 0\n" + PLAIN, "exceeds 32 bits"),
        (b"# HG changeset patch\n# Date -2147483649 0\n" + PLAIN, "exceeds 32 bits"),
        (b"# HG changeset patch\n# Date 0 50401\n" + PLAIN, "time zone"),
        (b"From: x\nLast-Update: 2039-01-01\n\n" + PLAIN, "exceeds 32 bits"),
        (b"From: x\nDate: 1 Jan 99999999999999999999 00:00:00\n\n" + PLAIN, "date"),
        (
            b"diff --git a/b b/b\nGIT binary patch\nliteral 0\n\nGIT binary patch\n",
            "other changes above it",
        ),
    ],
)
def test_what_is_no_patch_is_refused_in_one_line(data: bytes, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Patch.parse("some.patch", data)
    assert said in caught.value.message
    assert "some.patch" in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "path",
    [
        "../x",
        "a/../../x",
        "/etc/passwd",
        ".hg/hgrc",
        "sub/.HG/hgrc",
        ".hg./hgrc",
        ".h\u200cg/hgrc",
        "HG~1/hgrc",
        "hg8b6c~2/hgrc",
        ".hg ./hgrc",
        "a\\..\\..\\x",
        "C:/x",
        "a/./x",
        "a\x01b",
        ".hgsub",
        ".hgsubstate",
    ],
)
@pytest.mark.parametrize("form", ["plain", "git", "rename"])
def test_forbidden_paths_are_refused_in_every_form(path: str, form: str) -> None:
    forms = {
        "plain": f"--- a/{path}\n+++ b/{path}\n@@ -1 +1 @@\n-a\n+b\n",
        "git": f"diff --git a/{path} b/{path}\nnew file mode 100644\n",
        "rename": f"diff --git a/x b/y\nrename from x\nrename to {path}\n",
    }
    with pytest.raises(UsageError) as caught:
        Patch.parse("p", forms[form].encode())
    assert "path" in caught.value.message


def test_an_absolute_name_is_refused() -> None:
    with pytest.raises(UsageError, match="is absolute"):
        Patch.parse("p", b"--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-a\n+b\n")


@pytest.mark.parametrize(
    "path", ["a", "a/b.c", ".hgignore", "sub/.hgsub", "x..y/..z", "häßlich", "a b"]
)
def test_ordinary_paths_are_taken(path: str) -> None:
    assert path_problem(path) is None


_LINE = st.binary(max_size=6).map(lambda b: b.replace(b"\n", b"").replace(b"\r", b"") + b"\n")
_TEXT = st.lists(_LINE, max_size=8).map(b"".join)


@given(_TEXT, _TEXT, st.integers(0, 3))
def test_any_diff_is_read_whole(before: bytes, after: bytes, context: int) -> None:
    """Whatever the lines look like ("--- x" among them), they are never taken for headers."""
    if before == after:
        return
    data = patch_bytes(file_diff("dir/file", before, after, context))
    (change,) = Patch.parse("x", data).files
    assert (change.path, change.kind) == ("dir/file", "modify")
    body = Patch.parse("x", data).body
    assert change.hunks == 1 or context < 8
    assert body.startswith(b"diff --git")


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    for start in (b"", b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n", b"diff --git a/x b/x\n"):
        try:
            Patch.parse("x", start + data)
        except UsageError as err:
            assert "\n" not in err.message


@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=30))
def test_the_description_comes_back(text: str) -> None:
    text = ("topic: " + text.strip().replace("\u2028", "")).strip()
    patch = Patch.parse("x", HEADER.format(subject=text).encode() + PLAIN)
    assert patch.subject == text
