"""How rebases read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from helpers_engine import numbered
from helpers_rebase import TWO, project
from hgport.engine.carry import CarryOrder, carry
from hgport.engine.learn import Difference, Regenerated
from hgport.engine.origins import origin_of
from hgport.engine.rebaser import Report, Standing
from hgport.engine.records import FileRecord, Record
from hgport.engine.resolutions import Memory, edits_between
from hgport.model import project as model
from hgport.model.release import Release
from hgport.model.stack import Port
from hgport.report import session

RELEASE = Release("5.1", "mercurial-5.1.tar.gz", "0" * 64, 1, ())


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CarryOrder:
    made = project(tmp_path / "project", monkeypatch)
    monkeypatch.chdir(made.root)
    stack, catalogue = model.load()
    target = catalogue.release("5.1")
    return CarryOrder(stack, catalogue, origin_of(stack, catalogue, target), target)


def test_a_standing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record = tmp_path / "r"
    record.touch()
    records = (record, tmp_path / "gone")
    written = Report(
        RELEASE, Standing.WRITTEN, place=tmp_path / "5.1", told=("So.",), records=records
    )
    assert session.standing(written) == [
        "5.1: written: 5.1",
        "  So.",
        "  remembered: r",
        "  forgotten: gone",
    ]
    served = Report(RELEASE, Standing.SERVED)
    assert session.standing(served) == ["5.1: served already"]
    assert session.summary([written, served, served]) == "1 written, 2 served already"
    assert session.plain(written)["records"] == [str(path) for path in records]
    assert session.shown(Path("/elsewhere/x")) == "/elsewhere/x"


def test_a_conflict_tells_the_lines(order: CarryOrder, tmp_path: Path) -> None:
    made = carry(order)
    report = Report(RELEASE, Standing.CONFLICT, made, tmp_path / "project" / "copy", TWO)
    told = session.standing(report)
    assert told[0] == "5.1: conflict in 2.patch"
    assert told[1] == "  f, line 10: both changed it in different ways"
    assert told[2].startswith("  It waits in copy,")
    assert session.plain(report)["conflicts"] == [{"path": "f", "lines": [10]}]


def test_what_is_remembered_is_shown(order: CarryOrder) -> None:
    stopped = carry(order).conflict
    assert stopped is not None
    auto = next(file for file in stopped.files if file.path == "f").content
    final = numbered(30, line10="\n".join(f"mine {n}" for n in range(20)))
    records = (Record("5.0", TWO, (FileRecord("f", edits_between(auto, final)),)),)
    memory = Memory(order.stack.top.directory / "resolutions", records)
    told = session.uses(carry(order, memory=memory))
    assert told[0] == "5.1: 2.patch: f: conflict as in patches/resolutions/5.0/2.patch:"
    assert told[1:3] == ["  -<<<<<<< target", "  -upstream ten"]
    assert told[8:10] == ["  +mine 0", "  +mine 1"]
    assert told[-1] == "  ... 8 lines more"


def test_a_check(order: CarryOrder) -> None:
    made = carry(order)
    top = order.stack.top
    port = Port("5.1", replace(top, directory=top.directory / "5.1"))
    same = Regenerated(port, made, (), False)
    assert session.checked(same, with_diff=True) == [
        "patches/5.1: 3 patches, as made from the top-level series on 5.2, the base"
    ]
    differences = (
        Difference("a", b"x\n", b"y\n"),
        Difference("b", None, b"y\n"),
        Difference("c", b"x\n", None),
    )
    elsewhere = Port("5.1", replace(top, directory=Path("mine/5.1")))
    assert session.name_of(elsewhere) == "mine/5.1"
    further = Port("5.1", replace(top, directory=Path("/x/patches/more/5.1")))
    assert session.name_of(further) == "patches/more/5.1"
    bad = Regenerated(port, made, differences, True)
    assert session.checked(bad, with_diff=False) == [
        "patches/5.1: series: the same patches in another order",
        "patches/5.1/a: differs from what is made",
        "patches/5.1/b: is lacking, though it is made",
        "patches/5.1/c: is not made, as 2.patch is in conflict",
    ]
    assert session.checked(bad, with_diff=True)[2:7] == [
        "  --- made",
        "  +++ found",
        "  @@ -1 +1 @@",
        "  -y",
        "  +x",
    ]
    assert session.plain_check(bad) == {
        "line": "5.1",
        "ok": False,
        "reordered": True,
        "differences": ["a", "b", "c"],
    }
