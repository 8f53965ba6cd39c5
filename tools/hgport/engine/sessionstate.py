"""The state of rebases that are not finished: one small JSON file.

It says which patch waits in which working copy, and which changesets there are what a person made
of a conflict; everything else is in the working copies and the series themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from hgport.engine.records import parse
from hgport.errors import OutsideError, UsageError
from hgport.files import write_whole
from hgport.model.release import version_key

_FORMAT = 1


@dataclass(frozen=True)
class Waiting:
    """A conflict that waits for a person.

    ``parent`` is the changeset that it is on, ``source`` the one that is grafted, ``paths`` are the
    files of the merge, ``merged`` the changeset of what hgport made of them ("": not known).
    """

    patch: str
    parent: str
    source: str
    paths: tuple[str, ...]
    merged: str = ""


@dataclass(frozen=True)
class Resolved:
    """What a person made of a conflict: the changeset ``node`` on ``parent``, which are the same if
    nothing was left of the patch.  ``paths`` and ``merged`` are as in Waiting."""

    patch: str
    parent: str
    node: str
    paths: tuple[str, ...]
    merged: str = ""


@dataclass(frozen=True)
class Unfinished:
    """A rebase to one release that is not finished.

    ``base``, ``uses_memory``, ``into`` and ``again`` are as in Wish.  ``digest`` stands for the
    origin's series.  ``behind`` is the release that has to be finished first, "" if none has.
    ``below`` are the series files of the stacks that it is put on, the lowest first.
    ``waiting`` is None between two conflicts, where a crash may leave it.  ``kept`` is what was
    settled before the origin changed and the rebase had to begin again: pairs of a patch and the
    text of a record, in Latin-1.
    """

    version: str
    base: str | None = None
    uses_memory: bool = True
    into: str | None = None
    again: bool = False
    digest: str = ""
    behind: str = ""
    skipped: tuple[str, ...] = ()
    resolved: tuple[Resolved, ...] = ()
    waiting: Waiting | None = None
    kept: tuple[tuple[str, str], ...] = ()
    below: tuple[str, ...] = ()


@dataclass
class State:
    """The unfinished rebases by version, kept in the file ``path``."""

    path: Path
    entries: dict[str, Unfinished] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> State:
        """Read the file; none means that nothing is under way.

        Raises UsageError for one that is damaged or of another version of hgport.
        """
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return cls(path)
        except OSError as err:
            raise OutsideError(f"cannot read {path}: {err.strerror}") from err
        try:
            return cls(path, {one.version: one for one in _entries(json.loads(data))})
        except (ValueError, KeyError, TypeError, AttributeError, UsageError):
            raise UsageError(
                f"{path} is damaged, or of another hgport", "hgport rebase --abort drops it"
            ) from None

    def put(self, entry: Unfinished) -> None:
        """Keep an entry, on the disk as well."""
        self.entries[entry.version] = entry
        self._save()

    def drop(self, version: str) -> None:
        """Forget an entry, on the disk as well."""
        self.entries.pop(version, None)
        self._save()

    def _save(self) -> None:
        if not self.entries:
            self.path.unlink(missing_ok=True)
            return
        ordered = sorted(self.entries.values(), key=lambda one: version_key(one.version))
        document = {"format": _FORMAT, "rebases": [asdict(one) for one in ordered]}
        write_whole(self.path, json.dumps(document, indent=1).encode() + b"\n")


def _entries(document: Any) -> Iterable[Unfinished]:
    if document["format"] != _FORMAT:
        raise ValueError("another format")
    for plain in document["rebases"]:
        _check_version(plain["version"])
        waiting = plain.pop("waiting")
        resolved = plain.pop("resolved")
        yield Unfinished(
            **{
                **plain,
                "skipped": tuple(plain["skipped"]),
                "kept": _kept(plain.get("kept", ())),
                "below": tuple(map(str, plain.get("below", ()))),
            },
            resolved=tuple(Resolved(**{**one, "paths": tuple(one["paths"])}) for one in resolved),
            waiting=Waiting(**{**waiting, "paths": tuple(waiting["paths"])}) if waiting else None,
        )


def _kept(pairs: Iterable[Any]) -> tuple[tuple[str, str], ...]:
    found = []
    for patch, text in pairs:
        parse(text.encode("latin-1"), "", patch, patch)  # UnicodeError is a ValueError
        found.append((patch, text))
    return tuple(found)


def _check_version(version: str) -> None:
    """ValueError for what is no version: it becomes the name of a directory."""
    try:
        version_key(version)
    except UsageError as err:
        raise ValueError(str(err)) from None
