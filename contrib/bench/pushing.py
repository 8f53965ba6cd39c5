"""What the benchmarks push with: real releases, bare or patched, and repositories full of blobs.

A push goes to an empty repository on the same disk, so that next to nothing of its time is
Mercurial's own; its blobs go to ``lfs.url``.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import random
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hgport.errors import HgportError, OutsideError
from hgport.files import built_beside, locked
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.process import Finished
from hgport.proof import interpreters
from hgport.proof.interpreters import Interpreter
from hgport.proof.patched import patched
from hgport.proof.scenarios import LFS
from hgport.proof.world import Ground, Hg, ground, world, write_config
from hgport.upstream.contents import Contents


@dataclass(frozen=True)
class Client:
    """A release of one state that can push: its ``hg``, and ``repositories``, a directory that
    holds ``client``, with the blobs committed, and ``peer``, which is empty."""

    hg: Hg
    repositories: Path

    def push(
        self, place: Path, url: str, *, workers: int = 0, more: str = "", seconds: float = 600
    ) -> Finished:
        """Push all to the empty directory ``place`` and the blobs to ``url``, with so many
        workers; any exit code will do.  ``more`` is more configuration; it is ended after so many
        ``seconds``."""
        self.prepare(place)
        return self.push_prepared(place, url, workers=workers, more=more, seconds=seconds)

    def prepare(self, place: Path) -> None:
        """Make in ``place`` what one push needs, and changes."""
        for name in ("client", "peer"):
            # hg breaks a link before it writes
            source = self.repositories / name
            shutil.copytree(source, place / name, symlinks=True, copy_function=os.link)

    def push_prepared(
        self, place: Path, url: str, *, workers: int = 0, more: str = "", seconds: float = 600
    ) -> Finished:
        """As ``push``, where ``prepare`` has been."""
        config = f"""\
[lfs]
url = {url}
usercache = {place / "usercache"}
[experimental]
lfs.worker-enable = {bool(workers)}
[worker]
numcpus = {max(1, workers)}
{more}"""
        write_config(place / "home", LFS, config)
        return self.hg(
            ["push", place / "peer"],
            cwd=place / "client",
            home=place / "home",
            timeout=seconds,
            allowed=None,
        )


def contents(count: int, smallest: int, largest: int, seed: int) -> dict[str, bytes]:
    """So many blobs of ``smallest`` to ``largest`` bytes by their sha256 (hex): for a seed always
    the same, and nothing like each other."""
    draw = random.Random(seed)
    made = (
        hashlib.shake_128(f"{seed} {number}".encode()).digest(draw.randint(smallest, largest))
        for number in range(count)
    )
    return {hashlib.sha256(data).hexdigest(): data for data in made}


def interpreter(release: Release, python: str | None = None) -> Interpreter:
    """The Python of a version, or that which serves a release best.  Raises OutsideError if this
    machine has none."""
    versions = [python] if python else list(release.pythons)
    found = interpreters.find(versions)
    for version in versions:
        if version in found:
            return found[version]
    raise OutsideError(
        f"no Python {' or '.join(versions)} found, which {release.version} runs on",
        interpreters.advice(versions[0]),
    )


def replaced(release: Release, patches: Sequence[Patch]) -> Mapping[str, bytes | None]:
    """The files of a release that some patches change.  Raises HgportError if one does not
    apply."""
    if not patches:
        return {}
    with Contents() as known:
        made = patched(known, release, patches)
    if isinstance(made, str):
        raise HgportError(made)
    return made[0]


@contextlib.contextmanager
def client(
    room: Path,
    release: Release,
    python: Interpreter,
    files: Mapping[str, bytes | None],
    blobs: Mapping[str, bytes],
) -> Iterator[Client]:
    """A client for the block: a release with some files replaced, and repositories made by the
    release itself, which it shares with the others of a room."""
    base = ground(room, release, python)
    place = base.place / f"pushed-{_key(blobs)}"
    with locked(place.with_suffix(".lock")):
        if not place.exists():
            with built_beside(place) as beside:
                _make_repositories(base, beside, blobs)
    with world(base, files) as tree:
        yield Client(Hg(python.path, tree), place)


def _key(blobs: Mapping[str, bytes]) -> str:
    return hashlib.sha256(" ".join(blobs).encode()).hexdigest()[:16]


def _make_repositories(base: Ground, place: Path, blobs: Mapping[str, bytes]) -> None:
    home, repository = place / "home", place / "client"
    write_config(home, LFS)
    hg = functools.partial(Hg(base.interpreter.path, base.tree), home=home)
    for name in ("client", "peer"):
        hg(["init", name], cwd=place)
    for number, data in enumerate(blobs.values()):
        (repository / f"blob{number}").write_bytes(data)
    hg(["commit", "-q", "-A", "-m", "blobs", "-d", "0 0"], cwd=repository)
    # a push reads the store only
    hg(["update", "-q", "null"], cwd=repository)
