"""What runs of neighbouring units have to do with each other: blocks, items, their edges."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hgport.engine.merge import tree
from hgport.engine.merge.likeness import ALIKE, words_of
from hgport.engine.merge.units import Unit

# the kinds of units of what is no Python
TEXT = ("line", "output", "command")

Units = Sequence[Unit]


def once(units: Units, indexes: Iterable[int]) -> dict[bytes, int]:
    """The units among those whose content occurs once among them, by that content."""
    found: dict[bytes, int] = {}
    twice = set()
    for index in indexes:
        key = units[index].key
        if key in found:
            twice.add(key)
        found[key] = index
    return {key: index for key, index in found.items() if key not in twice}


def parent_of(units: Units, place: int, depth: int) -> int | None:
    """The unit that opens the block which a unit of that depth would be in at that place; None for
    the file itself."""
    if depth == 0:
        return None
    for index in range(place - 1, -1, -1):
        if units[index].depth < depth and units[index].kind == "code":
            return index
    return None


def is_at_both_ends(units: Units, base: Units) -> bool:
    """Whether the base is both how they start and how they end, so that nobody can tell which of
    them are new."""
    keys, count = [unit.key for unit in units], len(base)
    return keys[:count] == keys[-count:] == [unit.key for unit in base]


def is_gone(run: Units, base: Units) -> bool:
    """Whether a run of changed lines holds less than it was."""
    return not run or (run[0].kind in TEXT and len(run) < len(base))


def is_outside(added: Units, gone: Units) -> bool:
    """Whether lines that follow others are outside of the item that those are: they start further
    left, or as far left as its first line while all others of it are further right."""
    first = next((_indentation(unit) for unit in added if unit.text.strip()), None)
    inside = [_indentation(unit) for unit in gone if unit.text.strip()]
    if first is None or not inside:
        return False
    item = len(inside) > 1 and all(one > inside[0] for one in inside[1:])
    return first < min(inside) or (item and first <= inside[0])


def is_parting(first: Unit, added: Unit, run: Units) -> bool:
    """Whether the blank line with which lines began that are gone is needed before what followed
    them."""
    blank = first.kind in TEXT and not first.text.strip()
    return blank and bool(added.text.strip()) and not any(not unit.text.strip() for unit in run)


def _indentation(unit: Unit) -> int:
    text = unit.text.expandtabs()
    return len(text) - len(text.lstrip())


def clings(unit: Unit) -> bool:
    """Whether a unit belongs to what follows it, as comments and decorators do."""
    return unit.kind == "comment" or (bool(unit.tokens) and unit.tokens[0].text == b"@")


def is_clear(depth: int, run: Units, base: Units) -> bool:
    """Whether something of that depth may stand beside a run of changed lines: they are gone, or
    deeper, or were merely changed."""
    if not run or all(unit.depth > depth for unit in run):
        return True
    if run[0].kind in TEXT and len(run) < len(base):
        # that was looked at before
        return True
    said = [word for unit in base for word in words_of(unit)]
    return tree.likeness(said, [word for unit in run for word in words_of(unit)]) >= ALIKE


def enclosing(units: Units, place: int) -> Unit | None:
    """The line that opens the outermost block which a unit is in."""
    for index in range(place, -1, -1):
        if units[index].depth == 0 and units[index].kind == "code":
            return units[index] if index != place else None
    return None


def is_part(some: Sequence[bytes], all_: Sequence[bytes]) -> bool:
    """Whether the first is the second with elements left out."""
    rest = iter(all_)
    return all(one in rest for one in some)


def annotates(base: Unit, one: Unit, other: Unit) -> bool:
    """Whether one side annotates a function to which the other one adds parameters."""
    return _annotated(base) != _annotated(one) and other.key.count(b",") != base.key.count(b",")


def _annotated(unit: Unit) -> bool:
    """Whether a function's definition says the types of its parameters."""
    texts = [token.text for token in unit.tokens]
    if texts[:1] != [b"def"]:
        return False
    return b"->" in texts or b":" in texts[:-1]
