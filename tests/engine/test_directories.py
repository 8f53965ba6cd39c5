"""What a verdict asks of the sdists: once, in one go, and whether or not it can be remembered."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport.engine.verdicts import verdicts
from hgport.model import project
from hgport.model.ranges import select
from hgport.model.release import Release
from hgport.upstream import sdist, unpack

BASE = numbered(30)
ONE = patch_bytes(file_diff("f", BASE, numbered(30, line10="new 10")))
FILES = {"f": BASE}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = Project(tmp_path)
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


def outcomes(fuzz: int = 0) -> list[str]:
    stack, catalogue = project.load()
    found = verdicts(stack, catalogue, select(catalogue, "all"), fuzz=fuzz)
    cells = [column.cells[0] for column in found.columns]
    return ["-" if cell is None else cell.outcome.value for cell in cells]


def test_no_word_but_one_for_a_cache_that_cannot_be_written(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    made.release("5.2", FILES)
    made.write("5.2", {"1.patch": ONE})
    for name in ("verdicts", "directories"):
        (made.cache / name).write_text("no directory")
    (made.cache / "contents.sqlite.lock").mkdir()
    for fuzz in range(2):
        assert outcomes(fuzz) == ["clean"]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "are not remembered: " in said


def test_a_first_run_looks_into_all_sdists_in_one_go(
    made: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever their ports: so that their downloads need not wait for each other."""
    for version in ("5.2", "5.3", "5.4"):
        made.release(version, {**FILES, "new/file": b""})
    new = patch_bytes(file_diff("new", None, b"x\n"))
    made.write("5.2", {"1.patch": new}, {"5.3": {"1.patch": new}})
    fetched: list[int] = []
    inflated: list[str] = []
    fetch_all, read = sdist.fetch_all, unpack.read

    def fetch(releases: Iterable[Release], **options: Any) -> list[Path]:
        wanted = list(releases)
        fetched.append(len(wanted))
        return fetch_all(wanted, **options)

    def inflate(path: Path) -> unpack.Archive:
        inflated.append(path.name)
        return read(path)

    monkeypatch.setattr(sdist, "fetch_all", fetch)
    monkeypatch.setattr(unpack, "read", inflate)
    assert outcomes() == ["conflict"] * 3
    assert fetched == [3]
    assert len(inflated) == 3
