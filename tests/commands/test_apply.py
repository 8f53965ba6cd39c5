"""``hgport apply`` as a person calls it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, log, numbered, patch_bytes, repository
from hgport import process
from hgport.cli import run

BASE = numbered(30)
FILES = {"f": BASE, "g": b"old\n"}
PATCHES = {
    "1.patch": patch_bytes(
        file_diff("f", BASE, numbered(30, line10="new 10")), subject="one: first"
    ),
    "2.patch": patch_bytes(file_diff("g", b"old\n", b"new\n"), subject="two: second"),
}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = Project(tmp_path / "project")
    result.root.mkdir()
    result.release("5.2", FILES)
    result.release("5.3", {"f": b"upstream did this\n", "g": b"old\n"})
    result.absorbed("1.patch", "5.3", "f", "upstream did this")
    result.write("5.2", PATCHES)
    monkeypatch.setenv("HGPORT_PROJECT", str(result.root))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


def test_into_a_repository(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "target"
    assert run(["apply", "5.2", "--into", str(target)]) == 0
    short = log(target, "{node|short}\n")
    assert capsys.readouterr().out.splitlines() == [
        f"{made.root / 'series'} for 5.2, into {target}",
        f"{short[1]} one: first",
        f"{short[2]} two: second",
    ]


def test_into_a_tree(made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "target"
    assert run(["apply", "5.2", "--into", str(target), "--as", "tree"]) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "applied: one: first",
        "applied: two: second",
    ]
    assert (target / "g").read_bytes() == b"new\n"


def test_what_upstream_has_is_left_out(made: Project, tmp_path: Path) -> None:
    assert run(["apply", "5.3", "--into", str(tmp_path / "target")]) == 0
    assert log(tmp_path / "target", "{desc|firstline}\n") == ["Mercurial 5.3", "two: second"]


def test_a_patch_that_an_earlier_one_has_is_left_out_as_such(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.write("5.2", {**PATCHES, "3.patch": PATCHES["1.patch"]})
    assert run(["apply", "5.2", "--into", str(tmp_path / "target"), "--as", "tree"]) == 0
    told = capsys.readouterr().out.splitlines()[1:]
    assert told[2] == "left out: 1.patch has it already: one: first"
    assert run(["status", "5.2"]) == 1


def test_into_a_clone(made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    clone = repository(tmp_path / "clone", FILES, tag="mine")
    assert run(["apply", "5.2", "-R", str(clone)]) == 2
    told = capsys.readouterr().err
    assert ": unknown revision '" in told
    assert "--rev" in told
    assert run(["apply", "5.2", "-R", str(clone), "--rev", "mine", "-u", "Me"]) == 0
    assert log(clone, "{user}\n") == ["test", "Me", "Me"]
    assert [line[:12] for line in capsys.readouterr().out.splitlines()[1:]] == log(
        clone, "{node|short}\n"
    )[1:]


def test_a_conflict(made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made.write("5.2", {**PATCHES, "2.patch": patch_bytes(file_diff("g", b"else\n", b"x\n"))})
    assert run(["apply", "5.2", "--into", str(tmp_path / "target")]) == 1
    err = capsys.readouterr().err
    assert err == (
        "hgport: 2.patch does not apply to 5.2: g hunk 1 (line 1) (nothing was written)\n"
    )
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize("rev", ["", "\udcff"])
def test_what_is_no_revision(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], rev: str
) -> None:
    clone = repository(tmp_path / "clone", FILES, tag="5.2")
    assert run(["apply", "5.2", "-R", str(clone), "--rev", rev]) == 2
    said = capsys.readouterr()
    assert said.err == f"hgport: {rev!r} is no revision\n"
    assert "5.2 in" not in said.out
    assert len(log(clone)) == 1


def test_a_revision_that_mercurial_cannot_read_is_one_line(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clone = repository(tmp_path / "clone", FILES, tag="5.2")
    assert run(["apply", "5.2", "-R", str(clone), "--rev", "nope("]) == 2
    said = capsys.readouterr().err
    assert said == f"hgport: {clone}: not a prefix: end (nope( ^ here)\n"


def test_a_subject_that_the_terminal_cannot_show(made: Project, tmp_path: Path) -> None:
    made.write("5.2", {"1.patch": PATCHES["1.patch"].replace(b"first", "schön".encode())})
    words = [sys.executable, "-X", "utf8=0", "-m", "hgport", "apply", "5.2"]
    env = {"PYTHONIOENCODING": "ascii", "HGPORT_PROJECT": str(made.root)}
    env["HGPORT_CACHE"] = str(made.cache)
    done = process.run([*words, "--into", tmp_path / "target"], env=env)
    assert done.stdout.endswith(b" one: sch?n\n")


@pytest.mark.parametrize(
    "words, said",
    [
        (["5.2"], "say where to"),
        (["5.2", "--into", "x", "-R", "y"], "-R does not go with"),
        (["5.2", "--as", "tree", "-R", "y"], "-R does not go with"),
        (["5.2", "--into", "x", "--rev", "1"], "--rev goes with -R only"),
        (["5.22", "--into", "x"], "5.2"),
        (["latest", "--into", "x"], "'latest'"),
        (["5.2", "--into", "."], "exists already"),
        (["5.2", "--into", "new/.."], "exists already"),
        (["5.2", "--into", ""], "'--into': its name is empty"),
        (["5.2", "-R", ""], "'-R' / '--repository': its name is empty"),
        (["5.2", "--into", f"{__file__}/x"], f"{__file__} is no directory"),
        (["5.2", "--into", f"{__file__}/x/y"], f"{__file__} is no directory"),
        (["5.2", "--into", "x/../y"], "x is no directory"),
        (["5.2", "-R", "/nowhere"], "is no Mercurial repository"),
        (["5.2", "--into", "x", "--series", "/nowhere/series"], "no series file"),
        (["5.2", "--into", "x", "--user", "\udcff"], "'\\udcff' is no author's name"),
    ],
)
def test_wrong_commands(
    made: Project,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert run(["apply", *words]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1
    assert list(empty.iterdir()) == []


def test_a_link_to_nothing_is_no_directory(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for form in ("hg", "tree"):
        assert run(["apply", "5.2", "--as", form, "--into", str(tmp_path / "dangling/sub")]) == 2
        assert capsys.readouterr().err == f"hgport: {tmp_path / 'dangling'} is no directory\n"
    assert not (tmp_path / "nowhere").exists()


# a stack on top

ON_TOP = patch_bytes(
    file_diff("f", numbered(30, line10="new 10"), numbered(30, line10="newer")),
    subject="three: on top of one",
)


def test_a_stack_on_top(made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = made.further("more", {"3.patch": ON_TOP})
    target = tmp_path / "target"
    assert run(["apply", "5.2", "--with", "more", "--into", str(target)]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0] == f"{made.root / 'series'} and {more} for 5.2, into {target}"
    assert [line.partition(" ")[2] for line in said[1:]] == [
        "one: first",
        "two: second",
        "three: on top of one",
    ]
    assert log(target, "{desc|firstline}\n")[1:] == [line.partition(" ")[2] for line in said[1:]]
    assert (target / "f").read_bytes() == numbered(30, line10="newer")


def test_a_stack_on_top_in_a_clone(made: Project, tmp_path: Path) -> None:
    made.further("more", {"3.patch": ON_TOP})
    clone = repository(tmp_path / "clone", FILES, "5.2")
    assert run(["apply", "5.2", "--with", "more", "-R", str(clone)]) == 0
    assert log(clone, "{desc|firstline}\n")[-1] == "three: on top of one"


def test_a_conflict_on_top_leaves_nothing_behind(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.further("more", {"3.patch": ON_TOP.replace(b"-new 10", b"-other")})
    for words in (["--into", str(tmp_path / "target")], ["--as", "tree", "--into", "target"]):
        assert run(["apply", "5.2", "--with", "more", *words]) == 1
        err = capsys.readouterr().err
        assert err.startswith("hgport: 3.patch does not apply to 5.2: f hunk 1 (line 7)")
        assert "nothing was written" in err
    assert not (tmp_path / "target").exists()


def test_a_stack_on_top_where_upstream_has_what_is_below(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    change = file_diff("f", b"upstream did this\n", b"and we\n")
    made.further("more", {"3.patch": patch_bytes(change, subject="three: on upstream's")})
    assert run(["apply", "5.3", "--with", "more", "--into", str(tmp_path / "target")]) == 0
    assert "one: first" not in capsys.readouterr().out
    assert (tmp_path / "target/f").read_bytes() == b"and we\n"


@pytest.mark.parametrize("name", ["mroe", "more"])
def test_bad_stacks_on_top(
    made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    made.further("more", {"2.patch": ON_TOP})
    assert run(["apply", "5.2", "--with", name, "--into", str(tmp_path / "target")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not (tmp_path / "target").exists()
