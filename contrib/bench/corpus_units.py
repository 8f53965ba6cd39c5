"""Cut a file into the units that the corpus changes one by one, and compare units across styles.

A unit of Python is one logical line or one block of comments, with the blank lines before it; a
unit of anything else is a line.  This reading is the corpus's own: nothing here is shared with the
merge that the corpus is there to judge.
"""

from __future__ import annotations

import ast
import difflib
import io
import keyword
import re
import tokenize
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_SKIPPED = (tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING, tokenize.ENDMARKER)
_COMMAND = re.compile(rb"  \$ ")
_FUNCTION = re.compile(rb"\w[^;]*\(")
_OPEN, _CLOSE = "([{", ")]}"

Key = tuple[object, ...]


class Unreadable(ValueError):
    """A file that cannot be cut into logical lines."""


@dataclass(frozen=True)
class Unit:
    """``key`` is equal for units that differ in style alone; ``scope`` names the function or class
    around it, or the command of a transcript that it belongs to, "" at the top; ``text`` is whole
    lines; ``bytes_marked`` tells of each literal, without its prefix, whether that says that it is
    bytes."""

    key: Key
    scope: str
    text: bytes = field(repr=False)
    bytes_marked: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True)
class Op:
    """Units ``old`` of one file stand where units ``new`` stand in another, as half-open ranges."""

    old: tuple[int, int]
    new: tuple[int, int]


def units(path: str, data: bytes) -> list[Unit]:
    """The units of a file, whose texts in a row are the file.  Raises Unreadable."""
    lines = data.splitlines(keepends=True)
    if not path.endswith(".py"):
        return _physical(path, lines)
    found = []
    done = 0
    scopes = _Scopes()
    for tokens, depth in logical_lines(data):
        end = tokens[-1].end[0]
        if end <= done:
            raise Unreadable(f"{path}: two logical lines on line {end}")
        key = (depth, *key_of(tokens))
        scope = scopes.of(depth, tokens)
        found.append(Unit(key, scope, b"".join(lines[done:end]), _marked(tokens)))
        done = end
    if done < len(lines):
        found.append(Unit((), "", b"".join(lines[done:])))
    return found


def _physical(path: str, lines: list[bytes]) -> list[Unit]:
    """Lines; the scope is the command that printed them, or the function's first line."""
    opening = _COMMAND if path.endswith(".t") else _FUNCTION
    found = []
    scope = b""
    for line in lines:
        if opening.match(line):
            scope = line.strip()
        found.append(Unit((line.rstrip(),), scope.decode("latin-1"), line))
    return found


def logical_lines(data: bytes) -> Iterator[tuple[list[tokenize.TokenInfo], int]]:
    """The tokens of each logical line, or of each block of comments, and its depth (0: the top).

    Raises Unreadable.
    """
    tokens: list[tokenize.TokenInfo] = []
    depth = 0
    for token in _tokens(data):
        if token.type in (tokenize.INDENT, tokenize.DEDENT):
            if tokens:  # a block of comments ends where the depth changes
                yield tokens, _comment_depth(tokens)
                tokens = []
            depth += 1 if token.type == tokenize.INDENT else -1
        elif token.type == tokenize.COMMENT or token.type not in (*_SKIPPED, tokenize.NEWLINE):
            if _ends_comments(tokens, token):
                yield tokens, _comment_depth(tokens)
                tokens = []
            tokens.append(token)
        elif token.type == tokenize.NEWLINE and tokens:
            yield tokens, depth
            tokens = []
    if tokens:
        yield tokens, _comment_depth(tokens)


def _ends_comments(tokens: list[tokenize.TokenInfo], token: tokenize.TokenInfo) -> bool:
    """Whether the block of comments in ``tokens`` is over, now that ``token`` has come."""
    if not tokens or any(one.type != tokenize.COMMENT for one in tokens):
        return False
    if token.type != tokenize.COMMENT:
        return True
    return token.start[0] > tokens[-1].end[0] + 1 or token.start[1] != tokens[0].start[1]


def _comment_depth(tokens: list[tokenize.TokenInfo]) -> int:
    """Comments say nothing to the tokenizer about depth; their column does for people."""
    return tokens[0].start[1] // 4


def _tokens(data: bytes) -> Iterator[tokenize.TokenInfo]:
    try:
        yield from tokenize.tokenize(io.BytesIO(data).readline)
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError) as err:
        raise Unreadable(str(err)) from err


def key_of(tokens: Sequence[tokenize.TokenInfo]) -> Key:
    """What is the same for logical lines that differ in style alone, literal prefixes included."""
    code = [one for one in tokens if one.type not in (tokenize.COMMENT, *_SKIPPED)]
    words = [one.string.lstrip("#:!") for one in tokens if one.type == tokenize.COMMENT]
    kept = _unparenthesised([_word(one) for one in code])
    return (*kept, "#", *" ".join(words).split()) if words else tuple(kept)


