"""Which paths are directories in a release: there, no patch can make a file.

The store of contents knows files only, so these are remembered beside it, by the sha256 of the
sdist, and read from the sdist when they are not.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.errors import OutsideError
from hgport.files import write_whole
from hgport.model.release import Release
from hgport.places import cache_dir

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
    known = {release: _read(_place(release)) for release in releases}
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
    try:
        for release, paths in found.items():
            write_whole(_place(release), _sealed(paths))
    except OutsideError as err:
        print(f"hgport: directories are not remembered: {err}", file=sys.stderr)
    return found


def _of_sdist(sdist: Path) -> frozenset[str]:
    from hgport.upstream import unpack

    return frozenset(unpack.read(sdist).directories)


def _place(release: Release) -> Path:
    return cache_dir() / "directories" / release.sha256


def _read(place: Path) -> frozenset[str] | None:
    """What was remembered; None if nothing was, or it is not as it was written."""
    with contextlib.suppress(OSError):
        seal, _newline, paths = place.read_bytes().partition(b"\n")
        if hashlib.sha256(paths).hexdigest().encode() == seal:
            return frozenset(paths.decode("utf-8", "surrogateescape").split("\0"))
    return None


def _sealed(paths: frozenset[str]) -> bytes:
    joined = "\0".join(sorted(paths)).encode("utf-8", "surrogateescape")
    return hashlib.sha256(joined).hexdigest().encode() + b"\n" + joined
