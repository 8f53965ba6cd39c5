"""One patch: its bytes as they are, and what its header and its diff say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from hgport.errors import UsageError
from hgport.model.diff import FileChange, read_diff
from hgport.model.header import read_header

__all__ = ["FileChange", "Patch", "short_name"]

_DIFF_START = re.compile(
    rb"^(?:diff --git a/|diff -|Index: |--- [^\n]*\n\+\+\+ |\*\*\* [^\n]*\n--- )", re.M
)


@dataclass(frozen=True)
class Patch:
    """One changeset in file form.

    ``data`` is the whole file and ``body`` its diff, both untouched.  ``user`` is "" and ``date``
    is "0 0" (seconds since 1970, offset in seconds west of UTC) where the header names none;
    ``description`` then may be "" as well.
    """

    name: str
    data: bytes = field(repr=False)
    user: str
    date: str
    description: str
    body: bytes = field(repr=False)
    files: tuple[FileChange, ...]

    @property
    def subject(self) -> str:
        """The first line of the description."""
        return self.description.partition("\n")[0]

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path that the patch reads or writes, once each, in order of appearance."""
        both = (p for change in self.files for p in (change.old_path, change.path))
        return tuple(dict.fromkeys(p for p in both if p is not None))

    @classmethod
    def parse(cls, name: str, data: bytes) -> Patch:
        """Read one patch file's content.

        Raises UsageError, naming the patch and the line, if it holds no unified diff, if a hunk
        is malformed, or if a path may not be written (absolute, with ``..``, into ``.hg``).
        """
        start = _DIFF_START.search(data)
        if start is None:
            raise UsageError(
                f"{name} is no patch: " + ("it holds no diff" if data.strip() else "it is empty")
            )
        header, body = data[: start.start()], data[start.start() :]
        try:
            user, date, description = read_header(header)
        except ValueError as err:
            raise UsageError(f"{name}: {err}") from None
        files = read_diff(name, body, header.count(b"\n"))
        return cls(name, data, user, date, description, body, files)


def short_name(name: str) -> str:
    """A patch's file name as tables show it: without ``.patch``."""
    return name[: -len(".patch")] if name.endswith(".patch") else name
