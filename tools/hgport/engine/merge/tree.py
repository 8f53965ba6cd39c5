"""Merge inside one logical line, by its tokens.

The tokens are a tree, in which what a pair of brackets holds is one branch: so no bracket is ever
moved without the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from hgport.engine.merge import align
from hgport.engine.merge.canon import Atom, atoms
from hgport.engine.merge.lexer import CLOSERS, OPENERS
from hgport.engine.merge.logical import words
from hgport.engine.merge.threeway import Kept, Stretch, walk
from hgport.engine.merge.units import Unit

# how much an equal element says: names and values more than commas, which are everywhere
_PUNCTUATION = 0.25
_ANY_BRACKETS = 0.1
_OPERATORS = frozenset(
    b"and or not if else in is lambda + - * / // % ** == != < > <= >= | & ^ ~ << >>".split()
)
# sets of operators whose order does not matter
_ASSOCIATIVE = (frozenset([b"and"]), frozenset([b"or"]), frozenset([b"+"]), frozenset([b"|"]))
_TEXT = re.compile(rb"\w+|[ \t]+|[^\w\s]|\s")


class Differs(Exception):
    """Both sides changed the same tokens in different ways."""


@dataclass(frozen=True)
class Node:
    """A token (``inner`` is None), or a pair of brackets and what they hold.

    ``atom`` and ``end`` are the token, or the two brackets.
    """

    atom: Atom
    inner: tuple[Node, ...] | None = None
    end: Atom | None = None

    @cached_property
    def flat(self) -> tuple[bytes, ...]:
        """All canonical tokens of it."""
        if self.inner is None or self.end is None:
            return (self.atom.canon,)
        inside = (canon for node in self.inner for canon in node.flat)
        return (self.atom.canon, *inside, self.end.canon)

    def atoms(self) -> Iterator[Atom]:
        """All tokens of it."""
        yield self.atom
        for node in self.inner or ():
            yield from node.atoms()
        if self.end is not None:
            yield self.end


@dataclass(frozen=True)
class Taken:
    """A token of the result: ``side`` is "target" or "patched", ``index`` its number there."""

    side: str
    index: int
    canon: bytes


def nodes(unit: Unit) -> tuple[Node, ...]:
    """The tree of a unit's tokens; flat for what is no code."""
    if unit.kind == "code":
        return _tree(atoms(unit.tokens))
    if unit.kind in ("comment", "docstring"):
        return tuple(Node(Atom(w, i)) for i, w in enumerate(words(unit.kind, unit.tokens)))
    return tuple(Node(Atom(w, i)) for i, w in enumerate(_pieces(unit)))


def _pieces(unit: Unit) -> list[bytes]:
    """The words and blanks of a line; the lines of a command in a transcript."""
    if unit.kind == "command" and unit.text.count(b"\n") > 1:
        return unit.text.splitlines(keepends=True)
    return _TEXT.findall(unit.text)


def _tree(every: Sequence[Atom]) -> tuple[Node, ...]:
    levels: list[list[Node]] = [[]]
    open_: list[Atom] = []
    for atom in every:
        if atom.canon in OPENERS:
            open_.append(atom)
            levels.append([])
        elif atom.canon in CLOSERS and open_:
            inner = tuple(levels.pop())
            levels[-1].append(Node(open_.pop(), inner, atom))
        else:
            levels[-1].append(Node(atom))
    return tuple(levels[0])


def merge(base: Unit, patched: Unit, target: Unit) -> list[Taken]:
    """The tokens of the merged unit.  Raises Differs where both changed the same."""
    return list(_merge(nodes(base), nodes(patched), nodes(target)))


def _merge(
    base: Sequence[Node], patched: Sequence[Node], target: Sequence[Node]
) -> Iterator[Taken]:
    lengths = len(base), len(patched), len(target)
    parts = list(walk(lengths, _pairs(base, patched), _pairs(base, target)))
    if _mix_operators(parts, base, patched, target):
        raise Differs
    for part in parts:
        if isinstance(part, Kept):
            yield from _kept(base[part.base], patched[part.patched], target[part.target])
            continue
        b = base[slice(*part.base)]
        p = patched[slice(*part.patched)]
        t = target[slice(*part.target)]
        if _flat(p) == _flat(b) or _flat(p) == _flat(t):
            yield from _all("target", t)
        elif _flat(t) == _flat(b):
            yield from _with_known(p, t)
        else:
            raise Differs


