"""The file ``upstream-tests.sqlite``: what came of upstream's test files, each by its key.

A key is made of all that goes into a run of that file, so what is found under one need not be run
again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from hgport.proof.upstreamreport import Seen
from hgport.sqlitecache import MOST_VALUES, Damaged, SqliteCache

# of the table below and of what is in it
FORMAT = 1
_TABLES = (
    "CREATE TABLE files "
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

    def get(self, keys: Sequence[str]) -> dict[str, dict[str, Seen]]:
        """What came of the files under those of the keys that have any: its tests by name."""
        return self._file.sound(lambda: dict(self._read(keys)))

    def put(self, found: Mapping[str, Mapping[str, Seen]]) -> None:
        """Keep what came of files, in one step, and drop what is very old."""
        now = int(time.time())
        rows = [
            (key, json.dumps({name: one.to_json() for name, one in seen.items()}), now)
            for key, seen in found.items()
        ]
        self._file.sound(lambda: self._write(rows, now - _KEPT_SECONDS))

    def _read(self, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, Seen]]]:
        for start in range(0, len(keys), MOST_VALUES):
            some = keys[start : start + MOST_VALUES]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, seen FROM files WHERE key IN ({marks})"
            for key, text in self._file.rows(query, some):
                yield key, _seen(text)

    def _write(self, rows: Sequence[tuple[str, str, int]], oldest: int) -> None:
        with self._file.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows)
            connection.execute("DELETE FROM files WHERE made < ?", (oldest,))


def _seen(text: str) -> dict[str, Seen]:
    try:
        return {name: Seen.from_json(one) for name, one in json.loads(text).items()}
    except (ValueError, TypeError, KeyError, AttributeError) as err:
        raise Damaged(f"it holds what is no outcome of tests ({err})") from err
