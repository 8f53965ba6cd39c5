"""The file ``contents.sqlite``: which release has which content at which path.

Several hgports may have it open at once; each write is one transaction.  Whoever finds it damaged
or made by another version of hgport sets it aside: all in it can be read from the sdists again.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from hgport.errors import OutsideError
from hgport.files import locked

# of the tables below; a store with another number is set aside
FORMAT = 1
_TABLES = (
    "CREATE TABLE blob (hash BLOB PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE file (sdist BLOB NOT NULL, path BLOB NOT NULL, hash BLOB, "
    "executable INTEGER NOT NULL, PRIMARY KEY (sdist, path)) WITHOUT ROWID",
)
# seconds that one hgport waits for another's write
_PATIENCE = 60
# variables in one SQL statement: old SQLites take 999
_MOST_VARIABLES = 400


class File(NamedTuple):
    """What one release has at one path: the sha256 (32 bytes) of its content, or None for no
    file, and whether it is executable."""

    hash: bytes | None
    executable: bool


class Damaged(Exception):
    """The store holds what it should not; it must be set aside."""


class Store:
    """An open store.  ``close`` it; after that, and after ``set_aside``, it opens itself anew.

    Its methods raise Damaged, and OutsideError if the disk refuses.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close the file."""
        if self._opened is not None:
            self._opened.close()
            self._opened = None

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
                for sdist, path, digest, executable in self._all(query, [*some, *names]):
                    found[sdist, _to_text(path)] = File(digest, bool(executable))
        return found

    def blobs(self, hashes: Collection[bytes]) -> dict[bytes, bytes]:
        """The contents that have these hashes, which was checked."""
        found: dict[bytes, bytes] = {}
        for some in _slices(hashes):
            query = f"SELECT hash, data FROM blob WHERE hash IN ({_marks(some)})"
            found.update((digest, data) for digest, data in self._all(query, some))
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
        with self._errors():
            connection = self._connection()
            with _transaction(connection):
                connection.executemany("INSERT OR IGNORE INTO blob VALUES (?, ?)", blobs)
                connection.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", rows)

    def set_aside(self, why: str) -> None:
        """Rename the file to ``*.damaged``, with a word on standard error, and begin anew."""
        self.close()
        with locked(self._lock):
            self._set_aside(why)

    @property
    def _lock(self) -> Path:
        return self.path.with_name(self.path.name + ".lock")

    def _all(self, query: str, values: Iterable[bytes]) -> list[tuple[Any, ...]]:
        with self._errors():
            return self._connection().execute(query, list(values)).fetchall()

    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            self._opened = self._open() or self._make()
        return self._opened

    def _open(self) -> sqlite3.Connection | None:
        """The store if it is there, and ours."""
        if not self.path.exists():
            return None
        connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
        with contextlib.suppress(sqlite3.DatabaseError):
            if connection.execute("PRAGMA user_version").fetchone() == (FORMAT,):
                # what a crash of the machine takes can be read again
                connection.execute("PRAGMA synchronous = NORMAL")
                return connection
        connection.close()
        return None

    def _make(self) -> sqlite3.Connection:
        with locked(self._lock):
            opened = self._open()  # another hgport may have made it meanwhile
            if opened is not None:
                return opened
            if self.path.exists():
                self._set_aside("it is damaged, or another version of hgport made it")
            connection = sqlite3.connect(self.path, timeout=_PATIENCE, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection):
                for table in _TABLES:
                    connection.execute(table)
                connection.execute(f"PRAGMA user_version = {FORMAT}")
            return connection

    def _set_aside(self, why: str) -> None:
        aside = self.path.with_name(self.path.name + ".damaged")
        with contextlib.suppress(FileNotFoundError):
            self.path.replace(aside)
            print(f"hgport: {self.path} set aside: {why}; it is made again", file=sys.stderr)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self.path.with_name(self.path.name + suffix).unlink()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as err:
            if str(err).startswith("no such"):
                raise Damaged(str(err)) from err
            raise OutsideError(
                f"cannot use {self.path}: {err}",
                "make room or permit it there, or set HGPORT_CACHE to another directory",
            ) from err
        except sqlite3.DatabaseError as err:
            raise Damaged(str(err)) from err
        except OSError as err:
            raise OutsideError(f"cannot use {self.path}: {err.strerror}") from err


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _slices(values: Collection[bytes]) -> Iterator[list[bytes]]:
    every = list(values)
    for start in range(0, len(every), _MOST_VARIABLES):
        yield every[start : start + _MOST_VARIABLES]


def _marks(values: Collection[bytes]) -> str:
    return ",".join("?" * len(values))


def _to_bytes(path: str) -> bytes:
    # a path in a patch need not be UTF-8
    return path.encode("utf-8", "surrogateescape")


def _to_text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
