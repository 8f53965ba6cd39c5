#!/usr/bin/env python3
"""Measure hgport against the programs that people apply patches with, on the same work.

Run it with the Python that hgport is installed in:

    .venv/bin/python contrib/bench/bench_apply.py [--rounds N] [--range RANGE]

Whole processes are timed, from start to end.  In every round each program runs once on a fresh
copy of the trees, so that whatever else the machine does hits all alike; the medians are shown.
The releases' files are fetched before the clock runs, and hgport gets a cache of its own
that shares no more than these with the person's.  In the first two tables the peers get
trees of nothing but the files that the patches touch, which is the least that they can be asked.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hgport import process
from hgport.engine import hg, verdicts
from hgport.errors import HgportError
from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.ranges import select
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.places import cache_dir
from hgport.upstream.contents import Contents
from hgport.upstream.tree import pristine

HGPORT = (sys.executable, "-m", "hgport")
# how to get the programs that may be missing
PEERS = {
    "git": "apt-get install git",
    "patch": "apt-get install patch",
    "quilt": "apt-get install quilt",
}


@dataclass(frozen=True)
class Job:
    """One release's tree, and the patches to put on it."""

    release: Release
    tree: Path
    patches: tuple[Path, ...]
    series: Path


# A run gets the fresh copies of the jobs' trees, and is what the clock times.
Run = Callable[[list[Job]], None]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="how often each program runs (5)")
    parser.add_argument("--range", default="latest", help="the releases (latest)")
    told = parser.parse_args()
    peers = {name: peer for name, peer in _peers().items() if _is_there(name)}
    stack, catalogue = project.load()
    with tempfile.TemporaryDirectory(prefix="hgport-bench-") as name:
        room = Path(name)
        _take_own_cache(room)
        releases = select(catalogue, told.range)
        jobs = _jobs(room, stack, catalogue, releases)
        _status(jobs)["hgport status, again"](jobs)
        base = [job for job in jobs if job.release.version == catalogue.base] or jobs[:1]
        _compare("The series on one tree", base, peers, _status(base), told.rounds, room)
        _compare(
            f"The series on {len(jobs)} releases", jobs, peers, _status(jobs), told.rounds, room
        )
        _compare_commits(stack, catalogue.release(catalogue.base), told.rounds, room)
    return 0


def _take_own_cache(room: Path) -> None:
    """Have this process, and what it starts, use a cache below ``room``, with the sdists and the
    trees of the one that was used so far."""
    shared, own = cache_dir(), room / "cache"
    own.mkdir()
    for name in ("sdists", "trees"):
        (shared / name).mkdir(parents=True, exist_ok=True)
        (own / name).symlink_to(shared / name)
    os.environ["HGPORT_CACHE"] = str(own)


def _is_there(name: str) -> bool:
    program = name.split()[0]
    if program == "hg" or shutil.which(program):
        return True
    print(f"{name}: not measured, there is no {program} here ({PEERS[program]})")
    return False


# the work


def _jobs(room: Path, stack: Stack, catalogue: Catalogue, releases: list[Release]) -> list[Job]:
    """A tree of the touched files for each release, as a repository too, for hg import."""
    jobs = []
    with Contents() as contents:
        for release in releases:
            port = stack.for_line(release.line)
            paths = verdicts.touched(stack, catalogue, port)
            tree = room / "trees" / release.version
            for path, content in contents.read(release, paths).items():
                if content is not None:
                    (tree / path).parent.mkdir(parents=True, exist_ok=True)
                    (tree / path).write_bytes(content)
            _make_repository(tree)
            jobs.append(_job(room, stack, release, tree))
    return jobs


def _job(room: Path, stack: Stack, release: Release, tree: Path) -> Job:
    series = stack.for_line(release.line).series
    # quilt wants series and patches in one directory
    directory = room / "series" / release.version
    directory.mkdir(parents=True)
    for patch in series.patches:
        (directory / patch.name).write_bytes(patch.data)
    (directory / "series").write_bytes(series.data)
    return Job(release, tree, tuple(directory / name for name in series.names), directory)


def _make_repository(tree: Path) -> None:
    hg.run("init", cwd=tree)
    hg.run("commit", "-A", "-q", "-m", "release", "-u", "bench", "-d", "0 0", cwd=tree)


