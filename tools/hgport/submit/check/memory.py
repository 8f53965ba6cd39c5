"""The file ``check.sqlite``: what tools said, each time under a key of all that goes into it."""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hgport.places import cache_dir
from hgport.proof.bykey import ByKey
from hgport.sqlitecache import Damaged

_FORMAT = 1


class Memory(ByKey):
    """The open file; a context manager.  Raises OutsideError if the disk refuses."""

    def __init__(self) -> None:
        super().__init__(cache_dir() / "check.sqlite", _FORMAT, {"said": "what TEXT NOT NULL"})

    def get(self, keys: Sequence[str]) -> dict[str, Any]:
        """What was said, as JSON gives it back, under those of the keys that have anything."""
        return self._file.sound(
            lambda: {key: _plain(text) for key, text in self._read("said", "what", keys)}
        )

    def put(self, said: Mapping[str, Any]) -> None:
        """Keep what was said, in one step."""
        rows = [(key, json.dumps(what)) for key, what in said.items()]
        if rows:
            self._file.sound(lambda: self._write(rows))

    def _write(self, rows: Sequence[tuple[str, str]]) -> None:
        with self._writing() as connection:
            self._replace(connection, "said", rows)


def _plain(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as err:
        raise Damaged(f"it holds what no tool said ({err})") from err


def key_of(module: str, *parts: Any) -> str:
    """The key (hex) of plain data that goes into what a tool says.

    The code of the module of this directory that asks the tool is in it, too.
    """
    return hashlib.sha256((_harness(module) + json.dumps(parts)).encode()).hexdigest()


def digest(content: bytes) -> str:
    """What stands for a content in a key."""
    return hashlib.sha256(content).hexdigest()


# what has a part in whatever is asked
_COMMON = ("filetools", "remark", "running", "selection", "subject")


@functools.cache
def _harness(module: str) -> str:
    """The hash of the code that asks a tool and reads what it says."""
    found = hashlib.sha256()
    for name in (*_COMMON, module):
        found.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return found.hexdigest()
