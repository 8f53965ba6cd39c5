"""Headers as DEP-3 has them: nothing that a patch says is lost."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from hgport.engine.headers import Said, stripped
from hgport.model.header import read_header
from hgport.submit import dep3

_LINE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), max_size=20
) | st.sampled_from([".", " .", ". .", "..", "Origin: x", "From: x", " indented", "\t", "# x"])
_DESCRIPTION = (
    st.lists(_LINE, min_size=1, max_size=5)
    .map("\n".join)
    .map(lambda text: stripped(text.strip()).strip())
    .filter(bool)
)
_USER = st.one_of(
    st.just(""),
    st.sampled_from(["A B <a@example.org>", "a", "=?utf-8?q?x?= <a@example.org>", "é <a@b>"]),
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"])).map(str.strip),
)
_DATE = st.tuples(st.integers(-(1 << 31), (1 << 31) - 1), st.integers(-14 * 3600, 12 * 3600)).map(
    lambda pair: f"{pair[0]} {pair[1]}"
)


@given(_DESCRIPTION, _USER, _DATE)
@example("a: b\n\n.\n .\n..", "=?utf-8?q?x?=", "1600000000 -7201")
@example("a: b", "A", "-86401 0")
def test_it_is_read_as_it_was(description: str, user: str, date: str) -> None:
    header = dep3.written(Said(user, date, description), [("Origin", "other")])
    read = read_header(header)
    assert read[:2] == (user, date)
    assert stripped(read[2]) == description
    assert header.endswith(b"\n\n")


def test_how_it_looks() -> None:
    said = Said("Zoë <z@example.org>", "1600000000 -7200", "a: b\n\nWhy\n\n  indented\n.")
    fields = [("Origin", "upstream, commit:0123456789ab"), ("Forwarded", "not-needed")]
    assert dep3.written(said, fields).decode() == (
        "Description: a: b\n"
        " .\n"
        " Why\n"
        " .\n"
        "   indented\n"
        " . \n"
        "Author: Zoë <z@example.org>\n"
        "Origin: upstream, commit:0123456789ab\n"
        "Forwarded: not-needed\n"
        "Last-Update: 2020-09-13\n"
        "Date: Sun, 13 Sep 2020 14:26:40 +0200\n"
        "\n"
    )


def test_what_nobody_knows_is_left_out() -> None:
    assert dep3.written(Said("", "0 0", "a: b"), []) == b"Description: a: b\n\n"


def test_kept_fields() -> None:
    header = (
        "\nDescription: a\n more\n Bug: no field\nBug-Debian: https://bugs.debian.org/1\n"
        "bug: https://bz.mercurial-scm.org/2\nForwarded: https://example.org/1,\n and more\n"
        "Author: A\nX-Mine: x\nBug-Debian: https://bugs.debian.org/3\n\nOrigin: in the text\n"
    )
    assert dep3.kept_fields(header.encode()) == [
        ("Bug-Debian", "https://bugs.debian.org/1"),
        ("bug", "https://bz.mercurial-scm.org/2"),
        ("Forwarded", "https://example.org/1,\n and more"),
        ("Bug-Debian", "https://bugs.debian.org/3"),
    ]


def test_another_form_has_no_such_fields() -> None:
    assert dep3.kept_fields(b"# HG changeset patch\n# User a\nx: y\n\nOrigin: z\n") == []
    assert dep3.kept_fields(b"") == []
