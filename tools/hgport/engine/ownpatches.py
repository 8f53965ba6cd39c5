"""Patches that a port has of its own: no neighbour has them, or has them in another place.

Such a patch is remembered whole, with the patch that it comes after, and goes into the port as it
is.  Where the release has changed below it, a person has to make it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from hgport.engine.carried import FileFate, What
from hgport.engine.merge.result import BASE_MARK, BETWEEN_MARK, PATCH_MARK, TARGET_MARK
from hgport.engine.outcome import Outcome, PatchResult, Reader
from hgport.engine.records import Record
from hgport.model.patch import Patch

_WHY = "only this port has the patch"


@dataclass(frozen=True)
class Step:
    """A patch in its place.

    ``does`` is what the origin's patch does to the origin's release, None if nothing; ``is_own``
    says that the port has the patch of its own, ``is_replaced`` that it is the origin's where the
    port has one of that name of its own.
    """

    patch: Patch
    does: PatchResult | None
    is_own: bool = False
    is_replaced: bool = False


def steps(
    origins: Iterable[tuple[Patch, PatchResult | None]], records: Sequence[Record]
) -> list[Step]:
    """The origin's patches, and those of the records each after the patch that it names; what names
    one that is not there comes last."""
    own = {record.patch for record in records}
    made = [Step(patch, does, is_replaced=patch.name in own) for patch, does in origins]
    left = list(records)
    while left:
        places = {step.patch.name: at for at, step in enumerate(made, 1) if not step.is_replaced}
        places[""] = 0
        record = next((one for one in left if one.after in places), left[0])
        left.remove(record)
        patch = Patch.parse(record.patch, record.whole or b"")
        made.insert(places.get(record.after, len(made)), Step(patch, None, is_own=True))
    return made


def files(patch: Patch, read: Reader) -> tuple[FileFate, ...]:
    """What a port's own patch does to the tree that ``read`` reads; nothing if that has it all.

    If it does not apply, its first file is in conflict, with the patch's diff at the end of it.
    """
    from hgport.engine.apply import apply_series

    (result,) = apply_series(read, [patch]).results
    if result.outcome is Outcome.APPLIED:
        return ()
    if not result.outcome.changes_tree:
        return (_in_conflict(patch, read, result.message or "its files are not there"),)
    return tuple(
        FileFate(
            path,
            path,
            What.GIVEN,
            None,
            content,
            why=_WHY,
            source=result.copies.get(path),
            mode=result.modes.get(path),
        )
        for path, content in sorted(result.files.items())
    )


def _in_conflict(patch: Patch, read: Reader, why: str) -> FileFate:
    path = patch.paths[0]
    text = read(path) or b""
    if text and not text.endswith(b"\n"):
        text += b"\n"
    marks = b"%s\n%s\n%s\n" % (TARGET_MARK, BASE_MARK, BETWEEN_MARK)
    content = text + marks + patch.body + PATCH_MARK + b"\n"
    told = f"{_WHY}, and it does not apply any more: {why}; its diff is at the end"
    return FileFate(path, path, What.GIVEN, None, content, why=told, in_conflict=True)


def found(line: str, ported: Sequence[Patch], origins: Sequence[Patch]) -> tuple[Record, ...]:
    """Records of the patches of a port that its origin does not have, or has in another order."""
    names = [patch.name for patch in ported]
    matcher = SequenceMatcher(None, [patch.name for patch in origins], names, autojunk=False)
    same = {names[b.b + at] for b in matcher.get_matching_blocks() for at in range(b.size)}
    befores = ["", *names]
    return tuple(
        Record(line, patch.name, whole=patch.data, after=before)
        for patch, before in zip(ported, befores)
        if patch.name not in same
    )
