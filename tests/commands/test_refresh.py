"""``hgport refresh`` as a person calls it."""

from __future__ import annotations

import os
import pty
import select
import sys
from pathlib import Path

import pytest

from helpers_cycle import commit
from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport.cli import run
from hgport.engine import hg

BASE = numbered(30)
ONE = numbered(30, line10="new 10")
PATCHES = {
    "one.patch": patch_bytes(file_diff("f", BASE, ONE), subject="one: first"),
    "two.patch": patch_bytes(file_diff("g", b"old\n", b"new\n"), subject="two: second"),
}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = Project(tmp_path / "project")
    result.root.mkdir()
    result.release("5.2", {"f": BASE, "g": b"old\n"})
    result.write("5.2", PATCHES)
    monkeypatch.setenv("HGPORT_PROJECT", str(result.root))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


@pytest.fixture
def repo(made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    root = tmp_path / "repo"
    assert run(["apply", "5.2", "--into", str(root)]) == 0
    capsys.readouterr()
    return root


def test_nothing_to_do(made: Project, repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["refresh", str(repo)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{made.root / 'series'} from {repo}, on 5.2",
        "unchanged: one.patch",
        "unchanged: two.patch",
        "nothing to write: the port is what the changesets are",
    ]


def test_what_became_of_each(made: Project, repo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hg.run("update", "-q", "1", cwd=repo)
    commit(repo, {"f": numbered(30, line10="new 10", line20="new 20")}, "two: another")
    assert run(["refresh", str(repo), "--drop-missing"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "unchanged: one.patch",
        "new: two-another.patch",
        "dropped: two.patch",
    ]
    assert (made.root / "series").read_text() == "one.patch\ntwo-another.patch\n"


def test_dropping_has_to_be_confirmed(
    made: Project, repo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hg.run("update", "-q", "1", cwd=repo)
    assert run(["refresh", str(repo)]) == 2
    assert capsys.readouterr().err == (
        "hgport: no changeset is there for two.patch (drop with --drop-missing)\n"
    )
    assert (made.root / "series").read_text() == "one.patch\ntwo.patch\n"
    assert run(["refresh", str(repo), "--yes"]) == 0
    assert (made.root / "series").read_text() == "one.patch\n"


@pytest.mark.parametrize("answer, code, left", [("n", 2, True), ("y", 0, False)])
def test_the_question_on_a_terminal(
    made: Project, repo: Path, answer: str, code: int, left: bool
) -> None:
    hg.run("update", "-q", "1", cwd=repo)
    said, ended = on_a_terminal(["refresh", str(repo)], answer)
    assert "There is no changeset for two.patch. Drop from the series?" in said
    assert ended == code
    assert (made.root / "patches" / "two.patch").exists() is left


def on_a_terminal(words: list[str], answer: str) -> tuple[str, int]:
    """What hgport prints on a terminal where a question is answered, and its exit code."""
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "hgport", *words])
    said = b""
    answered = False
    while select.select([terminal], [], [], 60)[0]:
        try:
            said += os.read(terminal, 4096)
        except OSError:
            break
        if b"[y/N]" in said and not answered:
            os.write(terminal, answer.encode() + b"\n")
            answered = True
    status = os.waitpid(child, 0)[1]
    os.close(terminal)
    return said.decode(), os.WEXITSTATUS(status)


@pytest.mark.parametrize(
    "words, said",
    [
        (["/nowhere"], "/nowhere is no Mercurial repository"),
        ([], "Missing argument 'DIR'"),
        (["repo", "--line", "9.9"], "no line '9.9'"),
        (["repo", "--line", "x"], "no line 'x'"),
        (["repo", "--series", "/nowhere/series"], "no series file"),
    ],
)
def test_wrong_commands(
    made: Project, repo: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert run(["refresh", *(str(repo) if w == "repo" else w for w in words)]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
