"""The file ``upstream-tests.sqlite``: what came of each run of upstream's tests, by its key.

A key is made of all that goes into a run, so what is found under one need not be run again.
"""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import TracebackType

from hgport.proof.upstreamreport import Seen
from hgport.sqlitecache import Damaged, SqliteCache

# of the table below and of what is in it
FORMAT = 1
_TABLES = (
    "CREATE TABLE runs "
    "(key TEXT PRIMARY KEY, seen TEXT NOT NULL, made INTEGER NOT NULL) WITHOUT ROWID",
)
# what nobody asked to be made again for so long is dropped
_KEPT_SECONDS = 90 * 86400


class UpstreamResults:
    """The open file; a context manager.  Raises OutsideError if the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteCache(path, FORMAT, _TABLES)
        self._file.open()

    def __enter__(self) -> UpstreamResults:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._file.close()

    def get(self, key: str) -> dict[str, Seen] | None:
        """What came of the run of that key, by the tests' names, if it was ever made."""
        return self._file.sound(lambda: self._read(key))

    def put(self, key: str, seen: dict[str, Seen]) -> None:
        """Keep what came of a run, and drop what is very old."""
        now = int(time.time())
        text = json.dumps({name: one.to_json() for name, one in seen.items()})
        self._file.sound(lambda: self._write((key, text, now), now - _KEPT_SECONDS))

    def _read(self, key: str) -> dict[str, Seen] | None:
        for (text,) in self._file.rows("SELECT seen FROM runs WHERE key = ?", [key]):
            try:
                return {name: Seen.from_json(one) for name, one in json.loads(text).items()}
            except (ValueError, TypeError, KeyError, AttributeError) as err:
                raise Damaged(f"it holds what is no run ({err})") from err
        return None

    def _write(self, row: tuple[str, str, int], oldest: int) -> None:
        with self._file.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO runs VALUES (?, ?, ?)", row)
            connection.execute("DELETE FROM runs WHERE made < ?", (oldest,))
