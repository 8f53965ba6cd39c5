"""Repositories that hold the patches of several stacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_cycle import commit
from helpers_engine import Project, log, numbered
from helpers_rebase import LOW, LOW_H, SIDE, SIDE_H, UP, UPPER, two_stacks
from hgport.cli import run
from hgport.engine import hg

OVER = ["--with", "more"]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = two_stacks(tmp_path / "project", monkeypatch)
    monkeypatch.chdir(result.root)
    return result


@pytest.fixture
def repo(made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    """The base with low, up and side on it."""
    root = tmp_path / "repo"
    assert run(["apply", "5.2", "--into", str(root), *OVER]) == 0
    assert len(log(root)) == 4
    capsys.readouterr()
    return root


def amend(repo: Path, revision: str, files: dict[str, bytes], *words: str) -> None:
    """Amend a changeset, and have those on it follow."""
    config = ("--config", "extensions.rebase=", "--config", "experimental.evolution=all")
    hg.run("update", "-q", revision, cwd=repo)
    for name, content in files.items():
        (repo / name).write_bytes(content)
    hg.run("commit", "-q", "--amend", *(words or ("-m", f"{revision}!")), *config, cwd=repo)
    orphans = log(repo, revisions="orphan()")
    if orphans:
        hg.run("rebase", "-q", "-s", orphans[0], "-d", ".", *config, cwd=repo)
    hg.run("update", "-q", "tip", cwd=repo)


def error(capsys: pytest.CaptureFixture[str]) -> str:
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    return err


def texts(made: Project) -> dict[str, bytes]:
    files = (path for path in (made.root / "patches").rglob("*") if path.is_file())
    return {str(path.relative_to(made.root / "patches")): path.read_bytes() for path in files}


def test_what_is_below_is_left_alone(
    made: Project, repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = texts(made)
    assert run(["refresh", str(repo), *OVER]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"patches/more/series from {repo}, on 5.2".replace("patches", f"{made.root}/patches", 1),
        "unchanged: up.patch",
        "unchanged: side.patch",
        "nothing to write: the port is what the changesets are",
    ]
    assert texts(made) == before


def test_an_amended_patch_on_top(
    made: Project, repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = texts(made)
    again = numbered(30, line10="up and up ten")
    amend(repo, "2", {"f": again}, "-m", "up: second")
    commit(repo, {"g": b"more\nend\n"}, "up: a third")
    assert run(["refresh", str(repo), *OVER]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "rewritten: up.patch",
        "unchanged: side.patch",
        "new: up-a-third.patch",
    ]
    after = texts(made)
    assert b"-low ten\n+up and up ten\n" in after["more/up.patch"]
    changed = {name for name in after if after[name] != before.get(name)}
    assert changed == {"more/up.patch", "more/up-a-third.patch", "more/series"}


def test_places_are_as_on_the_release(made: Project, tmp_path: Path) -> None:
    made.further("more", {SIDE: UPPER[SIDE]})
    repo = tmp_path / "repo"
    assert run(["apply", "5.2", "--into", str(repo), *OVER]) == 0
    amend(repo, "2", {"h": b"low\nlow\n" + SIDE_H + b"end\n"}, "-m", "side: third")
    assert run(["refresh", str(repo), *OVER]) == 0
    # and not two lines below, where low.patch has moved it
    assert b"\n@@ -12,9 +12,10 @@\n" in texts(made)["more/side.patch"]


def test_an_amended_patch_below(
    made: Project, repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = texts(made)
    amend(repo, "1", {"h": LOW_H + b"end\n"}, "-m", "low: first")
    assert run(["refresh", str(repo), *OVER]) == 2
    told = error(capsys)
    node = log(repo, "{node|short}\n", "children(0) and ::.")[0]
    assert f"{node} in {repo} is not what low.patch, of a stack below, makes" in told
    assert f"hg update {node}, then hgport refresh --series series {repo}" in told
    assert texts(made) == before
    # which works, and then so does what was asked for
    hg.run("update", "-q", node, cwd=repo)
    assert run(["refresh", "--series", "series", str(repo)]) == 0
    assert b"+end\n" in texts(made)[LOW]
    hg.run("update", "-q", "tip", cwd=repo)
    assert run(["refresh", str(repo), *OVER]) == 0
    assert "unchanged: side.patch" in capsys.readouterr().out


def test_other_words_below_are_mentioned(
    made: Project, repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    amend(repo, "1", {}, "-m", "low: in other words")
    assert run(["refresh", str(repo), *OVER]) == 0
    assert "says otherwise than low.patch, of a stack below; that stays." in capsys.readouterr().out


@pytest.mark.parametrize(
    "at, said", [("0", "has no changeset on 5.2"), ("1", "has nothing on these")]
)
def test_nothing_of_ones_own(
    made: Project, repo: Path, capsys: pytest.CaptureFixture[str], at: str, said: str
) -> None:
    hg.run("update", "-q", at, cwd=repo)
    assert run(["refresh", str(repo), *OVER]) == 2
    assert said in error(capsys)


def test_a_stack_below_that_is_not_there(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    repo = tmp_path / "alone"
    made.further("more", {SIDE: UPPER[SIDE]})
    assert run(["apply", "5.2", "--into", str(repo), "--series", "patches/more"]) == 0
    assert run(["refresh", str(repo), *OVER]) == 2
    told = error(capsys)
    assert f"is side.patch, where low.patch of {made.root}/series comes first" in told
    # by itself it is all there
    assert run(["refresh", str(repo), "--series", "patches/more"]) == 0


@pytest.mark.parametrize(
    "words, patch, stack",
    [([], UP, "patches/more/series"), (["--series", "patches/more"], LOW, "series")],
)
def test_no_patch_comes_into_another_stack(
    made: Project,
    repo: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    patch: str,
    stack: str,
) -> None:
    before = texts(made)
    if stack == "series":
        # known by its name, whatever else it says
        amend(repo, "1", {}, "-m", "low\n\nIn other words.")
    assert run(["refresh", str(repo), *words, "--yes"]) == 2
    told = error(capsys)
    assert f" is {patch} of " in told and f"{stack} (say with --series and --with" in told
    assert texts(made) == before


def test_stacks_in_another_order(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.further("more", {SIDE: UPPER[SIDE]})
    repo = tmp_path / "repo"
    assert run(["apply", "5.2", "--into", str(repo), *OVER]) == 0
    capsys.readouterr()
    assert run(["refresh", str(repo), "--series", "patches/more", "--with", "./series"]) == 2
    told = error(capsys)
    assert "is low.patch, where side.patch of patches/more/series comes first" in told
    assert "hg update" not in told and "the lowest first" in told


# what is written serves the other ground as well


@pytest.mark.parametrize(
    "words, name, changed, said",
    [
        (OVER, "h", b"low\nlow!\n" + SIDE_H, "without the stacks below"),
        (["--series", "patches/more"], "f", numbered(30, line11="x"), "on top of the project's"),
    ],
)
def test_what_another_ground_cannot_take_is_told(
    made: Project,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    name: str,
    changed: bytes,
    said: str,
) -> None:
    made.further("more", {SIDE: UPPER[SIDE]})
    repo = tmp_path / "repo"
    assert run(["apply", "5.2", "--into", str(repo), *words]) == 0
    amend(repo, "tip", {name: changed}, "-m", "side: third")
    capsys.readouterr()
    assert run(["refresh", str(repo), *words]) == 0
    *_others, told = capsys.readouterr().out.splitlines()
    assert told.startswith("side.patch no longer applies to 5.2")
    assert said in told
    # what it says there shows it
    command = told.partition(": hgport ")[2].split()
    assert command[0] == "status"
    assert run(command) == 1
    assert "conflict" in capsys.readouterr().out


def test_what_every_ground_takes_needs_no_word(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.further("more", {SIDE: UPPER[SIDE]})
    repo = tmp_path / "repo"
    assert run(["apply", "5.2", "--into", str(repo), *OVER]) == 0
    fine = numbered(20, line15="side 15").replace(b"line 1\n", b"low\nlow\nline 1\n", 1)
    amend(repo, "tip", {"h": fine}, "-m", "side: third")
    capsys.readouterr()
    assert run(["refresh", str(repo), *OVER]) == 0
    told = capsys.readouterr().out
    assert "rewritten: side.patch" in told and "no longer" not in told
