"""The outbox: whole or not there, and true whatever happens."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

import pytest

from helpers_smtp import mails
from hgport import places
from hgport.errors import HgportError
from hgport.submit.outbox import About, Outbox, Place, State

ABOUT = About("series v1 for 7.2.4", "ab" * 32, {"a": ["ë", 1, None]})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "series")


def states(outbox: Outbox | None) -> list[str]:
    assert outbox is not None
    known = {m.number: state.value for state in State for m in outbox.those(state)}
    return [known[number] for number in sorted(known)]


def test_it_gives_back_what_was_put(place: Place) -> None:
    with place.held():
        assert place.current() is None and place.past(ABOUT) is None
        put = place.put(ABOUT, mails())
        for outbox in (put, place.current()):
            assert outbox is not None
            assert outbox.about == ABOUT and list(outbox.messages) == mails()
            assert outbox.untouched and not outbox.finished
    assert sorted(p.name for p in place.directory.iterdir()) == ["current", "lock"]
    assert stat.S_IMODE(place.directory.stat().st_mode) == 0o700


def test_the_journal_tells(place: Place) -> None:
    with place.held():
        outbox = place.put(ABOUT, mails())
        outbox.mark(outbox.messages[0], State.SENT)
        outbox.mark(outbox.messages[1], State.SENDING)
        journal = place.directory / "current" / "journal"
        assert journal.read_bytes() == b"sent   \nsending\nwaiting\n"
        assert states(place.current()) == states(outbox) == ["sent", "sending", "waiting"]
        assert not outbox.untouched and not outbox.finished
        outbox.mark(outbox.messages[1], State.SKIPPED)
        outbox.mark(outbox.messages[2], State.SENT)
        assert outbox.finished


def test_what_is_done_with(place: Place) -> None:
    with place.held():
        for number in ("1", "2"):
            outbox = place.put(ABOUT, mails())
            outbox.mark(outbox.messages[0], State.SENT)
            assert place.archive().name == number
            assert place.current() is None
        assert states(place.past(ABOUT)) == ["sent", "waiting", "waiting"]
        assert place.past(About("other", ABOUT.digest, {})) is not None
        assert place.past(About(ABOUT.title, "0", {})) is not None
        assert place.past(About("other", "0", {})) is None
        place.put(ABOUT, mails())
        place.drop()
        assert place.current() is None


def test_one_at_a_time(place: Place) -> None:
    with place.held(), pytest.raises(HgportError, match="another hgport is sending"), place.held():
        pass
    with place.held():
        pass


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("journal", "waiting\nwaiting\n"),
        ("journal", "waiting\nwaiting\nwaiting"),
        ("journal", "waiting\nwaiting\nwritten\n"),
        ("journal", "waiting\nwaiting\nsent\n"),
        ("journal", "wäiting\nwaiting\n"),
        ("outbox.json", "{}"),
        ("outbox.json", "[]"),
        ("outbox.json", "{"),
        ("0001.eml", "Subject: other\n\nother"),
        ("0002.eml", None),
        ("journal", None),
    ],
)
def test_a_damaged_one_is_not_believed(place: Place, name: str, text: str | None) -> None:
    with place.held():
        place.put(ABOUT, mails())
        path = place.directory / "current" / name
        path.unlink()
        if text is not None:
            path.write_text(text)
        with pytest.raises(HgportError, match="outbox .*current is damaged") as caught:
            place.current()
        assert "--discard" in str(caught.value.hint)
        place.archive()
        assert place.current() is None and place.past(ABOUT) is None


def test_half_of_one_is_none(place: Place) -> None:
    """What a run that was killed while it made one leaves."""
    with place.held():
        outbox = place.put(ABOUT, mails())
        shutil.move(outbox.directory, place.directory / ".hgport-tmp-abc")
        assert place.current() is None
        old = place.directory / ".hgport-tmp-abc"
        os.utime(old, (0, 0))
        place.put(ABOUT, mails())
        assert not old.exists()


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    places.state_dir().write_text("in the way")
    place = Place(tmp_path / "series")
    with pytest.raises(HgportError, match="cannot write below") as caught, place.held():
        pass
    assert "HGPORT_STATE" in str(caught.value.hint)


def test_a_checkout_brings_none(tmp_path: Path, place: Place) -> None:
    """Whatever lies beside the series, nothing of it is an outbox, or is written to."""
    with place.held():
        place.put(ABOUT, mails())
    beside = tmp_path / ".hgport" / "outbox"
    beside.parent.mkdir()
    place.directory.rename(beside)
    (beside / "lock").unlink()
    (beside / "lock").symlink_to(tmp_path / "theirs")
    assert places.state_dir() in place.directory.parents
    assert tmp_path not in place.directory.parents
    with place.held():
        assert place.current() is None and place.past(ABOUT) is None
    assert not (tmp_path / "theirs").exists()


def test_a_series_has_one_by_whatever_path(tmp_path: Path, place: Place) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "series")
    assert Place(tmp_path / "link").directory == place.directory
    assert Place(tmp_path / "other").directory != place.directory


def test_the_head_can_be_read_by_a_person(place: Place) -> None:
    with place.held():
        place.put(ABOUT, mails(recipients=["a@example.org", "hidden@example.org"]))
    head = json.loads((place.directory / "current" / "outbox.json").read_text("ascii"))
    assert head["series"].endswith("/series")
    assert head["messages"][1]["recipients"] == ["a@example.org", "hidden@example.org"]
