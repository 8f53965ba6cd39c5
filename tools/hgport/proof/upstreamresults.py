"""The file ``upstream-tests.sqlite``: what came of upstream's test files, each by its key.

A key is made of all that goes into a run of that file, so what is found under one need not be run
again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from hgport.proof.bykey import ByKey
from hgport.proof.upstreamreport import Seen
from hgport.sqlitecache import Damaged

# of the table and of what is in it
FORMAT = 2


class UpstreamResults(ByKey):
    """The open file; a context manager.  Raises OutsideError if the disk refuses."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, FORMAT, {"files": "seen TEXT NOT NULL"})

    def get(self, keys: Sequence[str]) -> dict[str, dict[str, Seen]]:
        """What came of the files under those of the keys that have any: its tests by name."""
        return self._file.sound(lambda: self._seen(keys))

    def put(self, found: Mapping[str, Mapping[str, Seen]]) -> None:
        """Keep what came of files, in one step, and drop what is very old."""
        rows = [
            (key, json.dumps({name: one.to_json() for name, one in seen.items()}))
            for key, seen in found.items()
        ]
        self._file.sound(lambda: self._write(rows))

    def _seen(self, keys: Sequence[str]) -> dict[str, dict[str, Seen]]:
        return {key: _seen(text) for key, text in self._read("files", "seen", keys)}

    def _write(self, rows: Sequence[tuple[str, str]]) -> None:
        with self._writing() as connection:
            self._replace(connection, "files", rows)


def _seen(text: str) -> dict[str, Seen]:
    try:
        return {name: Seen.from_json(one) for name, one in json.loads(text).items()}
    except (ValueError, TypeError, KeyError, AttributeError) as err:
        raise Damaged(f"it holds what is no outcome of tests ({err})") from err
