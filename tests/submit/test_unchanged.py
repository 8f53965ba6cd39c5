"""hgport.submit.unchanged: a mail that says anything else than it should is stopped."""

from __future__ import annotations

import pytest

from helpers_engine import file_diff, patch_bytes
from hgport.errors import HgportError, UsageError
from hgport.model.patch import Patch
from hgport.submit import unchanged
from hgport.submit.identity import Identity
from hgport.submit.mailsettings import Settings
from hgport.submit.message import Message

SETTINGS = Settings(
    Identity("Zoë", "zoe@example.org"),
    (Identity("", "list@example.org"),),
    flags=("stable", "v2"),
)
MAIL = b"""Subject: [PATCH 1 of 3 stable
 v2] one: =?utf-8?q?=C3=A9?=
From: =?utf-8?q?Zo=C3=AB?= <zoe@example.org>
To: list@example.org

text
"""


def message(data: bytes) -> Message:
    return Message(1, "[PATCH 1 of 3 stable v2] one: é", "<1@example.org>", "", (), data)


def test_a_mail_as_it_should_be() -> None:
    unchanged.check_headers(message(MAIL), SETTINGS)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (b"To:", b"Bcc: evil@example.org\nTo:", "has a header 'bcc' that is not wanted"),
        (b"To:", b"To: evil@example.org\nTo:", "has a header 'to' that is not wanted"),
        (b"\n\ntext", b"\nCc: evil@example.org\n\ntext", r"\('', 'evil@example.org'\)\] in Cc"),
        (b"list@", b"evil@example.org, list@", "in To"),
        (b"zoe@", b"joe@", "in From"),
        (b"Zo=C3=AB", b"Zoe", "in From"),
        (b"1 of 3", b"2 of 3", "would arrive with another subject"),
        (b"Subject: ", b"Subject: \n text\n\n", "would arrive with another subject"),
    ],
)
def test_any_other_is_stopped(old: bytes, new: bytes, said: str) -> None:
    with pytest.raises(HgportError, match=said):
        unchanged.check_headers(message(MAIL.replace(old, new, 1)), SETTINGS)


def test_subjects_and_what_is_none() -> None:
    diff = file_diff("f", b"a\n", b"b\n")
    patches = [Patch.parse("a.patch", patch_bytes(diff, subject="one: a.")) for _each in range(10)]
    told = unchanged.subjects(SETTINGS, "intro", patches)
    assert told[:2] == ["[PATCH 00 of 10 stable v2] intro", "[PATCH 01 of 10 stable v2] one: a"]
    assert unchanged.subjects(SETTINGS, None, patches[:1]) == ["[PATCH stable v2] one: a"]
    assert unchanged.subjects(SETTINGS, "x", patches[:1])[1] == "[PATCH 1 of 1 stable v2] one: a"
    with pytest.raises(UsageError, match="a.patch has no description"):
        unchanged.refuse_subject(Patch.parse("a.patch", diff))
