"""The lines that a diff adds: where each stands in the patch file, and in the file it makes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_GIT = re.compile(rb"diff --git a/(.*) b/(.*)$")


@dataclass(frozen=True)
class Line:
    """A line of a hunk.

    ``mark`` is its first byte: ``b"+"``, ``b"-"`` or ``b" "``.  ``text`` is what follows, with its
    line end; ``ends`` says that the file ends there without one, in which case ``text`` has none
    either.  ``number`` is its line in the patch file and ``at`` that in the file that the patch
    makes (for a removed line, the next one there), both counted from 1.  ``path`` is that file.
    """

    mark: bytes
    text: bytes
    number: int
    at: int
    path: str
    ends: bool = False


def hunk_lines(body: bytes, before: int) -> Iterator[Line]:
    """The lines of all hunks of a diff that ``model.diff.read_diff`` has taken.

    ``before`` is how many lines stand above the diff in its file.
    """
    lines = io.BytesIO(body).readlines()
    walk = _Walk()
    for index, line in enumerate(lines):
        following = lines[index + 1] if index + 1 < len(lines) else b""
        if not walk.inside:
            walk.between(line, following)
            continue
        mark = line[:1] if line[:1] in (b"+", b"-") else b" "
        if line.startswith(b"\\"):
            continue
        text = line if line == b"\n" else line[1:]
        ends = following.startswith(b"\\")
        if ends:
            text = text[:-1] if text.endswith(b"\n") else text
        yield Line(mark, text, before + index + 1, walk.at, walk.path, ends)
        walk.pass_(mark)


class _Walk:
    """Where in a diff one is: ``path`` is the file, ``at`` the next line that it gets."""

    def __init__(self) -> None:
        self.path = ""
        self.at = 0
        self._old = self._new = 0

    @property
    def inside(self) -> bool:
        """Whether there is more of a hunk."""
        return self._old > 0 or self._new > 0

    def between(self, line: bytes, following: bytes) -> None:
        """Take a line that is in no hunk."""
        git, hunk = _GIT.match(line.rstrip(b"\r\n")), _HUNK.match(line)
        if git:
            self.path = _shown(git[2])
        elif line.startswith(b"rename to "):
            self.path = _shown(line[10:].rstrip(b"\r\n"))
        elif line.startswith(b"--- ") and following.startswith(b"+++ "):
            self._named(line, following)
        elif hunk:
            self._old, self._new = (1 if hunk[n] is None else int(hunk[n]) for n in (2, 4))
            self.at = int(hunk[3])

    def _named(self, line: bytes, following: bytes) -> None:
        for name in (following, line):
            path = name[4:].rstrip(b"\r\n").partition(b"\t")[0]
            if path != b"/dev/null":
                self.path = _shown(path.partition(b"/")[2])
                return

    def pass_(self, mark: bytes) -> None:
        """Go beyond a line of a hunk."""
        self._old -= mark != b"+"
        self._new -= mark != b"-"
        self.at += mark != b"-"


def _shown(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
