"""A bundle for ``hg unbundle``: the patches as changesets, on the release's."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.engine import commits, headers, hg
from hgport.errors import HgportError, UsageError
from hgport.files import disk_errors, remove_tree
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.series import Series
from hgport.model.stack import Stack
from hgport.submit.export import diffs
from hgport.submit.export.patchdirs import need_author
from hgport.submit.export.prepared import Prepared
from hgport.submit.staged import staged

if TYPE_CHECKING:
    from hgport.upstream.sdist import ProgressOfMany

# what every Mercurial since 3.6 reads
_TYPE = "gzip-v2"


@dataclass(frozen=True)
class Bundle:
    """A bundle's bytes, and the full hash of the changeset that its own stand on; None if it holds
    that one too."""

    data: bytes
    base: str | None


def alone(
    prepared: Prepared, catalogue: Catalogue, progress: ProgressOfMany | None = None
) -> Bundle:
    """A bundle that needs nothing: it has a changeset of the release's files, and those of the
    patches.  Raises as ``staged``."""
    with staged(_order(prepared, catalogue), progress) as made:
        return Bundle(_bundled(made.repository, "--all"), None)


def onto(prepared: Prepared, catalogue: Catalogue, clone: Path, revision: str | None) -> Bundle:
    """A bundle of the patches' changesets alone, made for a person's repository; that is only read.

    They are on ``revision``, None is the release's tag.  Raises UsageError for what is no
    repository or no revision, HgportError if a patch does not apply there, OutsideError for trouble
    with the disk.
    """
    order = _order(prepared, catalogue)
    base = _base(clone, prepared.release.version, revision)
    with _room() as room:
        copy = room / "hg"
        hg.run("clone", "--noupdate", "--", clone.absolute(), copy)
        made = commits.into_clone(order, copy, base)
        if not made.changesets:
            raise HgportError(f"{base[:12]} in {clone} has all of the patches already")
        last = list(made.changesets.values())[-1]
        return Bundle(_bundled(copy, "--base", base, "--rev", last), base)


def _base(clone: Path, version: str, revision: str | None) -> str:
    """The changeset that a revision names in a person's repository, or the release's tag."""
    from hgport.engine.hgpatcher import Repository

    if not (clone / ".hg").is_dir():
        raise UsageError(f"{clone} is no Mercurial repository")
    try:
        return Repository(clone).find(version if revision is None else revision)
    except UsageError as err:
        hint = "say which revision with --rev" if revision is None else err.hint
        raise UsageError(err.message, hint) from None


def _bundled(repository: Path, *which: str) -> bytes:
    file = repository.parent / "bundle.hg"
    hg.run("bundle", "--type", _TYPE, *which, file, cwd=repository)
    with disk_errors(f"read {file}"):
        return file.read_bytes()


@contextlib.contextmanager
def _room() -> Iterator[Path]:
    with disk_errors("make a temporary directory"):
        room = Path(tempfile.mkdtemp(prefix="hgport-"))
    try:
        yield room
    finally:
        remove_tree(room)


def _order(prepared: Prepared, catalogue: Catalogue) -> commits.Order:
    """The patches as they were prepared, as a stack of their own."""
    patches = []
    for one in prepared.patches:
        need_author(one)
        data = headers.fresh(one.said) + diffs.whole(one)
        patches.append(Patch.parse(one.name, diffs.checked(one, data, "a changeset")))
    nowhere = Path("series")
    stack = Stack(Series(nowhere, nowhere.parent, b"", tuple(patches)), (), None)
    return commits.Order(stack, catalogue, prepared.release)
