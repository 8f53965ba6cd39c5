"""What was exported, what was not, and how it is used, as lines of text."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from hgport.engine.matrix import Cell
from hgport.engine.outcome import Outcome
from hgport.submit.export.prepared import Prepared

_USE = {
    "quilt": "in the release's tree: QUILT_PATCHES={dest} quilt push -a --fuzz=0",
    "mq": "in a repository with the release checked out: cp -R {dest} .hg/patches && hg qpush -a",
    "hg": "in a repository with the release checked out: "
    "hg import $(sed s,^,{dest}/, {dest}/series)",
    "bundle": "in a repository: hg unbundle {dest}",
    "git": "in a repository with the release checked out: git am {dest}",
    "debian": "in the unpacked source package: cp -R {dest}/debian . && dpkg-source -b .",
    "rpm": "beside the other sources, with %include of patches.inc in the spec file's preamble "
    "and of prep.inc in its %prep",
    "nix": "in nixpkgs.overlays: (import {dest}/overlay.nix)",
}


def lines(prepared: Prepared, form: str, destination: Path) -> list[str]:
    """The patches in order, those that are left out with the reason, and the use of it all."""
    dest = shlex.quote(str(destination.absolute()))
    return [
        *(one.name for one in prepared.patches),
        *(f"left out: {cell.patch}: {_why(cell)}" for cell in prepared.left_out),
        f"use it {_USE[form].format(dest=dest)}",
    ]


def _why(cell: Cell) -> str:
    why: Sequence[str] = cell.problems
    if cell.outcome is Outcome.NOT_AFFECTED:
        why = ["the release has none of its files", *why]
    elif cell.since is not None:
        why = [f"the release has it, upstream's {cell.changeset} since {cell.since}", *why]
    elif cell.outcome is Outcome.UPSTREAMED and not why:
        why = [cell.message]
    return "; ".join(why) or cell.outcome.value
