"""The one module that starts programs.

A program gets an argument list, a directory, a whole environment and a time limit.  It runs in a
process group of its own, all of which is ended when its time is up or hgport is interrupted.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hgport.errors import HgportError, OutsideError


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
    try:
        child = subprocess.Popen(
            words,
            cwd=cwd,
            env=None if env is None else dict(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
            pass_fds=tuple(pass_fds),
        )
    except (FileNotFoundError, PermissionError) as err:
        raise OutsideError(f"cannot run {words[0]}: {err.strerror}") from err
    timed_out = False
    try:
        out, err_out = child.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        timed_out = True
        _end_group(child)
        out, err_out = child.communicate()
    except BaseException:
        _end_group(child)
        child.wait()
        raise
    finished = Finished(words, child.returncode, out, err_out, timed_out)
    if allowed is not None and (timed_out or finished.code not in allowed):
        raise ProgramFailed(finished)
    return finished


def _end_group(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
