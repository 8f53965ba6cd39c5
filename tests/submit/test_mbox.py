"""hgport.submit.mbox, of one submission that is composed once."""

from __future__ import annotations

import dataclasses
import email.utils
import mailbox
from pathlib import Path

import pytest

from helpers_email import composed, made
from hgport.errors import UsageError
from hgport.submit import mbox
from hgport.submit.compose import Composed
from hgport.submit.sevenbit import body_of


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Composed:
    """The series, composed once."""
    return composed(made(tmp_path_factory.mktemp("whole") / "project"))


def test_a_mailbox_holds_the_mails(whole: Composed, tmp_path: Path) -> None:
    path = tmp_path / "box"
    mbox.write(path, whole)
    box = mailbox.mbox(path)
    assert len(box) == 4
    for mail, message in zip(box, whole.messages):
        assert mail.get_from().startswith("zoe@example.org Fri Jan 15 08:00:0")
        assert body_of(bytes(mail)).rstrip(b"\n") == body_of(message.data).rstrip(b"\n")
        # whoever mails the file has to know
        assert email.utils.parseaddr(mail["Bcc"])[1] == "hidden@example.org"
        assert mail["Message-Id"].split() == [message.message_id]
    assert mbox.data(whole) == path.read_bytes()


def test_a_mailbox_replaces_nothing(whole: Composed, tmp_path: Path) -> None:
    (tmp_path / "box").write_bytes(b"precious")
    with pytest.raises(UsageError, match="box exists already"):
        mbox.write(tmp_path / "box", whole)
    assert (tmp_path / "box").read_bytes() == b"precious"
    with pytest.raises(UsageError, match="there is no directory"):
        mbox.write(tmp_path / "none" / "box", whole)


def test_what_a_mailbox_holds_is_known_again(whole: Composed, tmp_path: Path) -> None:
    path = tmp_path / "box"
    mbox.write(path, whole)
    assert mbox.date(path) == whole.date
    mbox.refuse_others(path, whole)
    path.write_bytes(path.read_bytes().replace(b"Why", b"why", 1))
    with pytest.raises(UsageError, match="box is not what would be mailed now"):
        mbox.refuse_others(path, whole)


@pytest.mark.parametrize("data", [b"", b"precious\n", b"From a\nDate: never\n\n", b"\xff\n\0"])
def test_any_other_file_is_no_mailbox(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "box").write_bytes(data)
    with pytest.raises(UsageError, match="box is no mailbox that hgport wrote"):
        mbox.date(tmp_path / "box")
    with pytest.raises(UsageError, match="cannot read .*: Is a directory"):
        mbox.date(tmp_path)


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("[PATCH 1 of 3] keepalive: x", "keepalive-5.2.mbox"),
        ("[PATCH 1 of 3 stable] ../../etc/x: y", "etc-x-5.2.mbox"),
        ("[PATCH 1 of 3] é: y", "series-5.2.mbox"),
        ("[PATCH 1 of 3] " + "long " * 20, "long-long-long-long-long-long-long-long-5.2.mbox"),
    ],
)
def test_the_files_name(whole: Composed, subject: str, name: str) -> None:
    first, *patches = whole.messages
    messages = (first, dataclasses.replace(patches[0], subject=subject), *patches[1:])
    one = dataclasses.replace(whole, messages=messages)
    assert mbox.default_name(one) == name
    third = dataclasses.replace(one, version=3)
    assert mbox.default_name(third) == name.replace("5.2.mbox", "5.2-v3.mbox")
