"""Carry what a patch does to one file."""

from __future__ import annotations

import difflib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from hgport.engine.carried import FileFate, What
from hgport.engine.merge.result import (
    BASE_MARK,
    BETWEEN_MARK,
    PATCH_MARK,
    TARGET_MARK,
    Conflict,
    Hunk,
    Merge,
    Sides,
    Step,
)
from hgport.engine.outcome import Reader

Merger = Callable[[Sides], Merge]


@dataclass(frozen=True)
class Change:
    """What a patch does to one file of the base.

    ``before`` and ``after`` are its content, None for no file; ``source`` is what it was copied
    from, and ``before`` is then the content of that.  ``mode`` is as in FileFate.  ``binary`` says
    that it is to be taken whole, ``moves`` that the source, or for a removal the file itself, goes
    because the patch renames it.
    """

    path: str
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)
    source: str | None = None
    mode: str | None = None
    binary: bool = False
    moves: bool = False


@dataclass(frozen=True)
class Target:
    """The target before a patch.

    ``read`` and ``is_directory`` are as in apply_series, ``mode`` gives the mode of a file ("", "x"
    or "l"), ``where`` the path at which the target has a file of the base, None if it has none.
    ``merge`` merges texts.
    """

    read: Reader
    is_directory: Callable[[str], bool]
    mode: Callable[[str], str]
    where: Callable[[str], str | None]
    merge: Merger


def carry_file(change: Change, target: Target) -> FileFate:
    """What becomes of a change in the target, before anything that a person decided."""
    if change.after is None:
        made = _removed(change, target)
    elif change.source is not None:
        made = _copied(change, target)
    elif change.before is None:
        made = _added(change, target)
    else:
        made = _modified(change, target)
    return replace(made, mode=change.mode) if made.content is not None else made


def _modified(change: Change, target: Target) -> FileFate:
    path = target.where(change.path)
    found = None if path is None else target.read(path)
    if path is None or found is None:
        return _vanished(change)
    made = _changed(change, target, path, found)
    if path != change.path:
        made = replace(made, why=_also(made.why, f"the target has it as {path}"))
    return made


def _changed(change: Change, target: Target, path: str, found: bytes) -> FileFate:
    """What becomes of a change to a text or a mode that the target has at ``path`` as ``found``."""
    assert change.before is not None
    assert change.after is not None
    if change.before == change.after:
        is_there = change.mode is None or change.mode == target.mode(path)
        return FileFate(path, change.path, What.APPLIED if is_there else What.MODE, None, found)
    if change.binary:
        return _binary(change, path, found)
    merge = target.merge(Sides(path, change.before, change.after, found))
    return _merged(change, path, merge)


def _merged(change: Change, path: str, merge: Merge) -> FileFate:
    return FileFate(
        path,
        change.path,
        What.MERGED,
        merge,
        merge.content,
        in_conflict=bool(merge.conflicts),
        notes=merge.notes,
    )


def _binary(change: Change, path: str, found: bytes | None) -> FileFate:
    """A file of which nothing can be merged; ``found`` is what the target has at ``path``."""
    made = FileFate(path, change.path, What.BINARY, None, change.after)
    if found == change.after:
        return replace(made, what=What.APPLIED)
    if found == change.before:
        return made
    why = "it is binary, and the target has another one than the base"
    return replace(made, content=found, why=why, in_conflict=True)


def _vanished(change: Change) -> FileFate:
    name = change.source or change.path
    why = f"the target has no {name}, nor a file that it can have become"
    if change.binary:
        return FileFate(change.path, change.path, What.VANISHED, None, None, (), why, True)
    merge = whole_conflict(change.before or b"", change.after or b"", b"", why)
    return FileFate(
        change.path, change.path, What.VANISHED, merge, merge.content, (), why, in_conflict=True
    )


def _added(change: Change, target: Target) -> FileFate:
    path, wanted = change.path, change.after
    assert wanted is not None
    found = target.read(path)
    made = FileFate(path, path, What.ADDED, None, wanted)
    if found is None:
        why = _obstacle(path, target)
        return replace(made, content=None, why=why, in_conflict=True) if why else made
    if found == wanted:
        return replace(made, what=What.APPLIED, why="the target has the same file")
    why = "the target has another file of that name"
    if change.binary:
        return replace(made, content=found, why=why, in_conflict=True)
    merge = two_sided(wanted, found, why)
    return replace(made, merge=merge, content=merge.content, why=why, in_conflict=True)


def _obstacle(path: str, target: Target) -> str:
    """Why no file can be made at a path, "" if one can."""
    parts = path.split("/")
    for end in range(1, len(parts)):
        above = "/".join(parts[:end])
        if target.read(above) is not None:
            return f"{above} is a file or a link in the target"
    return "it is a directory in the target" if target.is_directory(path) else ""


