"""``hgport status`` as a person calls it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport import process
from hgport.cli import run

BASE = numbered(30)
ONE = patch_bytes(file_diff("f", BASE, numbered(30, line10="new 10")))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = Project(tmp_path)
    result.release("5.2", {"f": BASE})
    result.release("5.3", {"f": b"x\n" + BASE})
    result.write("5.2", {"one.patch": ONE})
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


def test_table_and_summary(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status"]) == 0
    assert capsys.readouterr().out == (
        "     5.2  5.3\none  ok   offset\n1 patch on 2 releases: all as it should be\n"
    )


def test_a_range(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "5.3"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "     5.3"


def test_json(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "--json", "5.3"]) == 0
    plain = json.loads(capsys.readouterr().out)
    (release,) = plain["releases"]
    assert (release["version"], release["line"], release["ports"]) == ("5.3", "5.3", [None])
    (patch,) = release["patches"]
    assert (patch["patch"], patch["outcome"]) == ("one.patch", "offset")
    assert patch["hunks"] == [
        {"file": "f", "number": 1, "line": 7, "offset": 1, "fuzz": 0, "rejected": False}
    ]


def test_a_conflict_is_exit_code_1(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made.write("5.2", {"one.patch": ONE.replace(b"line 9", b"line x")})
    assert run(["status"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert "one on 5.2..5.3: conflict in f hunk 1 (line 7)" in said
    assert said[-1] == "1 patch on 2 releases: 2 conflicts"


def test_another_stack(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    debian = made.root / "debian" / "patches"
    debian.mkdir(parents=True)
    (debian / "series").write_text("two.patch -p1\n")
    (debian / "two.patch").write_bytes(file_diff("f", BASE, numbered(30, line3="3")))
    assert run(["status", "--series", str(debian / "series")]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "two  ok   offset"


@pytest.mark.parametrize(
    "series, patch, said",
    [
        (b"gone.patch\n", b"", "line 1: there is no patch gone.patch"),
        (b"p\n\np\n", ONE, "line 3: p is already listed in line 1"),
        (b"p\n", b"hello\n", "line 1: p is no patch"),
        (b"p\n", ONE.replace(b"/f", b"/../f"), "leaves the tree"),
        (b"p\n", ONE.replace(b"/f", b"/.hg/f"), "in a repository's own .hg"),
        (b"p\n", ONE.replace(b"a/f", b"a//f").replace(b"b/f", b"b//f"), "is absolute"),
    ],
)
def test_bad_series(
    made: Project, capsys: pytest.CaptureFixture[str], series: bytes, patch: bytes, said: str
) -> None:
    (made.root / "bad").mkdir()
    (made.root / "bad" / "series").write_bytes(series)
    (made.root / "bad" / "p").write_bytes(patch)
    assert run(["status", "--series", str(made.root / "bad")]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.startswith("hgport: ")
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", [["9.9"], ["5.22"], ["5.2", "5.3"], ["--fuzz", "x"]])
def test_bad_words(made: Project, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert run(["status", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1


def test_a_terminal_that_cannot_show_everything(made: Project) -> None:
    made.write("5.2", {"a-name-that-is-longer-than-a-narrow-terminal.patch": ONE})
    words = [sys.executable, "-X", "utf8=0", "-m", "hgport", "status"]
    env = {"PYTHONIOENCODING": "ascii", "COLUMNS": "40", "HGPORT_PROJECT": str(made.root)}
    done = process.run(words, env={**env, "HGPORT_CACHE": str(made.cache)})
    assert b"a-name-that-is-longer-th" in done.stdout.replace(b"?", b"")


@pytest.mark.parametrize("content", [b"", b"# nothing yet\n"])
def test_a_series_without_patches_is_no_good_news(
    made: Project, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (made.root / "series").write_bytes(content)
    assert run(["status"]) == 2
    assert capsys.readouterr().err == f"hgport: {made.root / 'series'} lists no patch\n"


def test_a_typo_in_a_path_is_no_good_news(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    made.write("5.2", {"one.patch": ONE, "two.patch": ONE.replace(b"/f", b"/typo")})
    assert run(["status"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-2:] == [
        "two on 5.2..5.3: none of these releases has any of its files",
        "2 patches on 2 releases: 1 patch for none of them",
    ]


def test_the_root_of_a_tree_that_quilt_works_in(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    root = made.root / "debian"
    (root / "patches").mkdir(parents=True)
    assert run(["status", "--series", str(root)]) == 2
    err = capsys.readouterr().err
    assert str(root / "series") in err
    assert str(root / "patches" / "series") in err
    (root / "patches" / "series").write_text("two.patch\n")
    (root / "patches" / "two.patch").write_bytes(file_diff("f", BASE, numbered(30, line3="3")))
    assert run(["status", "--series", str(root)]) == 0


def test_a_stack_on_top(made: Project, capsys: pytest.CaptureFixture[str]) -> None:
    made.further("more", {"two.patch": patch_bytes(file_diff("f", BASE, BASE + b"more\n"))})
    assert run(["status", "--with", "more"]) == 0
    assert capsys.readouterr().out == (
        "     5.2  5.3\nseries\none  ok   offset\npatches/more/series\ntwo  ok   offset\n"
        "2 patches on 2 releases: all as it should be\n"
    )
    assert run(["status", "--with", "more", "--json"]) == 0
    stacks = json.loads(capsys.readouterr().out)["stacks"]
    assert [stack["patches"] for stack in stacks] == [["one.patch"], ["two.patch"]]


def test_a_conflict_on_top_is_exit_code_1(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    other = patch_bytes(file_diff("f", BASE, numbered(30, line10="other")))
    made.further("more", {"two.patch": other})
    assert run(["status", "--series", str(made.root / "patches/more")]) == 0
    capsys.readouterr()
    assert run(["status", "--with", "more"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[-2:] == [
        "two on 5.2..5.3: conflict in f hunk 1 (line 7)",
        "2 patches on 2 releases: 2 conflicts",
    ]


@pytest.mark.parametrize(
    "words, said",
    [
        (["--with", "mroe"], "there is no stack mroe"),
        (["--with", "more", "--with", "more"], "is already one of the stacks"),
        (["--with", "twice"], "has one.patch, and so has a stack below it"),
        (["--with", "/nowhere/series"], "there is no stack /nowhere/series"),
    ],
)
def test_bad_stacks_on_top(
    made: Project, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    made.further("more", {"two.patch": ONE})
    made.further("twice", {"one.patch": ONE})
    assert run(["status", *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.startswith("hgport: ")
    assert err.count("\n") == 1
