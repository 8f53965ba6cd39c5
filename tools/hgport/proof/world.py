"""Where releases run: rooms, the ground that a release and an interpreter share, worlds.

A **room** is a directory in the cache of one run, or of the processes of this machine that work for
others; it goes with them, and what they left because they were killed is removed by the next.  A
**ground** is made once for each release and interpreter: the unpatched tree, and repositories made
by that very release for each operation.  A **world** is a tree with some files replaced; it takes
over the ground's bytecode for all others.

Nothing of the person's gets in: not the environment, not the home, not the configuration.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import functools
import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from hgport.files import built_beside, disk_errors, locked, remove_tree
from hgport.model.release import Release
from hgport.places import cache_dir
from hgport.process import Finished, run
from hgport.proof.interpreters import Interpreter
from hgport.proof.scenarios import Operation
from hgport.upstream import tree

# seconds that a command which talks to no server may take
_MOST_SECONDS = 120
_LOCK = "in-use"

# what every command gets; the operations add to it
_CONFIG = """\
[ui]
username = hgport <hgport@example.org>
interactive = False
[extensions]
lfs =
[lfs]
# the first is for 4.5, which has no track
threshold = 1
track = all()
"""


@contextlib.contextmanager
def room() -> Iterator[Path]:
    """A directory of this run's own, removed at its end; first sweep up after runs that died.

    Raises OutsideError if the disk refuses.
    """
    parent = cache_dir() / "worlds"
    with disk_errors(f"write below {parent}"):
        parent.mkdir(parents=True, exist_ok=True)
        # nobody may sweep a room away between its making and its locking
        with locked(parent / "sweeping"):
            _sweep(parent)
            place = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
            lock = (place / _LOCK).open("wb")
            fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        with lock:
            yield place
    finally:
        remove_tree(place)


def machine_room(name: str) -> Path:
    """A directory that this process shares with all others of this machine which give its name.

    It is there until the last of them ends.  Raises OutsideError if the disk refuses.
    """
    parent = cache_dir() / "worlds"
    place = parent / f"run-{name}"
    with _one_at_a_time, disk_errors(f"write below {parent}"):
        if place not in _shared:
            parent.mkdir(parents=True, exist_ok=True)
            with locked(parent / "sweeping"):
                _sweep(parent)
                place.mkdir(exist_ok=True)
                _shared[place] = (place / _LOCK).open("wb")
                fcntl.flock(_shared[place], fcntl.LOCK_SH)
            atexit.register(_leave, place)
    return place


# the rooms that this process shares, each with the lock that says so
_shared: dict[Path, BinaryIO] = {}
_one_at_a_time = threading.Lock()


def _leave(place: Path) -> None:
    _shared.pop(place).close()
    with locked(place.parent / "sweeping"):
        _sweep(place.parent)


def _sweep(parent: Path) -> None:
    for place in parent.glob("run-*"):
        with contextlib.suppress(OSError), (place / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            remove_tree(place)


@dataclass(frozen=True)
class Hg:
    """A release's own ``hg``, run from its tree by an interpreter."""

    interpreter: Path
    tree: Path

    def __call__(
        self,
        args: Sequence[str | Path],
        *,
        cwd: Path,
        home: Path,
        timeout: float = _MOST_SECONDS,
        allowed: Collection[int] | None = (0,),
    ) -> Finished:
        """Run one command.  ``home`` is its home and holds its configuration, ``hgrc``.

        ``timeout`` and ``allowed`` are ``process.run``'s, and so is what is raised.
        """
        words = [self.interpreter, self.tree / "hg", *args]
        return run(words, cwd=cwd, env=_environment(home), timeout=timeout, allowed=allowed)


def _environment(home: Path) -> dict[str, str]:
    return {
        "HOME": str(home),
        "HGRCPATH": str(home / "hgrc"),
        "HGPLAIN": "1",
        # the sdist's modules as they are, none that would have to be compiled
        "HGMODULEPOLICY": "py",
        "LC_ALL": "C",
        "PATH": os.defpath,
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "TMPDIR": str(home),
        "TZ": "UTC",
    }


