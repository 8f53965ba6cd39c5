"""Cells on Dask: a real scheduler and its workers, on loopback."""

from __future__ import annotations

import dataclasses
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers_cluster import scheduler, until, worker
from helpers_proof import deadly, interpreter
from hgport.errors import OutsideError, UsageError
from hgport.model import project
from hgport.places import cache_dir
from hgport.process import Running
from hgport.proof import cluster, plan
from hgport.proof.cluster import cluster_crew, do_for_others, unfit
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Plan, harness
from hgport.proof.prover import Verdict, prove
from hgport.proof.results import Results
from hgport.proof.scenarios import SCENARIOS
from hgport.proof.work import Work
from hgport.upstream.contents import Contents

STACK, CATALOGUE = project.load()
RELEASE = CATALOGUE.release("5.2.2")
QUICK = [row for row in SCENARIOS if row.quick]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    with scheduler(tmp_path / "scheduler") as where:
        yield where


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A cache as on another machine, which has downloaded the sdists."""
    place = tmp_path / "cache"
    place.mkdir()
    (place / "sdists").symlink_to(cache_dir() / "sdists")
    return place


def planned(python: Interpreter, count: int) -> Plan:
    demanded = [(RELEASE, (python.version,))]
    of = {python.version: python}
    return plan.make(STACK, CATALOGUE, demanded, of, rows=QUICK[:count])


def proven(made: Plan, path: Path, where: str | None = None) -> list[Verdict]:
    with Contents() as contents, Results(path) as results:
        return prove(made, results, contents, lambda *_: None, jobs=2, cluster=where)


def kill_at_work(victim: Running, cache: Path) -> None:
    """Kill a worker once it runs a cell."""
    until(lambda: list(cache.glob("worlds/run-machine-*/*/cell-*")))
    victim.stop(signal.SIGKILL, 10)


def test_a_worker_that_is_killed_changes_nothing(tmp_path: Path, address: str, cache: Path) -> None:
    made = planned(interpreter(RELEASE, "2.7"), 3)
    other = tmp_path / "other"
    shutil.copytree(cache, other, symlinks=True)
    with worker(address, tmp_path / "one", cache) as one, worker(address, tmp_path / "two", other):
        killer = threading.Thread(target=kill_at_work, args=(one, cache))
        killer.start()
        there = proven(made, tmp_path / "there", address)
        killer.join()
        assert not one.alive()
    here = proven(made, tmp_path / "here")
    assert [v.problems for v in there] == [()] * len(made.cells)
    assert not any(v.cached for v in there)
    assert [(v.cell.key, v.observed) for v in there] == [(v.cell.key, v.observed) for v in here]
    # the other has cleaned up behind itself
    assert list(other.glob("worlds/run-*")) == []


def test_a_piece_that_kills_its_workers_could_not_be_run(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the scheduler's patience, so that one worker is enough to try it
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    python = deadly(tmp_path, interpreter(RELEASE, "3.8"))
    made = dataclasses.replace(planned(python, 1), cells=planned(python, 1).cells[:1])
    with (
        scheduler(tmp_path / "scheduler") as address,
        worker(address, tmp_path / "one", cache) as one,
    ):
        (verdict,) = proven(made, tmp_path / "p", address)
        assert not one.alive()
    (problem,) = verdict.problems
    assert problem == "could not be run: workers died of it, 1 times (is there enough memory?)"


def test_when_no_worker_is_left(
    tmp_path: Path, address: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE", 1)
    python = deadly(tmp_path, interpreter(RELEASE, "3.8"))
    with (
        worker(address, tmp_path / "one", cache),
        pytest.raises(OutsideError, match="no worker is left at") as caught,
    ):
        proven(planned(python, 1), tmp_path / "p", address)
    assert caught.value.hint == f"start some with: dask worker {address} --nthreads 1"


def test_a_scheduler_without_workers(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT", 1)
    with pytest.raises(OutsideError, match="has no workers"), cluster_crew(address):
        pass


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "127.0.0.1:1", "tcp://", "nonsense"])
def test_nobody_answers(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT", 1)
    started = time.monotonic()
    refused = pytest.raises(OutsideError, match=f"no Dask scheduler answers at {address}")
    with refused, cluster_crew(address):
        pass
    assert time.monotonic() - started < 10


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused = pytest.raises(UsageError, match="not installed")
    with refused as caught, cluster_crew("tcp://127.0.0.1:1"):
        pass
    assert caught.value.hint == "pip install 'hgport[cluster]'"


def test_a_machine_that_is_not_as_it_must_be() -> None:
    python = interpreter(RELEASE, "3.8")
    assert unfit(harness(), None) is None
    assert unfit(harness(), python) is None
    # wherever it is here
    assert unfit(harness(), dataclasses.replace(python, path=Path("/nowhere/python"))) is None
    assert "another hgport" in str(unfit("x", python))
    another = dataclasses.replace(python, full="3.8.0 (another build)")
    assert "no Python 3.8 (3.8.0 (another build)) on" in str(unfit(harness(), another))
    refused = do_for_others(Work(RELEASE, another, {}, (), ()), harness())
    assert str(refused).startswith("could not be run: no Python 3.8 (3.8.0 (another build)) on")


def test_cells_for_which_no_worker_has_the_python(
    tmp_path: Path, address: str, cache: Path
) -> None:
    python = dataclasses.replace(interpreter(RELEASE, "3.8"), full="another build")
    with worker(address, tmp_path / "one", cache):
        verdicts = proven(planned(python, 1), tmp_path / "p", address)
    assert len(verdicts) == 4
    for verdict in verdicts:
        assert verdict.problems[0].startswith("could not be run: no Python 3.8 (another build) on")
