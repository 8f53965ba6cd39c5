"""Cells on Dask: a real scheduler and its workers, on loopback."""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import distributed
import pytest

from helpers_cluster import scheduler, until, worker
from helpers_proof import deadly, interpreter
from hgport.errors import OutsideError, UsageError
from hgport.model import project
from hgport.places import cache_dir
from hgport.process import Running
from hgport.proof import cluster, plan
from hgport.proof.cluster import Needs, Unfit, cluster_crew, unfit
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Plan, harness
from hgport.proof.prover import Verdict, prove
from hgport.proof.results import Results
from hgport.proof.scenarios import GIFTLESS, HG_SERVE, REAL, SCENARIOS
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
    made = planned(interpreter(RELEASE, "2.7"), 2)
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
    gc.disable()
    try:
        with refused, cluster_crew(address):
            pass
        # one that is collected at a bad moment would wait for itself
        assert not [one for one in gc.get_objects() if isinstance(one, distributed.Client)]
    finally:
        gc.enable()
    assert time.monotonic() - started < 60


def test_without_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused = pytest.raises(UsageError, match="not installed")
    with refused as caught, cluster_crew("tcp://127.0.0.1:1"):
        pass
    assert caught.value.hint == "pip install 'hgport[cluster]'"


def test_a_machine_that_is_not_as_it_must_be() -> None:
    python = interpreter(RELEASE, "3.8")
    assert unfit(harness(), None) is None
    assert unfit(harness(), Needs(python, ())) is None
    # wherever it is here
    elsewhere = dataclasses.replace(python, path=Path("/nowhere/python"))
    assert unfit(harness(), Needs(elsewhere, ())) is None
    assert "another hgport" in str(unfit("x", Needs(python, ())))
    another = dataclasses.replace(python, full="3.8.0 (another build)")
    why = unfit(harness(), Needs(another, ()))
    assert "no Python 3.8 (3.8.0 (another build)) on" in str(why)


def test_a_machine_without_the_servers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = interpreter(RELEASE, "3.8")
    rows = [next(row for row in REAL if row.server == server) for server in (HG_SERVE, GIFTLESS)]
    both = Needs.of(Work(RELEASE, python, {}, (), (QUICK[0], *rows)))
    assert both == Needs(python, (GIFTLESS, HG_SERVE))
    assert Needs.of(Work(RELEASE, python, {}, (), (QUICK[0],))) == Needs(python, ())
    nginx = tmp_path / "nginx"
    nginx.write_text("")
    nginx.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HGPORT_GIFTLESS", str(tmp_path / "none"))
    assert str(unfit(harness(), both)).startswith("no giftless on ")
    assert unfit(harness(), Needs(python, (HG_SERVE,))) is None
    nginx.unlink()
    monkeypatch.setattr("hgport.proof.nginx._MORE_PLACES", ())
    assert str(unfit(harness(), Needs(python, (HG_SERVE,)))).startswith("no nginx on ")
    assert unfit(harness(), Needs(python, ())) is None


def test_a_piece_that_lands_where_it_cannot_be_done(
    tmp_path: Path, address: str, cache: Path
) -> None:
    python = interpreter(RELEASE, "3.8")
    # found by those who have the person's PATH, and not by the others
    shim = tmp_path / "bin" / "python3.8"
    shim.parent.mkdir()
    shim.symlink_to(python.path)
    bare = {"PATH": os.defpath, "PYENV_ROOT": str(tmp_path), "HOME": str(tmp_path)}
    elsewhere = dataclasses.replace(python, path=Path("/nowhere/python3.8"))
    path = {**bare, "PATH": f"{shim.parent}{os.pathsep}{os.defpath}"}
    with (
        worker(address, tmp_path / "unfit", cache, **bare),
        worker(address, tmp_path / "fit", cache, **path),
        cluster_crew(address) as crew,
    ):
        # for the scheduler both are one host; whichever is idle gets the next
        works = [Work(RELEASE, elsewhere, {}, (), ()) for _number in range(4)]
        futures = [crew.submit(work) for work in works]
        landed = [future.result() for future in futures]
        assert any(isinstance(one, Unfit) for one in landed)
        assert [crew.outcome(future) for future in futures] == [[]] * 4


def test_a_worker_that_does_not_answer(
    tmp_path: Path, address: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = interpreter(RELEASE, "3.8")
    with worker(address, tmp_path / "one", cache) as one, cluster_crew(address) as crew:
        monkeypatch.setattr(cluster, "_ANSWER", 1)
        one.stop(signal.SIGSTOP, 0)
        refused = crew.submit(Work(RELEASE, python, {}, (), ()))
        assert crew.outcome(refused) == "could not be run: 127.0.0.1 does not answer"
        one.stop(signal.SIGCONT, 0)


def test_a_scheduler_that_goes_away(tmp_path: Path, cache: Path) -> None:
    python = interpreter(RELEASE, "3.8")
    with contextlib.ExitStack() as open_:
        address = open_.enter_context(scheduler(tmp_path / "scheduler"))
        # the worker goes with its scheduler
        open_.enter_context(worker(address, tmp_path / "one", cache))
        with cluster_crew(address) as crew:
            open_.close()
            with pytest.raises(OutsideError, match="the Dask scheduler at .* went away"):
                crew.outcome(crew.submit(Work(RELEASE, python, {}, (), ())))


def test_a_scheduler_that_hangs(
    tmp_path: Path, address: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Work(RELEASE, interpreter(RELEASE, "3.8"), {}, (), ())
    with worker(address, tmp_path / "one", cache), cluster_crew(address) as crew:
        monkeypatch.setattr(cluster, "_ANSWER", 1)
        monkeypatch.setattr(cluster, "_FRESH", -1)
        with distributed.Client(address, set_as_default=False) as client:
            process = client.run_on_scheduler(os.getpid)
        os.kill(process, signal.SIGSTOP)
        try:
            with pytest.raises(OutsideError, match="the Dask scheduler at .* went away"):
                crew.submit(work)
        finally:
            os.kill(process, signal.SIGCONT)


def test_cells_for_which_no_worker_has_the_python(
    tmp_path: Path, address: str, cache: Path
) -> None:
    python = dataclasses.replace(interpreter(RELEASE, "3.8"), full="another build")
    with worker(address, tmp_path / "one", cache):
        verdicts = proven(planned(python, 1), tmp_path / "p", address)
    assert len(verdicts) == 4
    for verdict in verdicts:
        assert verdict.problems[0].startswith("could not be run: no Python 3.8 (another build) on")
