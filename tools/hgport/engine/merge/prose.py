"""Write comments and docstrings of which both sides changed words or lines."""

from __future__ import annotations

from collections.abc import Sequence

from hgport.engine.merge import logical
from hgport.engine.merge.canon import split_string
from hgport.engine.merge.layout import COLUMNS, is_too_long
from hgport.engine.merge.pieces import Mixed
from hgport.engine.merge.units import Unit

# how far from the edge the lines of a text that is filled may end
_RAGGED = 20


class Unwritable(Exception):
    """A piece could not be written so that it says what it should."""


def comment(piece: Mixed) -> bytes:
    """A comment whose words were merged: with the line breaks that it has on either side, or filled
    anew if it is prose, whose lines are full.  Unwritable if it is none and gets too long.
    """
    starts = {"target": _line_starts(piece.target), "patched": _line_starts(piece.patched)}
    lines: list[list[bytes]] = []
    for taken in piece.taken[1:]:
        if not lines or taken.index in starts[taken.side]:
            lines.append([])
        lines[-1].append(taken.canon)
    start = piece.target.indent + b"# "
    text = b"\n".join(start + b" ".join(words) for words in lines)
    prose = _is_full(piece.target) and _is_full(piece.patched)
    if is_too_long(text) and not prose:
        raise Unwritable
    if prose:
        text = _filled(start, [word for words in lines for word in words])
    return text + b"\n"


def _line_starts(unit: Unit) -> set[int]:
    """The numbers of the words with which the lines of a comment start."""
    found, number = set(), 1
    for token in unit.tokens:
        found.add(number)
        number += len(token.text.lstrip(b"#").split())
    return found


def _is_full(unit: Unit) -> bool:
    """Whether a comment has several lines, of which all but the last are full."""
    lines = unit.text.rstrip(b"\n").split(b"\n")
    return len(lines) > 1 and all(len(line) >= COLUMNS - _RAGGED for line in lines[:-1])


def _filled(start: bytes, words: Sequence[bytes]) -> bytes:
    lines: list[bytes] = []
    for word in words:
        if lines and len(lines[-1]) + 1 + len(word) < COLUMNS:
            lines[-1] += b" " + word
        else:
            lines.append(start + word)
    return b"\n".join(lines)


def docstring(piece: Mixed) -> bytes:
    """A docstring whose lines were merged."""
    unit = piece.target
    if len(unit.tokens) != 1 or len(piece.patched.tokens) != 1:
        raise Unwritable
    sides = {
        "target": split_string(unit.tokens[0].text)[2].split(b"\n"),
        "patched": split_string(piece.patched.tokens[0].text)[2].split(b"\n"),
    }
    lines = []
    for taken in piece.taken[1:]:
        line = sides[taken.side][taken.index - 1]
        if taken.side == "patched" and taken.index > 1 and line.strip():
            line = unit.indent + line[len(piece.patched.indent) :]
        lines.append(line)
    said = len(logical.words("docstring", unit.tokens)) - 1
    lines += sides["target"][said:]
    prefix, quotes, _inner = split_string(unit.tokens[0].text)
    token = unit.tokens[0]
    text = prefix + quotes + b"\n".join(lines) + quotes
    return unit.text[: token.start] + text + unit.text[token.end :]
