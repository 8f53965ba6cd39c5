"""The measuring scripts in contrib: what they may touch."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from helpers_proof import evidence, interpreter
from hgport import places
from hgport.cli import run
from hgport.proof.results import Results

BENCH = Path(__file__).parents[1] / "contrib" / "bench"
BASE = numbered(30)


def loaded(name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    spec = importlib.util.spec_from_file_location(name, BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    bench = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, bench)
    spec.loader.exec_module(bench)
    return bench


def test_the_persons_verdicts_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = loaded("bench_apply", monkeypatch)
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


def test_the_persons_proofs_are_known_and_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = loaded("bench_proof", monkeypatch)
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path / "persons"))
    theirs = tmp_path / "persons" / "proofs.sqlite"
    with Results(theirs) as results:
        results.put({"a": evidence()})
        # it may be in use
        bench.take_own_cache(tmp_path)
    own = places.cache_dir() / "proofs.sqlite"
    assert own == tmp_path / "cache" / "proofs.sqlite"
    with Results(own) as results:
        assert results.get(["a"]) == {"a": evidence()}
        results.put({"b": evidence()})
    with Results(theirs) as results:
        assert set(results.get(["a", "b"])) == {"a"}


def test_a_soak_counts_what_is_not_as_stated(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    soak = loaded("soak", monkeypatch)
    release = soak.project.load()[1].release("5.2.2")
    cells = soak.chosen("5.2.2", interpreter(release).version, ["*small*http, no fault"])
    assert [cell.subject.whole for cell in cells] == [True]
    assert soak.told(cells, "could not be run: x") == 1
    assert soak.told(cells, [evidence()]) == 1
    assert "the server answered nothing" in capsys.readouterr().out
    # from the room to the verdict, by a real release
    assert soak.soak(cells, 2, 2) == 0
