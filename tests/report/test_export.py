"""What is said of an export's use does what it says, wherever the export is."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

import helpers_export as odd
from helpers_consumers import Place, changelog, content, control, git_repository, nix_environment
from helpers_engine import file_diff
from hgport import process
from hgport.cli import run
from hgport.engine import hg
from programs import needed

DESTINATION = "sp ace,s/q'q\"$x/${PATH}"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    odd.write(tmp_path / "project", monkeypatch, odd.PATCHES)
    return odd.place(tmp_path)


def use(form: str, place: Place, capsys: pytest.CaptureFixture[str], *more: str) -> str:
    """Export the patches; what is said of their use, after the colon."""
    capsys.readouterr()
    destination = place.room / DESTINATION
    assert run(["export", odd.VERSION, "--format", form, str(destination), *more]) == 0
    (told,) = (x for x in capsys.readouterr().out.splitlines() if x.startswith("use it "))
    return told.partition(": ")[2]


def type_it(command: str, cwd: Path, code: int = 0) -> None:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HGUSER": "x <x@example.org>", "TZ": "UTC"}
    process.run(["bash", "-c", command], cwd=cwd, env=environment, allowed=(code,))


def empty(place: Place) -> Path:
    hg.run("init", place.room / "empty")
    return place.room / "empty"


WHERE = {
    "quilt": Place.copy,
    "mq": Place.clone,
    "hg": Place.clone,
    "bundle": empty,
    "git": git_repository,
}


@pytest.mark.parametrize("form", WHERE)
def test_a_command(form: str, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    where = WHERE[form](place)
    command = use(form, place, capsys)
    if form == "git":
        command = f"GIT_COMMITTER_NAME=x GIT_COMMITTER_EMAIL=x@example.org {command}"
    type_it(command, where)
    if form == "bundle":
        hg.run("update", "-q", "tip", cwd=where)
    assert content(where) == content(place.repository)


def test_a_queue_that_is_there_stays(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    clone = place.clone()
    (clone / ".hg" / "patches").mkdir()
    (clone / ".hg" / "patches" / "series").write_text("")
    type_it(use("mq", place, capsys), clone, 1)
    assert os.listdir(clone / ".hg" / "patches") == ["series"]


def test_a_package_keeps_its_own_patches(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """Also one that is called as one of ours is."""
    program = needed("dpkg-source", "dpkg-dev")
    tree = place.copy()
    own = {"deb__own.patch": b"own\n", "first.patch": b"first\n"}
    (tree / "debian" / "patches").mkdir(parents=True)
    for name, text in own.items():
        diff = file_diff(f"of-{name}", None, text)
        (tree / "debian" / "patches" / name).write_bytes(diff)
    (tree / "debian" / "patches" / "series").write_text("".join(f"{name}\n" for name in own))
    (tree / "debian" / "source").mkdir()
    (tree / "debian" / "source" / "format").write_text("3.0 (quilt)\n")
    (tree / "debian" / "control").write_text(control())
    (tree / "debian" / "changelog").write_text(changelog(place.version))
    shutil.copy(place.sdist, place.room / f"mercurial_{place.version}.orig.tar.gz")
    type_it(use("debian", place, capsys), tree)
    words = [program, "--no-check", "-x", f"mercurial_{place.version}-1.dsc", "unpacked"]
    process.run(words, cwd=place.room)
    found = content(place.room / "unpacked")
    assert {name: found.pop(f"of-{name}", (False, b""))[1] for name in own} == own
    assert found == content(place.repository)


def test_an_overlay(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    program = needed("nix-instantiate", "nix-bin")
    overlay = use("nix", place, capsys)
    stand_in = '{ version = "5.2"; overrideAttrs = change: change { }; }'
    words = f"({overlay} {{ }} {{ mercurial = {stand_in}; }}).mercurial.patches"
    call = [program, "--eval", "--strict", "-E", f"builtins.length {words}"]
    done = process.run(call, env=nix_environment(place.room))
    assert done.stdout == b"3\n"


def test_a_plain_path_is_one_in_nix(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", odd.VERSION, "--format", "nix", str(place.room / "plain")]) == 0
    said = f"use it in nixpkgs.overlays: (import {place.room}/plain/overlay.nix)"
    assert said in capsys.readouterr().out.splitlines()


def test_whose_they_are(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    for more, said in (((), True), (("-u", "A Person <a@example.org>"), False)):
        room = place.room / f"out {said}"
        assert run(["export", odd.VERSION, "--format", "quilt", str(room), *more]) == 0
        assert ("hgport@example.org>, a stand-in" in capsys.readouterr().out) is said
