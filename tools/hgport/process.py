"""The one module that starts programs.

A program gets an argument list, a directory, a whole environment and a time limit, or a block of
code for which it runs beside us.  It runs in a process group of its own, all of which is ended
when it is over, its time is up, its block is left or hgport is interrupted.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, Any

from hgport.errors import HgportError, OutsideError

# what a program gets to end by itself when it is asked to
_SECONDS_TO_END = 5
# seconds between looks at what a program has printed
_TICK = 0.01
# what tells us to end
_ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True)
class Finished:
    """How a program ended: its exit code (negative: the signal), what it printed, in bytes.

    ``timed_out`` says that it was ended because its time was up.
    """

    args: tuple[str, ...]
    code: int
    stdout: bytes
    stderr: bytes
    timed_out: bool = False

    def expected(self, allowed: Collection[int] | None) -> Finished:
        """Itself; ``allowed`` is ``run``'s, and so is what is raised."""
        if allowed is not None and (self.timed_out or self.code not in allowed):
            raise ProgramFailed(self)
        return self


class ProgramFailed(HgportError):
    """A program ended with a code that the caller did not expect."""

    def __init__(self, finished: Finished) -> None:
        said = (finished.stderr or finished.stdout).decode("utf-8", "replace").strip()
        how = "ran out of time" if finished.timed_out else f"ended with code {finished.code}"
        last = said.splitlines()[-1] if said else "it printed nothing"
        super().__init__(f"{shlex.join(finished.args)} {how}: {last}")
        self.finished = finished

    def __reduce__(self) -> tuple[type[ProgramFailed], tuple[Finished]]:
        """Let it come back from a worker process; by default it would be made of the message."""
        return type(self), (self.finished,)


def run(
    args: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 600,
    allowed: Collection[int] | None = (0,),
    stdin: bytes = b"",
    pass_fds: Collection[int] = (),
) -> Finished:
    """Run a program to its end.

    ``env`` is the whole environment (None: our own), ``timeout`` is in seconds, ``allowed`` are
    the exit codes that are an expected answer (None: every one, time-outs included).  Raises
    ProgramFailed on any other, OutsideError if there is no such program.
    """
    words = tuple(str(a) for a in args)
    pipe = subprocess.PIPE
    child = _start(words, cwd, env, pipe, pipe, pipe, tuple(pass_fds))
    timed_out = False
    try:
        out, err_out = child.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        out, err_out = _last_words(child)
    finally:
        # also what it has left behind
        _end_group(child)
        child.wait()
        _close_pipes(child)
    return Finished(words, child.returncode, out, err_out, timed_out).expected(allowed)


def _end_group(child: subprocess.Popen[bytes], how: signal.Signals = signal.SIGKILL) -> None:
    # a program may have left one there that is somebody else's
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, how)


