"""How alike two units are, and which units of two sides belong together by that."""

from __future__ import annotations

from collections.abc import Sequence

from hgport.engine.merge import align, tree
from hgport.engine.merge.canon import KEYWORDS
from hgport.engine.merge.units import Unit

# units that are less alike than this have nothing to do with each other
ALIKE = 0.5
_ALIKE_FROM_THE_SECOND = 0.6

Units = Sequence[Unit]


def matches(left: Units, right: Units) -> align.Matches:
    if [u.identity for u in left] == [u.identity for u in right]:
        return {index: index for index in range(len(left))}
    words = [words_of(unit) for unit in left], [words_of(unit) for unit in right]

    def score(i: int, j: int) -> float:
        one, other = left[i], right[j]
        if one.kind != other.kind:
            return 0.0
        if one.key == other.key:
            # what is said everywhere ("return", "else:", blank lines) holds little
            return 2.0 * min(1.0, 0.1 + 0.15 * len(words[0][i]))
        if _starts_otherwise(one, other):
            return 0.0
        found = tree.likeness(words[0][i], words[1][j])
        return found if found >= _least(one, other) else 0.0

    return align.similar(len(left), len(right), score)


def _least(one: Unit, other: Unit) -> float:
    """How alike two units must be: more so if they do not start alike."""
    if one.kind == "code" and one.tokens[0].text != other.tokens[0].text:
        return _ALIKE_FROM_THE_SECOND
    return ALIKE


def _starts_otherwise(one: Unit, other: Unit) -> bool:
    """Whether two statements begin with different words, as "if" and "return" do."""
    if one.kind != "code":
        return False
    first, second = one.tokens[0], other.tokens[0]
    if first.text == second.text:
        return False
    return KEYWORDS.isdisjoint((first.text, second.text)) is False or first.kind != second.kind


def words_of(unit: Unit) -> list[bytes]:
    found = (canon for node in tree.nodes(unit) for canon in node.flat)
    return [canon for canon in found if canon.strip()]
