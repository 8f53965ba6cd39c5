"""Carry a series to another release: for each patch, for each file, a three-way merge.

The three sides are the origin's release with the patches before, the same with the patch, and the
target with the carried patches before.  Nothing is written anywhere.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from hgport.engine import carryfile, ownpatches
from hgport.engine.carried import (
    Carried,
    CarriedSeries,
    CarryOrder,
    Fate,
    FileFate,
    Remembering,
    What,
)
from hgport.engine.carryfile import Target
from hgport.engine.drawing import drawn_on
from hgport.engine.ground import Ground, published
from hgport.engine.judge import Witness, absorptions, has_part, witness
from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.result import Merge, Sides, Step
from hgport.engine.outcome import Outcome, PatchResult, Reader
from hgport.engine.releasetree import Tree
from hgport.errors import HgportError
from hgport.model.patch import Patch
from hgport.model.release import Release

if TYPE_CHECKING:
    from hgport.engine.merge.merge import Compiles
    from hgport.engine.outcome import Edit
    from hgport.engine.records import Record
    from hgport.engine.resolutions import Settled
    from hgport.upstream.sdist import ProgressOfMany

__all__ = [
    "Carried",
    "CarriedSeries",
    "CarryOrder",
    "Fate",
    "FileFate",
    "Remembering",
    "What",
    "carry",
    "carry_trees",
]

# the final contents that a person gave: patch name -> path -> content, None for no file
Given = Mapping[str, Mapping[str, "bytes | None"]]

_FATES = {
    Step.APPLIED: Fate.EXACT,
    Step.EXACT: Fate.EXACT,
    Step.LINES: Fate.LINES,
    Step.FORMAT: Fate.FORMAT,
}


class Nothing:
    """A memory that remembers nothing."""

    records: tuple[Record, ...] = ()

    def settle(self, line: str, patch_name: str, path: str, merge_content: bytes | None) -> Settled:
        from hgport.engine.resolutions import Settled

        return Settled(merge_content)

    def describe(self, line: str, patch_name: str, text: bytes) -> Settled:
        from hgport.engine.resolutions import Settled

        return Settled(text)

    def is_dropped(self, line: str, patch: str) -> bool:
        return False

    def own(self, line: str) -> tuple[Record, ...]:
        return ()

    def paths(self, line: str, patch: str) -> tuple[str, ...]:
        return ()


@dataclass(frozen=True)
class Decided:
    """What people decided, and what judges Python.

    ``given`` are the final contents that a person gave, which are used instead of a merge;
    ``skipped`` the names of patches to leave out; ``memory`` what was decided earlier; ``compiles``
    as in merge_file.
    """

    given: Given
    skipped: Collection[str]
    memory: Remembering
    compiles: Compiles | None


def carry(
    order: CarryOrder,
    *,
    settled: Given | None = None,
    skipped: Collection[str] = (),
    memory: Remembering | None = None,
    compiles: Compiles | None = None,
    progress: ProgressOfMany | None = None,
) -> CarriedSeries:
    """Carry the origin's series to the target.

    ``settled`` are final contents that a person gave, by patch name and path of the target, used
    instead of a merge; ``skipped`` are patches to leave out; ``memory`` is what was decided
    earlier; ``compiles`` is as in merge_file, ``progress`` as in Contents.  Patches after one that
    is in conflict are not tried.  Where the stack lies on others, both releases are taken with
    those on them.  Raises HgportError if a patch does not apply to the origin's own
    release, UsageError for one that no tree can take, OutsideError if files cannot be had.
    """
    from hgport.upstream.contents import Contents

    paths = touched(order)
    decided = Decided(settled or {}, skipped, memory or Nothing(), compiles)
    with Contents(progress=progress) as contents:
        ground = Ground(order.stack, order.catalogue, contents, progress)
        target = ground.tree(order.target, paths)
        made = carry_trees(order, ground.tree(order.base, paths), target, decided)
        return made if order.stack.under is None else _drawn(made, published(target))


def _drawn(made: CarriedSeries, read: Reader) -> CarriedSeries:
    """What was carried on top of other stacks, with the hunks where the release has them by itself:
    a port that applies there as well is to read the same, whatever it was made on."""
    patches = drawn_on(read, [Patch.parse(name, data) for name, data in made.port])
    data = {patch.name: patch.data for patch in patches or ()}
    # what the port has of its own is remembered as it is
    carried = made.origin.port.series.patches
    told = (
        replace(one, data=data.get(one.patch.name, one.data)) if one.patch in carried else one
        for one in made.patches
    )
    return replace(made, patches=tuple(told))


def touched(order: CarryOrder) -> tuple[str, ...]:
    """The paths that the origin's patches name, and those of the catalogue's evidence, sorted."""
    paths = {path for patch in order.origin.port.series.patches for path in patch.paths}
    evidence = {one.file for one in absorptions(order.stack, order.catalogue)}
    return tuple(sorted(paths | evidence))


def carry_trees(order: CarryOrder, base: Tree, target: Tree, decided: Decided) -> CarriedSeries:
    """As ``carry``, from one tree to another."""
    carrier = _Carrier(order, base, target, decided)
    return CarriedSeries(order.origin, order.target, tuple(carrier.run()))


class _Overlay:
    """A tree with what patches did to it."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.files: dict[str, bytes | None] = {}
        self.modes: dict[str, str] = {}

    def read(self, path: str) -> bytes | None:
        return self.files[path] if path in self.files else self.tree.read(path)

    def mode(self, path: str) -> str:
        if path in self.modes:
            return self.modes[path]
        return "x" if self.tree.is_executable(path) else ""


