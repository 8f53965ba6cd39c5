"""Whose a changeset of a person's repository is, where there are several stacks."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.engine import headers, naming
from hgport.engine.apply import apply_series
from hgport.engine.ground import unready
from hgport.engine.judge import to_apply
from hgport.engine.lineage import Lineage
from hgport.engine.outcome import PatchResult
from hgport.engine.taking import Taken, does_the_same
from hgport.errors import UsageError
from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.series import Series
from hgport.model.stack import Stack

if TYPE_CHECKING:
    from hgport.engine.hgpatcher import Committed


def without_below(
    source: Lineage, stack: Stack, catalogue: Catalogue, directory: Path
) -> tuple[Lineage, tuple[str, ...]]:
    """The changesets of a stack's own patches, without those of the stacks below, which have to
    come first; and whole sentences about the latter.

    Raises UsageError, naming ``directory``, if they are not what the stacks below make.
    """
    if stack.under is None:
        return source, ()
    expected = _expected(source, stack.under, catalogue)
    count = len(expected)
    for result, one in zip(expected, source.changesets):
        diff = source.repository.diff(one.node)
        if not does_the_same(source, one, result.patch, diff):
            _refuse_order(stack, result.patch, one, directory)
            raise _changed(source, stack.under, result, expected, one, directory)
    if len(source.changesets) <= count:
        lacks = [one.patch.name for one in expected[len(source.changesets) :]]
        what = f"does not have {lacks[0]}, of a stack below" if lacks else "has nothing on these"
        raise UsageError(
            f"{directory} {what}", "the patches of the stacks below come first, as hgport apply has"
        )
    reworded = [
        f"{one.node[:12]} says otherwise than {result.patch.name}, of a stack below; that stays."
        for result, one in zip(expected, source.changesets)
        if headers.description_of(result.patch) != headers.stripped(one.description)
    ]
    return replace(source, changesets=source.changesets[count:]), tuple(reworded)


def _expected(source: Lineage, under: Stack, catalogue: Catalogue) -> list[PatchResult]:
    """What makes the changesets of the stacks below on that release."""
    read = source.repository.reader(source.root)
    result = apply_series(read, to_apply(under, catalogue, source.release, read))
    if result.conflict is not None:
        raise unready(under, result.conflict, source.release)
    return [one for one in result.results if one.outcome.changes_tree]


def _refuse_order(stack: Stack, patch: Patch, changeset: Committed, directory: Path) -> None:
    """Raise UsageError for a changeset in the place of a patch that is one of another layer."""
    said = headers.stripped(changeset.description)
    layer = stack.layer_of(patch.name)
    others = [one for one in stack.layers if one is not layer]
    series = [port for one in others for port in (one.top, *(p.series for p in one.ports))]
    for other in (other for one in series for other in one.patches):
        if said == headers.description_of(other) != headers.description_of(patch):
            raise UsageError(
                f"{changeset.node[:12]} in {directory} is {other.name}, where {patch.name} of "
                f"{layer.top.path} comes first",
                "name the stacks that are there with --series and --with, the lowest first",
            )


def _changed(
    source: Lineage,
    under: Stack,
    result: PatchResult,
    expected: Sequence[PatchResult],
    changeset: Committed,
    directory: Path,
) -> UsageError:
    """The error of a changeset that is not what it should be."""
    name = result.patch.name
    layer = under.layer_of(name)
    last = max(i for i, one in enumerate(expected) if one.patch.name in layer.own_names)
    node = source.changesets[min(last, len(source.changesets) - 1)].node
    options = naming.options_for(under, name)
    return UsageError(
        f"{changeset.node[:12]} in {directory} is not what {name}, of a stack below, makes",
        f"to take it back: hg update {node[:12]}, then hgport refresh {options} {directory}",
    )


def refuse_others(taken: Sequence[Taken], stack: Stack) -> None:
    """Raise UsageError for a changeset that would be new in a stack, but is a patch of another
    stack of the same project."""
    news = [one for one in taken if one.old is None]
    others = _others(stack) if news else []
    for one in news:
        said = headers.description_of(one.patch)
        for place, patch in others:
            if one.patch.name == patch.name or said == headers.description_of(patch):
                raise UsageError(
                    f"changeset {one.node[:12]} is {patch.name} of {place}",
                    "say with --series and --with which stacks are there, or check out what is "
                    "below",
                )


def _others(stack: Stack) -> list[tuple[Path, Patch]]:
    """The patches of the project's other stacks, each with its series file."""
    patches = stack.top.directory
    if not (patches / "releases.toml").is_file():
        patches = patches.parent
    if not (patches / "releases.toml").is_file():
        return []
    ours = {layer.top.path.resolve() for layer in stack.layers}
    places = [patches.parent / "series"]
    places += [patches / name / "series" for name in project.further(patches)]
    found: list[tuple[Path, Patch]] = []
    for place in places:
        if place.resolve() not in ours:
            # one that is broken is another command's business
            with contextlib.suppress(UsageError):
                found += [(place, patch) for patch in Series.load(place).patches]
    return found
