"""What makes one text of another: found, kept as edits, and done again.

Edits are of a text that was merged, with markers around its conflicts.  A conflict is replaced as a
whole; the other changes have as much context as it takes to be found in one place only.
"""

from __future__ import annotations

from hgport.engine.merge import align
from hgport.engine.records import Edit, Kind, is_block, lines_of, units

_CONTEXT = 3


def edits_between(before: bytes | None, after: bytes | None) -> tuple[Edit, ...]:
    """What makes ``after`` of ``before``, a merged text with markers around its conflicts.

    None is no file.  What ``Memory.settle`` makes of ``before`` with these edits is ``after``.
    """
    if before == after:
        return ()
    if before is None:
        return (Edit(Kind.NEW, _marked(b"+", lines_of(after or b""))),)
    if after is None:
        return (Edit(Kind.GONE, _marked(b"-", lines_of(before))),)
    resolved = _resolutions(before, after)
    texts = iter(edit.after for edit in resolved)
    middle = b"".join(next(texts) if is_block(unit) else unit for unit in units(before))
    # one that stays counts where an equal one does not
    decided = {edit.before for edit in resolved if edit.before != edit.after}
    used = tuple(edit for edit in resolved if edit.before in decided)
    return used + _changes(lines_of(middle), lines_of(after))


def _resolutions(before: bytes, after: bytes) -> list[Edit]:
    """For each conflict of ``before``, in order, what stands in its place in ``after``."""
    old, new = units(before), units(after)
    places: dict[int, list[bytes]] = {}
    for i1, i2, j1, j2 in _runs(old, new):
        conflicts = [at for at in range(i1, i2) if is_block(old[at])]
        for at in conflicts:
            # of several in one run nobody can say what is whose
            places[at] = new[j1:j2] if at == conflicts[0] else []
    edits = []
    for at, unit in enumerate(old):
        if is_block(unit):
            added = lines_of(b"".join(places.get(at, [unit])))
            lines = _marked(b"-", lines_of(unit)) + _marked(b"+", added)
            edits.append(Edit(Kind.CONFLICT, lines))
    return edits


def _changes(old: list[bytes], new: list[bytes]) -> tuple[Edit, ...]:
    """The runs that differ, with as much context as makes each of them unique in ``old``."""
    runs = _runs(old, new)
    context = _CONTEXT
    while True:
        found = [_change(old, new, group, context) for group in _grouped(runs, context)]
        if all(_find(old, edit) is not None for edit in found):
            return tuple(found)
        context *= 2


# from and to in the one text, from and to in the other
_Run = tuple[int, int, int, int]


def _grouped(runs: list[_Run], context: int) -> list[list[_Run]]:
    """The runs, together where their contexts would meet."""
    groups: list[list[_Run]] = []
    for run in runs:
        if groups and run[0] - groups[-1][-1][1] <= 2 * context:
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def _change(old: list[bytes], new: list[bytes], group: list[_Run], context: int) -> Edit:
    at = max(0, group[0][0] - context)
    lines: tuple[tuple[bytes, bytes], ...] = ()
    for i1, i2, j1, j2 in group:
        lines += _marked(b" ", old[at:i1]) + _marked(b"-", old[i1:i2]) + _marked(b"+", new[j1:j2])
        at = i2
    return Edit(Kind.CHANGE, lines + _marked(b" ", old[at : at + context]))


def _runs(old: list[bytes], new: list[bytes]) -> list[_Run]:
    """Where two texts differ."""
    found = []
    i = j = 0
    for a, b in [*sorted(align.same(old, new).items()), (len(old), len(new))]:
        if a > i or b > j:
            found.append((i, a, j, b))
        i, j = a + 1, b + 1
    return found


# the use of edits


def amended(edits: list[Edit], content: bytes | None) -> tuple[bytes | None, Edit | None]:
    """The content with all edits made, and None; or the first edit that does not fit."""
    only = edits[0]
    if only.kind is Kind.NEW:
        return (only.after, None) if content is None else (content, only)
    if content is None:
        return content, only
    if only.kind is Kind.GONE:
        return (None, None) if content == only.before else (content, only)
    return _changed(edits, content)


def _changed(edits: list[Edit], content: bytes) -> tuple[bytes | None, Edit | None]:
    lines = lines_of(content)
    made: list[bytes] = []
    at = 0
    for edit in edits:
        place = _find(lines, edit)
        if place is None or place < at:
            return content, edit
        made += lines[at:place] + [edit.after]
        at = place + len(lines_of(edit.before))
    return b"".join(made + lines[at:]), None


def _find(lines: list[bytes], edit: Edit) -> int | None:
    """Where the lines that an edit replaces are, if they are in exactly one place."""
    wanted = lines_of(edit.before)
    if not wanted:
        return None if lines else 0
    found = None
    for at in range(len(lines) - len(wanted) + 1):
        if lines[at] == wanted[0] and lines[at : at + len(wanted)] == wanted:
            if found is not None:
                return None
            found = at
    return found


def _marked(mark: bytes, lines: list[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((mark, line) for line in lines)
