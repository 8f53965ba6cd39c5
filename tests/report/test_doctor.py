"""What is printed of a machine."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from helpers_face import CATALOGUE
from hgport.proof.doctor import Cache, Index, Machine, Place, Program
from hgport.proof.interpreters import Interpreter
from hgport.report import doctor as report

PYTHON = Interpreter("2.7", Path("/p/python2.7"), "2.7.18 (x) [GCC]; OpenSSL 3.0.19 27 Jan 2026")
FOUND = Machine(
    hgport="1.2",
    python="3.11.7",
    mercurial="7.2.4",
    processors=2,
    places=(Place(CATALOGUE.release("5.2.2"), ("2.7",), PYTHON, True),),
    programs=(
        Program("quilt", "applying", "/usr/bin/quilt", "Debian: quilt"),
        Program("nginx", "real servers", "", "Debian: nginx"),
    ),
    cache=Cache(Path("/cache"), True, 5 << 30, {"sdists": 7 << 20, "trees": 3 << 30}),
    index=Index(""),
    unfetched=(),
    notes=("so it is",),
    lacking=(),
)
MISSING = Place(CATALOGUE.release("5.2.2"), ("3.8",), None, True)


def test_a_machine_that_has_all() -> None:
    assert report.text(FOUND) == [
        "hgport 1.2, with Mercurial 7.2.4, on Python 3.11.7; 2 processors",
        "",
        "release  Python  would be run by",
        "5.2.2    2.7     /p/python2.7 (2.7.18, OpenSSL 3.0.19)",
        "",
        "if present  found           good for",
        "quilt       /usr/bin/quilt  applying",
        "nginx       none            real servers; Debian: nginx",
        "",
        "cache: /cache, 5.0 GiB free; holds sdists 7.0 MiB, trees 3.0 GiB",
        "sdists: all 1 are there",
        "index: not asked (--online asks it)",
        "note: so it is",
        "this machine can prove all of these releases with the embedded server",
    ]


def test_a_machine_that_lacks_something() -> None:
    lacking = dataclasses.replace(
        FOUND,
        places=(*FOUND.places, MISSING),
        lacking=("Python 3.8 for 5.2.2",),
        unfetched=(CATALOGUE.release("5.2.2"),),
        cache=dataclasses.replace(FOUND.cache, writable=False, sizes={}),
    )
    text = report.text(lacking)
    (row,) = [line for line in text if line.startswith("5.2.2    3.8 ")]
    assert "none found; get it with: pyenv install 3.8" in row
    assert "cache: /cache, which cannot be written, 5.0 GiB free" in text
    assert "sdists: 1 of 1 will be fetched when they are needed (7.0 MiB)" in text
    assert text[-2:] == [
        "LACKING: Python 3.8 for 5.2.2",
        "this machine cannot prove all of it; see LACKING",
    ]


def test_what_is_missing_and_does_not_count() -> None:
    places = (*FOUND.places, dataclasses.replace(MISSING, counts=False))
    told = report.summary(dataclasses.replace(FOUND, places=places))
    assert told == "this machine can prove every affected line with the embedded server"


def test_a_release_that_no_python_is_known_for() -> None:
    unknown = Place(CATALOGUE.release("5.2.2"), (), None, True)
    text = report.text(dataclasses.replace(FOUND, places=(unknown,)))
    assert text[3].startswith("5.2.2    ?       the catalogue names no Python")


def test_the_index() -> None:
    def line(index: Index) -> str:
        return next(
            line
            for line in report.text(dataclasses.replace(FOUND, index=index))
            if line.startswith("index: ")
        )

    assert line(Index("http://here", 7)) == "index: http://here has 7 releases"
    assert line(Index("", 7)) == "index: the public one has 7 releases"
    assert line(Index("", None, "cannot ask it")) == "index: cannot ask it"


def test_plain_data_has_all_that_the_text_has() -> None:
    told = json.dumps(report.to_plain(FOUND))
    for text in ("1.2", "7.2.4", "/p/python2.7", "2.7.18 (x) [GCC]", "/usr/bin/quilt", "so it is"):
        assert text in told
    plain = report.to_plain(dataclasses.replace(FOUND, places=(MISSING,)))
    (release,) = plain["releases"]
    assert (release["path"], release["pythons"]) == (None, ["3.8"])
    assert release["advice"].startswith("get it with: pyenv install 3.8")
    assert plain["index"] == {"asked": False, "address": "", "releases": None, "error": ""}
    assert plain["cache"]["sizes"] == FOUND.cache.sizes
