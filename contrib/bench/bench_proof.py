#!/usr/bin/env python3
"""Measure what a proof takes: one worker against two, and a proof in which nothing has changed.

Run it with the Python that hgport is installed in:

    .venv/bin/python contrib/bench/bench_proof.py [--range RANGE] [--python V] [--scenario GLOB]
        [--jobs N ...] [--rounds N] [--warm RANGE]

Whole processes are timed, from start to end.  In each round the same cells are run once with each
number of jobs (1 and 2), so that whatever else the machine does hits all alike; the medians are
shown, with the processor time that a cell took.  Then ``hgport test`` is timed on what it knows
already.  What the person's cache knows of that is used, what it does not is run first, which may
take minutes; the cache itself is left alone.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from hgport import process
from hgport.errors import HgportError
from hgport.places import cache_dir

HGPORT = (sys.executable, "-m", "hgport", "test")
# what is wanted: so many times as fast with the last number of jobs as with the first, and so many
# seconds for a proof in which nothing has changed
FASTER = 1.7
WARM_SECONDS = 1.0
_SHARED = ("sdists", "trees")
_LONG = 7200  # seconds


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--range", default="5.2.2", help="the releases to run (5.2.2)")
    parser.add_argument("--python", default="2.7", help="the Python to run them in (2.7)")
    parser.add_argument("--scenario", action="append", help="only these scenarios (all)")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], help="(1 2)")
    parser.add_argument("--rounds", type=int, default=1, help="how often each is run (1)")
    parser.add_argument("--warm", default="affected", help="what is proven already (affected)")
    told = parser.parse_args()
    words = [told.range, "--python", told.python]
    words += [word for glob in told.scenario or () for word in ("--scenario", glob)]
    with tempfile.TemporaryDirectory(prefix="hgport-bench-") as name:
        take_own_cache(Path(name))
        right = compare_jobs(words, told.jobs, told.rounds)
        right = measure_warm(told.warm) and right
    return 0 if right else 1


def take_own_cache(room: Path) -> None:
    """Have this process, and what it starts, use a cache below ``room``.  It has the sdists and the
    trees of the one used so far in common with it, and a copy of what that knows of cells."""
    shared, own = cache_dir(), room / "cache"
    own.mkdir()
    for name in _SHARED:
        (shared / name).mkdir(parents=True, exist_ok=True)
        (own / name).symlink_to(shared / name)
    known = shared / "proofs.sqlite"
    if known.is_file():
        with (
            closing(sqlite3.connect(f"{known.as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(own / known.name)) as copy,
        ):
            source.backup(copy)
    os.environ["HGPORT_CACHE"] = str(own)


def compare_jobs(words: Sequence[str], jobs: Sequence[int], rounds: int) -> bool:
    """Time the same cells with each number of jobs; whether the last is as fast as is wanted."""
    count, _seconds, _busy = timed([*words, "--jobs", str(max(jobs))])
    seconds: dict[int, list[float]] = {number: [] for number in jobs}
    busy: dict[int, list[float]] = {number: [] for number in jobs}
    for _round in range(rounds):
        for number in jobs:
            _count, took, used = timed([*words, "--jobs", str(number), "--no-cache"])
            seconds[number].append(took)
            busy[number].append(used)
    first = statistics.median(seconds[jobs[0]])
    print(f"\n{count} cells of {' '.join(words)} (median of {rounds})")
    print(f"  {'jobs':>6}{'seconds':>10}{'times as fast':>16}{'core-seconds a cell':>22}")
    for number in jobs:
        median = statistics.median(seconds[number])
        each = statistics.median(busy[number]) / max(1, count)
        print(f"  {number:6}{median:10.1f}{first / median:16.2f}{each:22.3f}")
    reached = first / statistics.median(seconds[jobs[-1]])
    print(f"  wanted: at least {FASTER:g} times as fast; reached: {reached:.2f}")
    return reached >= FASTER


def measure_warm(releases: str, rounds: int = 5) -> bool:
    """Time a proof of which all is known; whether it is as quick as is wanted."""
    count, first, _busy = timed([releases])
    times = [timed([releases])[1] for _round in range(rounds)]
    median = statistics.median(times)
    print(f"\nhgport test {releases}, {count} cells (median of {rounds})")
    print(f"  first {first:.1f} s, then {median:.3f} s; wanted: at most {WARM_SECONDS:g} s")
    return median <= WARM_SECONDS


def timed(words: Sequence[str]) -> tuple[int, float, float]:
    """Run a proof; how many cells it has, the seconds it took, and those of the processors.

    Raises ProgramFailed if hgport cannot run it, or it is not as stated.
    """
    # a release whose interpreter is missing is no reason not to measure the others
    started, before = time.perf_counter(), _processor_seconds()
    finished = process.run([*HGPORT, *words, "--json"], timeout=_LONG, allowed=(0, 3))
    took = time.perf_counter() - started
    return len(json.loads(finished.stdout)["cells"]), took, _processor_seconds() - before


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HgportError as err:
        print(f"bench_proof: {err}" + (f" ({err.hint})" if err.hint else ""), file=sys.stderr)
        sys.exit(err.exit_code)
