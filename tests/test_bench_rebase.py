"""What the bench of rebases measures: real repositories, and nothing of the person's."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport import places
from hgport.engine import hg
from hgport.engine.origins import origin_of
from programs import needed

BENCH = Path(__file__).parents[1] / "contrib" / "bench" / "bench_rebase.py"
BASE = numbered(30)
ONE = patch_bytes(file_diff("f", BASE, numbered(30, line10="new 10")))
TWO = patch_bytes(
    file_diff("f", numbered(30, line10="new 10"), numbered(30, line10="new 10", line25="new 25"))
)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location("bench_rebase", BENCH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_rebase", module)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = Project(tmp_path / "persons")
    result.release("5.2", {"f": BASE, "gone": b"x\n"})
    result.release("5.3", {"f": b"more\n" + BASE, "came": b"y\n"})
    result.release("5.4", {"f": numbered(30, line25="other 25")})
    result.write("5.2", {"one.patch": ONE, "two.patch": TWO})
    monkeypatch.setenv("HGPORT_PROJECT", str(result.root))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


def all_files(directory: Path) -> dict[str, float]:
    """Every file of the project and of the cache that is no tree of a release."""
    return {
        str(path): path.stat().st_mtime_ns
        for path in directory.rglob("*")
        if path.is_file() and "trees" not in path.parts and path.suffix != ".lock"
    }


def test_every_program_carries_what_it_can(bench: Any, made: Project, tmp_path: Path) -> None:
    needed("git")
    before = all_files(made.root)
    room = tmp_path / "room"
    room.mkdir()
    bench.take_own_cache(room)
    bench.take_own_project(room)
    assert places.project_dir() == room / "project"
    stack, catalogue = bench.project.load()
    carried = {}
    for line in ("5.3", "5.4"):
        target = catalogue.newest(line)
        job = bench.prepared(origin_of(stack, catalogue, target), target, room / line)
        for name, run in (
            ("hgport", bench.hgport_rebase),
            ("hg", bench.hg_rebase),
            ("git", bench.git_rebase),
        ):
            place = room / "place"
            bench._make_ready(name, job, place)
            carried[line, name] = run(job, place)
            if line == "5.3" and name != "hgport":
                expected = b"more\n" + numbered(30, line10="new 10", line25="new 25")
                if name == "hg":
                    hg.run("update", "-q", "tip", cwd=place)
                assert (place / "f").read_bytes() == expected
                assert (place / "came").exists()
                assert not (place / "gone").exists()
            shutil.rmtree(place)
    assert carried == {
        ("5.3", "hgport"): 2,
        ("5.3", "hg"): 2,
        ("5.3", "git"): 2,
        ("5.4", "hgport"): 1,
        ("5.4", "hg"): 1,
        ("5.4", "git"): 1,
    }
    assert all_files(made.root) == before


def test_what_is_printed(
    bench: Any, made: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.take_own_cache(tmp_path)
    bench.take_own_project(tmp_path)
    bench.measure_lines(1)
    stack, catalogue = bench.project.load()
    bench.measure_release(stack, catalogue, "5.3", 1, tmp_path)
    said = capsys.readouterr().out.splitlines()
    assert "2 patches from 5.2 to 5.3 (median of 1)" in said
    rows = [line for line in said if "rebase" in line and " of " in line and "2 of 2" in line]
    assert len(rows) >= 3
    assert rows[0].split()[-1] == "1.00x"


def test_nothing_is_known_after_forgetting(bench: Any, made: Project, tmp_path: Path) -> None:
    bench.take_own_cache(tmp_path)
    bench.take_own_project(tmp_path)
    bench.process.run([*bench.HGPORT, "rebase", "5.3", "--dry-run"])
    assert any((places.cache_dir() / "carried").iterdir())
    bench.forget()
    assert not (places.cache_dir() / "carried").exists()
    assert os.environ["HGPORT_CACHE"] == str(tmp_path / "cache")