def _marked(tokens: Sequence[tokenize.TokenInfo]) -> tuple[tuple[str, bool], ...]:
    literals = [one.string for one in tokens if one.type == tokenize.STRING]
    return tuple((literal(text), is_bytes(text)) for text in literals)


def is_bytes(text: str) -> bool:
    """Whether a literal has the prefix of bytes."""
    return "b" in text[: min(text.find(quote) % len(text) for quote in "'\"")].lower()


def _word(token: tokenize.TokenInfo) -> str:
    return literal(token.string) if token.type == tokenize.STRING else token.string


def literal(text: str) -> str:
    """A literal without the prefix and the quotes that are a matter of style."""
    body = text.lstrip("rRbBuU")
    raw = "r" in text[: len(text) - len(body)].lower() and "\\" in body
    quotes = 3 if body[:3] in ('"""', "'''") else 1
    inner = body[quotes:-quotes]
    return ("r" if raw else "") + "'" + inner.replace("\\'", "'").replace('\\"', '"') + "'"


def _unparenthesised(words: list[str]) -> list[str]:
    """Without the parentheses that are no call's, and without commas before a closing bracket."""
    kept: list[str] = []
    calls: list[bool] = []
    for word in words:
        if word in _OPEN and len(word) == 1:
            calls.append(word != "(" or _is_called(kept[-1] if kept else ""))
            if not calls[-1]:
                continue
        elif word in _CLOSE and len(word) == 1:
            if kept and kept[-1] == ",":
                kept.pop()
            if calls and not calls.pop():
                continue
        kept.append(word)
    return kept


def _is_called(word: str) -> bool:
    return (word.isidentifier() and not keyword.iskeyword(word)) or word in (")", "]")


class _Scopes:
    """Which function or class each logical line is in."""

    def __init__(self) -> None:
        self._names: list[tuple[int, str]] = []

    def of(self, depth: int, tokens: list[tokenize.TokenInfo]) -> str:
        if tokens[0].type != tokenize.COMMENT:
            while self._names and self._names[-1][0] >= depth:
                self._names.pop()
            words = [one.string for one in tokens[:3] if one.string != "async"]
            if words[0] in ("def", "class") and len(words) > 1:
                self._names.append((depth, words[1]))
            return ".".join(name for _depth, name in self._names)
        return ".".join(name for outer, name in self._names if outer < depth)


def ops(before: Sequence[Unit], after: Sequence[Unit]) -> list[Op]:
    """What was changed between two files, by their units' keys."""
    start = 0
    while start < min(len(before), len(after)) and before[start].key == after[start].key:
        start += 1
    end = 0
    while (
        end < min(len(before), len(after)) - start and before[-1 - end].key == after[-1 - end].key
    ):
        end += 1
    middle = difflib.SequenceMatcher(
        None,
        [unit.key for unit in before[start : len(before) - end]],
        [unit.key for unit in after[start : len(after) - end]],
        autojunk=False,
    )
    return [
        Op((a + start, b + start), (c + start, d + start))
        for tag, a, b, c, d in middle.get_opcodes()
        if tag != "equal"
    ]


def place(where: Sequence[Unit], source: Sequence[Unit], span: tuple[int, int]) -> int | None:
    """Where in ``where`` the units ``source[span]`` stand, if there is no doubt.

    They must be there, in the same function, beside the same neighbours on both sides, or where
    that is nowhere so, on one side; and at a single place.  An empty span is a place between
    two neighbours, both of which must be there.
    """
    low, high = span
    keys = [unit.key for unit in source[low:high]]
    before, after = _key(source, low - 1), _key(source, high)
    scores: dict[int, list[int]] = {}
    for start in _starts(where, keys):
        if keys and where[start].scope != source[low].scope:
            continue
        met = (_key(where, start - 1) == before) + (_key(where, start + len(keys)) == after)
        scores.setdefault(met, []).append(start)
    for met in (2, 1) if keys else (2,):
        if met in scores:
            return scores[met][0] if len(scores[met]) == 1 else None
    return None


def _starts(where: Sequence[Unit], keys: list[Key]) -> Iterator[int]:
    for start in range(len(where) - len(keys) + 1):
        if all(where[start + i].key == key for i, key in enumerate(keys)):
            yield start


def _key(where: Sequence[Unit], index: int) -> Key | None:
    return where[index].key if 0 <= index < len(where) else None


def compiles(path: str, data: bytes) -> bool:
    """Whether the parser of this Python takes it; what is no Python is taken."""
    if not path.endswith(".py"):
        return True
    try:
        ast.parse(data)
    except (SyntaxError, ValueError):
        return False
    return True
