"""An SQLite file of the cache, which several hgports may have open at once.

Nothing in it is more than a memory: a file that is damaged, or that another version of hgport made,
is set aside and begun anew.  A file that is merely locked, or that the disk refuses, is left alone
and said to be so.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from hgport.errors import OutsideError
from hgport.files import locked

# seconds that one hgport waits for another's write
PATIENCE = 60
# values in one statement: old SQLites take 999
MOST_VALUES = 400
_T = TypeVar("_T")


class Damaged(Exception):
    """The file holds what it should not."""


class SqliteCache:
    """The file at ``path``, made of the statements ``tables``, whose version is ``form``.

    It is opened when it is first asked for something; ``close`` it.  Its methods raise Damaged, for
    which ``sound`` is the remedy, and OutsideError if the disk refuses or another process holds
    the file for longer than our patience.
    """

    def __init__(self, path: Path, form: int, tables: Sequence[str]) -> None:
        self.path = path
        self._form = form
        self._tables = tables
        self._connection: sqlite3.Connection | None = None
        self._identity: tuple[int, int] | None = None

    def open(self) -> sqlite3.Connection:
        """The open file; made if it is not there."""
        if self._connection is None:
            with self._errors(), self._lock():
                self._connection = self._opened()
                self._identity = self._on_disk()
        return self._connection

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def rows(self, query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The answer to a query."""
        with self._errors():
            return self.open().execute(query, values).fetchall()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Write all that the block writes, or nothing."""
        with self._errors(), _transaction(self.open()) as connection:
            yield connection

    def sound(self, call: Callable[[], _T]) -> _T:
        """The result of ``call``; if that finds damage, of another one, on a file begun anew."""
        try:
            return call()
        except Damaged as err:
            self._begin_anew(str(err))
            return call()

    def _begin_anew(self, why: str) -> None:
        self.close()
        with self._errors(), self._lock():
            # another process that saw the damage may have begun anew already
            if self._on_disk() == self._identity:
                self._set_aside(why)

    def _lock(self) -> contextlib.AbstractContextManager[None]:
        return locked(self.path.with_name(self.path.name + ".lock"))

    def _on_disk(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._connected()
        except (Damaged, sqlite3.DatabaseError) as err:
            if _is_refusal(err):
                raise
            self._set_aside(str(err))
            return self._connected()

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        (form,) = connection.execute("PRAGMA user_version").fetchone()
        if form != self._form:
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            if tables:
                raise Damaged("another version of hgport made it")
            connection.execute("PRAGMA journal_mode = WAL")
            with _transaction(connection):
                for table in self._tables:
                    connection.execute(table)
                connection.execute(f"PRAGMA user_version = {self._form}")
        # what a crash of the machine takes can be made again
        connection.execute("PRAGMA synchronous = NORMAL")

    def _set_aside(self, why: str) -> None:
        """Rename the file to ``*.damaged``, with a word on standard error."""
        with contextlib.suppress(FileNotFoundError):
            self.path.replace(self.path.with_name(self.path.name + ".damaged"))
            print(f"hgport: {self.path} set aside: {why}; it is made again", file=sys.stderr)
        for suffix in ("-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                self.path.with_name(self.path.name + suffix).unlink()

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.DatabaseError as err:
            if not _is_refusal(err):
                raise Damaged(str(err)) from err
            raise OutsideError(
                f"cannot use {self.path}: {err}",
                "make room or permit it there, or set HGPORT_CACHE to another directory",
            ) from err
        except OSError as err:
            raise OutsideError(f"cannot use {self.path}: {err.strerror}") from err


def _is_refusal(err: Exception) -> bool:
    """Whether it is the disk, or a lock, and not what is in the file."""
    return isinstance(err, sqlite3.OperationalError) and not str(err).startswith("no such")


@contextlib.contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
