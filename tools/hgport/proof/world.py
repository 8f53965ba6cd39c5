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
from typing import BinaryIO, Protocol

from hgport.files import built_beside, disk_errors, locked, remove_tree
from hgport.model.release import Release
from hgport.places import cache_dir
from hgport.process import Finished, Running, run, running
from hgport.proof.interpreters import Interpreter
from hgport.proof.scenarios import BUNDLE, DOWNLOAD, LARGEFILES, LFS, Operation
from hgport.upstream import tree

# seconds that a command which talks to no server may take
MOST_SECONDS = 120
_LOCK = "in-use"
_WANTED = "wanted"

# what every command gets, and what it gets for each kind of operation
_CONFIG = """\
[ui]
username = hgport <hgport@example.org>
interactive = False
"""
_LFS_CONFIG = """\
[extensions]
lfs =
[lfs]
# the first is for 4.5, which has no track
threshold = 1
track = all()
"""
_CONFIG_OF = {
    LFS: _LFS_CONFIG,
    DOWNLOAD: _LFS_CONFIG,
    LARGEFILES: "[extensions]\nlargefiles =\n[largefiles]\nminsize = 0\n",
    BUNDLE: "",
}


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


class Client(Protocol):
    """Runs one command of a release, as ``Hg`` does."""

    def __call__(
        self,
        args: Sequence[str | Path],
        *,
        cwd: Path,
        home: Path,
        more: Mapping[str, str] | None = None,
        timeout: float = MOST_SECONDS,
        allowed: Collection[int] | None = (0,),
    ) -> Finished: ...


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
        more: Mapping[str, str] | None = None,
        timeout: float = MOST_SECONDS,
        allowed: Collection[int] | None = (0,),
    ) -> Finished:
        """Run one command.  ``home`` is its home and holds its configuration, ``hgrc``;
        ``more`` is put on top of its environment.

        ``timeout`` and ``allowed`` are ``process.run``'s, and so is what is raised.
        """
        words = [self.interpreter, self.tree / "hg", *args]
        return run(
            words,
            cwd=cwd,
            env={**environment(home), **(more or {})},
            timeout=timeout,
            allowed=allowed,
        )

    def beside(
        self, args: Sequence[str | Path], *, cwd: Path, home: Path, log: Path
    ) -> contextlib.AbstractContextManager[Running]:
        """Run one command beside us for a block; what it prints goes to ``log``.  What is raised
        is ``process.running``'s."""
        words = [self.interpreter, self.tree / "hg", *args]
        return running(words, cwd=cwd, env=environment(home), log=log)


def environment(home: Path) -> dict[str, str]:
    """The whole environment of a command whose home is this."""
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


def write_config(home: Path, kind: str, more: str = "") -> None:
    """Give ``home`` the configuration that every command of a kind of operation gets, and
    ``more``."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "hgrc").write_text(_CONFIG + _CONFIG_OF[kind] + more)


@functools.lru_cache(maxsize=8)
def blobs(operation: Operation) -> dict[str, bytes]:
    """The blobs of an operation by their sha256 (hex): always the same, and nothing like each
    other."""
    made = (
        hashlib.shake_128(f"{operation.size} {number}".encode()).digest(operation.size)
        for number in range(operation.blobs)
    )
    return {hashlib.sha256(data).hexdigest(): data for data in made}


@dataclass(frozen=True)
class Repositories:
    """Repositories made for an operation, in ``place``: ``client``, with the blobs committed, and
    ``peer``, which is empty.  ``wanted`` are the sha256 (hex) of what the operation has to store.
    Copy them; they serve every cell.
    """

    place: Path
    wanted: tuple[str, ...]


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

    def repositories(self, operation: Operation) -> Repositories:
        """What cells of an operation begin with.

        Raises ProgramFailed if the release cannot make them.
        """
        made = self.place / f"{operation.kind}-{operation.blobs}-{operation.size}"
        with locked(made.with_suffix(".lock")):
            if not made.exists():
                with built_beside(made) as beside:
                    self._make_repositories(beside, operation)
        return Repositories(made, tuple((made / _WANTED).read_text().split()))

    def _make_repositories(self, place: Path, operation: Operation) -> None:
        home, client = place / "home", place / "client"
        write_config(home, operation.kind)
        hg = functools.partial(Hg(self.interpreter.path, self.tree), home=home)
        contents = blobs(operation)
        for name in ("client", "peer"):
            hg(["init", name], cwd=place)
        for number, data in enumerate(contents.values()):
            (client / f"blob{number}").write_bytes(data)
        add = ["add", "-q", *(["--large"] if operation.kind == LARGEFILES else [])]
        hg(add, cwd=client)
        hg(["commit", "-q", "-m", "blobs", "-d", "0 0"], cwd=client)
        wanted = [] if operation.kind == BUNDLE else list(contents)
        if operation.kind in (BUNDLE, LARGEFILES):
            # what a server that knows no newer kind is sent
            hg(["bundle", "-q", "--all", "-t", "none-v1", place / "bundle"], cwd=client)
            wanted.append(hashlib.sha256((place / "bundle").read_bytes()).hexdigest())
        (place / _WANTED).write_text("\n".join(wanted))
        # a push reads the store only
        hg(["update", "-q", "null"], cwd=client)
        if operation.kind == DOWNLOAD:
            remove_tree(client / ".hg" / "store" / "lfs")
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


def copied(source: Repositories, target: Path) -> None:
    """Copy the repositories of a ground for one cell.  Raises OutsideError if the disk refuses."""
    for name in ("client", "peer"):
        with disk_errors(f"write {target / name}"):
            shutil.copytree(source.place / name, target / name, symlinks=True)
