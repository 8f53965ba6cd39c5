"""The patches of a series as they read for exactly one release, whatever form they go out in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hgport.engine.apply import apply_series
from hgport.engine.headers import Said, description_of
from hgport.engine.judge import absorptions, judge, to_apply
from hgport.engine.matrix import Cell
from hgport.engine.outcome import Edit, PatchResult, Reader
from hgport.engine.releasetree import ReleaseTree
from hgport.engine.render import edits_of
from hgport.engine.verdicts import ports_for, touched
from hgport.errors import HgportError
from hgport.model.catalogue import Absorption, Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.submit.identity import STAND_IN, Identity

if TYPE_CHECKING:
    from hgport.upstream.sdist import ProgressOfMany


@dataclass(frozen=True)
class Ready:
    """A patch of which everything is known that any form needs.

    ``source`` is the patch as the series has it, ``said`` who, when and why (the user is "" where
    the patch names none), ``edits`` what it does to each file of the release with the patches
    before it, ``absorbed`` which release of upstream has it, if the catalogue knows one.  ``sent``
    says whether it was mailed; None is of a series that is not the project's own.
    """

    source: Patch
    said: Said
    edits: tuple[Edit, ...]
    absorbed: Absorption | None
    sent: bool | None

    @property
    def name(self) -> str:
        """The file name of the patch in its series."""
        return self.source.name


@dataclass(frozen=True)
class Prepared:
    """A release and what is to be applied to it, in order; at least one patch.

    ``left_out`` says of the stack's other patches why they are not among them.
    """

    release: Release
    patches: tuple[Ready, ...]
    left_out: tuple[Cell, ...]


def prepare(
    stack: Stack,
    catalogue: Catalogue,
    release: Release,
    user: str | None = None,
    progress: ProgressOfMany | None = None,
) -> Prepared:
    """Apply a stack's patches to a release, in memory, and take them down again as they are there.

    ``user`` (``NAME <MAIL>``) is the author of those patches that name none, or hgport's stand-in.
    ``progress`` is told of the release's download.  Raises UsageError for a user without a mail
    address, HgportError if a patch does not apply, or if there is none to apply, OutsideError if
    the release's files cannot be had.
    """
    from hgport.upstream.contents import Contents

    author = str(Identity.parse(user)) if user is not None else None
    with Contents(progress=progress) as contents:
        tree = ReleaseTree(contents, release, progress)
        tree.prepare(touched(stack, catalogue, *ports_for(stack, release)))
        patches = to_apply(stack, catalogue, release, tree.read)
        result = apply_series(tree.read, patches, is_directory=tree.is_directory)
        if result.conflict is not None:
            raise HgportError(
                f"{result.conflict.patch.name} does not apply to {release.version}: "
                f"{result.conflict.message}",
                "nothing was written",
            )
        taker = _Taker(tree.read, tree.is_executable)
        taken = [(one.patch, taker.take(one)) for one in result.results if one.outcome.changes_tree]
        absorbed = {one.patch: one for one in reversed(absorptions(stack, catalogue))}
        sent = _sent(stack)
        ready = [
            Ready(
                patch,
                _said(patch, author),
                edits,
                absorbed.get(patch.name),
                sent.get(patch.name),
            )
            for patch, edits in taken
            if edits
        ]
        cells = judge(stack, catalogue, release, tree.read, tree.is_directory)
    if not ready:
        raise HgportError(
            f"there is nothing to export: {release.version} needs none of the patches",
            "hgport status says why",
        )
    names = {one.name for one in ready}
    left_out = (cell for cell in cells if cell is not None and cell.patch not in names)
    return Prepared(release, tuple(ready), tuple(left_out))


class _Taker:
    """Takes down what patches did to a tree, one upon the other."""

    def __init__(self, read: Reader, is_executable: Callable[[str], bool]) -> None:
        self._base = read
        self._is_executable = is_executable
        self._files: dict[str, bytes | None] = {}
        self._modes: dict[str, str] = {}

    def take(self, result: PatchResult) -> tuple[Edit, ...]:
        """The edits of the next patch; those that change nothing are left out."""
        edits = edits_of(self._read, result, self._mode)
        self._files.update(result.files)
        self._modes.update({edit.path: edit.new_mode for edit in edits})
        return tuple(
            edit
            for edit in edits
            if (edit.old, edit.old_mode) != (edit.new, edit.new_mode) or edit.source is not None
        )

    def _read(self, path: str) -> bytes | None:
        return self._files[path] if path in self._files else self._base(path)

    def _mode(self, path: str) -> str:
        if path in self._modes:
            return self._modes[path]
        return "x" if self._is_executable(path) else ""


def _said(patch: Patch, author: str | None) -> Said:
    own = patch.user.strip()
    user = author if author is not None and own in ("", STAND_IN) else own
    return Said(user, patch.date, description_of(patch))


def _sent(stack: Stack) -> dict[str, bool]:
    """Whether patches were mailed, by name, as far as that is remembered; none of those of a stack
    that is not the project's own."""
    from hgport.submit import versions

    known = [layer for layer in stack.layers if layer.base is not None]
    mailed = {name for layer in known for name in versions.mailed(layer)}
    return {name: name in mailed for layer in known for name in layer.own_names}
