"""A crew on other machines: the workers of a Dask cluster.

A worker needs hgport as it is here, Pythons of its own, and the package index or a cache with the
sdists; it makes trees and repositories itself, checked by the same hashes.  It is asked what it has
before it is given work: the same hgport and libraries, and the very same builds of Python, for
what is seen is remembered as seen with these.

Everything that goes over the network is pickled, which is as good as a shell: a cluster is for
loopback, for networks whose every machine is trusted, or for Dask's TLS (``tls://``).
"""

from __future__ import annotations

import contextlib
import functools
import logging
import socket
import time
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import CancelledError, Executor, Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from hgport.errors import OutsideError, UsageError
from hgport.proof import interpreters
from hgport.proof.crew import Crew
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import harness
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
    except (OSError, ValueError) as err:
        hint = "start one with: dask scheduler"
        raise OutsideError(f"no Dask scheduler answers at {address}", hint) from err
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
        # why a worker, by its address, cannot do work for an interpreter; None: it can
        self._unfit: dict[tuple[str, Interpreter | None], str | None] = {}

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
        python = work.interpreter
        fit = self._fit(python)
        if not fit:
            refused: Future[Done] = Future()
            refused.set_result(NOT_RUN + "; ".join(self._reasons(python)))
            return refused
        # by host, where a worker that has died may be replaced
        hosts = sorted({str(urlsplit(worker).hostname) for worker in fit})
        where: Any = {"workers": hosts, "allow_other_workers": True}
        return self._executor.submit(do_for_others, work, harness(), **where)

    def outcome(self, future: Future[Done]) -> Done:
        from distributed import KilledWorker

        try:
            return future.result()
        except KilledWorker as err:
            times = err.allowed_failures + 1
            return f"{NOT_RUN}workers died of it, {times} times (is there enough memory?)"
        except (CancelledError, OSError) as err:
            raise OutsideError(f"the Dask scheduler at {self._address} went away") from err

    def check(self) -> None:
        if not self._workers() and time.monotonic() - self._seen > _PATIENCE:
            raise self._nobody(f"no worker is left at {self._address}")

    def _nobody(self, message: str) -> OutsideError:
        return OutsideError(message, f"start some with: dask worker {self._address} --nthreads 1")

    def _workers(self) -> Mapping[str, int]:
        """The threads of each worker there is, by its address."""
        now = time.monotonic()
        if now - self._asked > _FRESH:
            try:
                self._threads = dict(self._client.nthreads())
            except (OSError, CancelledError) as err:
                message = f"the Dask scheduler at {self._address} went away"
                raise OutsideError(message) from err
            self._asked = now
            if self._threads:
                self._seen = now
        return self._threads

    def _fit(self, python: Interpreter | None) -> list[str]:
        """The workers that can do work for an interpreter, or any at all."""
        workers = list(self._workers())
        new = [one for one in workers if (one, python) not in self._unfit]
        if new:
            answers = self._client.run(unfit, harness(), python, workers=new, on_error="return")
            for worker, answer in answers.items():
                if isinstance(answer, Exception):
                    answer = f"{urlsplit(worker).hostname} cannot use hgport: {answer}"
                self._unfit[worker, python] = answer
        return [one for one in workers if self._unfit.get((one, python), "") is None]

    def _reasons(self, python: Interpreter | None) -> Collection[str]:
        reasons = (self._unfit.get((worker, python)) for worker in self._workers())
        return dict.fromkeys(filter(None, reasons)) or ["no worker is there"]


def unfit(wanted: str, python: Interpreter | None) -> str | None:
    """Why this machine can do no work for an hgport whose ``harness()`` is ``wanted``, in an
    interpreter; None if it can."""
    host = socket.gethostname()
    if harness() != wanted:
        return f"{host} has another hgport, or other versions of its libraries"
    if python is not None and _found(python) is None:
        return f"no Python {python.version} ({python.full}) on {host}"
    return None


@functools.lru_cache(maxsize=64)
def _found(wanted: Interpreter) -> Interpreter | None:
    """The same interpreter on this machine, wherever it is."""
    candidates = [interpreters.probe(wanted.path), *interpreters.find([wanted.version]).values()]
    return next((one for one in candidates if one and one.full == wanted.full), None)


def do_for_others(work: Work, wanted: str) -> Done:
    """Do a piece of work that comes from an hgport whose ``harness()`` is ``wanted``.  Raises
    OutsideError for trouble with the network or the disk of this machine."""
    why = unfit(wanted, work.interpreter)
    mine = _found(work.interpreter)
    if why is not None or mine is None:
        return f"{NOT_RUN}{why}"
    try:
        return do(replace(work, interpreter=mine), machine_room(f"machine-{wanted[:12]}"))
    except OutsideError as err:
        raise OutsideError(f"{socket.gethostname()}: {err.message}", err.hint) from None
