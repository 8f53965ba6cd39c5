"""Judge a stack on a release: what becomes of each patch, and what disagrees.

That upstream has a patch is told by two witnesses: the catalogue, which names the first release
that has it, and the release's own content, which shows the line that the catalogue gives as
evidence, or every hunk of the patch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hgport.engine.apply import apply_series, is_affected, is_there
from hgport.engine.matrix import Cell
from hgport.engine.outcome import Outcome, PatchResult, Reader
from hgport.model.catalogue import Absorption, Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Port, Stack


@dataclass(frozen=True)
class Witness:
    """Who says that upstream has a patch: the catalogue (``told``), the content (``seen``)."""

    told: Absorption | None
    seen: Absorption | None

    @property
    def agreed(self) -> bool:
        """Whether both say so."""
        return self.told is not None and self.seen is not None

    @property
    def problems(self) -> tuple[str, ...]:
        """The sentence that says where the two disagree, if they do."""
        if self.told is not None and self.seen is None:
            told = self.told
            return (
                f"the catalogue says that upstream has it since {told.release}, "
                f"but {told.file} has no line {told.line!r}",
            )
        if self.seen is not None and self.told is None:
            seen = self.seen
            return (
                f"{seen.file} has upstream's line {seen.line!r}, "
                f"but the catalogue says that upstream has it since {seen.release} only",
            )
        return ()


def absorptions(stack: Stack, catalogue: Catalogue) -> tuple[Absorption, ...]:
    """What the catalogue says about the patches of a stack and of those below it: nothing about a
    stack without a base, which is none of the catalogue's, whatever its patches are called."""
    known = {name for layer in stack.layers if layer.base is not None for name in layer.own_names}
    return tuple(one for one in catalogue.absorbed if one.patch in known)


def witness(
    stack: Stack, catalogue: Catalogue, release: Release, name: str, read: Reader
) -> Witness:
    """Hear both about the patch of that file name."""
    known = [one for one in absorptions(stack, catalogue) if one.patch == name]
    told = catalogue.absorption(name, release) if known else None
    return Witness(told, next((one for one in known if _has_line(read, one)), None))


def has_part(
    stack: Stack, catalogue: Catalogue, release: Release, name: str, path: str, read: Reader
) -> Absorption | None:
    """What says that upstream has what a patch does to one file, if the file's content agrees."""
    known = any(layer.base is not None for layer in stack.layers if name in layer.own_names)
    told = catalogue.absorbed_part(name, path, release) if known else None
    return told if told is not None and _has_line(read, told) else None


def left_out(stack: Stack, port: Port) -> tuple[Patch, ...]:
    """The patches of a stack's top-level series that a port of it does not have."""
    return tuple(p for p in stack.top.patches if p.name not in port.series.names)


def to_apply(stack: Stack, catalogue: Catalogue, release: Release, read: Reader) -> list[Patch]:
    """The patches to apply to a release: those of the port of each layer, the lowest first, without
    what upstream has."""
    patches = stack.patches_for(release.line)
    return [p for p in patches if not witness(stack, catalogue, release, p.name, read).agreed]


def judge(
    stack: Stack,
    catalogue: Catalogue,
    release: Release,
    read: Reader,
    is_directory: Callable[[str], bool],
    *,
    fuzz: int = 0,
) -> tuple[Cell | None, ...]:
    """A cell for each of the names of all layers, on the release whose files ``read`` gives.

    ``read``, ``is_directory`` and ``fuzz`` are as in apply_series.
    """
    patches = to_apply(stack, catalogue, release, read)
    result = apply_series(read, patches, fuzz=fuzz, is_directory=is_directory)
    tried = {r.patch.name: r for r in result.results}
    cells: list[Cell | None] = []
    below: dict[str, bytes | None] = {}
    for layer in stack.layers:
        heard = {n: witness(layer, catalogue, release, n, read) for n in layer.own_names}
        cells += _of_layer(layer, release, tried, heard, read, _over(read, below))
        # as they were applied, which is the order of the port and not that of the names
        for one in result.results:
            below.update(one.files if one.patch.name in layer.own_names else {})
    return tuple(cells)


def _over(read: Reader, files: Mapping[str, bytes | None]) -> Reader:
    """A tree as it is when these files have been written to it."""
    return lambda path: files[path] if path in files else read(path)


def _of_layer(
    layer: Stack,
    release: Release,
    tried: Mapping[str, PatchResult],
    heard: Mapping[str, Witness],
    published: Reader,
    read: Reader,
) -> list[Cell | None]:
    """A cell for each name of a layer; ``published`` gives the files of the release, ``read`` the
    same as the layers below leave them."""
    listed = layer.for_line(release.line).series.names
    top = {patch.name: patch for patch in layer.top.patches}

    def cell(name: str) -> Cell | None:
        if name in tried:
            return _of_tried(tried[name], heard[name], layer.base is not None)
        if name in listed:
            twice = "upstream has it, yet the series still lists it"
            return _of_upstreamed(name, heard[name], twice)
        return _of_left_out(top[name], heard[name], published, read) if name in top else None

    return [cell(name) for name in layer.own_names]


def _has_line(read: Reader, absorption: Absorption) -> bool:
    wanted = absorption.line.strip().encode()
    return any(line.strip() == wanted for line in (read(absorption.file) or b"").split(b"\n"))


def _of_tried(result: PatchResult, heard: Witness, catalogued: bool) -> Cell:
    name = result.patch.name
    if result.outcome is not Outcome.APPLIED:
        return Cell(name, result.outcome, result.message, result.hunks, problems=heard.problems)
    if result.repeats:
        twice = f"{result.repeats}, a patch before it, has every hunk of it"
        return Cell(name, Outcome.REPEATED, twice, problems=(*heard.problems, twice))
    silent = ("the release has every hunk of it, but the catalogue does not say so",)
    problems = heard.problems or (silent if catalogued else ())
    return Cell(name, Outcome.UPSTREAMED, "the release has every hunk of it", problems=problems)


def _of_upstreamed(name: str, heard: Witness, *problems: str) -> Cell:
    absorbed = heard.told or heard.seen
    return Cell(
        name,
        Outcome.UPSTREAMED,
        since=absorbed.release if absorbed else None,
        changeset=absorbed.changeset if absorbed else None,
        problems=heard.problems + problems,
    )


def _of_left_out(patch: Patch, heard: Witness, published: Reader, read: Reader) -> Cell:
    if heard.seen is not None:
        return _of_upstreamed(patch.name, heard)
    if not is_affected(read, patch):
        return Cell(patch.name, Outcome.NOT_AFFECTED, problems=heard.problems)
    if is_there(read, patch):
        if not is_there(published, patch):
            below = "a patch of a stack below has every hunk of it"
            return Cell(patch.name, Outcome.REPEATED, below, problems=heard.problems)
        silent = "the release has every hunk of it, but the catalogue does not say so"
        return _of_upstreamed(patch.name, heard, *(() if heard.told else (silent,)))
    lacking = "the series leaves it out, but the release does not have it"
    return Cell(patch.name, Outcome.ABSENT, problems=heard.problems or (lacking,))
