"""What may go out at all."""

from __future__ import annotations

import dataclasses

import pytest

from helpers_smtp import mail, mails
from hgport.errors import HgportError
from hgport.submit import transport


def test_what_is_fine() -> None:
    transport.check(mails())
    transport.check([mail(body=b"\f\t\x1b" + b"x" * 995)])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"recipients": ()}, "nobody is to get it"),
        ({"recipients": ("a@example.org\nRCPT TO:<b@example.org>",)}, "no mail address"),
        ({"recipients": ("zoë@example.org",)}, "no mail address"),
        ({"recipients": ("-oQ/tmp@example.org",)}, "no mail address"),
        ({"sender": "a b@example.org"}, "no mail address"),
        ({"sender": ""}, "no mail address"),
        ({"data": "ë".encode()}, "not plain 7-bit text"),
        ({"data": b"a\r\nb"}, "not plain 7-bit text"),
        ({"data": b"a\0b"}, "not plain 7-bit text"),
        ({"data": b"x" * 999}, "longer than 998 bytes"),
    ],
)
def test_what_is_not(change: dict[str, object], said: str) -> None:
    wrong = dataclasses.replace(mail(2), **change)  # type: ignore[arg-type]
    with pytest.raises(HgportError, match=f"mail 2 cannot be sent: .*{said}"):
        transport.check([mail(1), wrong])