def write_config(home: Path, more: str = "") -> None:
    """Give ``home`` the configuration of every command here, and ``more``."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "hgrc").write_text(_CONFIG + more)


@functools.lru_cache(maxsize=4)
def blobs(operation: Operation) -> dict[str, bytes]:
    """The blobs of an operation by their sha256 (hex): always the same, and nothing like each
    other."""
    made = (
        hashlib.shake_128(f"{operation.name} {number}".encode()).digest(operation.size)
        for number in range(operation.blobs)
    )
    return {hashlib.sha256(data).hexdigest(): data for data in made}


@functools.lru_cache(maxsize=16)
def oids(operation: Operation) -> tuple[str, ...]:
    """The sha256 (hex) of what an operation uploads."""
    return tuple(blobs(operation))


@dataclass(frozen=True)
class Ground:
    """What is shared by all worlds of one release and interpreter: ``place`` holds it."""

    release: Release
    interpreter: Interpreter
    place: Path

    @property
    def tree(self) -> Path:
        """The unpatched tree."""
        return self.place / "tree"

    def repositories(self, operation: Operation) -> Path:
        """A directory that holds a repository ``client`` with the operation's blobs committed,
        and an empty one, ``peer``.  Copy them; they serve every cell.

        Raises ProgramFailed if the release cannot make them.
        """
        made = self.place / operation.name.replace(" ", "-")
        with locked(made.with_suffix(".lock")):
            if not made.exists():
                with built_beside(made) as beside:
                    self._make_repositories(beside, blobs(operation))
        return made

    def _make_repositories(self, place: Path, contents: Mapping[str, bytes]) -> None:
        hg = Hg(self.interpreter.path, self.tree)
        home = place / "home"
        write_config(home)
        client = place / "client"
        for name in ("client", "peer"):
            hg(["init", name], cwd=place, home=home)
        for number, data in enumerate(contents.values()):
            (client / f"blob{number}").write_bytes(data)
        hg(["commit", "-q", "-A", "-m", "blobs", "-d", "0 0"], cwd=client, home=home)
        # a push reads the store only
        for number in range(len(contents)):
            (client / f"blob{number}").unlink()
        remove_tree(home)


def ground(room: Path, release: Release, interpreter: Interpreter) -> Ground:
    """The ground of a release and an interpreter in a room, made if it is not there yet.

    Several processes may ask for the same one.  Raises OutsideError as ``tree.world``.
    """
    place = room / f"{release.version}-{interpreter.version}"
    with locked(place.with_name(place.name + ".lock")):
        if not place.exists():
            with built_beside(place) as beside:
                tree.world(release, beside / "tree", {})
    return Ground(release, interpreter, place)


@contextlib.contextmanager
def world(
    ground: Ground, replaced: Mapping[str, bytes | None], executable: Collection[str] = ()
) -> Iterator[Path]:
    """A tree of the ground's release with some files replaced, for the block.

    The arguments are those of ``tree.world``.  With nothing replaced it is the ground's own tree.
    """
    if not replaced:
        yield ground.tree
        return
    with tempfile.TemporaryDirectory(prefix="world-", dir=ground.place) as directory:
        place = Path(directory) / "tree"
        tree.world(ground.release, place, replaced, executable)
        _share_bytecode(ground.tree, place, replaced)
        try:
            yield place
        finally:
            remove_tree(place)


def _share_bytecode(source: Path, target: Path, replaced: Mapping[str, bytes | None]) -> None:
    """Link what Python has compiled in ``source`` into ``target``, save of what is replaced.

    Python checks bytecode against the time of its source, which links keep; Python 2 checks no
    more than that, so a replaced file must not meet the bytecode of the one that it replaces.
    """
    changed = {_stem(Path(path)) for path in replaced}
    for parent, _directories, names in os.walk(source):
        for name in names:
            path = (Path(parent) / name).relative_to(source)
            if path.suffix in (".pyc", ".pyo") and _stem(path) not in changed:
                (target / path.parent).mkdir(exist_ok=True)
                # a file being written by a cell of the ground is left to be compiled again
                with contextlib.suppress(FileNotFoundError, FileExistsError):
                    os.link(source / path, target / path)


def _stem(path: Path) -> Path:
    """The module's path without any ending: mercurial/url for mercurial/__pycache__/url.x.pyc."""
    parent = path.parent.parent if path.parent.name == "__pycache__" else path.parent
    return parent / path.name.split(".")[0]


def copied(source: Path, target: Path) -> None:
    """Copy the repositories of a ground for one cell."""
    for name in ("client", "peer"):
        shutil.copytree(source / name, target / name, symlinks=True)
