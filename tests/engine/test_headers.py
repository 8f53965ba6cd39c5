"""Headers that are kept, rewritten and made."""

from __future__ import annotations

import pytest

from helpers_engine import file_diff, patch_bytes
from hgport.engine.headers import Said, description_of, fresh, header_of, rewritten, says, stripped
from hgport.model.patch import Patch

DIFF = file_diff("f", b"a\n", b"b\n")
SAID = Said("B <b@example.org>", "1700000000 3600", "topic: new words\n\nWhy.")


def parse(header: bytes) -> Patch:
    return Patch.parse("a.patch", header + DIFF)


def test_a_fresh_header_is_read_back() -> None:
    patch = parse(fresh(SAID))
    assert Said(patch.user, patch.date, patch.description) == SAID
    assert says(patch, SAID)


@pytest.mark.parametrize(
    "other",
    [
        Said("C", SAID.date, SAID.description),
        Said(SAID.user, "1 0", SAID.description),
        Said(SAID.user, SAID.date, "topic: old words"),
    ],
)
def test_what_a_header_does_not_say(other: Said) -> None:
    assert not says(parse(fresh(SAID)), other)


def test_a_header_that_leaves_user_and_date_open() -> None:
    patch = parse(b"topic: new words\n\nWhy.\n\n")
    assert says(patch, SAID)
    assert not says(patch, Said("", "0 0", "else"))


def test_blanks_that_mercurial_strips() -> None:
    assert stripped("\na  \r\n\n b\t\n\n") == "a\n\n b"
    patch = parse(b"a  \n\nb \n\n")
    assert description_of(patch) == "a\n\nb"


def test_a_patch_without_words_is_called_by_its_name() -> None:
    assert description_of(parse(b"")) == "a.patch"


def test_other_lines_of_mercurials_own_form_are_kept() -> None:
    header = (
        b"# HG changeset patch\n# User A\n# Date 1600000000 -7200\n"
        b"#      Sun Sep 13 14:26:40 2020 +0200\n# Branch stable\n# Node ID 0123\n"
        b"old\n\ntext\n---\nnot of the description\n\n"
    )
    assert rewritten(parse(header), SAID) == (
        b"# HG changeset patch\n# User B <b@example.org>\n# Date 1700000000 3600\n"
        b"#      Tue Nov 14 21:13:20 2023 -0100\n# Branch stable\n# Node ID 0123\n"
        b"topic: new words\n\nWhy.\n---\nnot of the description\n\n"
    )


def test_the_date_for_people_is_mercurials() -> None:
    patch = Patch.parse("a.patch", patch_bytes(DIFF))
    again = Said(patch.user, patch.date, description_of(patch))
    assert rewritten(patch, again) == header_of(patch)


def test_other_fields_of_a_mail_are_kept() -> None:
    header = (
        b"From 0123 Mon Sep 17 00:00:00 2001\nFrom: A <a@example.org>\n"
        b"Date: Sun, 13 Sep 2020 14:26:40 +0200\nSubject: [PATCH] topic: old\n more of it\n"
        b"Bug: https://example.org/1\n  and 2\n\nWhy.\n---\n f | 2 +-\n\n"
    )
    made = rewritten(parse(header), SAID)
    assert made == (
        b"From 0123 Mon Sep 17 00:00:00 2001\nBug: https://example.org/1\n  and 2\n"
        b"# HG changeset patch\n# User B <b@example.org>\n# Date 1700000000 3600\n"
        b"topic: new words\n\nWhy.\n---\n f | 2 +-\n\n"
    )
    assert says(parse(made), SAID)


def test_a_header_in_another_encoding_becomes_utf_8() -> None:
    header = b"# HG changeset patch\n# User J\xfcrgen\n# Date 0 0\n# Topic \xe9\nold\n\n"
    patch = parse(header)
    made = rewritten(patch, Said(patch.user, patch.date, "n\u00e9w"))
    assert made.decode() == (
        "# HG changeset patch\n# User J\u00fcrgen\n# Date 0 0\n# Topic \u00e9\nn\u00e9w\n\n"
    )
