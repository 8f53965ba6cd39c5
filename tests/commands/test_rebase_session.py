"""``hgport rebase`` where one stack lies on another."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, log, numbered, patch_bytes, write_stack
from helpers_rebase import LOW, LOW_H, LOWER, OLD_UP_F, SIDE, UP, UPPER, error, said, two_stacks
from hgport.cli import run
from hgport.engine import hg

OVER = ["--with", "more"]
WAITS = Path("patches/more/.hgport/rebase/5.1")


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = two_stacks(tmp_path / "project", monkeypatch)
    monkeypatch.chdir(result.root)
    return result


def settle() -> None:
    (WAITS / "f").write_bytes(OLD_UP_F)
    hg.run("resolve", "-m", "f", cwd=WAITS)


def test_a_session_on_top_of_another_stack(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rebase", "5.1", *OVER]) == 4
    told = said(capsys)
    assert told[0] == (
        "5.1: from the top-level series on 5.2, the base, with what is below: up.patch, side.patch"
    )
    assert told[-2:] == [
        "  Edit the files there, then: hg resolve -m FILE, and "
        "hgport rebase --with more --continue 5.1",
        "  Or: hgport rebase --with more --skip 5.1 (the port goes without the patch), "
        "hgport rebase --with more --abort 5.1",
    ]
    # the working copy has the release, what the stack below makes of it, and the conflict
    subjects = "{desc|firstline}\n"
    assert log(WAITS, subjects, "::.") == ["Mercurial 5.1", "low: first"]
    assert b"<<<<<<< target\nupstream and low ten\n" in (WAITS / "f").read_bytes()
    assert not Path(".hgport/rebase").exists()
    settle()
    assert run(["rebase", "--continue", *OVER]) == 0
    assert said(capsys)[-2:] == [
        "5.1: written: patches/more/5.1",
        "  remembered: patches/more/resolutions/5.1/up.patch",
    ]
    assert not WAITS.exists()
    port = Path("patches/more/5.1")
    assert (port / "series").read_text() == f"{UP}\n{SIDE}\n"
    assert b"-upstream and low ten\n+upstream and up ten\n" in (port / UP).read_bytes()
    assert sorted(path.name for path in Path("patches").iterdir()) == [
        "5.1",
        LOW,
        "more",
        "releases.toml",
    ]
    assert run(["rebase", "--check", *OVER]) == 0
    assert said(capsys) == [
        "patches/more/5.1: 2 patches, as made from the top-level series on 5.2, the base, "
        "with what is below",
        "1 port with 2 patches: all as made from their neighbours",
    ]
    assert run(["rebase", "5.1", *OVER]) == 0
    assert said(capsys)[-1] == "5.1: served already"


def test_a_stack_below_comes_first(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    (made.root / "patches/5.1" / LOW).write_bytes(LOWER)
    assert run(["rebase", "5.1", *OVER]) == 2
    told = error(capsys)
    assert "low.patch, of a stack below, does not apply to 5.1: f hunk 1 (line 7)" in told
    assert "(first: hgport rebase --series series 5.1)" in told
    assert run(["rebase", "5.1", *OVER, "--dry-run"]) == 2
    assert "(first: hgport rebase --series series 5.1)" in error(capsys)
    # of several, it is said of each
    assert run(["rebase", "5.0,5.1", *OVER]) == 1
    told = capsys.readouterr().out
    assert told.count("hgport rebase --series series 5.") == 2


def test_what_changed_below_is_seen(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rebase", "5.1", *OVER]) == 4
    settle()
    port = made.root / "patches/5.1" / LOW
    port.write_bytes(port.read_bytes().replace(b"+upstream and low ten", b"+upstream or low ten"))
    said(capsys)
    assert run(["rebase", "--continue", *OVER]) == 4
    assert any("or a stack below it has changed since it began" in one for one in said(capsys))
    assert b"<<<<<<< target\nupstream or low ten\n" in (WAITS / "f").read_bytes()


def test_a_rebase_goes_on_as_it_was_begun(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    alone = ["--series", "patches/more"]
    assert run(["rebase", "5.1", *OVER]) == 4
    settle()
    said(capsys)
    options = "--series series --with patches/more/series"
    assert run(["rebase", "--continue", *alone]) == 2
    told = error(capsys)
    assert "the rebase to 5.1 was begun on top of other stacks" in told
    assert f"hgport rebase {options} --continue 5.1" in told
    assert run(["rebase", "--status", *alone]) == 4
    goes_on = f"hgport rebase {options} --continue 5.1"
    assert said(capsys)[-1] == f"  It was begun on top of other stacks: {goes_on}"
    assert run(["rebase", "5.1", *alone]) == 2
    assert f"a rebase to 5.1 is not finished ({goes_on} goes on with it" in error(capsys)
    # with the options of now, nothing has to be said of others
    assert run(["rebase", "5.1", *OVER]) == 2
    assert "(hgport rebase --with more --continue 5.1 goes on with it" in error(capsys)
    # what it says there works
    assert run(["rebase", *options.split(), "--continue", "5.1"]) == 0


def test_a_stack_by_itself(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made.further("more", {SIDE: UPPER[SIDE]})
    alone = ["--series", "patches/more"]
    assert run(["rebase", "5.1", "--again", *alone]) == 0
    assert said(capsys)[-1] == "5.1: written: patches/more/5.1"
    port = Path("patches/more/5.1") / SIDE
    first = port.read_bytes()
    assert b" upstream seventeen\n" in first
    assert run(["rebase", "--check", *alone]) == 0
    # what applies to the release by itself reads the same, whatever it is made on
    assert run(["rebase", "--check", *OVER]) == 0
    port.write_bytes(b"")
    Path("patches/more/5.1/series").write_bytes(b"")
    assert run(["rebase", "5.1", "--again", *OVER]) == 0
    assert port.read_bytes() == first


def test_two_sessions_do_not_meet(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rebase", "5.1", *OVER]) == 4
    said(capsys)
    assert run(["rebase", "--status"]) == 0
    assert said(capsys) == ["no rebase is under way"]
    assert run(["rebase", "--abort"]) == 0
    assert WAITS.is_dir()
    assert run(["rebase", "--abort", *OVER]) == 0
    assert not WAITS.exists()


def test_a_stack_below_of_which_no_base_is_known(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    foreign = write_stack(tmp_path / "foreign", {LOW: LOWER}, {})
    assert run(["rebase", "5.1", "--series", str(foreign), *OVER]) == 2
    told = error(capsys)
    first = f"hgport rebase --series {foreign} --base RELEASE 5.1"
    assert f"(first: {first})" in told
    # which works with a release
    assert run(first.replace("RELEASE", "5.2").split()[1:]) == 4


def test_a_port_that_another_ground_lacks_is_told(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    # what the stack below does as well
    again = patch_bytes(file_diff("h", numbered(20), LOW_H), subject="again: below")
    made.further("mine", {"again.patch": again})
    assert run(["rebase", "5.1", "--again", "--with", "mine"]) == 0
    assert said(capsys)[-2:] == [
        "5.1: written: patches/mine/5.1",
        "  again.patch is missing on 5.1 and 1 other release now, without the stacks "
        "below: hgport status --series patches/mine/series 5.1",
    ]
    assert run(["status", "--series", "patches/mine/series", "5.1"]) == 1
    assert "absent" in capsys.readouterr().out
