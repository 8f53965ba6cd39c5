"""What was exported, what was not, and how it is used, as lines of text."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from hgport.engine.matrix import Cell
from hgport.engine.outcome import Outcome
from hgport.submit.export.prepared import Prepared
from hgport.submit.identity import STAND_IN

_PLAIN_IN_NIX = re.compile(r"(?:/[\w.+-]+)+", re.ASCII)


def lines(prepared: Prepared, form: str, destination: Path, names: Sequence[str]) -> list[str]:
    """The patches in order, by the names that they were written under, those that are left out
    with the reason, and the use of it all."""
    return [
        *names,
        *(f"left out: {cell.patch}: {_why(cell)}" for cell in prepared.left_out),
        *_nameless(prepared),
        f"use it {_USE[form](destination.absolute())}",
    ]


def _nameless(prepared: Prepared) -> Iterator[str]:
    if any(one.said.user == STAND_IN for one in prepared.patches):
        yield f"their author is {STAND_IN}, a stand-in: -u 'NAME <MAIL>' puts somebody there"


def _quilt(dest: Path) -> str:
    return f"in the release's tree: QUILT_PATCHES={_quoted(dest)} quilt push -a --fuzz=0"


def _mq(dest: Path) -> str:
    # mkdir refuses where there is a queue
    return (
        "in a repository with the release checked out, and no patch queue: "
        f"mkdir .hg/patches && cp -R {_quoted(dest)}/. .hg/patches"
        " && hg --config extensions.mq= qpush -a"
    )


def _hg(dest: Path) -> str:
    return (
        "in a repository with the release checked out: "
        f'while read -r p; do hg import {_quoted(dest)}/"$p" || break; done'
        f" < {_quoted(dest / 'series')}"
    )


def _bundle(dest: Path) -> str:
    return f"in a repository: hg unbundle {_quoted(dest)}"


def _git(dest: Path) -> str:
    return f"in a repository with the release checked out: git am {_quoted(dest)}"


def _debian(dest: Path) -> str:
    # a directory of their own, so that none takes the place of one of the package's
    ours = dest / "debian" / "patches"
    return (
        "in the unpacked source package, below its own patches: "
        f"mkdir -p debian/patches && cp -RT {_quoted(ours)} debian/patches/hgport"
        f" && sed s,^,hgport/, {_quoted(ours / 'series')} >> debian/patches/series"
        " && dpkg-source -b ."
    )


def _rpm(_dest: Path) -> str:
    return (
        "beside the other sources, of which patches.inc and prep.inc are to be two (SourceN:), with"
        " %include of patches.inc in the spec file's preamble and of prep.inc in its %prep"
    )


def _nix(dest: Path) -> str:
    path = str(dest / "overlay.nix")
    if _PLAIN_IN_NIX.fullmatch(path):
        return f"in nixpkgs.overlays: (import {path})"
    text = re.sub(r'(["\\]|\$(?=\{))', r"\\\1", path)
    return f'in nixpkgs.overlays: (import (/. + "{text}"))'


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))


_USE: Mapping[str, Callable[[Path], str]] = {
    "quilt": _quilt,
    "mq": _mq,
    "hg": _hg,
    "bundle": _bundle,
    "git": _git,
    "debian": _debian,
    "rpm": _rpm,
    "nix": _nix,
}


def _why(cell: Cell) -> str:
    why: Sequence[str] = cell.problems
    if cell.outcome is Outcome.NOT_AFFECTED:
        why = ["the release has none of its files", *why]
    elif cell.since is not None:
        changeset = f"'s {cell.changeset}" if cell.changeset else ""
        why = [f"the release has it, upstream{changeset} since {cell.since}", *why]
    elif cell.outcome in (Outcome.UPSTREAMED, Outcome.REPEATED) and not why:
        why = [cell.message]
    return "; ".join(why) or cell.outcome.value
