"""A release of Mercurial: its version, the line it belongs to, and its sdist."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hgport.errors import UsageError

_VERSION = re.compile(r"{0}\.{0}(?:\.{0})?".format("(0|[1-9][0-9]{,3})"))


def version_key(text: str) -> tuple[int, int, int]:
    """The numbers of a final version: "5.2" and "5.2.0" are (5, 2, 0).

    Raises UsageError for anything else, release candidates included.
    """
    match = _VERSION.fullmatch(text)
    if match is None:
        raise UsageError(f"{text!r} is no version of Mercurial", "versions look like 5.2 or 5.2.2")
    feature, minor, fix = match.groups()
    return int(feature), int(minor), int(fix or 0)


def is_version(text: str) -> bool:
    """Whether ``version_key`` would take ``text``."""
    return _VERSION.fullmatch(text) is not None


def line_of(version: str) -> str:
    """The line that a version belongs to: "5.2" for "5.2.2".  Raises UsageError as version_key."""
    feature, minor, _fix = version_key(version)
    return f"{feature}.{minor}"


def line_key(line: str) -> tuple[int, int]:
    """The numbers of a line, for sorting: (5, 2) for "5.2".  Raises UsageError as version_key."""
    feature, minor, _fix = version_key(line)
    return feature, minor


@dataclass(frozen=True)
class Release:
    """One published version.

    ``version`` is written as published ("5.2", "6.3.0", "5.2.2"), ``sdist`` is a plain file
    name, ``sha256`` 64 lower-case hex digits and ``size`` the bytes of that file, ``pythons``
    the interpreters that run it, the best for a proof first.  ``yanked`` is why the index
    advises against it, or "".
    """

    version: str
    sdist: str
    sha256: str
    size: int
    pythons: tuple[str, ...]
    yanked: str = ""

    @property
    def key(self) -> tuple[int, int, int]:
        """What releases are sorted by."""
        return version_key(self.version)

    @property
    def line(self) -> str:
        """The line it belongs to: "5.2" for "5.2.2"."""
        return line_of(self.version)
