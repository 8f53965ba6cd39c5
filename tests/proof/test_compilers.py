"""Compiling Python as a release's own Pythons do."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from helpers_proof import catalogue, interpreter
from hgport import process
from hgport.model.release import Release
from hgport.places import cache_dir
from hgport.proof import compilers

ONLY_2 = b"print 'x'\n"
ONLY_3 = b"def f(*, x): pass\n"
BOTH = b"# caf\xc3\xa9\nprint(b'x')\n"


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that no other test has."""
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path / "cache"))
    compilers._found.cache_clear()
    return tmp_path


def of(version: str) -> Release:
    """A release, if all its Pythons are on this machine."""
    release = catalogue().release(version)
    for python in release.pythons:
        interpreter(release, python)
    return release


def test_every_python_of_the_release_is_asked(alone: Path) -> None:
    compiles = compilers.compiler(of("5.2.2"))
    assert compiles is not None
    assert compiles("f.py", BOTH) == ""
    assert compiles("f.py", ONLY_2).startswith("Python 3.8: line 1: ")
    assert compiles("f.py", ONLY_3).startswith("Python 2.7: line 1: ")
    nothing = compiles("f.py", b"x = (\n")
    assert "Python 2.7: " in nothing
    assert "; Python 3.8: " in nothing


def test_older_releases_have_python_2_alone(alone: Path) -> None:
    compiles = compilers.compiler(of("4.9.1"))
    assert compiles is not None
    assert compiles("f.py", ONLY_2) == ""
    assert compiles("f.py", ONLY_3) != ""


@pytest.mark.parametrize(
    "text",
    [b"\0", b"x = 1\n\0\n", b"(" * 5000, b"# -*- coding: nothing -*-\n", b"x = '\xff'\n"],
    ids=["nul", "more", "deep", "coding", "bytes"],
)
def test_what_nobody_compiles_is_said_in_one_line(alone: Path, text: bytes) -> None:
    compiles = compilers.compiler(of("5.2.2"))
    assert compiles is not None
    said = compiles("f.py", text)
    assert said.startswith("Python ")
    assert "\n" not in said


def test_an_empty_file_compiles(alone: Path) -> None:
    compiles = compilers.compiler(of("5.2.2"))
    assert compiles is not None
    assert compiles("f.py", b"") == ""


def test_a_text_is_compiled_once(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    release = of("5.2.2")
    first = compilers.compiler(release)
    assert first is not None
    wrong = first("f.py", ONLY_2)
    assert first("f.py", BOTH) == ""
    compilers._found.cache_clear()
    started: list[object] = []
    monkeypatch.setattr(process, "run", lambda *words, **more: started.append(words))
    again = compilers.compiler(release)
    assert again is not None
    assert again("g.py", BOTH) == ""
    assert again("g.py", ONLY_2) == wrong
    assert started == []


def test_no_python_no_compiler(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(alone))
    monkeypatch.setenv("PYENV_ROOT", str(alone))
    monkeypatch.setenv("HOME", str(alone))
    assert compilers.compiler(catalogue().release("5.2.2")) is None


def test_a_python_that_comes_or_changes_is_another_identity(
    alone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = catalogue().release("5.2.2")
    programs = alone / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    seen = [compilers.identity(release)]
    assert compilers.identity(release) == seen[0]
    (programs / "python2.7").write_bytes(b"#!/bin/sh\n")
    seen.append(compilers.identity(release))
    (programs / "python2.7").write_bytes(b"#!/bin/sh\nexit\n")
    seen.append(compilers.identity(release))
    monkeypatch.setenv("PYENV_ROOT", str(alone))
    (alone / "versions" / "2.7.18").mkdir(parents=True)
    seen.append(compilers.identity(release))
    (alone / "versions" / "3.8.1").mkdir()
    seen.append(compilers.identity(release))
    # a Python that this release does not run on is no matter
    (programs / "python3.4").write_bytes(b"")
    assert compilers.identity(release) == seen[-1]
    assert len(set(seen)) == 5
    assert compilers.identity(catalogue().release("4.9.1")) not in seen


def test_a_python_that_went_is_looked_for_again(alone: Path) -> None:
    release = of("4.9.1")
    assert compilers.compiler(release) is not None
    file = cache_dir() / "compiled.sqlite"
    with sqlite3.connect(file) as connection:
        ((text,),) = connection.execute("SELECT interpreters FROM machine").fetchall()
        gone = text.replace("python2.7", "gone2.7")
        assert gone != text
        connection.execute("UPDATE machine SET interpreters = ?", (gone,))
    compilers._found.cache_clear()
    compiles = compilers.compiler(release)
    assert compiles is not None
    assert compiles("f.py", ONLY_2) == ""


def test_a_damaged_memory_is_begun_anew(alone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release = of("4.9.1")
    assert compilers.compiler(release) is not None
    with sqlite3.connect(cache_dir() / "compiled.sqlite") as connection:
        connection.execute("UPDATE machine SET interpreters = '[{}]'")
    compilers._found.cache_clear()
    assert compilers.compiler(release) is not None
    assert "set aside" in capsys.readouterr().err
