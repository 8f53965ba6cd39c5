#!/usr/bin/env python3
"""Measure how long carrying the series takes, against what else can do it.

Two things are measured.  First the series onto the newest release of every line at once, with
nothing known and again with all known, by the processor time that it takes.  Then one release,
against ``hg rebase`` and ``git rebase``, by the clock: these two work in real repositories, which
have the origin's release as a commit, the target's as another one on it, and on the former one
commit a patch; hgport has the sdists and writes the port.  A fresh copy of the repository, or an
empty directory for the port, is there before the clock starts.

Nothing is measured that was not looked at: it is printed how many of the patches each one carried
before it stopped at a conflict.  hgport runs on a copy of the project, and on a cache of this
script's own that shares no more than the sdists and the trees with the person's.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hgport import process
from hgport.engine import hg
from hgport.engine.apply import apply_series
from hgport.engine.origins import Origin, origin_of
from hgport.errors import HgportError
from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.places import cache_dir, project_dir
from hgport.upstream.contents import Contents
from hgport.upstream.tree import pristine

HGPORT = (sys.executable, "-m", "hgport")
_WHO = "bench <bench@example.org>"


@dataclass(frozen=True)
class Job:
    """The series of an origin, to be carried to a release; the two repositories are ready for it.

    ``base`` is the release that the origin is read on, ``patches`` how many there are.
    """

    origin: Origin
    target: Release
    patches: int
    hg: Path
    git: Path | None


@dataclass(frozen=True)
class Ran:
    """One run: seconds by the clock, seconds of processor time, patches that were carried."""

    clock: float
    processor: float
    carried: int


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each program runs (3)")
    parser.add_argument(
        "--targets",
        default="5.5,5.3",
        help="the lines to carry to, one by one (5.5, where nothing is in anybody's way, and 5.3)",
    )
    told = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hgport-bench-") as name:
        room = Path(name)
        take_own_cache(room)
        take_own_project(room)
        stack, catalogue = project.load()
        # what no rebase has to do, as the contents of releases are known from any command before
        process.run([*HGPORT, "rebase", "latest", "--dry-run"], allowed=None)
        measure_lines(told.rounds)
        for line in told.targets.split(","):
            measure_release(stack, catalogue, line, told.rounds, room)
    return 0


def take_own_cache(room: Path) -> None:
    """Have this process, and what it starts, use a cache below ``room``, with the sdists and the
    trees of the one that was used so far."""
    shared, own = cache_dir(), room / "cache"
    own.mkdir()
    for name in ("sdists", "trees"):
        (shared / name).mkdir(parents=True, exist_ok=True)
        (own / name).symlink_to(shared / name)
    os.environ["HGPORT_CACHE"] = str(own)


def take_own_project(room: Path) -> None:
    """The same with the series and its ports: what is in conflict would wait beside them."""
    own = room / "project"
    shutil.copytree(project_dir() / "patches", own / "patches")
    shutil.copy(project_dir() / "series", own / "series")
    os.environ["HGPORT_PROJECT"] = str(own)


def forget() -> None:
    """Have hgport carry everything anew."""
    for name in ("carried", "verdicts"):
        shutil.rmtree(cache_dir() / name, ignore_errors=True)


# every line


def measure_lines(rounds: int) -> None:
    """Print the processor time of the series onto every line."""
    words = [*HGPORT, "rebase", "latest", "--dry-run"]
    first, again = [], []
    for _round in range(rounds):
        forget()
        first.append(timed(lambda: process.run(words, allowed=None)).processor)
        again.append(timed(lambda: process.run(words, allowed=None)).processor)
    print(f"The series onto the newest release of every line (median of {rounds})")
    print(f"  {'':24}{'processor':>10}")
    for name, values in (("nothing known", first), ("again", again)):
        print(f"  {name:24}{statistics.median(values):9.3f}s")


# one release


def measure_release(stack: Stack, catalogue: Catalogue, line: str, rounds: int, room: Path) -> None:
    """Print how long each program takes to carry the series to the newest release of a line."""
    target = catalogue.newest(line)
    job = prepared(origin_of(stack, catalogue, target), target, room / line)
    runs: dict[str, Callable[[Job, Path], int]] = {
        "hgport rebase, again": hgport_rebase,
        "hgport rebase, first": hgport_rebase,
        "hg rebase": hg_rebase,
    }
    if job.git is None:
        print("git rebase: not measured, there is no git here (apt-get install git)")
    else:
        runs["git rebase"] = git_rebase
    found: dict[str, list[Ran]] = {name: [] for name in runs}
    for number in range(rounds):
        for name, run in runs.items():
            place = room / f"{line}-{number}"
            _make_ready(name, job, place)
            if name.endswith("first"):
                forget()
            found[name].append(timed(lambda run=run, place=place: run(job, place)))
            shutil.rmtree(place, ignore_errors=True)
    title = f"{job.patches} patches from {job.origin.release.version} to {target.version}"
    print_table(f"{title} (median of {rounds})", found, job.patches)


def _make_ready(name: str, job: Job, place: Path) -> None:
    """What a program needs before the clock starts."""
    if name.startswith("hgport"):
        place.mkdir()
        if name.endswith("again"):
            hgport_rebase(job, place)
            shutil.rmtree(place)
            place.mkdir()
        return
    source = job.git if name.startswith("git") else job.hg
    assert source is not None
    shutil.copytree(source, place, symlinks=True)
    # it knows its files, as one that is worked in
    if name.startswith("git"):
        git(place, "status")
    else:
        hg.run("status", cwd=place)


def hgport_rebase(job: Job, place: Path) -> int:
    words = ["rebase", job.target.version, "--no-memory", "--into", str(place / "port")]
    done = process.run([*HGPORT, *words], cwd=place, allowed=None)
    if done.code == 0:
        return job.patches
    process.run([*HGPORT, "rebase", "--abort", job.target.version], cwd=place, allowed=None)
    return _before_conflict(done.stdout)


def _before_conflict(said: bytes) -> int:
    """How many patches hgport's table says were carried."""
    words = [line.split()[-1:] for line in said.splitlines()]
    return sum(word in ([b"exact"], [b"lines"], [b"format"]) for word in words)