def _last_words(child: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """End a program; all that it has printed.  What it started may have left its group, and keep
    its pipes for ever."""
    _end_group(child)
    try:
        return child.communicate(timeout=_SECONDS_TO_END)
    except subprocess.TimeoutExpired as err:
        return err.stdout or b"", err.stderr or b""


def _close_pipes(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe is not None:
            # what was to be written is not wanted any more
            with contextlib.suppress(OSError):
                pipe.close()


class Running:
    """A program that runs beside us; ``running`` makes one."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        self._child = child
        self._log = log

    def alive(self) -> bool:
        """Whether it has not ended yet."""
        return self._child.poll() is None

    def output(self) -> bytes:
        """What it has printed so far, errors included."""
        return self._log.read_bytes()

    def says(self, pattern: re.Pattern[bytes], seconds: float) -> re.Match[bytes] | None:
        """Wait until it has printed something that matches; None if it ends, or time is up,
        before it does."""
        until = time.monotonic() + seconds
        while True:
            # whether it lives is asked first: what it said before its end counts
            over = not self.alive() or time.monotonic() > until
            found = pattern.search(self.output())
            if found or over:
                return found
            time.sleep(_TICK)

    def stop(self, how: signal.Signals, seconds: float) -> bool:
        """Send a signal to it, not to its group, and wait for its end; whether that came."""
        if self.alive():
            self._child.send_signal(how)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(seconds)
        return not self.alive()

    def port(self, name: str, pattern: re.Pattern[bytes], seconds: float) -> int:
        """The port that it says, within so many seconds, to have chosen: the first group of the
        pattern.  Raises HgportError, which calls it by ``name``, if it says none."""
        said = self.says(pattern, seconds)
        if said is None:
            last = self.output().decode("utf-8", "replace").strip().splitlines()[-1:]
            raise HgportError(f"{name} does not start: {''.join(last) or 'it says nothing'}")
        return int(said[1])


@contextlib.contextmanager
def running(
    args: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], log: Path
) -> Iterator[Running]:
    """Run a program for the block, and end it with all that it started when the block is left.

    ``env`` is the whole environment; what the program prints goes to the file ``log``.  It is
    asked to end first (SIGTERM), and killed a few seconds later.  Raises OutsideError if there is
    no such program.
    """
    words = tuple(str(a) for a in args)
    with log.open("wb") as out, _begun(words, cwd, env, out) as child:
        yield Running(child, log)


class Talking:
    """A program that is told and asks back, a line at a time; ``talking`` makes one."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        assert child.stdin is not None and child.stdout is not None
        self._told, self._said = child.stdin, child.stdout
        self._left = b""
        self._log = log

    def output(self) -> bytes:
        """What it has printed beside its lines so far."""
        return self._log.read_bytes()

    def say(self, line: bytes) -> bool:
        """Tell it something; whether it is there to be told."""
        try:
            self._told.write(line + b"\n")
            self._told.flush()
        except OSError:
            return False
        return True

    def line(self, seconds: float) -> bytes | None:
        """What it says next, b"" if it has ended; None if it says nothing for so long."""
        until = time.monotonic() + seconds
        while b"\n" not in self._left:
            if not select.select([self._said], [], [], max(0, until - time.monotonic()))[0]:
                return None
            some = os.read(self._said.fileno(), 1 << 16)
            if not some:
                return b""
            self._left += some
        line, _newline, self._left = self._left.partition(b"\n")
        return line


@contextlib.contextmanager
def talking(
    args: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str], log: Path
) -> Iterator[Talking]:
    """Run a program for the block, which talks with it over its standard input and output; its
    standard error goes to the file ``log``.

    It has to end when its input does, which is how it learns that we were killed, and to take what
    it has started with it.  What is raised is ``running``'s.
    """
    words = tuple(str(a) for a in args)
    with log.open("wb") as errors:
        child = _start(words, cwd, env, subprocess.PIPE, subprocess.PIPE, errors)
    try:
        yield Talking(child, log)
    finally:
        _close_pipes(child)
        _end(child)


class _Child(subprocess.Popen[bytes]):
    """A process in a session of its own; if we are told to end while it begins, it ends, too."""

    def __init__(self, words: Sequence[str], **how: Any) -> None:
        self.pid = 0
        try:
            with _told_later():
                self._begin(words, **how)
        except BaseException:
            if self.pid:
                _end_group(self)
            raise

    def _begin(self, words: Sequence[str], **how: Any) -> None:
        try:
            super().__init__(words, start_new_session=True, **how)
        except OSError:
            # it has been waited for, so the number may already be somebody else's
            self.pid = 0
            raise


@contextlib.contextmanager
def _told_later() -> Iterator[None]:
    """What tells us to end in the block does so when it is left.

    What a handler raises comes between any two steps, even before the number of a process that
    has begun is kept.  (A signal that is blocked would be so in the process, too.)
    """
    # handlers run in this thread only
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting = True
    came: list[int] = []
    before: dict[int, Callable[[int, FrameType | None], Any]] = {}

    def note(number: int, frame: FrameType | None) -> None:
        if waiting:
            came.append(number)
        else:
            # it could not be put back
            before[number](number, frame)

    def put_back() -> None:
        for number, handler in before.items():
            # one that was run meanwhile may have said otherwise
            if signal.getsignal(number) is note:
                signal.signal(number, handler)

    try:
        for end in _ENDS:
            handler = signal.getsignal(end)
            if callable(handler):
                before[end] = handler
                signal.signal(end, note)
        yield
    finally:
        try:
            put_back()
        finally:
            # one that is back may raise before the next is
            waiting = False
            put_back()
        for number in came:
            signal.raise_signal(number)


def _start(
    words: tuple[str, ...],
    cwd: Path | None,
    env: Mapping[str, str] | None,
    stdin: int,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    pass_fds: tuple[int, ...] = (),
) -> subprocess.Popen[bytes]:
    try:
        return _Child(
            words,
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=pass_fds,
        )
    except (FileNotFoundError, PermissionError) as err:
        raise OutsideError(f"cannot run {words[0]}: {err.strerror}") from err


@contextlib.contextmanager
def _begun(
    words: tuple[str, ...], cwd: Path, env: Mapping[str, str], out: IO[bytes]
) -> Iterator[subprocess.Popen[bytes]]:
    child = _start(words, cwd, env, subprocess.DEVNULL, out, subprocess.STDOUT)
    watcher = None
    try:
        watcher = _watcher(child)
        yield child
    finally:
        _end(child)
        if watcher is not None:
            with watcher:
                watcher.kill()


def _end(child: subprocess.Popen[bytes]) -> None:
    """End a program and what it has left behind: it is asked to, and then killed."""
    try:
        _end_group(child, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(_SECONDS_TO_END)
    finally:
        _end_group(child)
        child.wait()


def _watcher(child: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
    """What sees to it that a group ends with us also if we are killed: the kernel then closes the
    pipe that this shell reads."""
    words = ["/bin/sh", "-c", f"read _; kill -KILL -{child.pid}"]
    null = subprocess.DEVNULL
    return _Child(words, env={"PATH": os.defpath}, stdin=subprocess.PIPE, stdout=null, stderr=null)
