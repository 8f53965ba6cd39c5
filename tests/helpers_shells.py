"""A person at a shell: a terminal of its own, keys, and what the shell shows."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_ENOUGH = 20  # seconds for a shell to show what is waited for


class Terminal:
    """A program at a terminal; ``terminal`` makes one."""

    def __init__(self, master: int) -> None:
        self._master = master
        self._shown = b""

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._master, keys.encode())

    def wait(self, pattern: str) -> re.Match[str]:
        """Wait until it shows what matches, after all that was waited for before."""
        until = time.monotonic() + _ENOUGH
        while True:
            text = self._shown.decode("utf-8", "replace")
            found = re.search(pattern, text)
            if found:
                self._shown = text[found.end() :].encode()
                return found
            ready, _, _ = select.select([self._master], [], [], max(0, until - time.monotonic()))
            if not ready:
                raise AssertionError(f"no {pattern!r} in {text!r}")
            self._shown += self._read()

    def _read(self) -> bytes:
        try:
            data = os.read(self._master, 65536)
        except OSError:
            data = b""
        if not data:
            raise AssertionError(f"it ended, and had shown {self._shown!r}")
        return data


@contextlib.contextmanager
def terminal(args: Sequence[str], cwd: Path, env: Mapping[str, str]) -> Iterator[Terminal]:
    """Run a program at a terminal for the block."""
    master, slave = pty.openpty()
    try:
        child = subprocess.Popen(
            args,
            cwd=cwd,
            env=dict(env),
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
        )
        os.close(slave)
        try:
            yield Terminal(master)
        finally:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    finally:
        os.close(master)
