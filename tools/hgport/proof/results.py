"""The file ``proofs.sqlite``: the evidence of every cell that was run, by the cell's key.

A key is made of all that goes into a cell, so what is found under one need not be run again.  What
is kept is what was seen, not the verdict, so an expectation may change without a new run.  Two
hgports may use the file at once.  A file that is damaged or another version's is set aside.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from hgport.errors import OutsideError
from hgport.files import locked
from hgport.proof.evidence import Evidence

# of the table below and of the evidence in it
FORMAT = 1
_TABLE = """CREATE TABLE evidence (
    key TEXT PRIMARY KEY, seen TEXT NOT NULL, made INTEGER NOT NULL) WITHOUT ROWID"""
# seconds that one hgport waits for another's write
_PATIENCE = 60
# what nobody asked to be made again for so long is dropped
_KEPT_SECONDS = 90 * 86400
# values in one query: old SQLites take 999
_MOST = 400


class Results:
    """The open file; a context manager.  Raises OutsideError if the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = self._opened()

    def __enter__(self) -> Results:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._connection.close()

    def get(self, keys: Sequence[str]) -> dict[str, Evidence]:
        """The evidence under those of the keys that have any."""
        try:
            return dict(self._rows(keys))
        except (sqlite3.DatabaseError, ValueError, TypeError, KeyError) as err:
            self._again(err)
            return {}

    def put(self, found: Mapping[str, Evidence]) -> None:
        """Keep the evidence of cells, in one step, and drop what is very old."""
        now = int(time.time())
        rows = [(key, json.dumps(seen.to_json()), now) for key, seen in found.items()]
        try:
            self._write(rows, now - _KEPT_SECONDS)
        except sqlite3.DatabaseError as err:
            self._again(err)
            self._write(rows, 0)

    def _rows(self, keys: Sequence[str]) -> Iterator[tuple[str, Evidence]]:
        for start in range(0, len(keys), _MOST):
            some = keys[start : start + _MOST]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, seen FROM evidence WHERE key IN ({marks})"
            for key, seen in self._connection.execute(query, some):
                yield key, Evidence.from_json(json.loads(seen))

    def _write(self, rows: Sequence[tuple[str, str, int]], oldest: int) -> None:
        with self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO evidence VALUES (?, ?, ?)", rows)
            self._connection.execute("DELETE FROM evidence WHERE made < ?", (oldest,))

    def _again(self, err: Exception) -> None:
        """Begin with a new file if this one is damaged; if the disk refuses, say so."""
        if _is_refusal(err):
            raise _refused(self._path, err) from err
        self._connection.close()
        with self._lock():
            _set_aside(self._path, str(err))
        self._connection = self._opened()

    def _opened(self) -> sqlite3.Connection:
        # one at a time, so that nobody sets aside what another has just begun
        with self._lock():
            try:
                return self._connect()
            except sqlite3.DatabaseError as err:
                if _is_refusal(err):
                    raise _refused(self._path, err) from err
                _set_aside(self._path, str(err))
                return self._connect()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_PATIENCE)
        try:
            _prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _lock(self) -> contextlib.AbstractContextManager[None]:
        return locked(self._path.with_name(self._path.name + ".lock"))


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if version != FORMAT and tables:
        raise sqlite3.DatabaseError("another version of hgport made it")
    if not tables:
        connection.execute("PRAGMA journal_mode = WAL")
        with connection:
            connection.execute(_TABLE)
            connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("PRAGMA synchronous = NORMAL")


def _is_refusal(err: Exception) -> bool:
    """Whether it is the disk, or a lock, and not what is in the file."""
    return isinstance(err, sqlite3.OperationalError) and not str(err).startswith("no such")


def _set_aside(path: Path, why: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        path.replace(path.with_name(path.name + ".damaged"))
        print(f"hgport: {path} set aside ({why}); it is made again", file=sys.stderr)
    for suffix in ("-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).unlink()


def _refused(path: Path, err: Exception) -> OutsideError:
    return OutsideError(
        f"cannot use {path}: {err}",
        "make room or permit it there, or set HGPORT_CACHE to another directory",
    )