class _Carrier:
    """Carries one series."""

    def __init__(self, order: CarryOrder, base: Tree, target: Tree, decided: Decided) -> None:
        self._order = order
        self._base = _Overlay(base)
        self._target = _Overlay(target)
        self._decided = decided
        self._line = order.target.line
        self._moved: dict[str, str | None] = {}

    def run(self) -> Iterable[Carried]:
        stopped = False
        own = self._decided.memory.own(self._line)
        for step in ownpatches.steps(self._applied(), own):
            if stopped and not step.is_replaced:
                yield Carried(step.patch, Fate.NOT_TRIED)
            elif not step.is_replaced:
                made = self._own(step.patch) if step.is_own else self._carry(step.patch, step.does)
                stopped = made.fate is Fate.CONFLICT
                yield made
            if step.does is not None:
                self._base.files.update(step.does.files)

    def _applied(self) -> list[tuple[Patch, PatchResult | None]]:
        """Each patch of the origin, and what it does to the origin's release; None if that has it
        from upstream."""
        from hgport.engine.apply import apply_series

        order = self._order
        patches = order.origin.port.series.patches
        lacking = [p for p in patches if not self._heard(p, order.base, self._base.tree).agreed]
        results = apply_series(self._base.tree.read, lacking, fuzz=order.fuzz).results
        for result in results:
            self._require(result)
        found = {result.patch.name: result for result in results}
        return [(patch, found.get(patch.name)) for patch in patches]

    def _heard(self, patch: Patch, release: Release, tree: Tree) -> Witness:
        read = published(tree)
        return witness(self._order.stack, self._order.catalogue, release, patch.name, read)

    def _require(self, result: PatchResult) -> None:
        if result.outcome.changes_tree or result.outcome is Outcome.APPLIED:
            return
        version = self._order.base.version
        why = result.message or f"{version} has none of its files"
        raise HgportError(
            f"{result.patch.name} does not apply to {version}, its own base: {why}",
            "choose another --base, or allow --fuzz",
        )

    # a patch

    def _carry(self, patch: Patch, result: PatchResult | None) -> Carried:
        heard = self._heard(patch, self._order.target, self._target.tree)
        if patch.name in self._decided.skipped or self._is_dropped(patch):
            return Carried(patch, Fate.DROPPED, notes=heard.problems)
        if heard.agreed:
            return Carried(patch, Fate.UPSTREAMED, since=heard.told)
        if result is None or result.outcome is Outcome.APPLIED:
            if result is not None and result.repeats:
                note = f"{result.repeats}, a patch before it, has it already."
                return Carried(patch, Fate.REPEATED, notes=(*heard.problems, note))
            note = f"{self._order.base.version}, on which the series was read, has it already."
            return Carried(patch, Fate.UPSTREAMED, since=heard.told, notes=(note,))
        files = self._files(patch, result)
        return replace(self._made(patch, files), since=heard.told, notes=heard.problems)

    def _own(self, patch: Patch) -> Carried:
        """A patch that the port has of its own, and no neighbour."""
        if patch.name in self._decided.skipped:
            return Carried(patch, Fate.DROPPED)
        files = ownpatches.files(patch, self._target.read)
        texts = self._decided.given.get(patch.name)
        if texts is not None:
            files = tuple(carryfile.given(f, texts.get(f.path, f.content)) for f in files)
            return self._made(patch, files + tuple(self._others(patch, files)))
        if any(one.in_conflict for one in files):
            return Carried(patch, Fate.CONFLICT, files)
        if not files:
            return Carried(patch, Fate.UPSTREAMED)
        self._keep(files)
        return Carried(patch, Fate.RESOLVED, files, patch.data)

    def _is_dropped(self, patch: Patch) -> bool:
        given = self._decided.given.get(patch.name)
        return not given and self._decided.memory.is_dropped(self._line, patch.name)

    def _made(self, patch: Patch, files: tuple[FileFate, ...]) -> Carried:
        if any(one.in_conflict for one in files):
            return Carried(patch, Fate.CONFLICT, files)
        edits = self._edits(files)
        if not edits:
            is_there = all(one.is_there for one in files)
            return Carried(patch, Fate.UPSTREAMED if is_there else Fate.EMPTY, files)
        from hgport.engine.render import render_patch

        header = patch.data[: len(patch.data) - len(patch.body)]
        told = self._decided.memory.describe(self._line, patch.name, header)
        data = render_patch(told.content or b"", edits)
        self._keep(files)
        return Carried(patch, _fate(files), files, data, used=told.uses, notes=told.notes)

    def _edits(self, files: Iterable[FileFate]) -> list[Edit]:
        from hgport.engine.outcome import Edit

        edits = []
        for one in files:
            name = one.path if one.source is None else one.source
            old = self._target.read(name)
            before = "" if old is None else self._target.mode(name)
            after = before if one.mode is None else one.mode
            same = old == one.content and (before == after or old is None)
            if one.source is not None or not same:
                edits.append(Edit(one.path, old, one.content, before, after, one.source))
        return edits

    def _keep(self, files: Iterable[FileFate]) -> None:
        for one in files:
            if one.content is None:
                continue
            asked = one.mode
            if asked is None and one.source is not None:
                asked = self._target.mode(one.source)
            if asked is not None:
                self._target.modes[one.path] = asked
        # after the modes, which are asked of files that go
        self._target.files.update({one.path: one.content for one in files})

    # files

    def _files(self, patch: Patch, result: PatchResult) -> tuple[FileFate, ...]:
        target = Target(
            self._target.read,
            self._target.tree.is_directory,
            self._target.mode,
            self._where,
            self._merge,
        )
        whole = {c.path for c in patch.files if c.binary or c.mode == "l"}
        found = carryfile.changes(
            result.files, result.copies, result.modes, whole.__contains__, self._base.read
        )
        files = [
            self._upstreams(patch, one) or self._decide(patch, carryfile.carry_file(one, target))
            for one in found
        ]
        return tuple(files + self._others(patch, files))

    def _upstreams(self, patch: Patch, change: carryfile.Change) -> FileFate | None:
        """The fate of a file in which upstream has done what the patch does, None of any other."""
        order, read = self._order, self._target.read
        told = has_part(
            order.stack,
            order.catalogue,
            order.target,
            patch.name,
            change.path,
            published(self._target.tree),
        )
        if told is None:
            return None
        why = f"upstream has this part since {told.since}"
        path = change.path
        return FileFate(path, path, What.APPLIED, None, read(path), why=why)

    def _merge(self, sides: Sides) -> Merge:
        from hgport.engine.merge.merge import merge_file

        origin = Dialect.of(self._order.base.line)
        target = Dialect.of(self._line)
        return merge_file(sides, target, self._decided.compiles, origin=origin)

    def _where(self, path: str) -> str | None:
        """The path at which the target has a file of the base."""
        if self._target.read(path) is not None:
            return path
        if path not in self._moved:
            self._moved[path] = self._find(path)
        return self._moved[path]

    def _find(self, path: str) -> str | None:
        from hgport.engine.renames import renamed

        # what a patch of ours adds or removes was not renamed upstream
        if path in self._target.files or self._base.tree.read(path) is None:
            return None
        return renamed(path, self._base.tree, self._target.tree)

    def _decide(self, patch: Patch, made: FileFate) -> FileFate:
        """A file with what a person decided about it, now or earlier."""
        texts = self._decided.given.get(patch.name, {})
        if made.path in texts:
            return carryfile.given(made, texts[made.path])
        told = self._decided.memory.settle(self._line, patch.name, made.path, made.content)
        in_conflict = made.in_conflict and carryfile.left_in_conflict(made, told.content)
        return self._judged(
            replace(
                made,
                content=told.content,
                used=told.uses,
                in_conflict=in_conflict,
                notes=made.notes + told.notes,
            )
        )

    def _judged(self, made: FileFate) -> FileFate:
        """A file with a note if it should be Python, is not made by a merge alone, and is none."""
        compiles = self._decided.compiles
        merged = made.what is What.MERGED and not made.used
        if compiles is None or merged or made.in_conflict or made.what is What.APPLIED:
            return made
        if made.content is None or not made.path.endswith(".py"):
            return made
        why = compiles(made.path, made.content)
        return replace(made, notes=(*made.notes, f"It does not compile: {why}")) if why else made

    def _others(self, patch: Patch, files: Sequence[FileFate]) -> list[FileFate]:
        """The files of which a person decided, but which the origin's patch does not change."""
        known = {one.path for one in files}
        texts = self._decided.given.get(patch.name)
        names = self._decided.memory.paths(self._line, patch.name) if texts is None else texts
        found = []
        for path in names:
            if path not in known:
                old = self._target.read(path)
                plain = FileFate(path, path, What.GIVEN, None, old, why="as a person has it")
                found.append(self._decide(patch, plain))
        return [one for one in found if one.content != self._target.read(one.path)]


def _fate(files: Iterable[FileFate]) -> Fate:
    """The fate of a patch that changes the target."""
    steps = [Step.EXACT]
    for one in files:
        if one.used or one.what is What.GIVEN:
            return Fate.RESOLVED
        if one.merge is not None and one.what is What.MERGED:
            steps.append(one.merge.step)
    order = list(Step)
    return _FATES[max(steps, key=order.index)]
