"""What is remembered of the sdists: the contents of files, and which paths are directories.

The file ``contents.sqlite`` knows which release has which content at which path; each write is one
transaction.  The directories of a release, of which it knows nothing, lie in a file of their own,
``directories/SHA256``.  All of it can be read from the sdists again.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from hgport.errors import OutsideError
from hgport.files import write_whole
from hgport.model.release import Release
from hgport.places import cache_dir
from hgport.sqlitecache import MOST_VALUES, Damaged, SqliteCache

# of the tables below; a store with another number is set aside
FORMAT = 1
_TABLES = (
    "CREATE TABLE blob (hash BLOB PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE file (sdist BLOB NOT NULL, path BLOB NOT NULL, hash BLOB, "
    "executable INTEGER NOT NULL, PRIMARY KEY (sdist, path)) WITHOUT ROWID",
)
# the caches that refused to be written in this process
_refusing: set[Path] = set()


class File(NamedTuple):
    """What one release has at one path: the sha256 (32 bytes) of its content, or None for no
    file, and whether it is executable."""

    hash: bytes | None
    executable: bool


class Refused(OutsideError):
    """The disk refuses the store, or another process holds it for too long."""


class Store(SqliteCache):
    """The store at a path.  The OutsideError of its methods is a Refused."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, FORMAT, _TABLES)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            with super()._errors():
                yield
        except OutsideError as err:
            raise Refused(err.message, err.hint) from err

    def files(
        self, sdists: Collection[bytes], paths: Collection[str]
    ) -> dict[tuple[bytes, str], File]:
        """What is known, by sha256 of the sdist (32 bytes) and path."""
        found = {}
        for some in _slices(sdists):
            for names in _slices([_to_bytes(path) for path in paths]):
                query = (
                    "SELECT sdist, path, hash, executable FROM file "
                    f"WHERE sdist IN ({_marks(some)}) AND path IN ({_marks(names)})"
                )
                for sdist, path, digest, executable in self.rows(query, [*some, *names]):
                    found[sdist, _to_text(path)] = File(digest, bool(executable))
        return found

    def blobs(self, hashes: Collection[bytes]) -> dict[bytes, bytes]:
        """The contents that have these hashes, which was checked."""
        found: dict[bytes, bytes] = {}
        for some in _slices(hashes):
            query = f"SELECT hash, data FROM blob WHERE hash IN ({_marks(some)})"
            found.update((digest, data) for digest, data in self.rows(query, some))
        if len(found) < len(hashes):
            raise Damaged("a content is missing")
        for digest, data in found.items():
            if hashlib.sha256(data).digest() != digest:
                raise Damaged("a content does not have its hash")
        return found

    def add(self, sdist: bytes, files: dict[str, tuple[File, bytes]]) -> None:
        """Remember what a release has at these paths, with the contents."""
        rows = [
            (sdist, _to_bytes(p), one.hash, one.executable) for p, (one, _data) in files.items()
        ]
        blobs = [(one.hash, data) for one, data in files.values() if one.hash is not None]
        with self.transaction() as connection:
            connection.executemany("INSERT OR IGNORE INTO blob VALUES (?, ?)", blobs)
            connection.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", rows)


class Fleeting(Store):
    """A store in memory, for where the disk refuses one."""

    def __init__(self) -> None:
        super().__init__(Path(":memory:"))

    def _lock(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def _set_aside(self, why: str) -> None:
        """Nothing is left of it when it is closed."""


def directories(release: Release) -> frozenset[str] | None:
    """What was remembered of a release's directories: their paths, relative to its root.

    None if nothing was, or it is not as it was written.
    """
    with contextlib.suppress(OSError):
        seal, _newline, paths = _directories_of(release).read_bytes().partition(b"\n")
        if hashlib.sha256(paths).hexdigest().encode() == seal:
            return frozenset(_to_text(paths).split("\0"))
    return None


def add_directories(release: Release, paths: Collection[str]) -> None:
    """Remember the directories of a release.  A disk that refuses costs a word."""
    joined = _to_bytes("\0".join(sorted(paths)))
    sealed = hashlib.sha256(joined).hexdigest().encode() + b"\n" + joined
    try:
        write_whole(_directories_of(release), sealed)
    except OutsideError as err:
        not_remembered("directories", err)


def not_remembered(what: str, err: Exception) -> None:
    """Say on standard error that ``what``, a plural, is not remembered.

    Only the first time in a process: a cache that refuses one thing refuses the next as well.
    """
    if cache_dir() not in _refusing:
        _refusing.add(cache_dir())
        print(f"hgport: {what} are not remembered: {err}", file=sys.stderr)


def _directories_of(release: Release) -> Path:
    return cache_dir() / "directories" / release.sha256


def _slices(values: Collection[bytes]) -> Iterator[list[bytes]]:
    every = list(values)
    for start in range(0, len(every), MOST_VALUES):
        yield every[start : start + MOST_VALUES]


def _marks(values: Collection[bytes]) -> str:
    return ",".join("?" * len(values))


def _to_bytes(path: str) -> bytes:
    # a path in a patch need not be UTF-8
    return path.encode("utf-8", "surrogateescape")


def _to_text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
