"""Say whether a merged file is the one that it should be, style aside.

Python is compared in two ways of our own: its logical lines, comments included, without what is
style (``corpus_units``), and its syntax tree, where this Python can parse it.  From 5.2 on a
literal with and without ``b`` are two things; below, where a plain literal is bytes, they are
one (and ``r''``, which was native on 5.0 and 5.1 with Python 3 alone, is not told from them).
What the merge that is judged takes for the same (``hgport.engine.merge.canon``) is not asked for a
verdict; ``canon_agrees`` tells whether it comes to the same.

Everything else is compared by lines, less the blanks at their ends.
"""

from __future__ import annotations

import ast
import difflib
import tokenize
from collections.abc import Callable

import corpus_units
from corpus import Case

from hgport.engine.merge import canon
from hgport.model.release import line_key

_BYTES_MARKED = (5, 2)


def is_right(case: Case, made: bytes) -> bool:
    """Whether ``made`` is the truth of the case."""
    return made == case.truth or all(
        _equal(read, case.truth, made) for read in _readings(case, made)
    )


def difference(case: Case, made: bytes) -> str:
    """How ``made`` differs from the truth, as a diff of lines, for people."""
    texts = [data.decode("utf-8", "replace").splitlines() for data in (case.truth, made)]
    lines = difflib.unified_diff(*texts, "truth", "made", lineterm="")
    return "\n".join(lines)


def _readings(case: Case, made: bytes) -> list[Callable[[bytes], object]]:
    """Each way in which both must read the same."""
    if not case.path.endswith(".py"):
        return [_lines]
    marked = line_key(case.style) >= _BYTES_MARKED
    readings: list[Callable[[bytes], object]] = [lambda data: _logical(data, marked)]
    if all(corpus_units.compiles(case.path, data) for data in (case.truth, made)):
        readings.append(lambda data: _tree(data, marked))
    else:
        readings.append(_words)
    return readings


def canon_agrees(case: Case, made: bytes) -> bool:
    """Whether hgport's own reading takes ``made`` for the truth."""
    return canon.canonical_lines(case.path, case.truth) == canon.canonical_lines(case.path, made)


def _equal(read: Callable[[bytes], object], truth: bytes, made: bytes) -> bool:
    try:
        return read(truth) == read(made)
    except corpus_units.Unreadable:
        return _lines(truth) == _lines(made)


def _lines(data: bytes) -> list[bytes]:
    return [line.rstrip() for line in data.splitlines()]


def _logical(data: bytes, marked: bool) -> list[tuple[object, ...]]:
    """The logical lines; blocks of comments in a row are one."""
    found: list[tuple[object, ...]] = []
    for tokens, depth in corpus_units.logical_lines(data):
        key = corpus_units.key_of(tokens)
        if key[0] == "#":
            found += [("#", word) for word in key[1:]]
            continue
        prefixes = [
            corpus_units.is_bytes(one.string) for one in tokens if one.type == tokenize.STRING
        ]
        found.append((depth, key, tuple(prefixes) if marked else ()))
    return found


def _words(data: bytes) -> list[list[str]]:
    """What Python 3 cannot parse: every token but line ends, so that each bracket counts."""
    return [
        [
            corpus_units.literal(one.string) if one.type == tokenize.STRING else one.string
            for one in tokens
        ]
        for tokens, _depth in corpus_units.logical_lines(data)
        if tokens[0].type != tokenize.COMMENT
    ]


def _tree(data: bytes, marked: bool) -> str:
    tree = ast.parse(data)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant):
            node.kind = None
            if isinstance(node.value, bytes) and not marked:
                node.value = node.value.decode("latin-1")
    return ast.dump(tree)
