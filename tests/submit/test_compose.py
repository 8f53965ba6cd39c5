"""hgport.submit.compose: a series becomes mails that say what they should, and nothing else."""

from __future__ import annotations

import dataclasses
import email
import email.header
import email.utils
import os
import re
from email.message import Message as Parsed
from pathlib import Path

import pytest

from helpers_email import BASE, DATE, OURS, asked, composed, made, patches
from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport.engine.commits import Order
from hgport.errors import HgportError, UsageError
from hgport.submit import sevenbit, unchanged, versions
from hgport.submit.compose import Composed
from hgport.submit.identity import STAND_IN
from hgport.submit.message import Message
from hgport.submit.patchbomb import exported
from hgport.submit.sevenbit import body_of
from hgport.submit.staged import staged


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Composed:
    """The series, composed once."""
    return composed(
        made(tmp_path_factory.mktemp("whole") / "project"), flags=["stable", "v2"], since="none"
    )


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "project"


def parsed(composed: Composed) -> list[Parsed]:
    return [email.message_from_bytes(one.data) for one in composed.messages]


def decoded(mail: Parsed, name: str) -> str:
    raw = str(mail[name]).replace("\n", "")
    return str(email.header.make_header(email.header.decode_header(raw)))


def test_the_mails_are_one_series_in_order(whole: Composed) -> None:
    subjects = [
        "[PATCH 0 of 3 stable v2] one: ways around ë",
        "[PATCH 1 of 3 stable v2] one: a",
        "[PATCH 2 of 3 stable v2] two: b",
        "[PATCH 3 of 3 stable v2] three: ç",
    ]
    mails = parsed(whole)
    assert [one.subject for one in whole.messages] == subjects
    assert [decoded(mail, "Subject") for mail in mails] == subjects
    assert [one.number for one in whole.messages] == [0, 1, 2, 3]
    identifiers = [one.message_id for one in whole.messages]
    assert identifiers == ["".join(mail["Message-Id"].split()) for mail in mails]
    assert len(set(identifiers)) == 4
    assert all(one.endswith(".example.org>") for one in identifiers)
    first = identifiers[0]
    assert [mail["In-Reply-To"] for mail in mails] == ["<parent@example.org>", *[first] * 3]
    assert [mail["X-Mercurial-Series-Index"] for mail in mails[1:]] == ["1", "2", "3"]
    assert {mail["X-Mercurial-Series-Total"] for mail in mails[1:]} == {"3"}
    dates = [email.utils.parsedate_to_datetime(mail["Date"]).timestamp() for mail in mails]
    assert dates == [DATE, DATE + 1, DATE + 2, DATE + 3]


def test_the_mails_are_from_and_to_whom_they_should_be(whole: Composed) -> None:
    everybody = (
        "list@example.org",
        "joerg@xn--bcher-kva.example",
        "hidden@example.org",
        "copy@example.org",
    )
    for message, mail in zip(whole.messages, parsed(whole)):
        assert message.sender == "zoe@example.org"
        assert sorted(message.recipients) == sorted(everybody)
        ((name, address),) = email.utils.getaddresses([str(mail["From"])])
        assert (str(email.header.make_header(email.header.decode_header(name))), address) == (
            "Zoë, Dr.",
            "zoe@example.org",
        )
        assert decoded(mail, "To") == "list@example.org, Jörg <joerg@xn--bcher-kva.example>"
        assert mail["Cc"] == "copy@example.org"
        assert "hidden" not in message.data.decode()


def test_the_mails_survive_any_server(whole: Composed) -> None:
    for message in whole.messages:
        text = message.data.partition(b"\n\n")[2]
        assert message.data.isascii() and b"\r" not in message.data and b"\0" not in message.data
        assert max(map(len, message.data.split(b"\n"))) <= 998
        assert not re.search(rb"^(From |\.$)", text, re.M)


