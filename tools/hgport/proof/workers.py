"""The worker processes of this machine, which end with this one, however it ends."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    _P = ParamSpec("_P")

_T = TypeVar("_T")
# seconds that a worker has to clean up
_GRACE = 10


class _Processes(ProcessPoolExecutor):
    """Processes that end when they are told to, in the middle of their work as well."""

    def submit(self, call: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """As any executor's."""
        return super().submit(_carried_out, call, *args, **kwargs)


@contextlib.contextmanager
def local(jobs: int) -> Iterator[Executor]:
    """An executor of so many processes.  If the block raises, they end at once, and so does what
    they run; they have cleaned up when it is left."""
    # a fork would copy whatever threads hold; a spawned process starts clean
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    with _Processes(jobs, mp_context=context, initializer=_begin_worker) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            _end(set(multiprocessing.active_children()) - others)
            raise


def _end(workers: Collection[BaseProcess]) -> None:
    """End the workers, and wait until each has cleaned up, which a shutdown would not do again."""
    for worker in workers:
        worker.terminate()
    left = {worker.sentinel for worker in workers}
    until = time.monotonic() + _GRACE
    while left and time.monotonic() < until:
        left -= set(multiprocessing.connection.wait(left, until - time.monotonic()))


def _carried_out(call: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
    try:
        return call(*args, **kwargs)
    except SystemExit as err:
        # The work has cleaned up.  The executor would take this for its result, and ask for more.
        os._exit(int(err.code or 0))


def _begin_worker() -> None:
    # ctrl-C goes to the whole group; it is the parent's to decide what becomes of the workers
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _leave(number: int, frame: FrameType | None) -> None:
    # the executor may end us a second time, while the work still cleans up
    signal.signal(number, signal.SIG_IGN)
    raise SystemExit(128 + number)


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os.kill(os.getpid(), signal.SIGTERM)
        # should anything keep it from leaving
        threading.Event().wait(_GRACE)
        os._exit(1)
