"""A release and the series on it, in a repository that is there only while it is needed."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.engine import commits, hg
from hgport.files import disk_errors, remove_tree
from hgport.model.patch import Patch
from hgport.upstream.tree import pristine

if TYPE_CHECKING:
    from hgport.upstream.sdist import ProgressOfMany


@dataclass(frozen=True)
class Staged:
    """A Mercurial repository of a release (a public changeset, tagged with its version) and one
    draft changeset a patch on it, the last checked out.

    ``base`` is the full hash of the release's changeset, ``changesets`` the hashes of the others
    by the name of the patch, and ``patches`` those patches, both in the order of the series; what
    the release has already is in neither.
    """

    repository: Path
    order: commits.Order
    base: str
    patches: tuple[Patch, ...]
    changesets: Mapping[str, str]


@contextlib.contextmanager
def staged(order: commits.Order, progress: ProgressOfMany | None = None) -> Iterator[Staged]:
    """Make the repository for the block, and remove it afterwards.

    ``progress`` is told of the release's download.  Raises HgportError if a patch does not apply,
    UsageError as ``commits.into_repository``, OutsideError for trouble with network or disk.
    """
    source = pristine(order.release, progress)
    with disk_errors("make a temporary directory"):
        room = Path(tempfile.mkdtemp(prefix="hgport-"))
    try:
        place = room / f"hg-{order.release.version}"
        made = commits.into_repository(order, source, place)
        version = order.release.version
        hg.run("phase", "--public", "-r", version, cwd=place)
        base = hg.run("log", "-r", version, "-T", "{node}", cwd=place).stdout.decode()
        patches = tuple(
            one.patch for one in made.result.results if one.patch.name in made.changesets
        )
        yield Staged(place, order, base, patches, made.changesets)
    finally:
        remove_tree(room)
