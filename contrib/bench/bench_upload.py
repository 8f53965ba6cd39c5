#!/usr/bin/env python3
"""Measure how fast blobs are uploaded: by bare and by patched releases, one at a time and with
workers, and by git lfs push.

Run it with the Python that hgport is installed in:

    .venv/bin/python contrib/bench/bench_upload.py [RELEASE ...] [--with STACK] [--latency MS ...]
        [--rounds N] [--blobs N] [--kib N] [--workers N]

Whole processes are timed, from start to end.  In each round each client pushes the same blobs once
to the same server, in an order of its own, so that whatever else the machine does hits all alike.
Shown are medians with their quartiles, and what a client takes compared with another one in the
same round.  Every push is looked at: all blobs have to be there, once and intact.

The server (quickserver.py) and the latency (latency.py) are processes of this machine; "sockets
alone" is what these take of a client that does nothing but send what is ready.

Ends with 1 if a patched release is not as fast as is wanted.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import resource
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import gitlfs
import pushing
from latency import latency
from quickserver import QuickServer, quick_server

from hgport.errors import HgportError
from hgport.model import project
from hgport.process import Finished
from hgport.proof.world import room

RELEASES = ("5.2.2", "7.2.4")
STACK = "followups"
# what is wanted: one at a time, a patched release takes at most so many times what the bare one
# does; with workers it is so many times as fast, where the server is so many milliseconds away
SERIAL = 1.03
WORKERS, FAR = 2.5, 20
BARE, PATCHED, AT_ONCE = "one by one", "patched, one by one", "patched, {} workers"
ALONE = "sockets alone, one by one"
_SEED = 1

# what is timed: it gets an empty directory that it has been told of before, and the server's URL
Run = Callable[[Path, str], object]


@dataclass(frozen=True)
class Runner:
    """One who uploads; ``prepare`` is not timed."""

    name: str
    run: Run
    prepare: Callable[[Path], object] = lambda _place: None


@dataclass
class Times:
    """What the uploads of one runner took, round by round: seconds, and those of processors."""

    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)


# (runner's name, latency in ms) -> times
Measured = Mapping[tuple[str, int], Times]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("release", nargs="*", default=RELEASES, help=f"({' '.join(RELEASES)})")
    parser.add_argument(
        "--with", dest="over", action="append", metavar="STACK", help=f"({STACK}; '' for none)"
    )
    parser.add_argument("--latency", type=int, nargs="+", default=[0, FAR], help=f"(0 {FAR})")
    parser.add_argument("--rounds", type=int, default=9, help="how often each uploads all (9)")
    parser.add_argument("--blobs", type=int, default=400, help="how many (400)")
    parser.add_argument("--kib", type=int, default=64, help="of which size (64)")
    parser.add_argument("--workers", type=int, default=4, help="(4)")
    parser.add_argument("--json", type=Path, help="write every single time there, too")
    told = parser.parse_args()
    over = [one for one in told.over or [STACK] if one]
    blobs = pushing.contents(told.blobs, told.kib * 1024, told.kib * 1024, _SEED)
    with room() as place, contextlib.ExitStack() as left, quick_server() as server:
        runners = [
            *hg_runners(left, place, told.release, over, blobs, told.workers),
            *git_runners(place, blobs, told.workers),
            Runner(ALONE, lambda _place, url: alone(url, blobs)),
        ]
        ports = {ms: left.enter_context(latency(server.port, ms / 1000)) for ms in told.latency}
        away = {ms: round_trip(server, port) for ms, port in ports.items()}
        measured = measure(runners, server, ports, blobs, told.rounds, place)
    size = sum(map(len, blobs.values())) / 2**20
    print(f"{told.blobs} blobs of {told.kib} KiB, median of {told.rounds} (quartiles)")
    for ms in told.latency:
        print(f"\nA server {ms} ms away (an answer takes {away[ms] * 1000:.1f} ms)")
        show(measured, runners, ms, size)
    if told.json:
        told.json.write_text(
            json.dumps({f"{n}, {ms} ms": vars(t) for (n, ms), t in measured.items()})
        )
    print()
    reached = [judge(measured, version, told.latency, told.workers) for version in told.release]
    return 0 if all(reached) else 1


# who uploads


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
    for name, transfers in (("one by one", 1), (f"{workers} at a time", workers), ("", None)):
        yield Runner(", ".join(filter(None, ["git lfs push", name])), _git_push(made, transfers))


def _git_push(made: gitlfs.GitLfs, transfers: int | None) -> Run:
    return lambda _place, url: made.push(url, transfers=transfers)


def alone(url: str, blobs: Mapping[str, bytes]) -> None:
    """Upload by nothing but a socket; what the server and the relay take."""
    with _connected(url) as (sock, reader, host):
        for name, data in blobs.items():
            _ask(sock, reader, f"PUT /lfs/objects/{name}", host, data)


def round_trip(server: QuickServer, port: int, times: int = 9) -> float:
    """Seconds that an answer takes, without what is done for it."""
    taken = []
    with _connected(server.url(port)) as (sock, reader, host):
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


# the measuring


def measure(
    runners: Sequence[Runner],
    server: QuickServer,
    ports: Mapping[int, int],
    blobs: Mapping[str, bytes],
    rounds: int,
    room: Path,
) -> Measured:
    """Have each upload to each port so many times; what they work in is below ``room``."""
    measured = {(one.name, ms): Times() for one in runners for ms in ports}
    draw = random.Random(_SEED)
    for number in range(rounds + 1):
        turns = [(one, ms) for one in runners for ms in ports]
        draw.shuffle(turns)
        if not number:
            # the first of all is not counted: it fills what is compiled and cached
            turns = [(one, min(ports)) for one in runners]
        for runner, ms in turns:
            seconds, busy = _timed(runner, server.url(ports[ms]), room)
            _look_at(runner, server, blobs)
            if number:
                measured[runner.name, ms].seconds.append(seconds)
                measured[runner.name, ms].busy.append(busy)
    return measured


def _timed(runner: Runner, url: str, room: Path) -> tuple[float, float]:
    with tempfile.TemporaryDirectory(prefix="push-", dir=room) as name:
        place = Path(name)
        runner.prepare(place)
        before, started = _busy(), time.perf_counter()
        runner.run(place, url)
        return time.perf_counter() - started, _busy() - before


def _busy() -> float:
    """Seconds that processors have worked for what we started, and that has ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _look_at(runner: Runner, server: QuickServer, blobs: Mapping[str, bytes]) -> None:
    taken = server.taken()
    right = sum(taken.get(name, False) for name in blobs)
    if right < len(blobs) or len(taken) > len(blobs):
        raise HgportError(f"{runner.name}: {right} of {len(blobs)} blobs are stored once, intact")


