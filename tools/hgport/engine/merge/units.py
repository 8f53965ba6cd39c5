"""A unit: what a merge takes as one piece of a file, such as a logical line of Python."""

from __future__ import annotations

from dataclasses import dataclass, field

from hgport.engine.merge.lexer import Token

# statements of fewer tokens than this are said in many places
LONG = 6


@dataclass(frozen=True, eq=False)
class Unit:
    """One piece of a file.

    ``kind`` is code, comment or docstring in Python, command or output in a transcript, else line.
    ``key`` is its canonical content, without indentation; ``depth`` how deep it is indented, in
    levels.  ``lead`` is the blank lines before it, ``text`` its own whole lines, ``line`` the
    number of the first of these, from 1, and ``indent`` the blanks that it starts with.
    ``tokens`` are those of code, with places relative to ``text``.
    """

    kind: str
    depth: int
    key: bytes = field(repr=False)
    lead: bytes = field(repr=False)
    text: bytes
    line: int
    indent: bytes = b""
    tokens: tuple[Token, ...] = field(default=(), repr=False)

    @property
    def identity(self) -> tuple[int, bytes]:
        """What is compared when files are aligned."""
        return self.depth, self.key

    @property
    def last(self) -> int:
        """The number of its last line."""
        return self.line + max(self.text.count(b"\n") - 1, 0)


@dataclass(frozen=True)
class Cut:
    """A file as its units, and the blank lines after the last: nothing of it is lost."""

    units: tuple[Unit, ...]
    tail: bytes

    @property
    def data(self) -> bytes:
        """The file again."""
        return b"".join(u.lead + u.text for u in self.units) + self.tail