def hg_rebase(job: Job, place: Path) -> int:
    tool = ("--config", "extensions.rebase=", "--tool", "internal:merge3")
    where = ("-s", "first(series())", "-d", "target")
    words = ("rebase", *tool, *where, "--config", "revsetalias.series()=desc('re:^patch ')")
    hg.run(*words, cwd=place, allowed=(0, 1, 240))
    told = hg.run("log", "-r", "descendants(target) - target", "-T", "x", cwd=place)
    return len(told.stdout)


def git_rebase(job: Job, place: Path) -> int:
    git(place, "rebase", "target", allowed=None)
    told = git(place, "rev-list", "--count", "target..HEAD")
    return int(told.stdout)


def git(place: Path, *words: str, allowed: Sequence[int] | None = (0,)) -> process.Finished:
    """Run git with nobody's configuration."""
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(place.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CEILING_DIRECTORIES": str(place.parent),
        "GIT_EDITOR": "true",
    }
    for role in ("AUTHOR", "COMMITTER"):
        env |= {f"GIT_{role}_NAME": "bench", f"GIT_{role}_EMAIL": "bench@example.org"}
    return process.run(["git", *words], cwd=place, env=env, allowed=allowed)


# repositories


def prepared(origin: Origin, target: Release, room: Path) -> Job:
    """The repositories for a job, below ``room``."""
    room.mkdir()
    states = _states(origin)
    repository = room / "hg"
    _make_hg(repository, origin.release, target, states)
    other = None
    if shutil.which("git"):
        other = room / "git"
        _make_git(other, origin.release, target, states)
    return Job(origin, target, len(states), repository, other)


