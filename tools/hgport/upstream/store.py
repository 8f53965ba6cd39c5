"""The file ``contents.sqlite``: which release has which content at which path.

Each write is one transaction.  All in it can be read from the sdists again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple

from hgport.sqlitecache import MOST_VALUES, Damaged, SqliteCache

# of the tables below; a store with another number is set aside
FORMAT = 1
_TABLES = (
    "CREATE TABLE blob (hash BLOB PRIMARY KEY, data BLOB NOT NULL)",
    "CREATE TABLE file (sdist BLOB NOT NULL, path BLOB NOT NULL, hash BLOB, "
    "executable INTEGER NOT NULL, PRIMARY KEY (sdist, path)) WITHOUT ROWID",
)


class File(NamedTuple):
    """What one release has at one path: the sha256 (32 bytes) of its content, or None for no
    file, and whether it is executable."""

    hash: bytes | None
    executable: bool


class Store(SqliteCache):
    """The store at a path."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, FORMAT, _TABLES)

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
