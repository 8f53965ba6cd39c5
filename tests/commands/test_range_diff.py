"""``hgport range-diff`` as a person calls it."""

from __future__ import annotations

import json
import os
import pty
import sys
from pathlib import Path

import pytest

from helpers_cycle import commit
from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport.cli import run
from hgport.engine import hg

BASE = b"a = b'1'\n"
PORTED = b"a = '1'\n"
PATCHES = {
    "one.patch": patch_bytes(file_diff("f.py", BASE, b"a = b'2'\n")),
    "two.patch": patch_bytes(file_diff("g", numbered(3), numbered(3, line2="x"))),
}
PORT = {"one.patch": patch_bytes(file_diff("f.py", PORTED, b"a = '2'\n"))}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    result = Project(tmp_path / "project")
    result.root.mkdir()
    for version in ("4.9", "5.0", "5.2"):
        result.release(version, {"f.py": BASE})
    result.write("5.2", PATCHES, {"4.9": PORT})
    monkeypatch.setenv("HGPORT_PROJECT", str(result.root))
    monkeypatch.chdir(result.root)
    return result.root


def said(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    assert run(["range-diff", *words]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("old", ["base", "5.2", "5.2.1", "series", "."])
@pytest.mark.parametrize("new", ["4.9", "5.0", "patches/4.9"])
def test_names_of_ports(made: Path, capsys: pytest.CaptureFixture[str], old: str, new: str) -> None:
    lines = said(capsys, old, new)
    assert [line for line in lines[:-1] if line[:1] in "12"] == ["1 ! 1  one", "2 < -  two"]
    assert "    -+a = b'2'" in lines
    assert said(capsys, old, new, "--format-aware")[0] == "1 = 1  one"


def test_json(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["range-diff", "base", "4.9", "--json", "--format-aware"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [(one["status"], one["old"], one["diff"]) for one in found["matches"]] == [
        ("same", "one.patch", ""),
        ("dropped", "two.patch", ""),
    ]


MORE = {"more.patch": patch_bytes(file_diff("h", b"h\n", b"more\n"))}
MORE_PORT = {"more.patch": patch_bytes(file_diff("h", b"h\n", b"less\n"))}


def test_stacks_on_each_other(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Project(made).further("more", MORE, {"5.0": MORE_PORT})
    for old, new in (("5.2", "4.9"), ("base", "4.9")):
        lines = said(capsys, old, new, "--with", "more")
        # the lower stack's first, and each from the port that it has for the line
        assert [line for line in lines if line[:1] in "123"][:3] == [
            "1 ! 1  one",
            "2 < -  two",
            "3 ! 2  more",
        ]
    assert said(capsys, "5.2", "4.9", "--series", "patches/more")[0] == "1 ! 1  more"
    hg.run("init", cwd=made)
    commit(made, {}, "start")
    Project(made).further("more", MORE_PORT, {"5.0": MORE_PORT})
    assert said(capsys, "tip:base", "base", "--with", "more")[:3] == [
        "1 = 1  one",
        "2 = 2  two",
        "3 ! 3  more",
    ]


def test_an_older_commit(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hg.run("init", cwd=made)
    commit(made, {}, "start")
    (made / "patches" / "4.9" / "one.patch").write_bytes(PATCHES["one.patch"])
    assert said(capsys, "tip:4.9", "4.9")[0] == "1 ! 1  one"
    assert said(capsys, "tip:base", "4.9")[0] == "1 = 1  one"
    assert said(capsys, ".:base", "tip:5.2")[-1] == "2 patches: 2 the same"


def on_a_terminal(made: Path) -> bytes:
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.executable, [sys.executable, "-m", "hgport", "range-diff", "base", "4.9"])
    out = b""
    while True:
        try:
            more = os.read(terminal, 4096)
        except OSError:
            break
        if not more:
            break
        out += more
    os.waitpid(child, 0)
    os.close(terminal)
    return out


def test_colour_is_for_terminals(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert b"\x1b[" in on_a_terminal(made)
    monkeypatch.setenv("NO_COLOR", "1")
    assert b"\x1b[" not in on_a_terminal(made)


def test_no_colour_elsewhere(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "\x1b[" not in "".join(said(capsys, "base", "4.9"))


@pytest.mark.parametrize(
    "words, told",
    [
        (["base"], "Missing argument 'B'"),
        (["nope", "base"], "'nope' is no port"),
        (["base", ""], "'' is no port"),
        (["9.9", "base"], "no line '9.9' (the newest known is"),
        (["patches", "base"], "no series file"),
        (["tip:base", "base"], "is in no repository"),
        (["base", "4.9", "--series", "/nowhere/series"], "no series file"),
    ],
)
def test_wrong_commands(
    made: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    (made / "patches" / "4.9" / "series").unlink()
    assert run(["range-diff", *words]) == 2
    err = capsys.readouterr().err
    assert told in err
    assert err.count("\n") == 1