# the programs


def _peers() -> dict[str, Run]:
    return {
        "git apply": _each(lambda job: ["git", "apply", *map(str, job.patches)]),
        "patch": _each(lambda job: ["patch", "-p1", "-F0", "-s"], feed=True),
        "quilt push -a": _each(lambda job: ["quilt", "push", "-a", "-q", "--fuzz=0"]),
        "hg import": _hg_import,
    }


def _each(words: Callable[[Job], list[str]], *, feed: bool = False) -> Run:
    def run(jobs: list[Job]) -> None:
        for job in jobs:
            env = {
                **os.environ,
                "QUILT_PATCHES": str(job.series),
                "QUILT_PC": ".pc",
                "GIT_CEILING_DIRECTORIES": str(job.tree.parent),
            }
            fed = b"".join(path.read_bytes() for path in job.patches) if feed else b""
            process.run(words(job), cwd=job.tree, env=env, stdin=fed)

    return run


def _hg_import(jobs: list[Job]) -> None:
    for job in jobs:
        hg.run("import", "-q", *job.patches, cwd=job.tree)


def _status(jobs: list[Job]) -> dict[str, Run]:
    versions = ",".join(job.release.version for job in jobs)

    def status(_jobs: list[Job]) -> None:
        process.run([*HGPORT, "status", versions])

    def nothing_known(jobs: list[Job]) -> None:
        # inside the clock, but it takes next to nothing
        shutil.rmtree(cache_dir() / "verdicts", ignore_errors=True)
        status(jobs)

    return {"hgport status, first": nothing_known, "hgport status, again": status}


# the measuring


def _compare(
    title: str,
    jobs: list[Job],
    peers: Mapping[str, Run],
    ours: Mapping[str, Run],
    rounds: int,
    room: Path,
) -> None:
    runs = {**ours, **peers}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _round in range(rounds):
        for name, run in runs.items():
            fresh = [_fresh(job, room) for job in jobs] if name in peers else jobs
            times[name].append(_timed(lambda run=run, fresh=fresh: run(fresh)))
            shutil.rmtree(room / "fresh", ignore_errors=True)
    _print(title, times, next(iter(ours)), rounds)


def _fresh(job: Job, room: Path) -> Job:
    tree = room / "fresh" / job.release.version
    shutil.copytree(job.tree, tree, symlinks=True)
    return Job(job.release, tree, job.patches, job.series)


def _compare_commits(stack: Stack, release: Release, rounds: int, room: Path) -> None:
    """Changesets in a repository of the whole release."""
    whole = room / "whole"
    shutil.copytree(pristine(release), whole, symlinks=True)
    for directory, _directories, _files in os.walk(whole):
        os.chmod(directory, 0o755)
    _make_repository(whole)
    hg.run("tag", "--local", release.version, cwd=whole)
    patches = [stack.for_line(release.line).series.directory / n for n in stack.top.names]
    copy = room / "copy"
    runs: dict[str, Callable[[], object]] = {
        "hgport apply -R": lambda: process.run([*HGPORT, "apply", release.version, "-R", copy]),
        "hg import": lambda: hg.run("import", "-q", *patches, cwd=copy),
    }
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _round in range(rounds):
        for name, run in runs.items():
            shutil.copytree(whole, copy, symlinks=True)
            hg.run("status", cwd=copy)  # the tree is ready, as one that is worked in
            times[name].append(_timed(run))
            shutil.rmtree(copy)
    _print(f"One changeset a patch on {release.version}", times, next(iter(runs)), rounds)


def _timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def _print(title: str, times: Mapping[str, list[float]], ours: str, rounds: int) -> None:
    medians = {name: statistics.median(values) for name, values in times.items()}
    print(f"\n{title} (median of {rounds})")
    print(f"  {'':24}{'seconds':>9}{'to ' + ours:>28}")
    for name, median in medians.items():
        print(f"  {name:24}{median:9.3f}{median / medians[ours]:27.2f}x")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HgportError as err:
        print(f"bench_apply: {err}" + (f" ({err.hint})" if err.hint else ""), file=sys.stderr)
        sys.exit(err.exit_code)
