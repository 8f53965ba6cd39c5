"""The file ``compiled.sqlite``: what Pythons said of texts, and which Pythons there are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from hgport.proof.bykey import ByKey
from hgport.proof.interpreters import Interpreter
from hgport.sqlitecache import Damaged

# of the tables below
_FORMAT = 1
_TABLES = {"verdict": "why TEXT NOT NULL", "machine": "interpreters TEXT NOT NULL"}


class Compiled(ByKey):
    """The open file; a context manager.  Raises OutsideError if the disk refuses."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, _FORMAT, _TABLES)

    def verdicts(self, keys: Sequence[str]) -> dict[str, str]:
        """What was said under those of the keys that have anything: "" is that it compiles."""
        return self._file.sound(lambda: {k: str(w) for k, w in self._read("verdict", "why", keys)})

    def remember_verdicts(self, said: Mapping[str, str]) -> None:
        """Keep what was said."""
        rows = list(said.items())
        self._file.sound(lambda: self._write("verdict", rows))

    def interpreters(self, key: str) -> tuple[Interpreter, ...] | None:
        """The interpreters that were found under a key, None if nobody has looked."""
        return self._file.sound(lambda: self._interpreters(key))

    def remember_interpreters(self, key: str, found: Sequence[Interpreter]) -> None:
        """Keep which interpreters were found."""
        plain = [{**asdict(one), "path": str(one.path)} for one in found]
        rows = [(key, json.dumps(plain))]
        self._file.sound(lambda: self._write("machine", rows))

    def _interpreters(self, key: str) -> tuple[Interpreter, ...] | None:
        for _key, text in self._read("machine", "interpreters", [key]):
            try:
                plain = json.loads(text)
                return tuple(Interpreter(**{**one, "path": Path(one["path"])}) for one in plain)
            except (ValueError, TypeError, KeyError) as err:
                raise Damaged(f"it holds what is no list of interpreters ({err})") from err
        return None

    def _write(self, table: str, rows: Sequence[tuple[str, str]]) -> None:
        with self._writing() as connection:
            self._replace(connection, table, rows)
