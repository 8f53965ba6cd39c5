"""What is mailed comes out on the other side as it was: taken from a real mail server, imported by
``hg import`` and ``git am`` onto the release."""

from __future__ import annotations

import email
import email.header
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from helpers_engine import Project, log, repository
from helpers_roundtrip import (
    Git,
    bodies,
    clone,
    commit,
    files,
    forget,
    hg_import,
    reset,
    told,
    write_mails,
    write_mbox,
)
from helpers_smtp import MailServer, Received
from hgport.engine import hg
from hgport.engine.commits import Order
from hgport.engine.hgpatcher import Changeset
from hgport.model import project
from hgport.proof.authority import authority_pem
from hgport.submit import mbox
from hgport.submit.compose import Composed, Request, compose
from hgport.submit.delivery import deliver
from hgport.submit.identity import STAND_IN, Identity
from hgport.submit.mailsettings import Settings
from hgport.submit.outbox import About, Place
from hgport.submit.staged import Staged, staged

SETTINGS = Settings(
    Identity("Zoë Ångström", "zoe@example.org"),
    (Identity("The Líst", "list@example.org"),),
    (Identity("", "copy@example.org"),),
    (Identity("", "hidden@example.org"),),
    flags=("stable", "v1"),
)
COVER = """# topic: what the series does — in short

From here on, it is said in lines.
.One with a dot, and a plain word: schön.
"""
# as the round trip is made: over the wire in these three ways
WAYS = [("none", False), ("starttls", True), ("smtps", True)]
RELEASES = ["5.2.2", "7.2.4", "hard"]


@dataclass(frozen=True)
class Mailed:
    """A series as it was staged, as it was composed, and as it arrived."""

    staged: Staged
    composed: Composed
    received: tuple[Received, ...]

    @property
    def last(self) -> str:
        return list(self.staged.changesets.values())[-1]


def sent(composed: Composed, place: Path, tls: str, login: bool) -> tuple[Received, ...]:
    """Send the mails; what the server got."""
    place.mkdir(exist_ok=True)
    (place / "authority.pem").write_bytes(authority_pem())
    outbox = Place(place / "series")
    with outbox.held(), MailServer(tls=tls, login=login) as server:
        made = outbox.put(About("t", "d", {}), composed.messages)
        deliver(made, server.settings(place / "authority.pem"))
        outbox.archive()
    assert {(one.tls, one.login is not None) for one in server.received} == {(tls != "none", login)}
    return tuple(server.received)


@pytest.fixture(scope="module", params=RELEASES)
def mailed(
    request: pytest.FixtureRequest, run_cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mailed]:
    room = tmp_path_factory.mktemp("mailed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HGPORT_CACHE", str(run_cache))
        patch.setenv("HOME", str(room))
        version = request.param
        series = None
        if version == "hard":
            version, series = "9.9", hard_series(room)
            patch.setenv("HGPORT_CACHE", str(room / "cache"))
        stack, catalogue = project.load(series)
        release = catalogue.release(version)
        (room / "cover.md").write_text(COVER)
        order = Order(stack, catalogue, release, str(SETTINGS.sender), stand_in=STAND_IN)
        with staged(order) as made:
            wanted = Request(stack, catalogue, release, SETTINGS, cover=room / "cover.md")
            composed = compose(wanted)
            yield Mailed(made, composed, sent(composed, room / "sent", *WAYS[0]))


# a series that mail would spoil

LONG = b"x = [" + b", ".join(b"%d" % n for n in range(400)) + b"]\n"
HARD_FILES = {
    "crlf.txt": b"".join(b"line %d\r\n" % n for n in range(9)),
    "long.py": b"# first\n" + LONG + b"# last\n",
    "picture.png": bytes(range(256)) * 4,
    "script": b"#!/bin/sh\necho hello\n",
    "old name.txt": b"".join(b"From line %d\n" % n for n in range(20)),
}
TEXTS = {
    "first.patch": "topic: schön — with a dash\n\nFrom here on it is told in lines.\n\nFrom\n"
    ">From a mail\n.\n..dots\n=3D =46rom\n\tindented\nthe end, ééé, 漢字 🎈",
    "second.patch": "binary: a picture\n\nAnd a file that moves.",
}
# what the receiver's git keeps of a text is not all; its trees and authors are right
AUTHORS = ("Zoë Ångström <zoe@example.org>", "田中 <tanaka@example.org>")