# what is told


def show(measured: Measured, runners: Sequence[Runner], ms: int, size: float) -> None:
    print(f"  {'':28}{'seconds':>24}{'MiB/s':>8}{'busy s':>8}{'times as fast as one by one':>38}")
    for runner in runners:
        times = measured[runner.name, ms]
        seconds, busy = statistics.median(times.seconds), statistics.median(times.busy)
        own = BARE if runner.name[:1].isdigit() else ""
        first = f"{runner.name.split()[0]} {own}" if own else "git lfs push, one by one"
        told = "" if runner.name in (first, ALONE) else spread(ratios(measured, first, runner, ms))
        print(
            f"  {runner.name:28}{spread(times.seconds):>24}{size / seconds:8.1f}{busy:8.2f}"
            f"{told:>38}"
        )


def ratios(measured: Measured, first: str, second: Runner | str, ms: int) -> list[float]:
    """How often the second is as fast as the first, round by round."""
    name = second if isinstance(second, str) else second.name
    pair = measured[first, ms].seconds, measured[name, ms].seconds
    return [one / other for one, other in zip(*pair)]


def spread(values: Sequence[float]) -> str:
    """The median, and the quartiles."""
    # of one value alone there are none
    several = values if len(values) > 1 else [*values, *values]
    low, middle, high = statistics.quantiles(several, n=4, method="inclusive")
    return f"{middle:.3f} ({low:.3f}..{high:.3f})"


def judge(measured: Measured, version: str, every: Sequence[int], workers: int) -> bool:
    """Say whether a release is as fast as is wanted."""
    bare, patched = f"{version} {BARE}", f"{version} {PATCHED}"
    right = True
    for ms in every:
        took = statistics.median(1 / one for one in ratios(measured, bare, patched, ms))
        right = right and took <= SERIAL
        print(
            f"{version}, one by one, {ms} ms: patched takes {took:.3f} times what bare does"
            f" (wanted: at most {SERIAL:g})"
        )
    if FAR in every:
        name = f"{version} {AT_ONCE.format(workers)}"
        faster = statistics.median(ratios(measured, bare, name, FAR))
        right = right and faster >= WORKERS
        print(
            f"{version}, {workers} workers, {FAR} ms: {faster:.2f} times as fast as one by one"
            f" (wanted: at least {WORKERS:g})"
        )
    return right


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HgportError as err:
        print(f"bench_upload: {err}" + (f" ({err.hint})" if err.hint else ""), file=sys.stderr)
        sys.exit(err.exit_code)