def _copied(change: Change, target: Target) -> FileFate:
    assert change.source is not None
    source, there = target.where(change.source), target.read(change.path)
    found = None if source is None else target.read(source)
    if source is None or found is None or source == change.path:
        if there is None:
            return _vanished(change)
        # upstream has renamed it as the patch does
        return _changed(change, target, change.path, there)
    if change.moves and source != change.source:
        why = f"the patch renames {change.source}, which the target has as {source}"
        return replace(_vanished(change), why=why)
    made = _changed(replace(change, mode=None), target, change.path, found)
    if made.what is What.APPLIED and change.before == change.after:
        made = replace(made, what=What.RENAMED if change.moves else What.COPIED)
    if there is not None:
        return _met(made, there, change.binary)
    return replace(made, source=source, why=_also(made.why, f"from {source}"))


def _met(made: FileFate, there: bytes, binary: bool) -> FileFate:
    """A file that the patch makes of another one, where the target has one already."""
    if made.content == there:
        return replace(made, what=What.APPLIED, merge=None, in_conflict=False)
    why = "the target has another file of that name"
    if binary or made.content is None:
        return replace(made, content=there, why=why, in_conflict=True)
    merge = two_sided(made.content, there, why)
    return replace(made, merge=merge, content=merge.content, why=why, in_conflict=True)


def _removed(change: Change, target: Target) -> FileFate:
    path = change.path
    found = target.read(path)
    if found is None:
        return FileFate(path, path, What.APPLIED, None, None, (), "it is gone there")
    made = FileFate(path, path, What.REMOVED, None, None)
    before = change.before or b""
    if change.moves or found == before:
        return made
    if not change.binary and same_but_for_style(path, before, found):
        return replace(made, why="the target's differs in style only")
    why = "the patch removes it, but the target has changed it"
    if change.binary:
        return replace(made, content=found, why=why, in_conflict=True)
    merge = whole_conflict(before, b"", found, why)
    return replace(made, merge=merge, content=merge.content, why=why, in_conflict=True)


def same_but_for_style(path: str, one: bytes | None, other: bytes | None) -> bool:
    """Whether two versions of a file are equal, or differ in how they are written alone."""
    if one is None or other is None or one == other:
        return one == other
    from hgport.engine.merge.canon import canonical_lines

    return canonical_lines(path, one) == canonical_lines(path, other)


def _also(why: str, more: str) -> str:
    return f"{why}; {more}" if why else more


# conflicts of whole files


def whole_conflict(base: bytes, patched: bytes, target: bytes, why: str) -> Merge:
    """One conflict that has all of the three sides."""
    content = _block(base, patched, target)
    return Merge(
        content, (Hunk(1, 1, Step.CONFLICT, why),), (Conflict(1, base, patched, target, why),)
    )


def two_sided(patched: bytes, target: bytes, why: str) -> Merge:
    """A conflict wherever two texts that have nothing behind them differ, and what both have."""
    ours, theirs = (io.BytesIO(text).readlines() for text in (target, patched))
    matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
    content = b""
    hunks: list[Hunk] = []
    conflicts: list[Conflict] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        mine, other = b"".join(ours[i1:i2]), b"".join(theirs[j1:j2])
        if tag == "equal":
            content += mine
            continue
        hunks.append(Hunk(len(hunks) + 1, j1 + 1, Step.CONFLICT, why))
        conflicts.append(Conflict(content.count(b"\n") + 1, b"", other, mine, why))
        content += _block(b"", other, mine)
    return Merge(content, tuple(hunks), tuple(conflicts))


def _block(base: bytes, patched: bytes, target: bytes) -> bytes:
    end = b"\r\n" if b"\r\n" in (target or patched or base) else b"\n"
    marks = ((TARGET_MARK, target), (BASE_MARK, base), (BETWEEN_MARK, patched))
    return b"".join(mark + end + _ended(side, end) for mark, side in marks) + PATCH_MARK + end


def _ended(side: bytes, end: bytes) -> bytes:
    return side if not side or side.endswith(b"\n") else side + end


# what a person decided


def given(made: FileFate, content: bytes | None) -> FileFate:
    """The fate of a file of which a person gave the content."""
    if content == made.content and not made.in_conflict:
        return made
    return replace(
        made, what=What.GIVEN, content=content, used=(), in_conflict=False, why="as a person has it"
    )


def left_in_conflict(before: FileFate, content: bytes | None) -> bool:
    """Whether a file in conflict is so still with that content."""
    from hgport.engine.records import blocks

    if before.merge is None or content is None:
        return content == before.content
    # a text may have what looks like a conflict from the start
    sides = (side for c in before.merge.conflicts for side in (c.base, c.patched, c.target))
    known = {block for side in sides for block in blocks(side)}
    old = set(blocks(before.content or b"")) - known
    return any(block in old for block in blocks(content))


def changes(
    files: Mapping[str, bytes | None],
    copies: Mapping[str, str],
    modes: Mapping[str, str],
    whole: Callable[[str], bool],
    read: Reader,
) -> list[Change]:
    """What a patch does, as it was applied to the tree that ``read`` reads (see PatchResult).

    ``whole`` says whether a path is to be taken whole.
    """
    gone = {path for path, content in files.items() if content is None}
    found = []
    for path, after in files.items():
        source = copies.get(path)
        before = read(path if source is None else source)
        binary = whole(path) or any(b"\0" in text for text in (before, after) if text)
        moves = source in gone if source is not None else path in copies.values() and after is None
        found.append(Change(path, before, after, source, modes.get(path), binary, moves))
    return found
