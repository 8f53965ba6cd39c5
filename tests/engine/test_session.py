"""Several rebases at once, and their order."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import Project, numbered
from helpers_rebase import OLD, PATCHES, TWO, port, project
from hgport.engine.carried import CarriedSeries
from hgport.engine.origins import Origin
from hgport.engine.session import Session, Standing, Tools, Wish
from hgport.errors import HgportError, UsageError
from hgport.model import project as model
from hgport.model.ranges import select
from hgport.model.release import Release


class Heard:
    """A listener that keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begins(self, origin: Origin, target: Release) -> None:
        self.told.append(f"{origin.release.version} to {target.version}")

    def made(self, carried: CarriedSeries) -> None:
        self.told.append("conflict" if carried.conflict else "whole")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    far = {**OLD, "f": numbered(30, line10="upstream ten", line8="other")}
    return project(tmp_path / "project", monkeypatch, v4_9=far)


def start(words: str, **wish: object) -> tuple[dict[str, Standing], list[str]]:
    """Start rebases: how each stands, in the order of the work, and what was heard."""
    heard = Heard()
    session = Session(model.load, Tools(heard))
    wanted = select(model.load()[1], words)
    reports = session.start(wanted, Wish(**wish))  # type: ignore[arg-type]
    return {one.release.version: one.standing for one in reports}, heard.told


def test_the_nearest_comes_first(made: Project) -> None:
    ports = {"5.1": port(), "5.0": port(numbered(30, line10="ten"))}
    made.write("5.2", PATCHES, ports)
    standing, told = start("4.9..5.3", again=True)
    # 5.1 is what its port says; nothing is remembered of it, so it is in conflict
    assert list(standing.items()) == [
        ("5.1", Standing.CONFLICT),
        ("5.0", Standing.QUEUED),
        ("4.9", Standing.QUEUED),
        ("5.3", Standing.WRITTEN),
    ]
    assert told == ["5.2 to 5.1", "conflict", "5.2 to 5.3", "whole"]
    assert Session(model.load, Tools(Heard())).abort(select(model.load()[1], "5.1")) != []
    # what waited for it goes on with the port that is there
    reports = Session(model.load, Tools(heard := Heard())).resume(None)
    assert heard.told[0] == "5.1 to 5.0"
    assert {one.release.version: one.standing for one in reports[:2]}["5.0"] is Standing.WRITTEN


def test_a_chosen_base_waits_for_nobody(made: Project) -> None:
    standing, told = start("5.1,5.0", base="5.2")
    assert set(standing.values()) == {Standing.CONFLICT}
    assert told == ["5.2 to 5.1", "conflict", "5.2 to 5.0", "conflict"]
    session = Session(model.load, Tools(Heard()))
    with pytest.raises(UsageError, match="conflicts wait for 5.0, 5.1"):
        session.skip(None)
    assert [one.standing for one in session.status()] == [Standing.OPEN, Standing.OPEN]
    assert session.abort(None) != []
    assert session.abort(None) == []
    assert session.status() == []


def test_one_that_fails_stops_no_other(made: Project) -> None:
    broken = {**port(), TWO: port(numbered(30, line11="no"))[TWO].replace(b"line 12", b"lost")}
    made.write("5.2", PATCHES, {"5.1": broken})
    with pytest.raises(HgportError, match="does not apply to 5.1, its own base"):
        start("5.0", again=True)
    standing, _told = start("5.0,5.3", again=True)
    assert standing == {"5.0": Standing.FAILED, "5.3": Standing.WRITTEN}
    assert not (made.root / ".hgport" / "rebase").exists()


def test_what_makes_no_sense(made: Project, tmp_path: Path) -> None:
    for words, wish, told in (
        ("5.2", {}, "5.2 is the base itself"),
        ("5.1", {"base": "5.1"}, "5.1 is the base itself"),
        ("5.1,5.3", {"into": tmp_path / "x"}, "--into takes one release"),
        ("5.3", {"into": tmp_path}, "exists already"),
    ):
        with pytest.raises(UsageError, match=told):
            start(words, **wish)
    session = Session(model.load, Tools(Heard()))
    for verb in (session.resume, session.skip):
        with pytest.raises(UsageError, match="no rebase is under way"):
            verb(None)