def hard_series(room: Path) -> Path:
    """A project of one release and such a series; gives its series file."""
    made = Project(room)
    made.release("9.9", HARD_FILES)
    work = repository(room / "work", HARD_FILES)
    crlf = HARD_FILES["crlf.txt"].replace(b"line 4", "lïne\r 4".encode())
    first = {
        "crlf.txt": crlf,
        "long.py": HARD_FILES["long.py"].replace(b" 200,", b" 201, '\xff',"),
        "no newline": b"From\nlast\r",
        ".dot": b".\n..\n\n\n",
    }
    moved = HARD_FILES["old name.txt"].replace(b"line 7", b"line seven")
    second = {
        "picture.png": bytes(range(255, -1, -1)) * 5,
        "script": HARD_FILES["script"],
        "old name.txt": None,
        "new name.txt": moved,
        "empty": b"",
    }
    changes = (
        (AUTHORS[0], "1600000000 -7200", first, {}, {}),
        (AUTHORS[1], "1600000001 16200", second, {"script": "x"}, {"new name.txt": "old name.txt"}),
    )
    patches = {}
    for name, (user, date, files_, modes, copies) in zip(TEXTS, changes):
        every = {**dict.fromkeys(files_, ""), **modes}
        commit(work, Changeset(user, date, TEXTS[name], files_, every, copies))
        patches[name] = hg.run("export", "--git", "-r", "tip", cwd=work).stdout
    return made.write("9.9", patches)


def every_way_gives_the_same(mailed: Mailed, tmp_path: Path) -> None:
    for message, one in zip(mailed.composed.messages, mailed.received):
        assert one.data == message.data
        assert (one.sender, one.recipients) == (message.sender, message.recipients)
    named = (*SETTINGS.to, *SETTINGS.cc, *SETTINGS.bcc)
    assert set(mailed.received[0].recipients) == {one.address for one in named}
    assert all(b"hidden" not in one.data for one in mailed.received)
    for tls, login in WAYS[1:]:
        other = sent(mailed.composed, tmp_path, tls, login)
        assert [one.data for one in other] == [one.data for one in mailed.received]


def decoded(text: str) -> str:
    return str(email.header.make_header(email.header.decode_header(text)))


def they_are_one_series_in_order(mailed: Mailed) -> None:
    heads = [email.message_from_bytes(one.data) for one in mailed.received]
    total = len(heads) - 1
    assert total == len(mailed.staged.changesets) >= 2
    for number, head in enumerate(heads):
        assert decoded(head["Subject"]).startswith(f"[PATCH {number} of {total} stable v1] ")
        assert decoded(head["From"]) == "Zoë Ångström <zoe@example.org>"
        if number:
            assert head["In-Reply-To"] == head["References"] == heads[0]["Message-Id"]
            assert head["X-Mercurial-Series-Index"] == str(number)
            assert head["X-Mercurial-Series-Total"] == str(total)
    assert len({head["Message-Id"] for head in heads}) == total + 1
    assert len({head["X-Mercurial-Series-Id"] for head in heads[1:]}) == 1
    nodes = list(mailed.staged.changesets.values())
    assert [head["X-Mercurial-Node"] for head in heads[1:]] == nodes
    dates = [email.utils.parsedate_to_datetime(head["Date"]) for head in heads]
    assert dates == sorted(set(dates))


def hg_imports_them(mailed: Mailed, tmp_path: Path) -> None:
    """Each mail, or all in a mailbox.  A changeset's hash is of its tree, user, date and text."""
    base, made = mailed.staged.base, mailed.staged.repository
    other = clone(made, base, tmp_path / "clone")
    ours = tmp_path / "ours.mbox"
    mbox.write(ours, mailed.composed)
    theirs = write_mbox(tmp_path / "theirs.mbox", mailed.received)
    wanted = told(made, base)
    for paths in (write_mails(tmp_path / "mails", mailed.received)[1:], [ours], [theirs]):
        for path in paths:
            hg_import(other, path)
        assert told(other, base) == wanted, paths
        assert log(other, "{node}", ".") == [mailed.last]
        forget(other, base)
        assert told(other, base) == []


def git_takes_them(mailed: Mailed, tmp_path: Path) -> None:
    """What the mails say, as ``hg export`` files: trees, authors, dates and texts.  The mails as
    they are: the trees, from whom they came."""
    base, made = mailed.staged.base, mailed.staged.repository
    wanted = files(made, base, mailed.last)
    git = Git(tmp_path / "git", made, base)
    paths = bodies(tmp_path / "bodies", mailed.received)[1:]
    git("am", "-q", "--keep", "--keep-cr", "--patch-format=hg", *paths)
    assert git.files() == wanted
    said = told(made, base, "{author}\\n{date|hgdate}\\n{desc}\\0")
    assert ["\n".join(one) for one in git.told()] == said
    reset(git)
    # the introduction changes nothing
    git("am", "-q", "--keep-cr", "--empty=drop", write_mbox(tmp_path / "box", mailed.received))
    assert git.files() == wanted
    assert {user for user, _date, _text in git.told()} == {str(SETTINGS.sender)}


def test_the_round_trip(mailed: Mailed, tmp_path: Path) -> None:
    """In one test, as what it needs takes long to make and would be made by each worker."""
    they_are_one_series_in_order(mailed)
    every_way_gives_the_same(mailed, tmp_path)
    hg_imports_them(mailed, tmp_path)
    git_takes_them(mailed, tmp_path)
