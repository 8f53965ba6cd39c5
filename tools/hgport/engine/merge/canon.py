"""The canonical tokens of Python: what stays the same however a line is written.

Hidden are the prefix of a literal and its quotes (``b'x'``, ``u"x"``, ``r'x'`` where it means the
same), trailing commas, parentheses around the whole right-hand side, and all line breaking.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from hgport.engine.merge.lexer import CLOSERS, OPENERS, Token

_LITERAL = re.compile(rb"([A-Za-z]*)('''|\"\"\"|'|\")(.*)\2$", re.S)
KEYWORDS = frozenset(
    b"and as assert async await break class continue def del elif else except exec finally for from"
    b" global if import in is lambda nonlocal not or pass raise return try while with yield".split()
)
# after these the whole expression may stand in parentheses; after the first ones a tuple as well
_TUPLE_TAKERS = frozenset([b"=", b"return", b"import", b"+=", b"-=", b"%=", b"|=", b"&="])
_TAKERS = _TUPLE_TAKERS | frozenset([b"if", b"elif", b"while"])
_ENDS = frozenset([b":", b"="])


# an escape that stands for a byte; others, such as those of characters, stay as they are written
_ESCAPE = re.compile(rb"\\(\r?\n|[\\'\"abfnrtv]|[0-7]{1,3}|x[\da-fA-F]{2})")
_ESCAPED = {
    b"\n": b"",
    b"\r\n": b"",
    **{bytes([key]): bytes([value]) for key, value in zip(b"\\'\"abfnrtv", b"\\'\"\a\b\f\n\r\t\v")},
}


class Atom(NamedTuple):
    """A canonical token, and the number of the token that it stands for."""

    canon: bytes
    number: int


def atoms(tokens: Sequence[Token]) -> list[Atom]:
    """The canonical tokens of one logical line."""
    dropped = _trailing_commas(tokens) | _redundant_parentheses(tokens)
    return [
        Atom(canonical_token(token), index)
        for index, token in enumerate(tokens)
        if index not in dropped and token.kind != "newline"
    ]


def canonical_token(token: Token) -> bytes:
    """The canonical text of a token by itself."""
    if token.kind == "string":
        return canonical_string(token.text)
    if token.kind == "comment":
        return b"# " + b" ".join(token.text.lstrip(b"#").split())
    if token.kind == "number":
        return _canonical_number(token.text)
    return b"!=" if token.text == b"<>" else token.text


def split_string(text: bytes) -> tuple[bytes, bytes, bytes]:
    """The prefix, the quotes and what is between them of a literal."""
    found = _LITERAL.match(text)
    assert found is not None, text
    return found[1], found[2], found[3]


def canonical_string(text: bytes) -> bytes:
    """A literal as its value; that of a formatted one as its text."""
    prefix, _quotes, inner = split_string(text)
    lower = prefix.lower()
    if b"f" in lower or b"t" in lower:
        kind = lower if b"\\" in inner else lower.replace(b"r", b"")
        return bytes(sorted(kind)) + b"'" + inner + b"'"
    if b"r" not in lower:
        inner = _ESCAPE.sub(_unescaped, inner)
    return b"'" + inner + b"'"


def _unescaped(found: re.Match[bytes]) -> bytes:
    """The byte that an escape stands for."""
    text = found[1]
    if text in _ESCAPED:
        return _ESCAPED[text]
    number = int(text[1:], 16) if text[:1] == b"x" else int(text, 8)
    return bytes([number & 0xFF])


def _canonical_number(text: bytes) -> bytes:
    lower = text.lower().rstrip(b"l")
    if re.fullmatch(rb"0[0-7]+", lower) and lower.strip(b"0"):
        return b"0o" + lower.lstrip(b"0")
    return lower


def _trailing_commas(tokens: Sequence[Token]) -> set[int]:
    """The commas before a closing bracket that make no tuple."""
    found = set()
    open_: list[tuple[int, int]] = []  # where a bracket opens, and the commas in it
    last = -1
    for index, token in enumerate(tokens):
        if token.kind in ("newline", "comment"):
            continue
        if token.text in OPENERS and token.kind == "op":
            open_.append((index, 0))
        elif token.kind == "op" and token.text in CLOSERS and open_:
            start, commas = open_.pop()
            if last >= 0 and tokens[last].text == b"," and tokens[last].kind == "op":
                tuple_of_one = commas == 1 and token.text == b")" and _is_tuple(tokens, start)
                one_key = commas == 1 and token.text == b"]" and _is_call(tokens, start)
                if not tuple_of_one and not one_key:
                    found.add(last)
        elif token.text == b"," and token.kind == "op" and open_:
            open_[-1] = open_[-1][0], open_[-1][1] + 1
        last = index
    return found


def _is_tuple(tokens: Sequence[Token], start: int) -> bool:
    """Whether parentheses with a comma in them are a tuple: no call, and no list of imports."""
    imports = start > 0 and tokens[start - 1].text == b"import"
    return not imports and not _is_call(tokens, start)


def _is_call(tokens: Sequence[Token], start: int) -> bool:
    """Whether the bracket at ``start`` belongs to the expression before it."""
    for token in reversed(tokens[:start]):
        if token.kind in ("newline", "comment"):
            continue
        if token.kind == "name":
            # of Python 2's print it may be either
            return token.text not in KEYWORDS and token.text != b"print"
        return token.kind == "string" or token.text in CLOSERS
    return False


def _redundant_parentheses(tokens: Sequence[Token]) -> set[int]:
    """Both parentheses of each pair that only holds an expression together over several lines."""
    found: set[int] = set()
    pairs = _pairs(tokens)
    plain = [i for i, t in enumerate(tokens) if t.kind not in ("newline", "comment")]
    place = {index: n for n, index in enumerate(plain)}
    depth = 0
    for n, index in enumerate(plain):
        token = tokens[index]
        if token.text == b"(" and token.kind == "op" and index in pairs and depth == 0:
            before = _before(tokens, plain, n, found)
            after = plain[place[pairs[index]] + 1 :]
            if _takes(tokens, before, index, pairs[index], after):
                found |= {index, pairs[index]}
                continue
        depth += _steps(token, index, found)
    return found


def _steps(token: Token, index: int, dropped: set[int]) -> int:
    if token.kind != "op" or index in dropped:
        return 0
    return (token.text in OPENERS) - (token.text in CLOSERS)


def _before(tokens: Sequence[Token], plain: list[int], n: int, dropped: set[int]) -> bytes:
    """The token before that is not itself dropped."""
    for index in reversed(plain[:n]):
        if index not in dropped:
            return tokens[index].text
    return b""


def _takes(
    tokens: Sequence[Token], before: bytes, start: int, end: int, after: Sequence[int]
) -> bool:
    """Whether a pair of parentheses may go: what is before it takes a whole expression, and
    nothing of it follows."""
    first = tokens[0].text
    takers, tuples, ends = _TAKERS, _TUPLE_TAKERS, {b"", *_ENDS}
    if first == b"assert":
        takers, tuples, ends = frozenset([b"assert", b","]), frozenset(), {b"", b","}
    elif first == b"for" and before == b"in":
        takers = tuples = frozenset([b"in"])
    following = tokens[after[0]].text if after else b""
    if before not in takers or end == start + 1 or following not in ends:
        return False
    inner = _top_level(tokens, start, end)
    if inner & {b"for", b"yield", b":=", b"async", b"*"}:
        return False
    return b"," not in inner or before in tuples


def _top_level(tokens: Sequence[Token], start: int, end: int) -> set[bytes]:
    """What stands directly between two brackets, names and operators."""
    found = set()
    depth = 0
    for token in tokens[start + 1 : end]:
        if token.kind == "op" and token.text in CLOSERS:
            depth -= 1
        if depth == 0 and token.kind in ("op", "name"):
            found.add(token.text)
        if token.kind == "op" and token.text in OPENERS:
            depth += 1
    return found


def _pairs(tokens: Sequence[Token]) -> dict[int, int]:
    """The closing bracket of each opening one, by their numbers."""
    found = {}
    open_: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind != "op":
            continue
        if token.text in OPENERS:
            open_.append(index)
        elif token.text in CLOSERS and open_:
            found[open_.pop()] = index
    return found


def canonical_lines(path: str, data: bytes) -> list[bytes]:
    """A file as one canonical text for each logical line, indented by its depth.

    ``path`` tells whether it is Python.  What is not, or cannot be read as it, is given by its own
    lines, without blanks at their ends.
    """
    from hgport.engine.merge import logical
    from hgport.engine.merge.lexer import NotPython

    if path.endswith(".py"):
        try:
            units = logical.cut(data).units
        except NotPython:
            pass
        else:
            return [b"    " * unit.depth + b" ".join(unit.key.split(b"\0")) for unit in units]
    return [line.rstrip() for line in data.splitlines()]
