"""The file ``proofs.sqlite``: the evidence of every cell that was run, by the cell's key.

A key is made of all that goes into a cell, so what is found under one need not be run again.  What
is kept is what was seen, so an expectation may change without a new run.  Where it was found to be
as stated, that is kept beside it with the stamp of the judgement, so that a run in which nothing
has changed reads no evidence at all, which is long.

Beside that it has how cells came out last, by what a person calls them; see ``memory``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hgport.proof.bykey import ByKey
from hgport.proof.evidence import Evidence
from hgport.sqlitecache import Damaged

# of the tables below and of the evidence in them
FORMAT = 4
_TABLES = {
    "evidence": "seen TEXT NOT NULL",
    "settled": "stamp TEXT NOT NULL, observed TEXT NOT NULL, seconds REAL NOT NULL",
    "lately": "outcomes TEXT NOT NULL",
}
# by name, whether it was as stated
Outcomes = Mapping[str, bool]


class Settled(NamedTuple):
    """A cell that was found to be as stated: the ``stamp`` of that judgement, what was ``observed``
    in a few words, and how many ``seconds`` it took."""

    stamp: str
    observed: str
    seconds: float


class Results(ByKey):
    """The open file; a context manager.  Raises OutsideError if the disk refuses."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, FORMAT, _TABLES)

    def get(self, keys: Sequence[str]) -> dict[str, Evidence]:
        """The evidence under those of the keys that have any."""
        return self._file.sound(
            lambda: {key: _evidence(seen) for key, seen in self._read("evidence", "seen", keys)}
        )

    def put(self, found: Mapping[str, Evidence]) -> None:
        """Keep the evidence of cells, in one step, and drop what is very old."""
        rows = [(key, json.dumps(seen.to_json())) for key, seen in found.items()]
        self._file.sound(lambda: self._write(rows))

    def settled(self, stamps: Mapping[str, str]) -> dict[str, Settled]:
        """What is settled of the cells whose keys these are, under the stamps that go with them."""
        return self._file.sound(lambda: self._settled(stamps))

    def settle(self, found: Mapping[str, Settled]) -> None:
        """Remember that cells, whose evidence is here, are as stated."""
        if found:
            rows = [(key, *one) for key, one in found.items()]
            self._file.sound(lambda: self._write_settled(rows))

    def lately(self, keys: Sequence[str]) -> dict[str, Outcomes]:
        """What is remembered under those of the keys that have anything."""
        return self._file.sound(lambda: self._lately(keys))

    def remember(self, found: Mapping[str, Outcomes]) -> None:
        """Remember outcomes under keys, beside those of other names that are there."""
        self._file.sound(lambda: self._write_lately(found))

    def _settled(self, stamps: Mapping[str, str]) -> dict[str, Settled]:
        rows = self._read("settled", "stamp, observed, seconds", list(stamps))
        return {key: Settled(*rest) for key, *rest in rows if rest[0] == stamps[key]}

    def _lately(self, keys: Sequence[str]) -> dict[str, Outcomes]:
        return {key: _outcomes(text) for key, text in self._read("lately", "outcomes", keys)}

    def _write(self, rows: Sequence[tuple[str, str]]) -> None:
        with self._writing() as connection:
            # what leans on the evidence
            connection.executemany("DELETE FROM settled WHERE key = ?", [row[:1] for row in rows])
            self._replace(connection, "evidence", rows)

    def _write_settled(self, rows: Sequence[tuple[str, str, str, float]]) -> None:
        with self._file.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO settled SELECT ?1, ?2, ?3, ?4 "
                "WHERE EXISTS (SELECT 1 FROM evidence WHERE key = ?1)",
                rows,
            )

    def _write_lately(self, found: Mapping[str, Outcomes]) -> None:
        known = self._lately(list(found))
        news = [
            key for key, mine in found.items() if not mine.items() <= known.get(key, {}).items()
        ]
        if not news:
            return
        with self._writing() as connection:
            # another process may have written meanwhile
            known = self._lately(news)
            rows = [(key, json.dumps({**known.get(key, {}), **found[key]})) for key in news]
            self._replace(connection, "lately", rows)


def _outcomes(text: str) -> Outcomes:
    try:
        return {str(name): bool(right) for name, right in json.loads(text).items()}
    except (ValueError, AttributeError) as err:
        raise Damaged(f"it holds what is no memory of cells ({err})") from err


def _evidence(seen: str) -> Evidence:
    try:
        return Evidence.from_json(json.loads(seen))
    except (ValueError, TypeError, KeyError) as err:
        raise Damaged(f"it holds what is no evidence ({err})") from err
