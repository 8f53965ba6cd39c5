"""``hgport rebase`` as a person calls it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from helpers_rebase import BASE, BOTH, NEW, OLD, PATCHES, TWO, error, project, said
from hgport.cli import run
from hgport.engine import hg

CONFLICT = re.compile(rb"<<<<<<< target\n.*?>>>>>>> patch\n", re.S)
WORDS = b"upstream and patched ten\n"


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = project(tmp_path / "project", monkeypatch)
    monkeypatch.chdir(result.root)
    return result


@pytest.fixture(scope="module")
def stopped_once(tmp_path_factory: pytest.TempPathFactory) -> Project:
    with pytest.MonkeyPatch.context() as patch:
        result = project(tmp_path_factory.mktemp("stopped") / "project", patch)
        assert run(["rebase", "5.1"]) == 4
        return result


@pytest.fixture(scope="module")
def finished_once(stopped_once: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    with pytest.MonkeyPatch.context() as patch:
        result = _copied(stopped_once, tmp_path_factory.mktemp("finished") / "project", patch)
        settle(copy(result))
        assert run(["rebase", "--continue"]) == 0
        return result


def _copied(source: Project, root: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    shutil.copytree(source.root, root)
    result = Project(root)
    monkeypatch.setenv("HGPORT_PROJECT", str(root))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


@pytest.fixture
def stopped(stopped_once: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in which a rebase to 5.1 waits at a conflict."""
    result = _copied(stopped_once, tmp_path / "project", monkeypatch)
    monkeypatch.chdir(result.root)
    return result


