"""Which paths are directories in a release: there, no patch can make a file.

They are remembered by whoever looks into an sdist (``upstream/contents.py``), and read from there
when they are not.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.model.release import Release
from hgport.upstream import store

if TYPE_CHECKING:
    from hgport.upstream.sdist import ProgressOfMany

# zlib lets go of the interpreter's lock, so two threads are worth it
_INFLATERS = 2


def directories(
    releases: Sequence[Release], progress: ProgressOfMany | None = None
) -> dict[str, frozenset[str]]:
    """The directories of each release, by version: paths relative to its root.

    ``progress`` is told about downloads (see ``sdist.fetch_all``).  Raises OutsideError if an
    sdist cannot be had.
    """
    known = {release: store.directories(release) for release in releases}
    lacking = [release for release, paths in known.items() if paths is None]
    if lacking:
        known.update(_learned(lacking, progress))
    return {release.version: paths or frozenset() for release, paths in known.items()}


def _learned(
    releases: Sequence[Release], progress: ProgressOfMany | None
) -> dict[Release, frozenset[str]]:
    from hgport.upstream.sdist import fetch_all

    sdists = fetch_all(releases, progress=progress)
    with concurrent.futures.ThreadPoolExecutor(_INFLATERS) as pool:
        found = dict(zip(releases, pool.map(_of_sdist, sdists)))
    for release, paths in found.items():
        store.add_directories(release, paths)
    return found


def _of_sdist(sdist: Path) -> frozenset[str]:
    from hgport.upstream import unpack

    return frozenset(unpack.read(sdist).directories)