def test_each_patch_is_all_there(whole: Composed) -> None:
    for (name, data), message in zip(whole.patches, whole.messages[1:]):
        body = body_of(message.data)
        # what was diffed, byte for byte; its own header is hg export's
        diff = patches()[name][patches()[name].index(b"diff --git") :]
        assert body.endswith(diff) and data.endswith(diff)
        assert b"# Node ID" in body and b"# Node ID" not in data
    users = [data.split(b"\n")[1].decode() for _name, data in whole.patches]
    me, other = "# User Zoë, Dr. <zoe@example.org>", "# User A Person <person@example.org>"
    assert users == [me, other, other]


def test_the_introduction(whole: Composed) -> None:
    text = body_of(whole.messages[0].data).decode()
    assert text.startswith(f"Why é.\n\nFrom here on, {'x' * 1100}.\n\nChanges since v1:\n\n- two")
    assert text.endswith("otherwise\n\nFor Mercurial 5.2:\n\n" + whole.diffstats[0])
    assert "3 files changed, 5 insertions(+), 3 deletions(-)" in whole.diffstats[0]
    assert " f |  2 +-\n" in whole.diffstats[1] and " g |" not in whole.diffstats[1]
    assert set(whole.diffstats) == {0, 1, 2, 3}


def test_the_same_has_the_same_digest(whole: Composed) -> None:
    project = Project(whole.stack.top.path.parent)
    later = composed(project, flags=["v2"], since="none", date=DATE + 99)
    assert later.digest == whole.digest
    assert later.messages[1].message_id != whole.messages[1].message_id
    assert later.patches == whole.patches


def test_one_patch_goes_alone_unless_it_is_introduced(place: Path) -> None:
    project = made(place, {"one.patch": patches()["one.patch"]})
    letter = place / "patches" / "cover.md"
    (message,) = composed(project, date=None, cover=letter).messages[1:]
    assert message.subject == "[PATCH 1 of 1] one: a"
    letter.unlink()
    (alone,) = composed(project, flags=["RFC"]).messages
    assert (alone.number, alone.subject) == (1, "[PATCH RFC] one: a")


def test_one_patch_again_has_to_say_what_is_new(place: Path) -> None:
    project = made(place, {"one.patch": patches()["one.patch"]})
    (place / "patches" / "cover.md").unlink()
    versions.remember(composed(project))
    with pytest.raises(UsageError, match="no cover letter .* would show what is new in v2"):
        composed(project, flags=["v2"])
    (alone,) = composed(project, flags=["v2"], since="none").messages
    assert alone.subject == "[PATCH v2] one: a"


def test_names_that_are_no_utf8_are_compared_all_the_same(place: Path) -> None:
    name = os.fsdecode(b"caf\xe9.patch")
    project = made(place, {"one.patch": patches()["one.patch"]})
    (place / "patches" / "one.patch").rename(place / "patches" / name)
    (place / "series").write_bytes(os.fsencode(name) + b"\n")
    assert versions.remember(composed(project)).joinpath(name).is_file()
    second = composed(project, flags=["v2"])
    assert "\n1 = 1  caf\ufffd\n" in body_of(second.messages[0].data).decode()
    assert second.same_as is not None and second.same_as.version == 1


