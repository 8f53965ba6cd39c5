"""Look at a merge with other eyes than those that made it.

What it changes in the target must be what the patch changed in the base, counted in canonical
tokens; blocks must be where a statement opens one; and it must compile where the target did.
"""

from __future__ import annotations

import builtins
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from hgport.engine.merge import logical, tree
from hgport.engine.merge.lexer import NotPython
from hgport.engine.merge.pieces import (
    Disputed,
    FromPatch,
    FromTarget,
    Imports,
    Mixed,
    Piece,
)
from hgport.engine.merge.units import Cut, Unit

Counts = dict[bytes, int]
# of Python 3; a release may bind one that it replaces
_BUILTINS = frozenset(name.encode() for name in dir(builtins))
# lines that open blocks are the same one if they are as alike as this
_ALIKE = 0.5


def same_change(
    base: Cut,
    patched: Cut,
    target: Cut,
    merged: bytes,
    disputed: Iterable[Disputed],
    *,
    whole: bool,
) -> bool:
    """Whether ``merged`` differs from the target as the patched file does from the base.

    What is disputed is the target's there, and left out.  ``whole`` is false where the target has
    a part of the change already: then only a part of it must show.
    """
    try:
        after = logical.cut(merged).units
    except NotPython:
        return False
    wanted = _difference(base.units, patched.units)
    for one in disputed:
        for word, count in _difference(one.base, one.patched).items():
            wanted[word] = wanted.get(word, 0) - count
    made = _difference(target.units, after)
    words = {*wanted, *made}
    if whole:
        return all(wanted.get(word, 0) == made.get(word, 0) for word in words)
    return all(_within(made.get(word, 0), wanted.get(word, 0)) for word in words)


def _within(part: int, all_: int) -> bool:
    return 0 <= part <= all_ or all_ <= part <= 0


def _difference(before: Sequence[Unit], after: Sequence[Unit]) -> Counts:
    counts = _words(after)
    counts.subtract(_words(before))
    return {word: count for word, count in counts.items() if count}


def _words(units: Iterable[Unit]) -> Counter[bytes]:
    return Counter(word for unit in units for word in unit.key.split(b"\0"))


def keeps_blocks(pieces: Iterable[Piece], patched: Sequence[Unit]) -> bool:
    """Whether all that the patch brings is in the block that it is in in the patched file.

    What takes the place of something in the target is in the block which that is in.
    """
    place = {id(unit): index for index, unit in enumerate(patched)}
    out: list[tuple[int, Unit, Unit | None]] = []  # depth, what is there, what the patch has there
    for piece in pieces:
        in_place = isinstance(piece, Mixed) or (isinstance(piece, FromPatch) and piece.in_place)
        for depth, unit, ours in _placed(piece):
            if ours is not None and unit.kind == "code" and not in_place:
                wanted = _opener([(u.depth, u, u) for u in patched[: place[id(ours)]]], ours.depth)
                found = _opener(out, depth)
                if not _same_block(wanted, found):
                    return False
            if unit.kind == "code":
                out.append((depth, unit, ours))
    return True


def _placed(piece: Piece) -> Iterator[tuple[int, Unit, Unit | None]]:
    if isinstance(piece, FromTarget):
        depth = piece.unit.depth if piece.depth is None else piece.depth
        yield depth, piece.unit, None
    elif isinstance(piece, FromPatch):
        yield piece.depth, piece.unit, piece.unit
    elif isinstance(piece, Mixed):
        yield piece.depth, piece.target, piece.patched
    elif isinstance(piece, Imports):
        yield piece.target.depth, piece.target, None
    else:
        for unit in piece.target:
            yield unit.depth, unit, None


_Placed = tuple[int, Unit, "Unit | None"]


def _opener(before: Sequence[_Placed], depth: int) -> _Placed | None:
    for one in reversed(before):
        if one[0] < depth and one[1].kind == "code":
            return one
    return None


def _same_block(wanted: _Placed | None, found: _Placed | None) -> bool:
    if wanted is None or found is None:
        return wanted is found
    if found[2] is wanted[1] or found[1].key == wanted[1].key:
        return True
    words = wanted[1].key.split(b"\0"), found[1].key.split(b"\0")
    return words[0][:1] == words[1][:1] and tree.likeness(*words) >= _ALIKE


def missing_names(base: Cut, patched: Cut, target: Cut, merged: Cut) -> list[bytes]:
    """The names that the merge brings in, that the patched file binds at its top, and that the
    merged file does not have: an import that is not there, say."""
    known = {name for unit in target.units for name in _bare_names(unit)} | _bound(merged.units)
    before = {unit.key for unit in base.units}
    brought = [unit for unit in patched.units if unit.key not in before]
    used = {name for unit in brought for name in _bare_names(unit)}
    in_it = {name for unit in merged.units for name in _bare_names(unit)}
    return sorted((used & in_it & _bound(patched.units)) - known - _BUILTINS)


def _bare_names(unit: Unit) -> Iterator[bytes]:
    """The names that a statement uses or binds, attributes and keyword arguments left out."""
    if unit.kind != "code":
        return
    last = b""
    for token, next_ in zip(unit.tokens, [*unit.tokens[1:], None]):
        keyword = next_ is not None and next_.text == b"=" and last in (b"(", b",")
        if token.kind == "name" and last != b"." and not keyword:
            yield token.text
        last = token.text


def _bound(units: Sequence[Unit]) -> set[bytes]:
    """The names that imports, definitions and assignments bind at the top of a file."""
    found: set[bytes] = set()
    for unit in units:
        if unit.depth or unit.kind != "code":
            continue
        texts = [token.text for token in unit.tokens]
        if texts[0] in (b"import", b"from"):
            at = texts.index(b"import") + 1 if b"import" in texts else 0
            found.update(token.text for token in unit.tokens[at:] if token.kind == "name")
        elif texts[0] in (b"def", b"class") and len(texts) > 1:
            found.add(texts[1])
        elif texts[1:2] == [b"="]:
            found.add(texts[0])
    return found


def is_well_formed(merged: bytes) -> bool:
    """Whether the text can be read as Python, with a block after each line that opens one and
    nowhere else."""
    try:
        units = [u for u in logical.cut(merged).units if u.kind != "comment"]
    except NotPython:
        return False
    for unit, next_ in zip(units, [*units[1:], None]):
        depth = next_.depth if next_ is not None else 0
        if (depth > unit.depth) != _opens(unit):
            return False
    return True


def _opens(unit: Unit) -> bool:
    plain = [token for token in unit.tokens if token.kind != "comment"]
    return bool(plain) and plain[-1].text == b":"
