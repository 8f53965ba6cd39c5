"""Tables of the cache whose rows have keys, and go when nobody has asked for them for long."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from hgport.errors import OutsideError
from hgport.sqlitecache import MOST_VALUES, SqliteCache

# what nobody has asked for in so many days is dropped
_KEPT_DAYS = 90
# The day (since 1970) on which a key was asked for last.  It is in a table of its own, as it is
# written more often than what stands under the key, which may be long.
_USED = (
    "CREATE TABLE used (key TEXT PRIMARY KEY, day INTEGER NOT NULL) WITHOUT ROWID",
    # what is old is looked for with everything that is written
    "CREATE INDEX used_day ON used (day)",
)
_S = TypeVar("_S", bound="ByKey")


class ByKey:
    """The open file at ``path``, a context manager; ``tables`` are the columns of each table, in
    SQL, beside its ``key``.  ``form`` is the version of all that.

    A key stands for one thing in all tables: they forget it together.  Raises OutsideError if the
    disk refuses; the methods for those who inherit raise Damaged, too.
    """

    def __init__(self, path: Path, form: int, tables: Mapping[str, str]) -> None:
        self._tables = tuple(tables)
        made = (
            f"CREATE TABLE {name} (key TEXT PRIMARY KEY, {columns}) WITHOUT ROWID"
            for name, columns in tables.items()
        )
        self._file = SqliteCache(path, form, (*made, *_USED))
        self._file.open()

    def __enter__(self: _S) -> _S:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._file.close()

    def _read(self, table: str, columns: str, keys: Sequence[str]) -> list[tuple[Any, ...]]:
        """The key and the columns of those of the rows that are there, which are in use by that."""
        today, found, old = _today(), [], []
        for start in range(0, len(keys), MOST_VALUES):
            some = keys[start : start + MOST_VALUES]
            query = (
                f"SELECT coalesce(used.day, 0), {table}.key, {columns} FROM {table} "
                f"LEFT JOIN used ON used.key = {table}.key "
                f"WHERE {table}.key IN ({','.join('?' * len(some))})"
            )
            for day, *row in self._file.rows(query, some):
                found.append(tuple(row))
                if day < today:
                    old.append(row[0])
        if old:
            # who can read may go on, though nothing can be written now
            with contextlib.suppress(OutsideError), self._file.transaction() as connection:
                _use(connection, old)
        return found

    @contextlib.contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Write all that the block writes, or nothing.  What is very old goes."""
        oldest = _today() - _KEPT_DAYS
        with self._file.transaction() as connection:
            for table in self._tables:
                connection.execute(
                    f"DELETE FROM {table} WHERE key IN (SELECT key FROM used WHERE day < ?)",
                    (oldest,),
                )
            connection.execute("DELETE FROM used WHERE day < ?", (oldest,))
            yield connection

    @staticmethod
    def _replace(
        connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Write rows, whose first value is the key, over those with the same key."""
        for row in rows[:1]:
            marks = ",".join("?" * len(row))
            connection.executemany(f"INSERT OR REPLACE INTO {table} VALUES ({marks})", rows)
        _use(connection, (row[0] for row in rows))


def _use(connection: sqlite3.Connection, keys: Iterable[str]) -> None:
    rows = [(key, _today()) for key in keys]
    connection.executemany("INSERT OR REPLACE INTO used VALUES (?, ?)", rows)


def _today() -> int:
    return int(time.time()) // 86400