def test_a_second_version_shows_what_differs(place: Path, whole: Composed) -> None:
    project = made(place)
    first = composed(project)
    with pytest.raises(UsageError, match="v1 for 5.2 is not remembered, so v2 cannot be compared"):
        composed(project, flags=["v2"])
    directory = versions.remember(first)
    with pytest.raises(UsageError, match="there is a v1 for 5.2, sent on 2027-01-15"):
        composed(project)
    assert composed(project, resend=True).digest == first.digest
    other = patch_bytes(file_diff("g", b"old\r\nFrom me\n", b"other\n"), subject="two: b")
    project.write("5.2", patches(two=other))
    with pytest.raises(UsageError, match="other patches were sent as v1 for 5.2"):
        composed(project, resend=True)
    second = composed(project, flags=["v2"])
    text = body_of(second.messages[0].data).decode()
    assert "Range-diff since v1 for 5.2, sent on 2027-01-15:\n\n1 = 1  one\n2 ! 2  two\n" in text
    assert "\n    -+new\n" in text and "\n    ++other\n" in text
    assert text.endswith("3 patches: 2 the same, 1 changed\n")
    assert second.same_as is None
    assert directory == place / "patches" / "sent" / "5.2" / "v1"
    # a line of its own has no v1, but may be compared with that one
    with pytest.raises(UsageError, match="v1 for 5.3 is not remembered") as caught:
        composed(project, "5.3", flags=["v2"])
    assert "(5.2/v1)" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("letter", "said"),
    [
        (None, "there is no cover letter"),
        ("# {{topic: what}}\n\nx\n", "line 1 is still the template's"),
        ("# one\n\nText.\n", "does not say what is new in v2"),
        ("# one\n", "has no text"),
    ],
)
def test_a_letter_has_to_be_written(place: Path, letter: str | None, said: str) -> None:
    project = made(place)
    path = place / "patches" / "cover.md"
    path.unlink() if letter is None else path.write_text(letter)
    with pytest.raises(UsageError, match=said):
        composed(project, flags=["v2"], since="none")


@pytest.mark.parametrize(
    "subject",
    ["one: a\rBcc: evil@example.org", "one: a\x0bBcc: x@y.org", "one: a\u2028Bcc: x@y.org"],
)
def test_a_patchs_subject_is_one_line(place: Path, subject: str) -> None:
    bad = patch_bytes(file_diff("f", BASE, numbered(30, line10="x")), subject=subject, header=OURS)
    with pytest.raises(UsageError, match=r"one.patch: the first line .* has a control character"):
        composed(made(place, {"one.patch": bad}))


def test_what_an_import_would_change_is_refused(place: Path) -> None:
    request = asked(made(place))
    user = str(request.settings.sender)
    order = Order(request.stack, request.catalogue, request.release, user, stand_in=STAND_IN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HGPORT_CACHE", str(place / "cache"))
        with staged(order) as here:
            exports = exported(here)
            messages = [
                Message(at, "", "", "", (), sevenbit.rewritten(b"Subject: x\n\n", data))
                for at, data in enumerate(exports, start=1)
            ]
            (here.repository.parent / "mails").mkdir()
            unchanged.check_import(here, messages)
            for old, new in ((b"Why", b"why"), (b"# User", b"# Usr"), (b"+new", b"+nee")):
                bad = [
                    dataclasses.replace(one, data=one.data.replace(old, new, 1)) for one in messages
                ]
                with pytest.raises(HgportError, match="two.patch would not be imported unchanged"):
                    unchanged.check_import(here, [messages[0], bad[1], messages[2]])


def test_a_subject_is_no_option_of_hg(place: Path, tmp_path: Path) -> None:
    project = made(place)
    marker = tmp_path / "owned"
    subject = f"--config=hooks.pre-email=touch {marker}"
    (place / "patches" / "cover.md").write_text(f"# {subject}\n\nText.\n")
    assert composed(project).messages[0].subject == f"[PATCH 0 of 3] {subject}"
    assert not marker.exists()


def test_what_reads_as_another_subject_is_refused(place: Path) -> None:
    project = made(place)
    (place / "patches" / "cover.md").write_text("# =?utf-8?q?urgent?=\n\nText.\n")
    with pytest.raises(HgportError, match="would arrive with another subject"):
        composed(project)


def test_a_release_that_has_it_all(place: Path) -> None:
    project = made(place, {"one.patch": patches()["one.patch"]})
    project.release("5.4", {"f": numbered(30, line10="x" * 1200)})
    project.write("5.2", {"one.patch": patches()["one.patch"]})
    with pytest.raises(HgportError, match=r"nothing to mail: 5\.4 has all of the patches"):
        composed(project, "5.4")
