"""The worker processes of this machine, which end with this one, however it ends."""

from __future__ import annotations

import concurrent.futures
import contextlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import resource_tracker
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from hgport.errors import HgportError

if TYPE_CHECKING:
    from typing_extensions import ParamSpec

    _P = ParamSpec("_P")

_T = TypeVar("_T")
# seconds that a worker has to clean up
_GRACE = 10
# a process may be ended by what has nothing to do with its work, but hardly so often
_MOST_DEATHS = 3


class WorkerDied(HgportError):
    """Every process that tried to do something has died of it."""


@dataclass(eq=False)
class _Task:
    """A call to be made, what is to come of it, and how many processes have died of it."""

    call: Callable[[], Any]
    future: Future[Any] = field(default_factory=Future)
    deaths: int = 0
    begun: bool = False

    def begin(self) -> bool:
        """Whether it is still wanted."""
        if not self.begun:
            self.begun = self.future.set_running_or_notify_cancel()
        return self.begun


class _Processes(Executor):
    """So many processes, each of which does one thing at a time.

    One that dies is replaced, and what it was at is done again by another, so that a death costs
    time and nothing else; but a call of which three of them died is given up with WorkerDied.  (A
    pool of several processes breaks with any of them, and does not say which call it was.)
    """

    def __init__(self, jobs: int) -> None:
        # what is called back may be so at once, by the thread that asked for it
        self._lock = threading.RLock()
        self._open = True
        self._idle = [_process() for _number in range(jobs)]
        self._busy: dict[_Task, ProcessPoolExecutor] = {}
        self._waiting: deque[_Task] = deque()

    def submit(self, call: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """As any executor's."""
        task = _Task(partial(call, *args, **kwargs))
        with self._lock:
            if not self._open:
                raise RuntimeError("these workers were told to end")
            self._waiting.append(task)
            self._hand_out()
        return task.future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As any executor's; but unless it waits, what has not begun is not done."""
        if wait and not cancel_futures:
            with self._lock:
                left = [task.future for task in (*self._waiting, *self._busy)]
            concurrent.futures.wait(left)
        with self._lock:
            self._open = False
            for task in self._waiting:
                task.future.cancel()
            self._waiting.clear()
            processes = [*self._idle, *self._busy.values()]
        for process in processes:
            process.shutdown(wait=wait, cancel_futures=True)

    def _hand_out(self) -> None:
        while self._waiting and self._idle:
            task = self._waiting.popleft()
            if not task.begin():
                continue
            # It is idle until it has the task: if we are told to end meanwhile, it ends with those.
            process = self._idle[-1]
            try:
                # which starts it, the first time
                with _no_hangup():
                    working = process.submit(_carried_out, task.call)
            except BrokenExecutor:
                # it died with nothing to do
                self._idle[-1] = _process()
                self._waiting.appendleft(task)
            else:
                self._busy[task] = process
                self._idle.pop()
                working.add_done_callback(partial(self._take_back, task))

    def _take_back(self, task: _Task, working: Future[Any]) -> None:
        died = working.cancelled() or isinstance(working.exception(), BrokenExecutor)
        task.deaths += died
        with self._lock:
            again = died and self._open and task.deaths < _MOST_DEATHS
            process = self._busy.pop(task)
            self._idle.append(_process() if died and self._open else process)
            if again:
                self._waiting.appendleft(task)
            self._hand_out()
        if died and not again:
            why = f"a worker process died of it, {task.deaths} times"
            task.future.set_exception(WorkerDied(why, "is there enough memory?"))
        elif not again:
            _copy(working, task.future)


def _process() -> ProcessPoolExecutor:
    # a fork would copy whatever threads hold; a spawned process starts clean
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_begin_worker)


@contextlib.contextmanager
def _no_hangup() -> Iterator[None]:
    """Let no SIGHUP meet what is started in the block, which inherits that it is blocked, until it
    says otherwise.  One that comes meanwhile may be taken by another thread of ours, and its
    handler then raises in the block."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _copy(source: Future[_T], target: Future[_T]) -> None:
    error = source.exception()
    if error is None:
        target.set_result(source.result())
    else:
        target.set_exception(error)


@contextlib.contextmanager
def local(jobs: int) -> Iterator[Executor]:
    """An executor of so many processes.  If the block raises, they end at once, and so does what
    they run; they have cleaned up when it is left.

    A process that dies is replaced and its work done again; a future raises WorkerDied where that
    was of no use.
    """
    # The keeper of the semaphores is started by whoever needs it first, and ignores all that goes
    # to the whole group but this; without it every process would complain.
    with _no_hangup():
        resource_tracker.ensure_running()
    others = set(multiprocessing.active_children())
    with _Processes(jobs) as executor:
        try:
            yield executor
        except BaseException:
            executor.shutdown(wait=False, cancel_futures=True)
            _end(set(multiprocessing.active_children()) - others)
            raise


def _end(workers: Collection[BaseProcess]) -> None:
    """End the workers, and wait until each has cleaned up, which a shutdown would not do again;
    one that has not in time is killed, for which a shutdown would wait."""
    for worker in workers:
        worker.terminate()
    left = {worker.sentinel for worker in workers}
    until = time.monotonic() + _GRACE
    while left and time.monotonic() < until:
        left -= set(multiprocessing.connection.wait(left, until - time.monotonic()))
    for worker in workers:
        if worker.sentinel in left:
            worker.kill()


def _carried_out(call: Callable[[], _T]) -> _T:
    try:
        return call()
    except SystemExit as err:
        # The work has cleaned up.  The executor would take this for its result, and ask for more.
        os._exit(int(err.code or 0))


def _begin_worker() -> None:
    # Ctrl-C and the end of a terminal go to the whole group; it is the parent's to decide what
    # becomes of the workers.  What they run is not to inherit the latter, as it does what is
    # ignored, or blocked.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _unheeded)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGHUP])
    signal.signal(signal.SIGTERM, _leave)
    threading.Thread(target=_leave_with_parent, daemon=True).start()


def _unheeded(_number: int, _frame: FrameType | None) -> None:
    """A signal that is not for us."""


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
