"""The completion scripts, in the shells that they are for."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers_shells import Terminal, terminal
from hgport import process
from programs import needed

SCRIPTS = Path(__file__).parents[2] / "contrib" / "completion"
TO_THE_START = "\x01"
# bash puts every completion into the line where Escape * is pressed
ALL_OF_THEM = "\x1b*"
PATCHES = [
    "keepalive-refuse-a-request-body-of-the-wrong-length.patch",
    "keepalive-rewind-a-request-body-before-sending-it.patch",
]


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """A PATH with hgport on it, and directories to complete."""
    (tmp_path / "there" / "inside").mkdir(parents=True)
    (tmp_path / "there" / "file").write_text("")
    kept = {name: os.environ[name] for name in ("HOME", "HGPORT_CACHE", "LC_ALL")}
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return {**kept, "PATH": path, "TERM": "dumb", "PS1": "ready> ", "INPUTRC": os.devnull}


@pytest.fixture
def bash(env: dict[str, str], tmp_path: Path) -> Iterator[Terminal]:
    words = [needed("bash"), "--norc", "--noprofile", "-i"]
    with terminal(words, tmp_path, env) as shell:
        yield begun(shell, "bash", "")


@pytest.fixture
def zsh(env: dict[str, str], tmp_path: Path) -> Iterator[Terminal]:
    with terminal([needed("zsh"), "-f", "-i"], tmp_path, env) as shell:
        yield begun(
            shell, "zsh", "unsetopt beep auto_remove_slash; autoload -U compinit; compinit -D -u;"
        )


def begun(shell: Terminal, name: str, first: str) -> Terminal:
    shell.wait("ready> ")
    shell.type(f"{first} source '{SCRIPTS}/hgport.{name}'; stty cols 4000; echo $((1 + 1))done\n")
    shell.wait("\n2done")
    shell.wait("ready> ")
    return shell


def line(shell: Terminal, keys: str) -> str:
    """What the command line is after some keys."""
    shell.type(keys + TO_THE_START + "echo 'is='\n")
    said = shell.wait("\nis=(.*)\r\n")[1]
    shell.wait("ready> ")
    return said.replace("hgport", "", 1).strip()


# what is typed, and the one thing that it can become
ONE = [
    ("stat", "status"),
    ("status --js", "status --json"),
    ("apply 5.2.1 --as t", "apply 5.2.1 --as tree"),
    ("apply 5.2.1 --as=t", "apply 5.2.1 --as=tree"),
    ("releases --fetch latest,aff", "releases --fetch latest,affected"),
    ("rebase --base 4.9.1 --int", "rebase --base 4.9.1 --into"),
    ("range-diff HEAD~3:ba", "range-diff HEAD~3:base"),
    ("status --series th", "status --series there/"),
    ("status --series=th", "status --series=there/"),
    ("refresh th", "refresh there/"),
    ("export 5.2.1 --format deb", "export 5.2.1 --format debian"),
    ("check affected --off", "check affected --offline"),
]
# what is typed, and what it ends with, of which there is more than one
MORE = [
    ("apply 5.2.", ["5.2.1", "5.2.2"]),
    ("email 5.2.", ["5.2.1", "5.2.2"]),
    ("status latest,4.5..5.2.", ["latest,4.5..5.2.1", "latest,4.5..5.2.2"]),
    ("test --upto keepalive", PATCHES),
    ("test --python 3.1", ["3.10", "3.11", "3.12", "3.13"]),
    ("apply 5.2.1 --as=", ["hg", "tree"]),
    ("re", ["rebase", "refresh", "releases"]),
]


@pytest.mark.parametrize("name", ["bash", "zsh"])
def test_one_completion(name: str, request: pytest.FixtureRequest) -> None:
    shell = request.getfixturevalue(name)
    for typed, becomes in ONE:
        assert line(shell, f"hgport {typed}\t") == becomes


def test_bash_offers_all(bash: Terminal) -> None:
    for typed, ends in MORE:
        found = line(bash, f"hgport {typed}{ALL_OF_THEM}").split()[-len(ends) :]
        assert [one.replace("--as=", "") for one in found] == ends


def test_zsh_offers_all(zsh: Terminal) -> None:
    for typed, ends in MORE:
        # end of input in the middle of a line lists what can follow
        zsh.type(f"hgport {typed}\x04")
        zsh.wait(r"\s+(-- [^\n]*\n)?".join(re.escape(one) for one in ends) + r"\b")
        zsh.type("\x15")


def test_zsh_says_what_a_verb_does(zsh: Terminal) -> None:
    zsh.type("hgport re\x04")
    zsh.wait(r"rebase +-- Carry the series to other releases")


def fish(env: dict[str, str], cwd: Path, *lines: str) -> list[list[str]]:
    asked = "".join(f"complete -C '{one}'; echo end; " for one in lines)
    words = [needed("fish"), "--no-config", "-c", f"source '{SCRIPTS}/hgport.fish'; {asked}"]
    told = process.run(words, cwd=cwd, env=env).stdout.decode()
    return [answer.splitlines() for answer in told.split("end\n")[:-1]]


def test_fish(env: dict[str, str], tmp_path: Path) -> None:
    found = fish(env, tmp_path, *(f"hgport {typed}" for typed, _ in [*ONE, *MORE]))
    offered = [[one.split("\t")[0] for one in answer] for answer in found]
    assert offered[: len(ONE)] == [[becomes.split()[-1]] for _, becomes in ONE]
    for (typed, ends), answer in zip(MORE, offered[len(ONE) :]):
        before = typed[typed.find("--as=") :] if "--as=" in typed else ""
        assert answer == [before + end for end in ends]


def test_fish_says_what_a_verb_does(env: dict[str, str], tmp_path: Path) -> None:
    (answer,) = fish(env, tmp_path, "hgport stat")
    assert answer == ["status\tShow which patch applies to which release."]


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_it_is_the_hgport_that_is_typed(
    name: str, env: dict[str, str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """One in a virtual environment that is not on PATH completes, too."""
    env["PATH"] = os.environ["PATH"]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "hgport").symlink_to(Path(sys.executable).with_name("hgport"))
    if name == "fish":
        ((found, *_),) = fish(env, tmp_path, "bin/hgport stat")
        assert found.startswith("status\t")
        return
    shell = request.getfixturevalue(name)
    shell.type("bin/hgport stat\t --help\n")
    shell.wait(r"Usage: hgport status")
