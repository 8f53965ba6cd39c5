"""The text of a logical line that a merge makes: blanks, indentation and line breaks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from hgport.engine.merge.lexer import CLOSERS, OPENERS, Token
from hgport.engine.merge.units import Unit

# Mercurial's own limit
COLUMNS = 80
_LONE_CLOSER = re.compile(rb"(?<![,(\[{])\n[ \t]*(\)+[^\n\w]*:?)(?=\n|$)")


class Word(NamedTuple):
    """A token as it is to be written: its text, and the blanks before it in the file that it comes
    from (``gap``), with that file's name and its number there."""

    text: bytes
    gap: bytes
    side: str
    number: int
    kind: str


def gaps(unit: Unit) -> list[bytes]:
    """The text between each token of a unit and the one before it."""
    found = []
    end = len(unit.indent)
    for token in unit.tokens:
        found.append(unit.text[end : token.start])
        end = token.end
    return found


def joined(words: Sequence[Word]) -> bytes:
    """The words as text, from the first to the last.

    Between two that were neighbours in their own file stays what was there; at a seam stand the
    blanks that its second word had, without a line break unless it came from the target.
    """
    text = b""
    last: Word | None = None
    for word in words:
        text += _gap(last, word) + word.text
        last = word
    return text


def _gap(last: Word | None, word: Word) -> bytes:
    if last is None:
        return b""
    neighbours = last.side == word.side and word.number == last.number + 1
    if last.kind == "comment":
        return word.gap if b"\n" in word.gap else b"\n" + word.gap
    if neighbours and (word.side == "target" or b"\n" not in word.gap):
        return word.gap
    if b"\n" in word.gap and word.side == "target":
        return word.gap
    if word.kind == "comment":
        return b"  "
    if last.text in OPENERS or word.text in CLOSERS or word.text in (b",", b";"):
        return b""
    if b"\n" in word.gap or last.text == b",":
        return b" "
    return word.gap if word.gap.strip(b" \t") == b"" else b" "


def reindented(unit: Unit, text: bytes, indent: bytes) -> bytes:
    """The text of a unit, of which each line is moved by as much as its first: ``indent`` is what
    the first is to start with.  Lines within a literal stay, but for a docstring's."""
    if indent == unit.indent:
        return text
    inside = set() if unit.kind == "docstring" else _lines_in_strings(unit)
    lines = text.split(b"\n")
    moved = []
    for number, line in enumerate(lines):
        if number in inside or not line.strip():
            moved.append(line)
        elif line.startswith(unit.indent):
            moved.append(indent + line[len(unit.indent) :])
        else:
            moved.append(line)
    return b"\n".join(moved)


def _lines_in_strings(unit: Unit) -> set[int]:
    """The lines (from 0) of a unit that start within a literal."""
    found: set[int] = set()
    for token in unit.tokens:
        if token.kind == "string" and b"\n" in token.text:
            first = unit.text.count(b"\n", 0, token.start)
            found.update(range(first + 1, first + token.text.count(b"\n") + 1))
    return found


def aligned(before: bytes, line: Sequence[Token], after: Sequence[bytes]) -> bytes:
    """A logical line whose tokens were replaced by ``after``, with continuation lines that stood
    under an opening bracket moved along with it.

    ``before`` is its text, ``line`` its tokens there.
    """
    text = b""
    end = 0
    open_: list[tuple[int, int]] = []  # the column after each open bracket, before and now
    for token, new in zip(line, after):
        gap = before[end : token.start]
        if b"\n" in gap and open_:
            head, _newline, blanks = gap.rpartition(b"\n")
            if len(blanks) == open_[-1][0]:
                gap = head + b"\n" + b" " * open_[-1][1]
        text += gap + new
        end = token.end
        if token.kind == "op" and token.text in OPENERS:
            old = token.end - before.rfind(b"\n", 0, token.end) - 1
            open_.append((old, len(text) - text.rfind(b"\n") - 1))
        elif token.kind == "op" and token.text in CLOSERS and open_:
            open_.pop()
    return text + before[end:]


def has_lone_closer(text: bytes) -> bool:
    """Whether a line of a statement holds closing parentheses alone, as black writes it."""
    return _LONE_CLOSER.search(text) is not None


def closers_pulled_up(text: bytes) -> bytes:
    """A statement as Mercurial wrote it before it used black: no line holds closing parentheses
    alone, where that fits; but for those that close a list of one element a line."""
    while True:
        shorter = _LONE_CLOSER.sub(rb"\1", text, count=1)
        if shorter == text or is_too_long(shorter):
            return text
        text = shorter


def is_too_long(text: bytes) -> bool:
    """Whether a line exceeds the limit."""
    return any(len(line) > COLUMNS for line in text.split(b"\n"))


def broken(text: bytes, line: Sequence[Token]) -> bytes:
    """A statement of one line that is too long, broken where a bracket lets it.

    The continuation stands under the bracket.  As it was if nothing helps.
    """
    if not is_too_long(text) or b"\n" in text.rstrip(b"\n"):
        return text
    open_: list[int] = []
    at, column = -1, 0
    for token in line:
        if token.end > COLUMNS:
            break
        if token.kind == "op" and token.text in OPENERS:
            open_.append(token.end)
        elif token.kind == "op" and token.text in CLOSERS and open_:
            open_.pop()
        if open_ and token.text == b",":
            at, column = token.end, open_[-1]
    if at < 0:
        return text
    shorter = text[:at] + b"\n" + b" " * column + text[at:].lstrip(b" ")
    return text if is_too_long(shorter) else shorter
