"""End what a run of upstream's tests has left running.

Tests start servers that leave the group and the session they were started in, so ending a group
is not enough.  What they cannot shed is where they come from: each process of a run has the run's
own directory in its environment or works in it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
# a process may start another one while it is looked for
_ROUNDS = 50
_PAUSE = 0.05


def end_all(place: Path) -> None:
    """End every process of ours that belongs to the directory ``place``, and wait for it.

    Where the system does not show processes as files (macOS), these are the ones whose numbers the
    tests have written down in ``daemon.pids``.
    """
    for _round in range(_ROUNDS):
        found = list(belonging(place))
        if not found:
            return
        for number in found:
            with contextlib.suppress(OSError):
                os.kill(number, signal.SIGKILL)
        time.sleep(_PAUSE)


def belonging(place: Path) -> Iterator[int]:
    """The numbers of the processes that belong to ``place``, our own left out."""
    numbers = _shown(place) if (_PROC / "self" / "environ").exists() else _written_down(place)
    return (number for number in numbers if number != os.getpid())


def _shown(place: Path) -> Iterator[int]:
    wanted = str(place).encode()
    for entry in _PROC.glob("[0-9]*"):
        # others' processes do not let us look, and any may end while we do
        with contextlib.suppress(OSError):
            environment = (entry / "environ").read_bytes()
            if wanted in environment or wanted in os.fsencode(os.readlink(entry / "cwd")):
                yield int(entry.name)


def _written_down(place: Path) -> Iterator[int]:
    for path in place.rglob("daemon.pids"):
        # neither a note nor what it names need be there any longer
        with contextlib.suppress(ValueError, OSError):
            for number in map(int, path.read_text().split()):
                os.kill(number, 0)
                yield number
