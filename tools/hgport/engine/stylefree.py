"""What a diff does to a file, told so that the style in which it is written does not show."""

from __future__ import annotations

import difflib
import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence

from hgport.engine.hunks import FileDiff
from hgport.engine.merge.canon import atoms
from hgport.engine.merge.lexer import CLOSERS, OPENERS, NotPython, Token, tokens
from hgport.engine.merge.logical import cut

# the changes of a hunk, "-" or "+" and the canonical text of a logical line each
Changes = list[bytes]

# lines of context on either side that a hunk may lose one by one so that it can be read
_TRIMMED = 3
# what a literal may hold, and no line of text
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


def changes(path: str, one: FileDiff, other: FileDiff) -> tuple[Changes, Changes]:
    """What two diffs of one file do, in a form in which they can be compared.

    Lines of Python are logical ones, in canonical tokens.  Where what a hunk shows cannot be read
    as Python by itself, such as the middle of a docstring, its lines are told by their tokens, or,
    where these cannot be read either, by their words; then the same hunk of the other diff is too.
    """
    if not path.endswith(".py"):
        return _plain(one.hunks), _plain(other.hunks)
    made = [[_logical(hunk) for hunk in diff.hunks] for diff in (one, other)]
    if len(one.hunks) == len(other.hunks):
        unread = {i for i, pair in enumerate(zip(*made)) if None in pair}
        made = [[None if i in unread else c for i, c in enumerate(side)] for side in made]
        return _filled(made[0], one), _filled(made[1], other)
    # where hunks do not answer to each other, it shows afterwards what tells less of a difference
    none = [[None] * len(diff.hunks) for diff in (one, other)]
    forms = [(_filled(x[0], one), _filled(x[1], other)) for x in (made, none)]
    return min(forms, key=lambda form: _distance(*form))


def _distance(one: Changes, other: Changes) -> int:
    first, second = Counter(one), Counter(other)
    return sum((first - second).values()) + sum((second - first).values())


def _filled(made: Sequence[Changes | None], diff: FileDiff) -> Changes:
    """All changes of a diff, of which some hunks could not be read as Python."""
    found: Changes = []
    for changed, hunk in zip(made, diff.hunks):
        found += _by_tokens(hunk) if changed is None else changed
    return [_CONTROL.sub(lambda c: b"\\x%02x" % ord(c[0]), line) for line in found]


def _plain(hunks: Sequence[list[bytes]]) -> Changes:
    lines = [line for hunk in hunks for line in hunk if line[:1] in (b"-", b"+")]
    return [line.rstrip() for line in lines]


# logical lines


def _logical(hunk: list[bytes]) -> Changes | None:
    """The logical lines that a hunk removes and adds, read with as much of its context as can be;
    None if it cannot be read."""
    changed = [i for i, line in enumerate(hunk) if line[:1] in (b"-", b"+")]
    if not changed:
        return []
    starts = [i for i in range(changed[0] + 1) if i <= _TRIMMED or i == changed[0]]
    below = len(hunk) - changed[-1] - 1
    ends = [len(hunk) - i for i in range(below + 1) if i <= _TRIMMED or i == below]
    for start, end in itertools.product(starts, ends):
        before = _units(_image(hunk[start:end], b"-"))
        after = None if before is None else _units(_image(hunk[start:end], b"+"))
        if before is not None and after is not None:
            return _difference(before, after)
    return None


def _image(lines: Sequence[bytes], mark: bytes) -> bytes:
    """The text before ("-") or after ("+") a hunk's lines."""
    return b"".join(line[1:] or line for line in lines if line[:1] in (mark, b" ", b"\n"))


def _units(text: bytes) -> list[bytes] | None:
    """The logical lines of a piece of a file; None if it is none by itself."""
    frame = _frame(text)
    try:
        units = cut(b"".join(frame) + text).units
    except NotPython:
        return None
    return [unit.indent + b" ".join(unit.key.split(b"\0")) for unit in units[len(frame) :]]


def _frame(text: bytes) -> list[bytes]:
    """The blocks that a piece of a file is in, as far as its indentation tells."""
    widths = []
    for line in text.splitlines():
        bare = line.strip()
        if bare and not bare.startswith(b"#"):
            widths.append(len(line) - len(line.lstrip()))
    inner = sorted({width for width in widths if width <= widths[0]}) if widths else []
    outer = [width for width in inner if width] and [0, *(width for width in inner if width)][:-1]
    return [b" " * width + b"if 1:\n" for width in outer]


def _difference(before: list[bytes], after: list[bytes]) -> Changes:
    found: Changes = []
    matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
    for what, i1, i2, j1, j2 in matcher.get_opcodes():
        if what != "equal":
            found += [b"-" + unit for unit in before[i1:i2]]
            found += [b"+" + unit for unit in after[j1:j2]]
    return found


# tokens


def _by_tokens(hunk: list[bytes]) -> Changes:
    return [
        mark + b" ".join(words)
        for mark, lines in _runs(hunk)
        for words in _statements(b"".join(lines))
        if words
    ]


def _runs(hunk: list[bytes]) -> Iterator[tuple[bytes, list[bytes]]]:
    """Each run of removed or added lines, without their marks."""
    for mark, lines in itertools.groupby(hunk, key=lambda line: line[:1]):
        if mark in (b"-", b"+"):
            yield mark, [line[1:] for line in lines]


def _statements(text: bytes) -> Iterator[list[bytes]]:
    """The canonical tokens of each statement, as far as brackets tell where it ends; the words of
    a text whose tokens cannot be read."""
    try:
        every = tokens(text)
    except NotPython:
        yield re.sub(rb"(?m)^\s*#", b" ", text).split()
        return
    statement: list[Token] = []
    depth = 0
    for token in every:
        depth += (token.text in OPENERS) - (token.text in CLOSERS)
        if token.kind == "newline" and depth <= 0:
            yield _canonical(text, statement)
            statement, depth = [], 0
        else:
            statement.append(token)
    yield _canonical(text, statement)


def _canonical(text: bytes, statement: Sequence[Token]) -> list[bytes]:
    words = [atom.canon for atom in atoms(statement)]
    if not words:
        return []
    before = text[text.rfind(b"\n", 0, statement[0].start) + 1 : statement[0].start]
    return [(before if before.isspace() else b"") + words[0], *words[1:]]
