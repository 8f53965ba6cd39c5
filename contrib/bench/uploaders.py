"""Those whose uploads are timed: releases, git-lfs, and a client that is nothing but a socket."""

from __future__ import annotations

import contextlib
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import gitlfs
import pushing

from hgport.errors import HgportError
from hgport.model import project
from hgport.process import Finished

BARE, PATCHED, AT_ONCE = "one by one", "patched, one by one", "patched, {} workers"
ALONE = "sockets alone, one by one"
GIT = "git lfs push"
GIT_SERIAL = f"{GIT}, one by one"

# what is timed: it gets an empty directory that it has been told of before, and the server's URL
Run = Callable[[Path, str], object]


@dataclass(frozen=True)
class Runner:
    """One who uploads; ``prepare`` is not timed."""

    name: str
    run: Run
    prepare: Callable[[Path], object] = lambda _place: None


def hg_runners(
    left: contextlib.ExitStack,
    place: Path,
    versions: Sequence[str],
    over: Sequence[str],
    blobs: Mapping[str, bytes],
    workers: int,
) -> Iterator[Runner]:
    """Each release, bare and patched; what they need is there until ``left`` is."""
    stack, catalogue = project.load(None, over)
    for version in versions:
        release = catalogue.release(version)
        python = pushing.interpreter(release)
        made = pushing.replaced(release, stack.patches_for(release.line))
        bare, patched = (
            left.enter_context(pushing.client(place, release, python, files, blobs))
            for files in ({}, made)
        )
        print(f"{version}: Python {python.full.split()[0]}, {len(made)} files patched")
        yield _hg_runner(f"{version} {BARE}", bare, 0)
        yield _hg_runner(f"{version} {PATCHED}", patched, 0)
        if workers:
            yield _hg_runner(f"{version} {AT_ONCE.format(workers)}", patched, workers)


def _hg_runner(name: str, client: pushing.Client, workers: int) -> Runner:
    def run(place: Path, url: str) -> None:
        _must_succeed(name, client.push_prepared(place, url, workers=workers))

    return Runner(name, run, client.prepare)


def _must_succeed(name: str, finished: Finished) -> None:
    if finished.code:
        said = (finished.stderr or finished.stdout).decode("utf-8", "replace").strip()
        raise HgportError(f"{name}: {said.splitlines()[-1] if said else finished.code}")


def git_runners(place: Path, blobs: Mapping[str, bytes], workers: int) -> Iterator[Runner]:
    """git-lfs one by one, with as many transfers as we have workers, and as it comes."""
    if not gitlfs.is_there():
        print(f"git lfs: not measured, it is not here ({gitlfs.HOW_TO_GET})")
        return
    made = gitlfs.GitLfs.make(place / "git", blobs)
    print(made.version())
    yield Runner(GIT_SERIAL, _git_push(made, 1))
    if workers:
        yield Runner(f"{GIT}, {workers} at a time", _git_push(made, workers))
    yield Runner(GIT, _git_push(made, None))


def _git_push(made: gitlfs.GitLfs, transfers: int | None) -> Run:
    return lambda _place, url: made.push(url, transfers=transfers)


def alone(url: str, blobs: Mapping[str, bytes]) -> None:
    """Upload by nothing but a socket; what the server and the relay take."""
    with _connected(url) as (sock, reader, host):
        for name, data in blobs.items():
            _ask(sock, reader, f"PUT /lfs/objects/{name}", host, data)


def round_trip(url: str, times: int = 9) -> float:
    """Seconds that an answer takes, without what is done for it."""
    taken = []
    with _connected(url) as (sock, reader, host):
        for _time in range(times + 1):
            started = time.perf_counter()
            _ask(sock, reader, "GET /lfs/nothing", host, b"")
            taken.append(time.perf_counter() - started)
    # the first is the connection's
    return statistics.median(taken[1:])


@contextlib.contextmanager
def _connected(url: str) -> Iterator[tuple[socket.socket, BinaryIO, str]]:
    host = url.split("/")[2]
    with socket.create_connection(("127.0.0.1", int(host.rpartition(":")[2]))) as sock:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with sock.makefile("rb") as reader:
            yield sock, reader, host


def _ask(sock: socket.socket, reader: BinaryIO, what: str, host: str, body: bytes) -> None:
    head = f"{what} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n\r\n"
    sock.sendall(head.encode("ascii") + body)
    while reader.readline() not in (b"\r\n", b""):
        pass
