"""The file ``proofs.sqlite``: the evidence of every cell that was run, by the cell's key.

A key is made of all that goes into a cell, so what is found under one need not be run again.  What
is kept is what was seen, so an expectation may change without a new run.  Where it was found to be
as stated, that is kept beside it with the stamp of the judgement, so that a run in which nothing
has changed reads no evidence at all, which is long.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from hgport.proof.evidence import Evidence
from hgport.sqlitecache import MOST_VALUES, Damaged, SqliteCache

# of the tables below and of the evidence in them
FORMAT = 3
_TABLES = (
    "CREATE TABLE evidence "
    "(key TEXT PRIMARY KEY, seen TEXT NOT NULL, made INTEGER NOT NULL) WITHOUT ROWID",
    # old evidence is looked for with everything that is written
    "CREATE INDEX evidence_made ON evidence (made)",
    "CREATE TABLE settled (key TEXT PRIMARY KEY, stamp TEXT NOT NULL, "
    "observed TEXT NOT NULL, seconds REAL NOT NULL) WITHOUT ROWID",
)
# what nobody asked to be made again for so long is dropped
_KEPT_SECONDS = 90 * 86400


class Settled(NamedTuple):
    """A cell that was found to be as stated: the ``stamp`` of that judgement, what was ``observed``
    in a few words, and how many ``seconds`` it took."""

    stamp: str
    observed: str
    seconds: float


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

    def settled(self, stamps: Mapping[str, str]) -> dict[str, Settled]:
        """What is settled of the cells whose keys these are, under the stamps that go with them."""
        return self._file.sound(lambda: dict(self._settled(stamps)))

    def settle(self, found: Mapping[str, Settled]) -> None:
        """Remember that cells, whose evidence is here, are as stated."""
        if found:
            rows = [(key, *one) for key, one in found.items()]
            self._file.sound(lambda: self._write_settled(rows))

    def _rows(self, keys: Sequence[str]) -> Iterator[tuple[str, Evidence]]:
        for key, seen in self._select("key, seen FROM evidence", keys):
            yield key, _evidence(seen)

    def _settled(self, stamps: Mapping[str, str]) -> Iterator[tuple[str, Settled]]:
        for key, *rest in self._select("key, stamp, observed, seconds FROM settled", list(stamps)):
            one = Settled(*rest)
            if one.stamp == stamps[key]:
                yield key, one

    def _select(self, what: str, keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
        for start in range(0, len(keys), MOST_VALUES):
            some = keys[start : start + MOST_VALUES]
            marks = ",".join("?" * len(some))
            yield from self._file.rows(f"SELECT {what} WHERE key IN ({marks})", some)

    def _write(self, rows: Sequence[tuple[str, str, int]], oldest: int) -> None:
        with self._file.transaction() as connection:
            # first what leans on the evidence
            connection.executemany("DELETE FROM settled WHERE key = ?", [row[:1] for row in rows])
            connection.execute(
                "DELETE FROM settled WHERE key IN (SELECT key FROM evidence WHERE made < ?)",
                (oldest,),
            )
            connection.executemany("INSERT OR REPLACE INTO evidence VALUES (?, ?, ?)", rows)
            connection.execute("DELETE FROM evidence WHERE made < ?", (oldest,))

    def _write_settled(self, rows: Sequence[tuple[str, str, str, float]]) -> None:
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO settled SELECT ?1, ?2, ?3, ?4 "
                "WHERE EXISTS (SELECT 1 FROM evidence WHERE key = ?1)",
                rows,
            )


def _evidence(seen: str) -> Evidence:
    try:
        return Evidence.from_json(json.loads(seen))
    except (ValueError, TypeError, KeyError) as err:
        raise Damaged(f"it holds what is no evidence ({err})") from err
