"""The measuring script in contrib: what it may touch."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport import places
from hgport.cli import run

SCRIPT = Path(__file__).parents[1] / "contrib" / "bench" / "bench_apply.py"
BASE = numbered(30)


def test_the_persons_verdicts_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("bench_apply", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "bench_apply", bench)
    spec.loader.exec_module(bench)
    made = Project(tmp_path)
    made.release("5.2", {"f": BASE})
    made.write("5.2", {"one.patch": patch_bytes(file_diff("f", BASE, numbered(30, line3="x")))})
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    monkeypatch.setenv("HGPORT_CACHE", str(made.cache))
    assert run(["status"]) == 0
    before = {path: path.stat().st_mtime_ns for path in (made.cache / "verdicts").iterdir()}
    assert before
    room = tmp_path / "room"
    room.mkdir()
    bench._take_own_cache(room)
    assert places.cache_dir() == room / "cache"
    stack, catalogue = bench.project.load()
    jobs = bench._jobs(room, stack, catalogue, list(catalogue.releases))
    for one in bench._status(jobs).values():
        one(jobs)
    assert {p: p.stat().st_mtime_ns for p in (made.cache / "verdicts").iterdir()} == before
