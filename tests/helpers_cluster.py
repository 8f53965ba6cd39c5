"""A Dask scheduler and workers of it, as programs on loopback."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from hgport.process import Running, running

# the second is where they tell about themselves over HTTP, dashboard or not
_QUIET = ("--host", "127.0.0.1", "--dashboard-address", "127.0.0.1:0", "--no-dashboard")
_SECONDS = 60
_T = TypeVar("_T")


def until(ask: Callable[[], _T | None]) -> _T:
    """What an answer is as soon as there is one."""
    end = time.monotonic() + _SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(FileNotFoundError, ValueError):
            answer = ask()
            if answer:
                return answer
        time.sleep(0.02)
    raise AssertionError(f"not in {_SECONDS} seconds")


@contextlib.contextmanager
def scheduler(place: Path) -> Iterator[str]:
    """The address of a scheduler that runs for the block, in a directory of its own."""
    place.mkdir()
    told = place / "scheduler.json"
    words: list[str | Path] = ["--port", "0", "--scheduler-file", told]
    with _dask("scheduler", *words, place=place):
        yield until(lambda: str(json.loads(told.read_bytes())["address"]))


@contextlib.contextmanager
def worker(address: str, place: Path, cache: Path, **more: str) -> Iterator[Running]:
    """A worker of one thread, with a cache of its own, more of an environment, and nobody to start
    it again."""
    place.mkdir()
    words: list[str | Path] = [
        "--nthreads",
        "1",
        "--no-nanny",
        "--local-directory",
        place,
        "--memory-limit",
        "0",
    ]
    env = {"HGPORT_CACHE": str(cache), **more}
    with _dask("worker", address, *words, place=place, more=env) as program:
        until(lambda: b"Registered to" in program.output() or None)
        yield program


@contextlib.contextmanager
def _dask(
    what: str, *words: str | Path, place: Path, more: dict[str, str] | None = None
) -> Iterator[Running]:
    program = [sys.executable, "-m", f"distributed.cli.dask_{what}", *words, *_QUIET]
    env = {**os.environ, **(more or {})}
    with running(program, cwd=place, env=env, log=place / "log") as one:
        yield one
