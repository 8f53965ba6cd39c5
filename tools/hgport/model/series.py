"""A series: the ordered list of patches, in the grammar of quilt.

    line    = [ entry ] [ comment ] newline
    entry   = name [ "-p1" ]
    comment = "#" and all that follows it

A ``#`` starts a comment at the start of a line or after a blank.  The one path component that
``-p1`` strips is quilt's and Mercurial's default, and the only one that hgport takes.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass, field
from pathlib import Path

from hgport.errors import UsageError
from hgport.model.diff import path_problem, shown
from hgport.model.patch import Patch


@dataclass(frozen=True)
class Entry:
    """One patch's line in a series file; ``number`` counts from 1."""

    name: str
    number: int


@dataclass(frozen=True)
class Series:
    """A series file and the patches that it names.

    ``data`` is the file as it was read, and what writing it back gives; ``directory`` is where
    the patch files are.
    """

    path: Path
    directory: Path
    data: bytes = field(repr=False)
    patches: tuple[Patch, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the patches, in order."""
        return tuple(patch.name for patch in self.patches)

    @classmethod
    def load(cls, path: Path, directory: Path | None = None) -> Series:
        """Read the series file ``path`` and all its patches.

        The patch files are in ``directory``; None takes ``patches`` beside the file if it is
        there, else where the file is.  Raises UsageError, naming file and line, for what is no
        series, for a patch that is missing or listed twice, for one that is no patch, and for a
        path that leads through a symbolic link below ``directory``.
        """
        data = _read(path, f"no series file {path}")
        if directory is None:
            beside = path.parent / "patches"
            directory = beside if beside.is_dir() else path.parent
        patches = tuple(_load_patch(path, directory, e) for e in entries(data, str(path)))
        return cls(path, directory, data, patches)


def entries(data: bytes, name: str) -> tuple[Entry, ...]:
    """The patches that a series file's content lists.

    ``name`` is what errors call the file.  Raises UsageError for a line that is no entry and for
    a patch listed twice.
    """
    found: dict[str, Entry] = {}
    # what editors on Windows may put at the start is no part of a name
    text = data.decode("utf-8-sig", "surrogateescape")
    for number, line in enumerate(text.split("\n"), start=1):
        entry = _entry(line, number, name)
        if entry is None:
            continue
        if entry.name in found:
            first = found[entry.name].number
            raise UsageError(
                f"{name}: line {number}: {shown(entry.name)} is already listed in line {first}"
            )
        found[entry.name] = entry
    return tuple(found.values())


def _entry(line: str, number: int, name: str) -> Entry | None:
    words = re.sub(r"(^|\s)#.*", "", line).split()
    if not words:
        return None
    problem = path_problem(words[0])
    if problem:
        raise UsageError(f"{name}: line {number}: the path {words[0]!r} {problem}")
    for option in words[1:]:
        if option != "-p1":
            raise UsageError(
                f"{name}: line {number}: option {shown(option)} of {shown(words[0])} is not "
                "supported",
                "hgport takes patches to be applied with -p1",
            )
    return Entry(words[0], number)


def place_problem(directory: Path, name: str) -> str | None:
    """Why the patch that a series lists as ``name`` is not read from ``directory``, or None if it
    may be: a symbolic link below it, or what has no end or must be waited for.

    The answer completes the sentence "the path ... ".
    """
    place = directory
    for part in name.split("/"):
        place /= part
        if os.path.islink(place):
            return f"leads through a symbolic link, {shown(str(place))}"
    return None if _may_be_read(place) else "is no regular file"


def _load_patch(series: Path, directory: Path, entry: Entry) -> Patch:
    where = f"{series}: line {entry.number}"
    problem = place_problem(directory, entry.name)
    if problem:
        raise UsageError(
            f"{where}: the path {entry.name!r} {problem}", "put the patch itself there"
        )
    missing = f"{where}: there is no patch {shown(entry.name)} in {directory}"
    data = _read(directory / entry.name, missing)
    try:
        return Patch.parse(entry.name, data)
    except UsageError as err:
        raise UsageError(f"{where}: {err.message}", err.hint) from None


def _may_be_read(path: Path) -> bool:
    """Whether reading the path ends at once, if only with an error."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def _read(path: Path, missing: str) -> bytes:
    if not _may_be_read(path):
        raise UsageError(f"{path} is no regular file")
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise UsageError(missing) from None
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}") from None
