"""What may be sent, what is asked, and what is known when something else goes wrong."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from helpers_smtp import DROP, Fault, MailServer
from helpers_submission import Somebody, small_submission, small_work
from hgport.errors import OutsideError, UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack
from hgport.submit import submission
from hgport.submit.outbox import Outbox, Place, State

WHOM = "list@example.org by localhost port"


@pytest.fixture
def work(tmp_path: Path) -> tuple[Stack, Catalogue]:
    return small_work(tmp_path / "project")


def use(server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HGRCPATH", str(server.hgrc(tmp_path / "hgrc")))


def outbox(work: tuple[Stack, Catalogue]) -> Outbox | None:
    place = Place(work[0].top.path)
    with place.held():
        return place.current()


def test_who_says_no_has_sent_nothing(
    work: tuple[Stack, Catalogue], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailServer() as server:
        use(server, tmp_path, monkeypatch)
        person = Somebody(yes=False)
        with pytest.raises(UsageError, match="nothing was sent"):
            submission.send(small_submission(work), person, resend=False)
        assert person.lines == [f"Send 3 mails to {WHOM} {server.port} (no TLS, no login)?"]
        assert outbox(work) is None and server.connections == 0


def test_the_password_is_asked_for_last(
    work: tuple[Stack, Catalogue], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailServer(tls="starttls", login=True) as server:
        use(server, tmp_path, monkeypatch)
        rc = Path(os.environ["HGRCPATH"])
        rc.write_text(re.sub("password = .*\n", "", rc.read_text()))
        person = Somebody()
        submission.send(small_submission(work), person, resend=False)
        assert person.lines[0].startswith("Send 3 mails to ")
        assert person.lines[1] == "password of zoe?"
        assert [line.partition(" ")[0] for line in person.lines[2:5]] == ["sent:"] * 3
        assert server.subjects() == ["0", "1", "2"]


def test_again_and_then_no_sends_nothing_again(
    work: tuple[Stack, Catalogue], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with MailServer(Fault("end", DROP, 1, keeps=True)) as server:
        use(server, tmp_path, monkeypatch)
        with pytest.raises(OutsideError):
            submission.send(small_submission(work), Somebody(), resend=False)
        for again in (True, False):
            with pytest.raises(UsageError, match="nothing more was sent"):
                submission.resume(*work, Somebody(yes=False, again=again))
            left = outbox(work)
            assert left is not None and len(left.those(State.SENDING)) == 1
        person = Somebody()
        submission.resume(*work, person)
        assert "again? 0" in person.lines
        assert f"Send 2 mails to {WHOM}" in "".join(person.lines)
        assert server.subjects() == ["0", "1", "2"]


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt])
def test_whatever_stops_it_it_says_how_far_it_went(
    work: tuple[Stack, Catalogue],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: type[BaseException],
) -> None:
    def stop(line: str) -> None:
        if line.startswith("sent: [PATCH 1]"):
            raise fault

    with MailServer() as server:
        use(server, tmp_path, monkeypatch)
        person = Somebody(hears=stop)
        with pytest.raises(fault):
            submission.send(small_submission(work), person, resend=False)
        assert person.warned == [
            "went out: the introduction, 1 of 2; did not go out: 2 of 2",
            f"hgport email --resume --series {work[0].top.path} sends the rest",
        ]
        submission.resume(*work, Somebody())
        assert server.subjects() == ["0", "1", "2"]


def test_giving_up_remembers_what_has_begun(
    work: tuple[Stack, Catalogue], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = work[0].top.directory / "sent" / "5.2" / "v2"
    with MailServer(Fault("MAIL", "550 no", 2)) as server:
        use(server, tmp_path, monkeypatch)
        with pytest.raises(OutsideError):
            submission.send(small_submission(work), Somebody(), resend=False)
        with pytest.raises(UsageError, match="nothing was changed"):
            submission.discard(*work, Somebody(yes=False))
        assert outbox(work) is not None and not kept.exists()
        person = Somebody()
        submission.discard(*work, person)
        assert f"remembered in {kept}" in person.lines
        assert outbox(work) is None and (kept / "1.patch").is_file()
