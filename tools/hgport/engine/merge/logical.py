"""Cut Python source into logical lines, comments and docstrings."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Sequence

from hgport.engine.merge.canon import atoms, split_string
from hgport.engine.merge.lexer import CLOSERS, OPENERS, NotPython, Token, tokens
from hgport.engine.merge.units import Cut, Unit

_TAB = 8
_MARK = b"\xef\xbb\xbf"
# the line that tells a file's encoding
_CODING = re.compile(rb"#.*coding[:=]")


@functools.lru_cache(maxsize=12)
def cut(data: bytes) -> Cut:
    """The units of a Python file.  Raises NotPython for what cannot be read as such."""
    return _Cutter(data).cut()


class _Cutter:
    """Reads a file line by logical line, and keeps the stack of its indentations."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._indents = [0]
        self._done = 0  # up to where the units reach
        self._line = 1
        self._units: list[Unit] = []

    def cut(self) -> Cut:
        comments: list[Token] = []
        for line in _statements(self._data, tokens(self._data)):
            if line[0].kind == "comment":
                if comments and not self._continues(comments[-1], line[0]):
                    self._add(comments, "comment")
                    comments = []
                comments.append(line[0])
                continue
            if comments:
                self._add(comments, "comment")
                comments = []
            self._add(line, "code")
        if comments:
            self._add(comments, "comment")
        return Cut(tuple(self._units), self._data[self._done :])

    def _continues(self, one: Token, next_: Token) -> bool:
        """Whether two comments on lines of their own are one paragraph."""
        between = self._data[one.end : next_.start]
        return (
            between.count(b"\n") == 1
            and not one.text.startswith(b"#!")
            and not _CODING.match(one.text)
            and not _CODING.match(next_.text)
            and self._column(one.start) == self._column(next_.start)
            and bool(one.text.strip(b"# \t"))
            and bool(next_.text.strip(b"# \t"))
        )

    def _add(self, line: Sequence[Token], kind: str) -> None:
        first = self._data.rfind(b"\n", 0, line[0].start) + 1
        end = self._data.find(b"\n", line[-1].end)
        end = len(self._data) if end < 0 else end + 1
        lead, text = self._data[self._done : first], self._data[first:end]
        indent = self._data[first : line[0].start]
        self._line += lead.count(b"\n")
        depth = self._depth(line[0], kind)
        moved = tuple(Token(t.kind, t.text, t.start - first, t.end - first) for t in line)
        if kind == "code" and all(t.kind in ("string", "comment") for t in line):
            kind = "docstring"
        key = _key(kind, moved)
        self._units.append(Unit(kind, depth, key, lead, text, self._line, indent, moved))
        self._line += text.count(b"\n")
        self._done = end

    def _column(self, place: int) -> int:
        start = self._data.rfind(b"\n", 0, place) + 1
        return len(self._data[start:place].replace(b"\f", b"").replace(_MARK, b"").expandtabs(_TAB))

    def _depth(self, token: Token, kind: str) -> int:
        column = self._column(token.start)
        if kind == "comment":
            shallower = sum(1 for known in self._indents if known <= column) - 1
            return shallower + (column > self._indents[-1])
        while column < self._indents[-1]:
            self._indents.pop()
        if column > self._indents[-1]:
            if self._indents[-1] not in self._indents[:-1] and not self._opened():
                raise NotPython(self._line, "an indentation that nothing asks for")
            self._indents.append(column)
        return len(self._indents) - 1

    def _opened(self) -> bool:
        """Whether the last logical line opens a block."""
        for unit in reversed(self._units):
            if unit.kind != "comment":
                plain = [t for t in unit.tokens if t.kind != "comment"]
                return bool(plain) and plain[-1].text == b":"
        return False


def _statements(data: bytes, every: Sequence[Token]) -> Iterator[list[Token]]:
    """The tokens of each logical line; a comment on a line of its own is one."""
    line: list[Token] = []
    depth = 0
    for token in every:
        if token.kind == "newline":
            if depth == 0 and line:
                yield line
                line = []
            continue
        if token.kind == "op":
            depth += (token.text in OPENERS) - (token.text in CLOSERS)
            if depth < 0:
                raise NotPython(data.count(b"\n", 0, token.start) + 1, "a bracket closed too often")
        line.append(token)
        if token.kind == "comment" and len(line) == 1:
            yield line
            line = []
    if depth:
        raise NotPython(data.count(b"\n") + 1, "a bracket is never closed")
    if line:
        yield line


def _key(kind: str, line: Sequence[Token]) -> bytes:
    return b"\0".join(words(kind, line))


def words(kind: str, line: Sequence[Token]) -> list[bytes]:
    """What a unit's key is made of: canonical tokens, words of a comment, lines of a docstring."""
    if kind == "comment":
        return [b"#", *(word for token in line for word in token.text.lstrip(b"#").split())]
    if kind == "docstring":
        return [b'"""', *(part for token in line for part in _docstring_lines(token))]
    return [atom.canon for atom in atoms(line)]


def _docstring_lines(token: Token) -> list[bytes]:
    if token.kind == "comment":
        return [token.text]
    lines = [line.strip() for line in split_string(token.text)[2].split(b"\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines
