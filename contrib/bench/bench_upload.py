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
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pushing
import uploaders
from latency import latency
from quickserver import QuickServer, quick_server
from uploaders import ALONE, AT_ONCE, BARE, GIT, GIT_SERIAL, PATCHED, Runner

from hgport.errors import HgportError
from hgport.proof.world import room

RELEASES = ("5.2.2", "7.2.4")
STACK = "followups"
# what is wanted: one at a time, a patched release takes at most so many times what the bare one
# does; with workers it is so many times as fast, where the server is so many milliseconds away
SERIAL = 1.03
WORKERS, FAR = 2.5, 20
_SEED = 1


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
    parser.add_argument("--blobs", type=int, default=256, help="how many (256)")
    parser.add_argument("--kib", type=int, default=64, help="of which size (64)")
    parser.add_argument("--workers", type=int, default=4, help="(4; 0: leave them out)")
    parser.add_argument("--json", type=Path, help="write every single time there, too")
    told = parser.parse_args()
    over = [one for one in told.over or [STACK] if one]
    blobs = pushing.contents(told.blobs, told.kib * 1024, told.kib * 1024, _SEED)
    with room() as place, contextlib.ExitStack() as left, quick_server() as server:
        runners = [
            *uploaders.hg_runners(left, place, told.release, over, blobs, told.workers),
            *uploaders.git_runners(place, blobs, told.workers),
            Runner(ALONE, lambda _place, url: uploaders.alone(url, blobs)),
        ]
        ports = {ms: left.enter_context(latency(server.port, ms / 1000)) for ms in told.latency}
        away = {ms: uploaders.round_trip(server.url(port)) for ms, port in ports.items()}
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
        first = compared_with(runner.name)
        told = spread(ratios(measured, first, runner.name, ms)) if first else ""
        print(
            f"  {runner.name:28}{spread(times.seconds):>24}{size / seconds:8.1f}{busy:8.2f}"
            f"{told:>38}"
        )


def compared_with(name: str) -> str | None:
    """Whom a runner is compared with: the one that does the same one by one, and bare."""
    first = GIT_SERIAL if name.startswith(GIT) else f"{name.split()[0]} {BARE}"
    return None if name in (first, ALONE) else first


def ratios(
    measured: Measured, first: str, second: str, ms: int, what: str = "seconds"
) -> list[float]:
    """How often the second is as fast as the first, round by round; or how much less busy."""
    pair = (getattr(measured[name, ms], what) for name in (first, second))
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
        times = [1 / one for one in ratios(measured, bare, patched, ms)]
        right = right and statistics.median(times) <= SERIAL
        busy = [1 / one for one in ratios(measured, bare, patched, ms, "busy")]
        print(
            f"{version}, one by one, {ms} ms: patched takes {spread(times)} times what bare does"
            f" (wanted: at most {SERIAL:g}), and {spread(busy)} times the processor's time"
        )
    if workers and FAR in every:
        name = f"{version} {AT_ONCE.format(workers)}"
        faster = ratios(measured, bare, name, FAR)
        right = right and statistics.median(faster) >= WORKERS
        print(
            f"{version}, {workers} workers, {FAR} ms: {spread(faster)} times as fast as one by one"
            f" (wanted: at least {WORKERS:g})"
        )
    return right


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HgportError as err:
        print(f"bench_upload: {err}" + (f" ({err.hint})" if err.hint else ""), file=sys.stderr)
        sys.exit(err.exit_code)
