"""Patches with the places of their hunks as on one tree."""

from __future__ import annotations

from collections.abc import Sequence

from hgport.engine.apply import apply_series
from hgport.engine.headers import header_of
from hgport.engine.outcome import Outcome, PatchResult, Reader
from hgport.engine.render import edits_of, render_patch
from hgport.model.patch import Patch


def drawn(result: PatchResult, read: Reader) -> Patch:
    """An applied patch, with its diff as it is to the tree that ``read`` reads."""
    data = render_patch(header_of(result.patch), edits_of(read, result))
    return Patch.parse(result.patch.name, data)


def drawn_on(read: Reader, patches: Sequence[Patch]) -> list[Patch] | None:
    """The patches, one upon the other, with their hunks where they are in that tree; None if they
    do not apply to it as they are."""
    results = apply_series(read, patches).results
    if any(one.outcome not in (Outcome.CLEAN, Outcome.OFFSET) for one in results):
        return None
    made = []
    files: dict[str, bytes | None] = {}

    def current(path: str) -> bytes | None:
        return files[path] if path in files else read(path)

    for one in results:
        made.append(drawn(one, current) if one.outcome is Outcome.OFFSET else one.patch)
        files.update(one.files)
    return made
