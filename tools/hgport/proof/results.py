"""The file ``proofs.sqlite``: the evidence of every cell that was run, by the cell's key.

A key is made of all that goes into a cell, so what is found under one need not be run again.  What
is kept is what was seen, not the verdict, so an expectation may change without a new run.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from hgport.proof.evidence import Evidence
from hgport.sqlitecache import MOST_VALUES, Damaged, SqliteCache

# of the table below and of the evidence in it
FORMAT = 2
_TABLES = (
    "CREATE TABLE evidence "
    "(key TEXT PRIMARY KEY, seen TEXT NOT NULL, made INTEGER NOT NULL) WITHOUT ROWID",
)
# what nobody asked to be made again for so long is dropped
_KEPT_SECONDS = 90 * 86400


class Results:
    """The open file; a context manager.  Raises OutsideError if the disk refuses."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteCache(path, FORMAT, _TABLES)
        self._file.open()

    def __enter__(self) -> Results:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._file.close()

    def get(self, keys: Sequence[str]) -> dict[str, Evidence]:
        """The evidence under those of the keys that have any."""
        return self._file.sound(lambda: dict(self._rows(keys)))

    def put(self, found: Mapping[str, Evidence]) -> None:
        """Keep the evidence of cells, in one step, and drop what is very old."""
        now = int(time.time())
        rows = [(key, json.dumps(seen.to_json()), now) for key, seen in found.items()]
        self._file.sound(lambda: self._write(rows, now - _KEPT_SECONDS))

    def _rows(self, keys: Sequence[str]) -> Iterator[tuple[str, Evidence]]:
        for start in range(0, len(keys), MOST_VALUES):
            some = keys[start : start + MOST_VALUES]
            marks = ",".join("?" * len(some))
            query = f"SELECT key, seen FROM evidence WHERE key IN ({marks})"
            for key, seen in self._file.rows(query, some):
                yield key, _evidence(seen)

    def _write(self, rows: Sequence[tuple[str, str, int]], oldest: int) -> None:
        with self._file.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO evidence VALUES (?, ?, ?)", rows)
            connection.execute("DELETE FROM evidence WHERE made < ?", (oldest,))


def _evidence(seen: str) -> Evidence:
    try:
        return Evidence.from_json(json.loads(seen))
    except (ValueError, TypeError, KeyError) as err:
        raise Damaged(f"it holds what is no evidence ({err})") from err