@pytest.fixture
def finished(finished_once: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with a port for 5.1."""
    result = _copied(finished_once, tmp_path / "project", monkeypatch)
    monkeypatch.chdir(result.root)
    return result


def copy(made: Project, version: str = "5.1") -> Path:
    return made.root / ".hgport" / "rebase" / version


def settle(path: Path, name: str = "f", words: bytes = WORDS) -> None:
    """What a person does about a conflict."""
    file = path / name
    file.write_bytes(CONFLICT.sub(lambda _found: words, file.read_bytes()))
    hg.run("resolve", "-m", name, cwd=path)


def ports(made: Project) -> dict[str, bytes]:
    """All that is in port directories and records."""
    root = made.root / "patches"
    files = (path for path in root.rglob("*") if path.is_file() and path.parent != root)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def is_over(made: Project) -> bool:
    """Whether nothing of a rebase is left."""
    place = made.root / ".hgport" / "rebase"
    return not place.exists() or not list(place.iterdir())


def test_a_session(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rebase", "5.1"]) == 4
    assert said(capsys) == [
        "5.1: from the top-level series on 5.2, the base: 1.patch, 2.patch, 3.patch",
        "",
        "   5.1",
        "1  exact",
        "2  conflict",
        "3  untried",
        "2 on 5.1: conflict in f line 10",
        "",
        "5.1: conflict in 2.patch",
        "  f, line 10: both changed it in different ways",
        "  It waits in .hgport/rebase/5.1, with the patches before it committed.",
        "  Edit the files there, then: hg resolve -m FILE, and hgport rebase --continue 5.1",
        "  Or: hgport rebase --skip 5.1 (the port goes without the patch), "
        "hgport rebase --abort 5.1",
    ]
    assert ports(made) == {}
    assert run(["rebase", "--continue"]) == 4
    assert said(capsys) == [
        "5.1: not settled: .hgport/rebase/5.1: 2.patch",
        "  f: markers are left in line 10",
    ]
    assert run(["rebase", "5.1"]) == 2
    told = error(capsys)
    assert "a rebase to 5.1 is not finished" in told
    assert "--continue 5.1" in told and "--skip" in told and "--abort" in told
    settle(copy(made))
    assert run(["rebase", "--status"]) == 4
    assert said(capsys) == [
        "5.1: settled: .hgport/rebase/5.1: 2.patch",
        "  hgport rebase --continue goes on.",
    ]
    assert run(["rebase", "--continue"]) == 0
    assert said(capsys)[-2:] == [
        "5.1: written: patches/5.1",
        "  remembered: patches/resolutions/5.1/2.patch",
    ]
    assert is_over(made)
    assert b"+upstream and patched ten\n" in ports(made)["5.1/2.patch"]
    assert ports(made)["5.1/1.patch"] == PATCHES["1.patch"]
    assert run(["rebase", "--status"]) == 0
    assert said(capsys) == ["no rebase is under way"]
    assert run(["rebase", "--check"]) == 0
    assert said(capsys)[-1] == "1 port with 3 patches: all as made from their neighbours"
    assert run(["rebase", "--continue"]) == 2
    assert "no rebase is under way" in error(capsys)


def test_nothing_to_check(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rebase", "--check"]) == 2
    assert "there is no port to check" in error(capsys)


def test_a_touched_port(finished: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made = finished
    patch = made.root / "patches" / "5.1" / TWO
    good = patch.read_bytes()
    patch.write_bytes(good.replace(b"+upstream and", b"+upstream or"))
    assert run(["rebase", "--check", "--explain"]) == 1
    told = said(capsys)
    assert told[0] == "patches/5.1/2.patch: differs from what is made"
    assert "  -+upstream and patched ten" in told
    assert "  ++upstream or patched ten" in told
    assert "1 port with 3 patches: 1 of them differ" in told
    assert run(["rebase", "--check", "--json"]) == 1
    assert json.loads("\n".join(said(capsys)))["ports"][0]["differences"] == [TWO]
    # the person means it
    assert run(["rebase", "--remember"]) == 0
    assert said(capsys) == [
        "remembered: patches/resolutions/5.1/2.patch",
        "1 port, 1 record changed",
    ]
    assert run(["rebase", "--check"]) == 0
    (made.root / "patches" / "resolutions" / "4.0").mkdir()
    (made.root / "patches" / "resolutions" / "4.0" / TWO).write_bytes(b"dropped\n")
    said(capsys)
    assert run(["rebase", "--check"]) == 1
    assert "patches/resolutions/4.0/2.patch: is about no patch of a port" in said(capsys)


def test_some_finish_and_some_wait(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made.release("4.9", {**OLD, "f": numbered(30, line10="upstream ten", line8="other")})
    made.write("5.2", PATCHES)
    assert run(["rebase", "4.9..5.3", "--again"]) == 4
    told = said(capsys)
    assert told[told.index("") + 1 : told.index("") + 5] == [
        "   5.1       5.3",
        "1  exact     exact",
        "2  conflict  lines",
        "3  untried   exact",
    ]
    assert told[-6:] == [
        "5.0: waits",
        "  It waits for 5.1.",
        "4.9: waits",
        "  It waits for 5.0.",
        "5.3: written: patches/5.3",
        "1 conflict, 2 waits, 1 written",
    ]
    assert set(ports(made)) == {"5.3/series", "5.3/1.patch", "5.3/2.patch", "5.3/3.patch"}
    # others may go on meanwhile, but not what is unfinished
    assert run(["rebase", "5.0"]) == 2
    assert "a rebase to 5.0 is not finished" in error(capsys)
    assert run(["rebase", "5.3"]) == 0
    said(capsys)
    settle(copy(made))
    assert run(["rebase", "--continue", "5.1"]) == 0
    told = said(capsys)
    assert "5.1: written: patches/5.1" in told
    assert "5.0: from the port for 5.1 on 5.1, on the way to the base: " in "\n".join(told)
    assert "4.9: written: patches/4.9" in told
    assert "5.1: merged: patches/5.1" in told
    assert is_over(made)
    assert {name.partition("/")[0] for name in ports(made)} == {"4.9", "5.0", "5.3", "resolutions"}
    assert run(["rebase", "--check"]) == 0


def test_a_resolution_is_offered_again(
    finished: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["rebase", "5.0", "--base", "5.2"]) == 0
    told = said(capsys)
    at = told.index("5.0: 2.patch: f: conflict as in patches/resolutions/5.1/2.patch:")
    assert told[at + 1] == "  -<<<<<<< target"
    assert told[at + 8] == "  +upstream and patched ten"
    # what is shown comes before what is written
    assert at < told.index("5.0: written: patches/5.0")
    assert run(["rebase", "5.0", "--base", "5.2", "--no-memory"]) == 4
    assert "5.0: conflict in 2.patch" in said(capsys)
    assert run(["rebase", "--abort"]) == 0


def test_skip(stopped: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made = stopped
    (copy(made) / "f").write_bytes(b"half\n")
    assert run(["rebase", "--skip"]) == 4
    told = said(capsys)
    # the third builds on the second
    assert "5.1: conflict in 3.patch" in told
    assert "  2.patch is left out of the port." in told
    assert run(["rebase", "--skip", "5.1"]) == 0
    assert "2  left out" in said(capsys)
    assert set(ports(made)) == {
        "5.1/series",
        "5.1/1.patch",
        "resolutions/5.1/2.patch",
        "resolutions/5.1/3.patch",
    }
    assert run(["rebase", "--check"]) == 0
    assert is_over(made)


def test_abort(stopped: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made = stopped
    assert run(["rebase", "--abort", "5.1"]) == 0
    assert said(capsys) == [f"given up: the rebase to 5.1, with {copy(made)}"]
    assert is_over(made)
    for _twice in range(2):
        assert run(["rebase", "--abort"]) == 0
        assert said(capsys) == ["no rebase is under way"]


def test_a_damaged_state(stopped: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made = stopped
    state = copy(made).with_name("state.json")
    for damage in (b"", b"{}", b"[1]", b"\xff", state.read_bytes().replace(b'"5.1"', b'"../x"')):
        state.write_bytes(damage)
        for verb in ("--status", "--continue", "--skip"):
            said(capsys)
            assert run(["rebase", verb]) == 2
            assert "state.json is damaged" in error(capsys)
    said(capsys)
    # what is named goes, and of the rest nothing is known
    assert run(["rebase", "--abort", "5.3"]) == 0
    assert copy(made).is_dir()
    assert run(["rebase", "--abort", "5.1"]) == 0
    assert said(capsys)[-1] == f"given up: the rebase to 5.1, with {copy(made)}"
    assert not copy(made).exists()
    assert run(["rebase", "--abort"]) == 0
    assert said(capsys) == [f"given up: what {state} said, which was damaged"]
    assert is_over(made)
    assert ports(made) == {}


def test_a_state_that_is_gone(stopped: Project, capsys: pytest.CaptureFixture[str]) -> None:
    copy(stopped).with_name("state.json").unlink()
    (copy(stopped) / "f").write_bytes(b"work of a person\n")
    assert run(["rebase", "--status"]) == 0
    assert run(["rebase", "5.3", "--again"]) == 0
    said(capsys)
    assert run(["rebase", "5.1"]) == 2
    assert "no rebase that it belongs to (hgport rebase --abort" in error(capsys)
    assert (copy(stopped) / "f").read_bytes() == b"work of a person\n"
    assert run(["rebase", "--abort"]) == 0
    assert said(capsys) == [f"given up: the rebase to 5.1, with {copy(stopped)}"]
    assert run(["rebase", "5.1"]) == 4


def test_a_working_copy_that_is_gone(stopped: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made = stopped
    copy(made).rename(made.root / "away")
    assert run(["rebase", "--status"]) == 4
    assert "is gone" in said(capsys)[1]
    # nothing was settled in it, so it can be had again
    assert run(["rebase", "--continue"]) == 4
    assert "5.1: conflict in 2.patch" in said(capsys)
    hg.run("graft", "--abort", cwd=copy(made))
    assert run(["rebase", "--continue"]) == 4
    assert "5.1: conflict in 2.patch" in said(capsys)


def test_what_does_not_belong(stopped: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made = stopped
    settle(copy(made))
    (copy(made) / "new").write_bytes(b"mine")
    assert run(["rebase", "--status"]) == 4
    told = said(capsys)
    assert told[0].startswith("5.1: not settled")
    assert "new is not under version control" in told[1]
    assert run(["rebase", "--continue"]) == 2
    assert "new is not under version control" in error(capsys)
    (copy(made) / "new").unlink()
    assert run(["rebase", "--continue"]) == 0


def test_status_says_what_continue_does(
    stopped: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    made = stopped
    settle(copy(made))
    hg.run("graft", "--continue", cwd=copy(made))
    assert run(["rebase", "--status"]) == 4
    assert said(capsys)[0].startswith("5.1: settled")
    (copy(made) / "f").write_bytes(b"not committed\n")
    assert run(["rebase", "--status"]) == 4
    assert said(capsys)[0].startswith("5.1: not settled")
    assert run(["rebase", "--continue"]) == 2


def test_what_was_settled_outlives_its_origin(
    stopped: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    made = stopped
    settle(copy(made))
    patch = made.root / "patches" / "1.patch"
    patch.write_bytes(patch.read_bytes().replace(b"one: first", b"one: the first"))
    assert run(["rebase", "--continue"]) == 0
    told = said(capsys)
    assert any("has changed since it began" in line for line in told)
    assert b"+upstream and patched ten\n" in ports(made)["5.1/2.patch"]
    assert b"one: the first" in ports(made)["5.1/1.patch"]
    assert run(["rebase", "--check"]) == 0
    assert is_over(made)


def test_what_was_settled_is_used_on_what_is_new(
    stopped: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    made = stopped
    settle(copy(made))
    for name, mark in (("2.patch", b"+"), ("3.patch", b"-")):
        patch = made.root / "patches" / name
        data = patch.read_bytes()
        patch.write_bytes(data.replace(mark + b"patched three", mark + b"patched 3"))
    assert run(["rebase", "--continue"]) == 0
    assert b"+upstream and patched ten\n" in ports(made)["5.1/2.patch"]
    assert b"+patched 3\n" in ports(made)["5.1/2.patch"]
    assert run(["rebase", "--check"]) == 0


OWN = patch_bytes(file_diff("own", None, b"a\nb\n"), subject="own: more")


def add_own(made: Project) -> None:
    """What only the port for 5.1 has."""
    directory = made.root / "patches" / "5.1"
    (directory / "own.patch").write_bytes(OWN)
    with (directory / "series").open("a") as series:
        series.write("own.patch\n")


def test_a_patch_of_the_ports_own(finished: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made = finished
    add_own(made)
    assert run(["rebase", "--check"]) == 1
    assert "patches/5.1/own.patch: is not made" in said(capsys)
    assert run(["rebase", "--remember"]) == 0
    assert run(["rebase", "--check"]) == 0
    for more in ([], ["--no-memory"]):
        run(["rebase", "--again", "5.1", *more])
        assert ports(made)["5.1/own.patch"] == OWN
    assert run(["rebase", "--abort"]) == 0


def test_what_leaves_a_port_is_named(finished: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made = finished
    add_own(made)
    first = made.root / "patches" / "5.1" / "1.patch"
    first.write_bytes(first.read_bytes().replace(b"one: first", b"one: by hand"))
    assert run(["rebase", "--again", "5.1"]) == 0
    told = said(capsys)
    assert "  own.patch leaves the port." in told
    assert "  1.patch is not any more as it was in the port." in told


def test_a_port_that_cannot_be_made(finished: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made = finished
    shutil.copytree(made.root / "patches" / "5.1", made.root / "patches" / "5.0")
    second = made.root / "patches" / "5.1" / "2.patch"
    second.write_bytes(second.read_bytes().replace(b" line 12", b" lost"))
    said(capsys)
    assert run(["rebase", "--check"]) == 1
    told = said(capsys)
    assert told[0].startswith("patches/5.0: cannot be made: 2.patch does not apply to 5.1")
    assert "patches/5.1/2.patch: differs from what is made" in told
    assert run(["rebase", "--check", "--json"]) == 1
    plain = json.loads(capsys.readouterr().out)
    assert [one["ok"] for one in plain["ports"]] == [False, False]
    assert [one["base"] for one in plain["stacks"]] == ["5.2"]


def test_hints_name_the_series(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    series = str(made.root / "series")
    assert run(["rebase", "5.1", "--series", series]) == 4
    told = said(capsys)
    assert any(f"hgport rebase --series {series} --continue 5.1" in line for line in told)
    assert run(["rebase", "5.1", "--series", series]) == 2
    assert f"hgport rebase --series {series} --continue" in error(capsys)


def test_one_conflict_after_another(
    made: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made.release("4.9", {**OLD, "h": numbered(20, line3="upstream three")})
    made.write("5.2", PATCHES)
    assert run(["rebase", "4.9"]) == 4
    told = said(capsys)
    assert "  f, line 10: both changed it in different ways" in told
    assert "  h, line 3: both changed it in different ways" in told
    settle(copy(made, "4.9"))
    settle(copy(made, "4.9"), "h", b"three of both\n")
    assert run(["rebase", "--continue"]) == 4
    assert "4.9: conflict in 3.patch" in said(capsys)
    assert hg.run("log", "-T", "{desc|firstline}\n", "-r", "::.", cwd=copy(made, "4.9")).stdout == (
        b"Mercurial 4.9\none: first\ntwo: second\n"
    )
    # the series changes under it
    patch = made.root / "patches" / TWO
    patch.write_bytes(patch.read_bytes().replace(b"Why it", b"How it"))
    settle(copy(made, "4.9"), "h", b"third of both\n")
    assert run(["rebase", "--continue"]) == 0
    assert "4.9: written: patches/4.9" in said(capsys)
    assert b"+third of both\n" in ports(made)["4.9/3.patch"]
    assert b"-three of both\n" in ports(made)["4.9/3.patch"]
    assert b"How it" in ports(made)["4.9/2.patch"]
    assert run(["rebase", "--check"]) == 0


def test_into_a_directory(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rebase", "5.3", "--into", "out/there"]) == 0
    assert said(capsys)[-1] == "5.3: written: out/there"
    assert sorted(path.name for path in Path("out/there").iterdir()) == [
        "1.patch",
        "2.patch",
        "3.patch",
        "series",
    ]
    assert ports(made) == {}
    assert run(["rebase", "5.3", "--into", "out/there"]) == 2
    assert "exists already" in error(capsys)
    assert run(["rebase", "5.1..5.3", "--into", "out/here"]) == 2
    assert "--into takes one release" in error(capsys)


def test_trying_writes_nothing(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rebase", "5.3", "--dry-run"]) == 0
    assert said(capsys)[0].startswith("5.3: from the top-level series on 5.2, the base: 1.patch")
    assert run(["rebase", "5.1..5.3", "--explain"]) == 4
    told = said(capsys)
    assert "5.1, from the top-level series on 5.2, the base" in told
    assert "    hunk 1, line 10: conflict; both changed it in different ways" in told
    assert run(["rebase", "5.1", "-n", "--json"]) == 4
    document = json.loads("\n".join(said(capsys)))
    assert (document["carried"][0]["ok"], document["stacks"][0]["base"]) == (False, "5.2")
    assert ports(made) == {} and is_over(made)


def test_json(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["rebase", "5.1,5.3", "--again", "--json"]) == 4
    document = json.loads("\n".join(said(capsys)))
    assert [one["series"] for one in document["stacks"]] == [str(made.root / "series")]
    one, two = document["rebases"]
    assert (one["version"], one["standing"], one["patch"]) == ("5.1", "conflict", TWO)
    assert one["conflicts"] == [{"path": "f", "lines": [10]}]
    assert (two["version"], two["standing"]) == ("5.3", "written")
    assert [carried["version"] for carried in document["carried"]] == ["5.1", "5.3"]
    assert run(["rebase", "--abort"]) == 0


def test_what_is_served_needs_nothing(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made.release("5.4", BASE)
    made.write("5.2", PATCHES)
    assert run(["rebase", "5.4"]) == 0
    assert said(capsys) == ["5.4: served already"]
    assert ports(made) == {} and NEW != BASE and BOTH


@pytest.mark.parametrize(
    "words, told",
    [
        ([], "say which releases"),
        (["5.2"], "5.2 is the base itself"),
        (["5.1", "--base", "9.9"], "9.9"),
        (["9.9"], "9.9"),
        (["--continue", "--skip"], "--continue and --skip do not go together"),
        (["--abort", "--base", "5.2"], "--base does not go with --abort"),
        (["--check", "--into", "x"], "--into does not go with --check"),
        (["--abort", "--json"], "--json does not go with --abort"),
        (["--remember", "--explain"], "--explain does not go with --remember"),
        (["--continue", "--no-memory"], "--no-memory does not go with --continue"),
        (["--status", "5.1"], "a range does not go with --status"),
        (["5.1", "--explain", "--into", "x"], "--into does not go with --explain"),
        (["5.1", "--dry-run", "--into", "x"], "--into does not go with --dry-run"),
        (["5.1", "--series", "/nowhere/series"], "no series file"),
    ],
)
def test_wrong_commands(
    made: Project, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    assert run(["rebase", *words]) == 2
    assert told in error(capsys)
    assert ports(made) == {}


def _start(*words: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "hgport", "rebase", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("after", [0.2, 0.8])
def test_killed_between_two_steps(
    made: Project, capsys: pytest.CaptureFixture[str], after: float
) -> None:
    victim = _start("5.1")
    state = copy(made).with_name("state.json")
    until = time.monotonic() + 60
    while not state.exists() and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(after)
    victim.kill()
    victim.communicate()
    assert run(["rebase", "--status"]) == 4
    said(capsys)
    # what is half made is made anew, what is whole is as it was
    assert run(["rebase", "--continue"]) == 4
    said(capsys)
    settle(copy(made))
    assert run(["rebase", "--continue"]) == 0
    assert run(["rebase", "--check"]) == 0
    assert is_over(made)


def test_two_at_once(made: Project) -> None:
    runs = [_start("5.1"), _start("5.1"), _start("5.3", "--again")]
    for one in runs:
        one.communicate()
    assert sorted(one.returncode for one in runs) == [0, 2, 4]
    assert (made.root / "patches" / "5.3" / "series").is_file()
    assert run(["rebase", "--abort"]) == 0