def _states(origin: Origin) -> list[Mapping[str, bytes | None]]:
    """What each patch of the origin makes of the files of its release."""
    patches = origin.port.series.patches
    paths = sorted({path for patch in patches for path in patch.paths})
    with Contents() as contents:
        read = contents.read(origin.release, paths).get
    return [result.files for result in apply_series(read, patches).results]


def _make_hg(
    place: Path, base: Release, target: Release, states: list[Mapping[str, bytes | None]]
) -> None:
    place.mkdir()
    hg.run("init", cwd=place)
    commit = ("commit", "-A", "-q", "-u", _WHO, "-d", "0 0", "-m")
    _replace(place, pristine(base))
    hg.run(*commit, "base", cwd=place)
    hg.run("tag", "--local", "base", cwd=place)
    _replace(place, pristine(target))
    hg.run(*commit, "target", cwd=place)
    hg.run("tag", "--local", "target", cwd=place)
    hg.run("update", "-q", "base", cwd=place)
    for number, files in enumerate(states, start=1):
        _write(place, files)
        hg.run(*commit, f"patch {number}", cwd=place)


def _make_git(
    place: Path, base: Release, target: Release, states: list[Mapping[str, bytes | None]]
) -> None:
    place.mkdir()
    git(place, "init", "-q", "-b", "series")

    def commit(message: str) -> None:
        # -f: the releases have a list of files to ignore for git, too
        git(place, "add", "-A", "-f", ".")
        git(place, "commit", "-q", "-m", message)

    _replace(place, pristine(base))
    commit("base")
    git(place, "checkout", "-q", "-b", "target")
    _replace(place, pristine(target))
    commit("target")
    git(place, "checkout", "-q", "series")
    for number, files in enumerate(states, start=1):
        _write(place, files)
        commit(f"patch {number}")


def _replace(place: Path, tree: Path) -> None:
    """Put the files of a tree in the place of those that are there."""
    for entry in place.iterdir():
        if entry.name in (".hg", ".git"):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    shutil.copytree(tree, place, symlinks=True, dirs_exist_ok=True)
    for directory, _directories, files in os.walk(place):
        os.chmod(directory, 0o755)
        for name in files:
            path = Path(directory) / name
            path.chmod(path.stat().st_mode | 0o200)


def _write(place: Path, files: Mapping[str, bytes | None]) -> None:
    for name, content in files.items():
        if content is None:
            (place / name).unlink()
        else:
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(content)


# the measuring


def timed(run: Callable[[], object]) -> Ran:
    """Run something, and see how long it, and what it starts, takes.  What it returns is how many
    patches it carried, if it is a number."""
    before, start = _processor(), time.perf_counter()
    made = run()
    clock, processor = time.perf_counter() - start, _processor() - before
    return Ran(clock, processor, made if isinstance(made, int) else 0)


def _processor() -> float:
    seen = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in seen)


def print_table(title: str, found: Mapping[str, list[Ran]], patches: int) -> None:
    clocks = {name: statistics.median(r.clock for r in runs) for name, runs in found.items()}
    ours = next(iter(clocks))
    print(f"\n{title}")
    print(f"  {'':24}{'seconds':>9}{'processor':>11}{'carried':>9}{'to ' + ours:>26}")
    for name, runs in found.items():
        processor = statistics.median(r.processor for r in runs)
        carried = f"{min(r.carried for r in runs)} of {patches}"
        ratio = clocks[name] / clocks[ours]
        print(f"  {name:24}{clocks[name]:9.3f}{processor:11.3f}{carried:>9}{ratio:25.2f}x")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HgportError as err:
        print(f"bench_rebase: {err}" + (f" ({err.hint})" if err.hint else ""), file=sys.stderr)
        sys.exit(err.exit_code)
