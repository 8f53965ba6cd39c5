"""hgport.submit.mbox and hgport.submit.versions, of one submission that is composed once."""

from __future__ import annotations

import dataclasses
import email.utils
import mailbox
from pathlib import Path

import pytest

from helpers_email import composed, made
from hgport.errors import UsageError
from hgport.model import project
from hgport.submit import mbox, versions
from hgport.submit.compose import Composed
from hgport.submit.sevenbit import body_of


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Composed:
    """The series, composed once."""
    return composed(made(tmp_path_factory.mktemp("whole") / "project"))


@pytest.fixture
def fresh(whole: Composed, tmp_path: Path) -> Composed:
    """The same in a project where nothing is remembered."""
    stack, _catalogue = project.load(made(tmp_path / "project").root / "series")
    return dataclasses.replace(whole, stack=stack)


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


def test_what_was_sent_is_kept_as_text(fresh: Composed) -> None:
    where = versions.remember(fresh)
    assert where == fresh.stack.top.directory / "sent" / "5.2" / "v1"
    assert (where / "series").read_text() == "one.patch\ntwo.patch\nthree.patch\n"
    for name, data in fresh.patches:
        assert (where / name).read_bytes() == data
    told = (where / "sent.toml").read_text(encoding="utf-8")
    assert "hidden" not in told
    assert "Zoë, Dr. <zoe@example.org>" in told and fresh.messages[0].message_id in told
    sent = versions.find(fresh.stack, "5.2", 1)
    assert sent is not None
    assert str(sent) == "v1 for 5.2, sent on 2027-01-15"
    assert versions.same(sent, sent.patches)
    # it is a series like any other, and none of the stack's ports
    assert project.load(where)[0].top.names == fresh.stack.top.names
    again, _catalogue = project.load(fresh.stack.top.path)
    assert again == fresh.stack


def test_the_same_again_is_noted_once_for_each_time(fresh: Composed) -> None:
    where = versions.remember(fresh)
    text = (where / "sent.toml").read_bytes()
    versions.remember(fresh)
    assert (where / "sent.toml").read_bytes() == text
    first = dataclasses.replace(fresh.messages[0], message_id="<later@example.org>")
    later = dataclasses.replace(
        fresh, messages=(first, *fresh.messages[1:]), date=fresh.date + 86400
    )
    versions.remember(later)
    assert (where / "sent.toml").read_text().count("[[mailed]]") == 2
    sent = versions.find(fresh.stack, "5.2", 1)
    assert sent is not None and str(sent).endswith("sent on 2027-01-15")


def test_another_series_is_no_version_that_was_sent(fresh: Composed) -> None:
    where = versions.remember(fresh)
    name, data = fresh.patches[0]
    other = dataclasses.replace(
        fresh, patches=((name, data.replace(b"Zo", b"Jo")), *fresh.patches[1:])
    )
    with pytest.raises(UsageError, match="other patches were sent as v1 for 5.2") as caught:
        versions.remember(other)
    assert caught.value.hint == "mail these as --flag v2"
    assert (where / name).read_bytes() == data
    assert versions.remember(dataclasses.replace(other, version=2)).name == "v2"


def test_which_version_to_compare_with(fresh: Composed) -> None:
    versions.remember(fresh)
    stack = fresh.stack
    assert versions.since(stack, "5.2", 1, None) is None
    assert versions.since(stack, "5.2", 2, "none") is None
    for found in (
        versions.since(stack, "5.2", 2, None),
        versions.since(stack, "5.3", 4, "5.2/v1"),
    ):
        assert found is not None and (found.line, found.version) == ("5.2", 1)
    with pytest.raises(UsageError, match="v2 for 5.2 is not remembered, so v3") as caught:
        versions.since(stack, "5.2", 3, None)
    assert "(5.2/v1)" in str(caught.value.hint)
    for bad in ("5.2", "../../x/v1", "5.2/v0", "5.2/v1/..", "v1"):
        with pytest.raises(UsageError, match="is no version that was sent"):
            versions.since(stack, "5.2", 2, bad)


@pytest.mark.parametrize("text", ["", "release = ", 'release = "5.2"\nmailed = [{date = 1}]', "\0"])
def test_a_record_that_somebody_broke(fresh: Composed, text: str) -> None:
    where = versions.remember(fresh)
    (where / "sent.toml").write_text(text)
    with pytest.raises(UsageError, match=r"sent\.toml is "):
        versions.find(fresh.stack, "5.2", 1)
