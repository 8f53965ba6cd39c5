"""A crew on other machines: the workers of a Dask cluster.

A worker needs hgport as it is here, Pythons of its own, and the package index or a cache with the
sdists; it makes trees and repositories itself, checked by the same hashes.  It is asked what it has
before it is given work: the same hgport and libraries, and the very same builds of Python, for
what is seen is remembered as seen with these.

Everything that goes over the network is pickled, which is as good as a shell: a cluster is for
loopback, for networks whose every machine is trusted, or for Dask's TLS (``tls://``).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gc
import logging
import socket
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError, Executor, Future, wait
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hgport.errors import OutsideError, UsageError
from hgport.proof import interpreters, realservers
from hgport.proof.crew import Crew
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import harness
from hgport.proof.scenarios import EMBEDDED
from hgport.proof.work import NOT_RUN, Done, Work, do
from hgport.proof.world import machine_room

if TYPE_CHECKING:
    from distributed import Client

# seconds in which a scheduler answers and its first worker is there
_CONNECT = 5
# seconds in which a worker that has died may be replaced
_PATIENCE = 30
# pieces for each thread of the workers: one to do, one to go on with
_PIECES = 2
# seconds for which what is known of the workers is taken for true
_FRESH = 1
# seconds in which a worker says whether it is fit; it may have to try some Pythons
_ANSWER = 60
# times that a piece is given to workers of which each finds that it is not fit
_TRIES = 4


@dataclass(frozen=True)
class Needs:
    """What a piece of work needs of a machine: a Python, and servers that are programs of it."""

    interpreter: Interpreter
    servers: tuple[str, ...]

    @classmethod
    def of(cls, work: Work) -> Needs:
        """Those of a piece."""
        servers = {row.server for row in work.rows} - {EMBEDDED}
        return cls(work.interpreter, tuple(sorted(servers)))


@dataclass(frozen=True)
class Unfit:
    """What came of a piece at a worker that was not fit to do it: its address, and why."""

    worker: str
    why: str


@contextlib.contextmanager
def cluster_crew(address: str) -> Iterator[Crew]:
    """The workers of the Dask scheduler at an address ("tcp://127.0.0.1:8786"), for the block.

    Raises UsageError if Dask is not installed, OutsideError if within a few seconds nobody answers
    there, or no worker that could be of use.
    """
    with _connected(address) as client, client.get_executor(pure=False) as executor:
        crew = _Cluster(address, client, executor)
        try:
            crew.introduce()
            yield crew
        except BaseException:
            # what has not begun there is not wanted any more
            executor.shutdown(wait=False)
            raise


@contextlib.contextmanager
def _connected(address: str) -> Iterator[Client]:
    try:
        from distributed import Client
    except ImportError as err:
        raise UsageError(
            "--cluster needs Dask, which is not installed", "pip install 'hgport[cluster]'"
        ) from err
    # what matters of what it has to say becomes an error of ours
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError):
        client = None
    if client is None:
        # One that could not connect closes itself when it is collected, and takes a lock for that:
        # if that happened while another is made, which has the lock, all would stand still.
        gc.collect()
        hint = "start one with: dask scheduler"
        raise OutsideError(f"no Dask scheduler answers at {address}", hint)
    with client:
        yield client


class _Cluster:
    in_one_room = False

    def __init__(self, address: str, client: Client, executor: Executor) -> None:
        self._address = address
        self._client = client
        self._executor = executor
        self._threads: dict[str, int] = {}
        self._asked = 0.0  # when _threads was asked for
        self._seen = time.monotonic()  # when a worker was seen last
        # why a worker, by its address, cannot do work with some needs; None: it can
        self._unfit: dict[tuple[str, Needs | None], str | None] = {}
        self._works: dict[Future[Any], Work] = {}

    def introduce(self) -> None:
        """Raises OutsideError unless there is a worker that can do some work."""
        from distributed import TimeoutError as TooLong

        try:
            self._client.wait_for_workers(1, timeout=_CONNECT)
        except (OSError, TooLong):
            raise self._nobody(f"{self._address} has no workers") from None
        if not self._fit(None):
            raise self._nobody("; ".join(self._reasons(None)))

    def width(self) -> int:
        return _PIECES * max(1, sum(self._workers().values()))

    def submit(self, work: Work) -> Future[Done]:
        needs = Needs.of(work)
        fit = self._fit(needs)
        if not fit:
            refused: Future[Done] = Future()
            refused.set_result(NOT_RUN + "; ".join(self._reasons(needs)))
            return refused
        # by host, where a worker that has died may be replaced
        hosts = sorted({str(urlsplit(worker).hostname) for worker in fit})
        return self._submitted(work, hosts)

    def _submitted(self, work: Work, where: Sequence[str]) -> Future[Any]:
        # by others if those are gone, which may find that they are not fit
        how: Any = {"workers": list(where), "allow_other_workers": True}
        future = self._executor.submit(do_for_others, work, harness(), **how)
        self._works[future] = work
        return future

    def outcome(self, future: Future[Done]) -> Done:
        found = self._result(future)
        work = self._works.pop(future, None)
        tries = 1
        while isinstance(found, Unfit) and work is not None and tries < _TRIES:
            # the others have work, so this may be waited for
            found = self._elsewhere(work, found)
            tries += 1
        return NOT_RUN + found.why if isinstance(found, Unfit) else found

    def _elsewhere(self, work: Work, refused: Unfit) -> Done | Unfit:
        """What comes of a piece that a worker has refused, at others."""
        needs = Needs.of(work)
        self._unfit[refused.worker, needs] = refused.why
        fit = self._fit(needs)
        if not fit:
            return NOT_RUN + "; ".join(self._reasons(needs))
        future = self._submitted(work, fit)
        while not wait([future], _FRESH).done:
            self.check()
        del self._works[future]
        return self._result(future)

    def _result(self, future: Future[Any]) -> Done | Unfit:
        from distributed import KilledWorker

        try:
            found: Done | Unfit = future.result()
        except KilledWorker as err:
            times = err.allowed_failures + 1
            return f"{NOT_RUN}workers died of it, {times} times (is there enough memory?)"
        except (CancelledError, OSError) as err:
            raise self._gone() from err
        return found

    def check(self) -> None:
        if not self._workers() and time.monotonic() - self._seen > _PATIENCE:
            raise self._nobody(f"no worker is left at {self._address}")

    def _nobody(self, message: str) -> OutsideError:
        return OutsideError(message, f"start some with: dask worker {self._address} --nthreads 1")

    def _gone(self) -> OutsideError:
        return OutsideError(f"the Dask scheduler at {self._address} went away")

    def _workers(self) -> Mapping[str, int]:
        """The threads of each worker there is, by its address."""
        now = time.monotonic()
        if now - self._asked > _FRESH:
            try:
                asked = self._client.sync(self._client.nthreads, callback_timeout=_ANSWER)
            except (OSError, CancelledError, asyncio.TimeoutError) as err:
                raise self._gone() from err
            self._threads = dict(asked)
            self._asked = now
            if self._threads:
                self._seen = now
        return self._threads

    def _fit(self, needs: Needs | None) -> list[str]:
        """The workers that can do work with some needs, or any at all."""
        workers = list(self._workers())
        new = [one for one in workers if (one, needs) not in self._unfit]
        if new:
            try:
                answers = self._client.sync(self._answers, new, needs)
            except (OSError, CancelledError) as err:
                raise self._gone() from err
            for worker, answer in zip(new, answers):
                self._unfit[worker, needs] = answer
        return [one for one in workers if self._unfit.get((one, needs), "") is None]

    async def _answers(self, workers: Sequence[str], needs: Needs | None) -> list[str | None]:
        """What each worker says to ``unfit``; each has its time, for one may hang."""
        return await asyncio.gather(*(self._answer(worker, needs) for worker in workers))

    async def _answer(self, worker: str, needs: Needs | None) -> str | None:
        host = urlsplit(worker).hostname
        asked = self._client.run(unfit, harness(), needs, workers=[worker], on_error="return")
        try:
            answers = await asyncio.wait_for(asked, _ANSWER)
        except asyncio.TimeoutError:
            return f"{host} does not answer"
        # it may have left meanwhile
        answer: str | Exception | None = answers.get(worker, f"{host} does not answer")
        return f"{host} cannot use hgport: {answer}" if isinstance(answer, Exception) else answer

    def _reasons(self, needs: Needs | None) -> Collection[str]:
        reasons = (self._unfit.get((worker, needs)) for worker in self._workers())
        return dict.fromkeys(filter(None, reasons)) or ["no worker is there"]


def unfit(wanted: str, needs: Needs | None) -> str | None:
    """Why this machine can do no work for an hgport whose ``harness()`` is ``wanted``, or none with
    these needs; None if it can."""
    host = socket.gethostname()
    if harness() != wanted:
        return f"{host} has another hgport, or other versions of its libraries"
    if needs is None:
        return None
    python = needs.interpreter
    if _found(python) is None:
        return f"no Python {python.version} ({python.full}) on {host}"
    for server in needs.servers:
        advice = realservers.lacking(server)
        if advice is not None:
            return f"no {advice.partition(':')[0]} on {host}"
    return None


@functools.lru_cache(maxsize=64)
def _found(wanted: Interpreter) -> Interpreter | None:
    """The same interpreter on this machine, wherever it is."""
    there = interpreters.probe(wanted.path)
    if there is not None and there.full == wanted.full:
        return wanted
    others = interpreters.find([wanted.version]).values()
    return next((one for one in others if one.full == wanted.full), None)


def do_for_others(work: Work, wanted: str) -> Done | Unfit:
    """Do a piece of work that comes from an hgport whose ``harness()`` is ``wanted``, in a worker.
    Raises OutsideError for trouble with the network or the disk of this machine."""
    from distributed import get_worker

    why = unfit(wanted, Needs.of(work))
    mine = _found(work.interpreter)
    if why is not None or mine is None:
        return Unfit(get_worker().address, str(why))
    try:
        return do(replace(work, interpreter=mine), machine_room(f"machine-{wanted[:12]}"))
    except OutsideError as err:
        raise OutsideError(f"{socket.gethostname()}: {err.message}", err.hint) from None
