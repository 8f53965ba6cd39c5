"""hgport.submit.sevenbit: whatever a body is, it arrives."""

from __future__ import annotations

import email
import mailbox
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hgport.submit import sevenbit

HEAD = b"Subject: a\n folded\nContent-Type: text/plain;\n charset=x\nX-Own: 1\n\nold\n"

_ODD = st.sampled_from(
    [
        b"From me\n",
        b".\n",
        b"\r\n",
        b"\r",
        b"\n",
        b"a" * 999,
        b" \n",
        b"\t\n",
        b"=",
        b"=\n",
        b"\xc3",
    ]
)
_BODIES = st.lists(st.one_of(_ODD, st.binary(max_size=30)), max_size=12).map(b"".join)


@given(_BODIES)
@example(b"From me")
@example(b"x" * 74 + b"From me\n.\n")
@example(b"a" * 75 + b" \n")
@example(b"." + b"\xff" * 200 + b"\n.\n")
def test_a_body_comes_back_as_it_was(body: bytes) -> None:
    mail = sevenbit.rewritten(HEAD, body)
    assert sevenbit.body_of(mail) == body
    text = mail.partition(b"\n\n")[2]
    assert all(len(line) <= 998 for line in mail.split(b"\n"))
    assert not re.search(rb"[\r\0\x80-\xff]", mail)
    assert not re.search(rb"^(From |\.$)", text, re.M)


@given(_BODIES)
def test_only_what_has_to_be_is_encoded(body: bytes) -> None:
    encoding, text = sevenbit.encoded(body)
    plain = body.isascii() and re.fullmatch(rb"([\t\f -~]{,998}\n)*", body) is not None
    risky = re.search(rb"^(From |\.$)", body, re.M)
    assert (encoding == b"7bit") == (plain and not risky)
    if encoding == b"7bit":
        assert text == body


def test_the_headers_stay_and_say_how_the_body_is_written() -> None:
    mail = email.message_from_bytes(sevenbit.rewritten(HEAD, "Zoë\n".encode()))
    assert mail.keys() == [
        "Subject",
        "X-Own",
        "MIME-Version",
        "Content-Type",
        "Content-Transfer-Encoding",
    ]
    assert mail.get_content_charset() == "utf-8"
    assert mail["Content-Transfer-Encoding"] == "quoted-printable"
    assert mail.get_payload() == "Zo=C3=AB\n"
    assert email.message_from_bytes(sevenbit.rewritten(HEAD, b"\xff")).get_content_charset() == (
        "iso-8859-1"
    )


@pytest.mark.parametrize(
    ("body", "encoding"),
    [(b"plain\n", b"7bit"), (b"a\r\n", b"quoted-printable"), (bytes(range(256)) * 9, b"base64")],
)
def test_the_shorter_encoding_is_taken(body: bytes, encoding: bytes) -> None:
    assert sevenbit.encoded(body)[0] == encoding


def test_a_mailbox_keeps_it(tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "box")
    bodies = [b"a\n\nFrom here\n", b"\n\n", b"x\r\n", b".\nFrom \n"]
    for body in bodies:
        box.add(sevenbit.rewritten(HEAD, body))
    box.close()
    found = [sevenbit.body_of(bytes(mail)) for mail in mailbox.mbox(tmp_path / "box")]
    assert [one.rstrip(b"\n") for one in found] == [one.rstrip(b"\n") for one in bodies]
