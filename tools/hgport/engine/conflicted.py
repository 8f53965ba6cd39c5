"""What a working copy needs of a series that stopped at a conflict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hgport.engine.apply import apply_series
from hgport.engine.carried import Carried, CarriedSeries, CarryOrder, FileFate
from hgport.engine.ground import wanted
from hgport.engine.outcome import PatchResult, Reader
from hgport.engine.workingcopy import MergedFile, Merging
from hgport.model.patch import Patch

if TYPE_CHECKING:
    from hgport.engine.hgpatcher import Changeset

# who commits a patch that names no author
_AUTHOR = "hgport <hgport@example.org>"


def changesets(carried: Sequence[Carried], read: Reader) -> list[Changeset]:
    """The changesets of patches that are carried, for the tree that ``read`` reads."""
    patches = [Patch.parse(one.patch.name, one.data) for one in carried if one.data is not None]
    return changesets_of(apply_series(read, patches).results)


def changesets_of(results: Sequence[PatchResult]) -> list[Changeset]:
    """The changesets of patches that were applied, without those that changed nothing."""
    from hgport.engine.hgpatcher import Changeset

    return [
        Changeset(
            _user(one.patch),
            one.patch.date,
            _description(one.patch),
            one.files,
            one.modes,
            one.copies,
        )
        for one in results
        if one.outcome.changes_tree
    ]


def merging(
    order: CarryOrder, series: CarriedSeries, read: Reader, published: Reader | None = None
) -> Merging:
    """The patch of a series that is in conflict.

    ``read`` reads the origin's release, and ``published`` the same without the stacks below; None
    if there are none.
    """
    stopped = series.conflict
    assert stopped is not None
    patch = stopped.patch
    if patch in order.origin.port.series.patches:
        before, result = _of_origin(order, patch, read, published or read)
        files = [_file(one, before, result) for one in stopped.files]
    else:
        # one that only the port has: what it was made on is not known
        files = [MergedFile(f.path, None, f.content, f.content, True) for f in stopped.files]
    modes = {one.path: one.mode for one in stopped.files if one.mode is not None}
    return Merging(_user(patch), patch.date, _description(patch), files, modes)


def _of_origin(
    order: CarryOrder, patch: Patch, read: Reader, published: Reader
) -> tuple[Reader, PatchResult]:
    """How to read the origin's tree before a patch, and what the patch does to it."""
    every = order.origin.port.series.patches
    some = every[: every.index(patch) + 1]
    patches = wanted(order.stack, order.catalogue, some, order.base, published)
    *earlier, last = apply_series(read, patches, fuzz=order.fuzz).results
    files: dict[str, bytes | None] = {}
    for result in earlier:
        files.update(result.files)
    return _layered(files, read), last


def _layered(files: Mapping[str, bytes | None], read: Reader) -> Reader:
    return lambda path: files[path] if path in files else read(path)


def _file(fate: FileFate, before: Reader, result: PatchResult) -> MergedFile:
    base = before(result.copies.get(fate.base_path, fate.base_path))
    patched = result.files.get(fate.base_path, base)
    return MergedFile(fate.path, base, patched, fate.content, fate.in_conflict)


def _user(patch: Patch) -> str:
    return patch.user.strip() or _AUTHOR


def _description(patch: Patch) -> str:
    return patch.description or patch.name.encode("utf-8", "replace").decode()
