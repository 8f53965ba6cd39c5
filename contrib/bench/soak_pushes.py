#!/usr/bin/env python3
"""Push many blobs many times over with workers, to a server that is honest and to one that breaks
connections by chance, from bare and from patched releases, and count what came of it.

Run it with the Python that hgport is installed in:

    .venv/bin/python contrib/bench/soak_pushes.py [RELEASE ...] [--state STATE] [--with STACK]
        [--times N] [--chance P] [--transport T] [--results FILE] [--jobs N] [--show]

Each push is a real ``hg push`` in a repository of its own, to a server of its own that keeps record
of every byte.  The faults of the n-th push are those of seed n, whatever the release.  What comes
of a push is added to the results at once; what is there already, of the same code, is not done
again, so that a soak can be stopped and taken up, and --show tells at any time how it stands.
Of each push that does not end well, a file beside the results keeps what was printed and what the
server saw.

Ends with 1 if with the patches anything failed, was lost, corrupt, hung or crashed, or if any of
their pushes is not made yet.  "late" counts those pushes that are fine, but ended only once the
server had hung up on them.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import as_completed
from pathlib import Path

import pushing
import soaked
from soaked import Push, Seen

from hgport.errors import HgportError
from hgport.model import project
from hgport.model.release import Release
from hgport.proof.faults import Fault, Random
from hgport.proof.interpreters import Interpreter
from hgport.proof.workers import local
from hgport.proof.world import room

RELEASES = ("4.9.1", "5.2.2", "6.1.4", "7.2.4")
STACK = "followups"
BARE, PATCHED = "bare", "patched"
HONEST, RANDOM = "no fault", "by chance"
COLUMNS = (soaked.FINE, soaked.LOST, soaked.HUNG, soaked.CRASHED, soaked.FAILED)
_AMONG = ("corrupt", "mixed", "late")
_SMALLEST, _LARGEST, _SEED = 4 * 1024, 64 * 1024, 1
_BATCH = ""  # what the batch request is called among the objects

# what a push has come to, by the push's key
Known = Mapping[str, Seen]


@dataclasses.dataclass(frozen=True)
class Row:
    """All pushes of one release in one state to one kind of server, and what they need."""

    release: Release
    python: Interpreter
    state: str
    files: Mapping[str, bytes | None]
    server: str
    pushes: tuple[Push, ...]


def asked() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("release", nargs="*", default=RELEASES, help=f"({' '.join(RELEASES)})")
    parser.add_argument("--state", choices=(BARE, PATCHED), action="append", help="(both)")
    parser.add_argument(
        "--with", dest="over", action="append", metavar="STACK", help=f"({STACK}; '' for none)"
    )
    parser.add_argument("--times", type=int, default=200, help="pushes of each kind (200)")
    parser.add_argument("--blobs", type=int, default=64, help="how many in each push (64)")
    parser.add_argument("--workers", type=int, default=4, help="(4)")
    parser.add_argument("--chance", type=float, default=0.2, help="of a fault (0.2)")
    parser.add_argument("--transport", choices=("http", "https"), default="http", help="(http)")
    parser.add_argument("--python", help="the Python to run all in (each release's best)")
    parser.add_argument("--results", type=Path, default=Path("soak.jsonl"), help="(soak.jsonl)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="(the processors)")
    parser.add_argument("--show", action="store_true", help="push nothing, show what is known")
    return parser.parse_args()


def main() -> int:
    told = asked()
    blobs = pushing.contents(told.blobs, _SMALLEST, _LARGEST, _SEED)
    rows = list(made(told, tuple(blobs)))
    known = read(told.results)
    if not told.show:
        known = soak(rows, blobs, known, told.results, told.jobs)
    show(rows, known)
    return verdict(rows, known)


# what is to be done


def made(told: argparse.Namespace, names: tuple[str, ...]) -> Iterator[Row]:
    """The rows that were asked for."""
    stack, catalogue = project.load(None, [one for one in told.over or [STACK] if one])
    blobs = f"{told.blobs} of {_SMALLEST} to {_LARGEST} bytes, seed {_SEED}"
    for version in told.release:
        release = catalogue.release(version)
        python = pushing.interpreter(release, told.python)
        for state in told.state or (BARE, PATCHED):
            patches = () if state == BARE else stack.patches_for(release.line)
            files = pushing.replaced(release, patches)
            push = Push(
                version,
                python.full,
                _run(files),
                told.transport,
                told.workers,
                blobs,
                0,
                0,
            )
            for server, chance in ((HONEST, 0.0), (RANDOM, told.chance)):
                pushes = tuple(
                    dataclasses.replace(push, chance=chance, seed=n, drawn=_drawn(n, chance, names))
                    for n in range(1, told.times + 1)
                )
                yield Row(release, python, state, files, server, pushes)


def _drawn(seed: int, chance: float, names: Sequence[str]) -> str:
    """A hash of the faults of a seed, "" for none."""
    if not chance:
        return ""
    chances = Random(seed, chance)
    drawn = [_set(chances.draw(name, n)) for name in (_BATCH, *names) for n in range(1, 5)]
    return _hash(json.dumps([chances.most, drawn]).encode())


def _set(fault: Fault) -> dict[str, object]:
    """What a fault does; what it could do besides makes it no other one."""
    every = {field.name: field.default for field in dataclasses.fields(fault)}
    return {name: value for name, value in vars(fault).items() if value != every[name]}


def _run(files: Mapping[str, bytes | None]) -> str:
    """A hash of those of some files that a push runs, "" for none."""
    run = sorted((path, data) for path, data in files.items() if not path.startswith("tests/"))
    return _hash(repr(run).encode()) if run else ""


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def read(results: Path) -> Known:
    """What is known already; a line that was cut off by a crash is not."""
    known = {}
    with contextlib.suppress(FileNotFoundError):
        for line in results.read_text().splitlines():
            with contextlib.suppress(ValueError):
                about = json.loads(line)
                known[about["key"]] = Seen(**about["seen"])
    return known


# doing it


def soak(
    rows: Sequence[Row], blobs: Mapping[str, bytes], known: Known, results: Path, jobs: int
) -> Known:
    """Make every push that is not known; return all that is known then."""
    every = dict(known)
    left = sum(push.key not in every for row in rows for push in row.pushes)
    print(f"{left} pushes to make", flush=True)
    if not left:
        return every
    keep, started = results.with_suffix(".kept"), time.monotonic()
    results.parent.mkdir(parents=True, exist_ok=True)
    with room() as place, contextlib.ExitStack() as clients, results.open("a") as out:
        todo = list(_todo(rows, blobs, every, place, clients))
        with local(jobs) as executor:
            futures = {
                executor.submit(soaked.make, push, client, tuple(blobs), place, keep): push
                for push, client in todo
            }
            for done in as_completed(futures):
                push, seen = futures[done], done.result()
                every[push.key] = seen
                about = {
                    "key": push.key,
                    "push": dataclasses.asdict(push),
                    "seen": dataclasses.asdict(seen),
                }
                out.write(json.dumps(about) + "\n")
                out.flush()
    print(f"{left} pushes took {time.monotonic() - started:.0f} s, {jobs} at a time")
    return every


def _todo(
    rows: Sequence[Row],
    blobs: Mapping[str, bytes],
    known: Known,
    place: Path,
    left: contextlib.ExitStack,
) -> Iterator[tuple[Push, pushing.Client]]:
    """The pushes to make and what makes them; of each row in turn, so that a soak that is stopped
    has something to say of all."""
    clients: dict[tuple[str, str], pushing.Client] = {}
    for row in rows:
        which = row.release.version, row.state
        if which not in clients:
            clients[which] = left.enter_context(
                pushing.client(place, row.release, row.python, row.files, blobs)
            )
    for pushes in zip(*(row.pushes for row in rows)):
        for row, push in zip(rows, pushes):
            if push.key not in known:
                yield push, clients[row.release.version, row.state]


# what is told


def show(rows: Sequence[Row], known: Known) -> None:
    print("\npushes by how they ended; of these, with uploads stored corrupt, with mixed requests,")
    print("and those that ended well, but late")
    head = "".join(f"{name:>10}" for name in (*COLUMNS, *_AMONG))
    print(f"{'release':9}{'state':9}{'server':11}{'pushes':>7}{head}{'seconds':>9}{'faults':>8}")
    for row in rows:
        seen = [known[push.key] for push in row.pushes if push.key in known]
        counts = Counter(one.outcome for one in seen)
        counts["corrupt"] = sum(bool(one.corrupt) for one in seen)
        counts["mixed"] = sum(bool(one.garbled) for one in seen)
        counts["late"] = sum(one.late for one in seen)
        cells = "".join(f"{counts[name]:10}" for name in (*COLUMNS, *_AMONG))
        each = sum(one.seconds for one in seen) / max(1, len(seen))
        struck = sum(one.struck for one in seen)
        print(
            f"{row.release.version:9}{row.state:9}{row.server:11}{len(seen):7}{cells}"
            f"{each:9.2f}{struck:8}"
        )


def verdict(rows: Sequence[Row], known: Known) -> int:
    """1 if what is known of the patched releases is bad, or is not all, else 0; say so."""
    patched = [push.key for row in rows if row.state == PATCHED for push in row.pushes]
    missing = sum(key not in known for key in patched)
    bad = sum(known[key].is_bad for key in patched if key in known)
    if missing:
        print(f"\n{missing} of {len(patched)} pushes with the patches are not made")
    if bad:
        print(f"\n{bad} of {len(patched)} pushes with the patches are not fine")
    return 1 if missing or bad else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HgportError as err:
        print(f"soak_pushes: {err}" + (f" ({err.hint})" if err.hint else ""), file=sys.stderr)
        sys.exit(err.exit_code)
