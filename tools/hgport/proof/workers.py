"""The worker processes of this machine, which end with this one, however it ends."""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from types import FrameType
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    _P = ParamSpec("_P")

_T = TypeVar("_T")
# seconds that a worker has to clean up when its parent is gone
_GRACE = 10


class _Processes(ProcessPoolExecutor):
    """Processes that end when they are told to, in the middle of their work as well."""

    def submit(self, call: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """As any executor's."""
        return super().submit(_carried_out, call, *args, **kwargs)


@contextlib.contextmanager
def local(jobs: int) -> Iterator[Executor]:
    """An executor of so many processes.  If the block raises, they end at once, and so does what
    they run."""
    # a fork would copy whatever threads hold; a spawned process starts clean
    context = multiprocessing.get_context("spawn")
    others = set(multiprocessing.active_children())
    with _Processes(jobs, mp_context=context, initializer=_begin_worker) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            for process in set(multiprocessing.active_children()) - others:
                process.terminate()
            raise


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
