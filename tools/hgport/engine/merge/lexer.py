"""The tokens of Python source, version 2 or 3, as bytes.

The tokenizer of the standard library reads only the Python of its own version, and the newest
refuse what old releases hold (``0777``, ``ur''``, ``<>``); so this one reads what any of them
reads.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_QUOTED = rb"""
    '''(?:[^\\']|\\.|'(?!''))*'''
  | \"\"\"(?:[^\\"]|\\.|"(?!""))*\"\"\"
  | '(?:[^\\'\r\n]|\\\r\n|\\.)*'
  | "(?:[^\\"\r\n]|\\\r\n|\\.)*"
"""
_TOKEN = re.compile(
    rb"""
    (?P<space>[ \t\f]+|\\\r?\n)
  | (?P<newline>\r?\n)
  | (?P<comment>\#[^\r\n]*)
  | (?P<string>(?:[bBuUfFtT][rR]?|[rR][bBfFtT]?)?(?:%s))
  | (?P<number>(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+
       |(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][-+]?\d[\d_]*)?)[lLjJ]?)
  | (?P<name>[A-Za-z_\x80-\xff][\w\x80-\xff]*)
  | (?P<op>\*\*=|//=|>>=|<<=|\.\.\.|!=|<>|->|:=|[-+*/%%&|^=<>@]=|\*\*|//|<<|>>
       |[-+*/%%&|^~<>=()\[\]{},:.;@`])
    """ % _QUOTED,
    re.S | re.X,
)
OPENERS = {b"(": b")", b"[": b"]", b"{": b"}"}
CLOSERS = frozenset(OPENERS.values())


class NotPython(Exception):
    """The text is no Python; ``line`` (from 1) is where that shows, ``why`` in a few words."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


class Token(NamedTuple):
    """A token: its kind (newline, comment, string, number, name, op), text, and where it stands."""

    kind: str
    text: bytes
    start: int
    end: int


def tokens(data: bytes) -> list[Token]:
    """The tokens of a text, blanks and joined line ends left out.

    A byte order mark is passed over.  Raises NotPython where no token can be read.
    """
    found = []
    at = 3 if data.startswith(b"\xef\xbb\xbf") else 0
    match = _TOKEN.match
    while at < len(data):
        one = match(data, at)
        if one is None:
            raise NotPython(data.count(b"\n", 0, at) + 1, "no token of Python")
        kind = one.lastgroup
        end = one.end()
        if kind != "space":
            found.append(Token(kind or "", one.group(), at, end))
        at = end
    return found
