"""The changesets that a person's repository has on a release, of which patches are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release, is_version, version_key

if TYPE_CHECKING:
    from hgport.engine.hgpatcher import Committed, Repository


@dataclass(frozen=True)
class Lineage:
    """A release in a repository, and the changesets from it to what is checked out, oldest
    first, or the last of them; ``root`` is the hash of the release's changeset."""

    repository: Repository
    release: Release
    root: str
    changesets: tuple[Committed, ...]

    @property
    def on(self) -> str:
        """The hash of the changeset that the oldest is on."""
        return self.changesets[0].parents[0]


def lineage(directory: Path, catalogue: Catalogue) -> Lineage:
    """Read what is checked out in ``directory``, back to the nearest release by its tag.

    Raises UsageError for what is no repository, has uncommitted changes or something unfinished,
    knows no release, or has a merge or nothing at all on it.
    """
    from hgport.engine.hgpatcher import Repository

    if not (directory / ".hg").is_dir():
        raise UsageError(f"{directory} is no Mercurial repository")
    repository = Repository(directory)
    unfinished = repository.unfinished()
    if unfinished:
        raise UsageError(f"there is {unfinished} in {directory}", "commit or finish it first")
    releases = _releases(repository, directory, catalogue)
    root, changesets = _down(repository, directory, releases)
    if not changesets:
        raise UsageError(f"{directory} has no changeset on {releases[root].version}")
    return Lineage(repository, releases[root], root, changesets)


def _releases(
    repository: Repository, directory: Path, catalogue: Catalogue
) -> Mapping[str, Release]:
    """The releases below what is checked out, by the hash of their changeset."""
    here = repository.checked_out().node
    known = {release.key: release for release in catalogue.releases}
    found = {}
    for tag, node in repository.tags().items():
        release = known.get(version_key(tag)) if is_version(tag) else None
        if release is not None and repository.has_ancestor(here, node):
            found[node] = release
    if not found:
        raise UsageError(
            f"what is checked out in {directory} is on no release that the catalogue knows",
            "a release is known by its tag, such as 5.2.2; hg tag --local sets one",
        )
    return found


def _down(
    repository: Repository, directory: Path, releases: Mapping[str, Release]
) -> tuple[str, tuple[Committed, ...]]:
    """The nearest release, and what is on it, oldest first."""
    at = repository.checked_out()
    changesets = []
    while at.node not in releases:
        if len(at.parents) != 1:
            raise UsageError(
                f"{at.node[:12]} in {directory} is a merge, which no patch can hold",
                "rebase what it merges into one line",
            )
        changesets.append(at)
        at = repository.committed(at.parents[0])
    return at.node, tuple(reversed(changesets))