def _mix_operators(
    parts: Sequence[Kept | Stretch],
    base: Sequence[Node],
    patched: Sequence[Node],
    target: Sequence[Node],
) -> bool:
    """Whether both sides change operators of one expression, so that which of them binds closer
    would be a matter of chance."""
    ours: set[bytes] = set()
    theirs: set[bytes] = set()
    for part in [*parts, None]:
        if part is None or (isinstance(part, Kept) and base[part.base].atom.canon == b","):
            both = ours | theirs
            if ours and theirs and not any(both <= alike for alike in _ASSOCIATIVE):
                return True
            ours, theirs = set(), set()
        elif isinstance(part, Stretch):
            b, p, t = (
                _operators(side[slice(*span)]) for side, span in zip((base, patched, target), part)
            )
            ours |= set((b - p) + (p - b))
            theirs |= set((b - t) + (t - b))
    return False


def _operators(some: Sequence[Node]) -> Counter[bytes]:
    return Counter(node.atom.canon for node in some if node.atom.canon in _OPERATORS)


def _kept(base: Node, patched: Node, target: Node) -> Iterator[Taken]:
    if patched.flat == base.flat or patched.flat == target.flat:
        yield from _all("target", [target])
    else:
        # the brackets are the target's, so that what surrounds them stays as it is written there
        yield _taken("target", target.atom)
        yield from _merge(base.inner or (), patched.inner or (), target.inner or ())
        if target.end is not None:
            yield _taken("target", target.end)


def _with_known(patched: Sequence[Node], target: Sequence[Node]) -> Iterator[Taken]:
    """The patch's tokens; those that the target has as well as the target writes them."""
    ours = [atom for node in patched for atom in node.atoms()]
    theirs = [atom for node in target for atom in node.atoms()]
    known = align.same([atom.canon for atom in ours], [atom.canon for atom in theirs])
    for number, atom in enumerate(ours):
        if number in known:
            yield _taken("target", theirs[known[number]])
        else:
            yield _taken("patched", atom)


def _taken(side: str, atom: Atom) -> Taken:
    return Taken(side, atom.number, atom.canon)


def _all(side: str, some: Sequence[Node]) -> Iterator[Taken]:
    return (_taken(side, atom) for node in some for atom in node.atoms())


def _flat(some: Sequence[Node]) -> list[bytes]:
    return [canon for node in some for canon in node.flat]


def _pairs(left: Sequence[Node], right: Sequence[Node]) -> align.Matches:
    if len(left) == len(right) and all(a.flat == b.flat for a, b in zip(left, right)):
        return {i: i for i in range(len(left))}
    return align.similar(len(left), len(right), lambda i, j: _weight(left[i], right[j]))


def _weight(left: Node, right: Node) -> float:
    if (left.inner is None) != (right.inner is None) or left.atom.canon != right.atom.canon:
        return 0.0
    if left.inner is None:
        return 1.0 if _says_something(left.atom.canon) else _PUNCTUATION
    return _ANY_BRACKETS + likeness(left.flat, right.flat) * len(left.flat)


def _says_something(canon: bytes) -> bool:
    return canon[:1].isalnum() or canon[:1] in b"_'\"#@" or canon[:1] >= b"\x80"


def likeness(left: Sequence[bytes], right: Sequence[bytes]) -> float:
    """How alike two runs of tokens are, from 0 to 1, order left aside."""
    if not left or not right:
        return 0.0
    counts: dict[bytes, int] = {}
    for one in left:
        counts[one] = counts.get(one, 0) + 1
    common = 0
    for one in right:
        if counts.get(one, 0):
            counts[one] -= 1
            common += 1
    return 2.0 * common / (len(left) + len(right))
