"""Lay out what was merged as black does, in files that are formatted by it."""

from __future__ import annotations

from collections.abc import Sequence

from hgport.engine.merge import logical
from hgport.engine.merge.layout import COLUMNS
from hgport.engine.merge.lexer import NotPython
from hgport.engine.merge.units import Unit

# a block is black's if this share of what nobody touched is as black writes it
_SHARE = 0.8


def laid_out(units: Sequence[Unit], fresh: Sequence[bool]) -> dict[int, bytes]:
    """The texts, by index, of those fresh units that black writes differently.

    ``units`` is a whole file, ``fresh`` says which of them were merged.  Nothing is said of a
    block that black cannot read, or that is not formatted by it.
    """
    found: dict[int, bytes] = {}
    for first, end in _blocks(units):
        if any(fresh[first:end]):
            found.update(_block(units[first:end], fresh[first:end], first))
    return found


def _blocks(units: Sequence[Unit]) -> list[tuple[int, int]]:
    """The stretches that can be formatted by themselves: from one unit without indentation to the
    next that starts something."""
    starts = [
        index
        for index, unit in enumerate(units)
        if unit.depth == 0
        and not _goes_on(unit)
        and (index == 0 or not _decorates(units[index - 1]))
    ]
    return list(zip(starts, [*starts[1:], len(units)]))


def _goes_on(unit: Unit) -> bool:
    return bool(unit.tokens) and unit.tokens[0].text in (b"else", b"elif", b"except", b"finally")


def _decorates(unit: Unit) -> bool:
    return unit.depth == 0 and bool(unit.tokens) and unit.tokens[0].text == b"@"


def _block(units: Sequence[Unit], fresh: Sequence[bool], first: int) -> dict[int, bytes]:
    source = b"".join(unit.lead + unit.text for unit in units)
    try:
        written = logical.cut(_black(source)).units
    except (NotPython, ValueError):
        return {}
    if [u.identity for u in written] != [u.identity for u in units]:
        return {}
    untouched = [a.text == b.text for a, b, new in zip(units, written, fresh) if not new]
    if untouched and sum(untouched) < _SHARE * len(untouched):
        return {}
    return {
        first + index: one.text
        for index, (one, unit, new) in enumerate(zip(written, units, fresh))
        if new and one.text != unit.text
    }


def _black(source: bytes) -> bytes:
    """Raises ValueError for what black cannot read."""
    import black
    from black.parsing import InvalidInput

    # as in Mercurial's black.toml
    mode = black.Mode(line_length=COLUMNS, string_normalization=False, magic_trailing_comma=True)
    try:
        return black.format_str(source.decode(), mode=mode).encode()
    except (InvalidInput, UnicodeError, AssertionError) as err:
        raise ValueError(str(err)) from None
