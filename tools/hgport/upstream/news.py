"""What the package index has that the catalogue lacks."""

from __future__ import annotations

from typing import NamedTuple

from hgport.errors import HgportError, OutsideError
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release, version_key
from hgport.upstream import index
from hgport.upstream.index import Published


class News(NamedTuple):
    """Releases for ``catalogue.updated``: those that the catalogue lacks, and those of its own
    that the index has begun, or ceased, to advise against.  Both oldest first."""

    added: list[Release]
    yanked: list[Release]


def news(catalogue: Catalogue) -> News:
    """Ask the index what is new.

    Raises HgportError if it has another file under the name of one that the catalogue knows,
    OutsideError if it does not answer, does not say what belongs into the catalogue, or knows
    nothing of what is in there.
    """
    published = index.published()
    known = {release.key: release for release in catalogue.releases}
    if known.keys().isdisjoint(version_key(one.version) for one in published) and (
        known or not published
    ):
        # a page to log in at, in the place of the index, lists nothing either
        raise OutsideError(
            "the index lists no release of Mercurial that the catalogue has",
            "look at what answers there; HGPORT_INDEX_URL or PIP_INDEX_URL may name another index",
        )
    _refuse_other_hashes(published, catalogue)
    found = News([], [])
    for one in published:
        release = known.get(version_key(one.version))
        if release is None:
            found.added.append(_release(one))
        elif release.sdist == one.sdist and release.yanked != one.yanked:
            found.yanked.append(_release(one))
    return found


def _refuse_other_hashes(published: list[Published], catalogue: Catalogue) -> None:
    hashes = {release.sdist: release.sha256 for release in catalogue.releases}
    for one in published:
        ours = hashes.get(one.sdist)
        if ours is not None and one.sha256 and ours != one.sha256:
            raise HgportError(
                f"the index says sha256 {one.sha256} for {one.sdist}, the catalogue {ours}",
                "a published file never changes: find out which of the two is right",
            )


def _release(one: Published) -> Release:
    if not one.sha256:
        raise OutsideError(
            f"the index gives no sha256 for {one.sdist}", "set HGPORT_INDEX_URL to one that does"
        )
    size = index.size_of(one)
    return Release(one.version, one.sdist, one.sha256, size, (), one.yanked)
