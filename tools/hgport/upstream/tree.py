"""Whole trees of releases: the pristine ones in the cache, and worlds to run things in.

A pristine tree is ``<cache>/trees/VERSION-HASH/``, and beside it stands a manifest (``.json``) with
every file's size, time and mode.  A world is a hard-linked copy of one with some files replaced.
Linked files are read-only and never written by us; where that does not hold somebody back (root),
the manifest tells, and the pristine tree is made again.
"""

from __future__ import annotations

import errno
import json
import os
import posixpath
import shutil
import stat
import tempfile
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path

from hgport.errors import UsageError
from hgport.files import built_beside, disk_errors, locked, remove_tree, write_whole
from hgport.model.release import Release
from hgport.places import cache_dir
from hgport.upstream import sdist, unpack

# path -> (size in bytes, time in ns, permission bits)
_Manifest = dict[str, tuple[int, int, int]]
_NO_LINKS = (errno.EXDEV, errno.EPERM, errno.EMLINK, errno.ENOTSUP, errno.EOPNOTSUPP)


def pristine(release: Release, progress: sdist.ProgressOfMany | None = None) -> Path:
    """The unpacked tree of a release, whole and as published; never write there.

    It is fetched, which ``progress`` is told of, and unpacked if need be, and made again if a
    file in it is not as it was made.  Raises OutsideError for trouble with the network or the disk.
    """
    return _pristine(release, progress)[0]


def world(
    release: Release,
    destination: Path,
    replaced: Mapping[str, bytes | None],
    executable: Collection[str] = (),
) -> None:
    """Make ``destination`` a tree of the release with the files of ``replaced`` in place of its
    own: path -> content, None for no file.

    A replaced file is executable if it was, or if ``executable`` names it.  Files that are not
    replaced are hard links (copies, if the file system wants it so) and read-only; directories
    and replaced files may be written.  ``destination`` appears whole or not at all; it must not
    exist.  Raises UsageError if it does or if a path is not one below it, OutsideError as
    ``pristine``.
    """
    if os.path.lexists(destination):
        raise UsageError(f"{destination} exists already", "name a directory that does not exist")
    for path in replaced:
        if not unpack.is_safe(path):
            raise UsageError(f"{path!r} is no path in a release")
    try:
        _build(destination, release, replaced, frozenset(executable))
    except FileNotFoundError:
        # another hgport saw the pristine tree damaged and took it away while we linked
        _build(destination, release, replaced, frozenset(executable))


def _build(
    destination: Path,
    release: Release,
    replaced: Mapping[str, bytes | None],
    executable: frozenset[str],
) -> None:
    source, manifest = _pristine(release)
    fresh = {path: data for path, data in replaced.items() if data is not None}
    linked = [path for path in manifest if path not in replaced]
    directories = _parents([*linked, *fresh])
    for path in directories.intersection([*linked, *fresh]):
        raise UsageError(f"{path!r} cannot be both a file and a directory of {release.version}")
    with built_beside(destination) as beside:
        for directory in sorted(directories):
            (beside / directory).mkdir()
        _link(source, beside, linked)
        for path, data in fresh.items():
            was = manifest.get(path, (0, 0, 0))[2] & stat.S_IXUSR
            mode = 0o755 if was or path in executable else 0o644
            unpack.write_new(f"{beside}/{path}", data, mode)


def _parents(paths: Iterable[str]) -> set[str]:
    """Every directory that has one of the paths in or below it, the root left out."""
    found: set[str] = set()
    for path in paths:
        parent = posixpath.dirname(path)
        while parent and parent not in found:
            found.add(parent)
            parent = posixpath.dirname(parent)
    return found


def _link(source: Path, target: Path, paths: list[str]) -> None:
    """Hard-link the files, or copy them where the file systems do not let us."""
    place: Callable[[str, str], object] = os.link
    for path in paths:
        names = f"{source}/{path}", f"{target}/{path}"
        try:
            place(*names)
        except OSError as err:
            if err.errno not in _NO_LINKS or place is shutil.copy2:
                raise
            place = shutil.copy2
            place(*names)


def _pristine(
    release: Release, progress: sdist.ProgressOfMany | None = None
) -> tuple[Path, _Manifest]:
    place = cache_dir() / "trees" / f"{release.version}-{release.sha256[:12]}"
    manifest = _sound(place)
    if manifest is None:
        with locked(_beside(place, ".lock")):
            # whoever held the lock may have made it
            manifest = _sound(place) or _make(release, place, progress)
    return place, manifest


def _beside(place: Path, suffix: str) -> Path:
    return place.with_name(place.name + suffix)


def _sound(place: Path) -> _Manifest | None:
    """The manifest of a pristine tree, if there is one and every file is as it says."""
    try:
        manifest = json.loads(_beside(place, ".json").read_bytes())
        for path, told in manifest.items():
            if told != _seen(os.lstat(f"{place}/{path}")):
                return None
    except (OSError, ValueError, AttributeError):
        return None
    return {path: (told[0], told[1], told[2]) for path, told in manifest.items()}


def _seen(status: os.stat_result) -> list[int]:
    return [status.st_size, status.st_mtime_ns, stat.S_IMODE(status.st_mode)]


def _make(release: Release, place: Path, progress: sdist.ProgressOfMany | None) -> _Manifest:
    (path,) = sdist.fetch_all([release], progress=progress)
    archive = unpack.read(path)
    _throw_away(place)
    with built_beside(place) as beside:
        unpack.unpack(archive, beside, read_only=True)
        seen = {path: _seen(os.lstat(f"{beside}/{path}")) for path in sorted(archive.files)}
        for directory in [*archive.directories, ""]:
            (beside / directory).chmod(0o555)
        # first the manifest, then the tree: a manifest without a tree misleads nobody
        write_whole(_beside(place, ".json"), json.dumps(seen).encode())
    return {path: (told[0], told[1], told[2]) for path, told in seen.items()}


def _throw_away(place: Path) -> None:
    if not os.path.lexists(place):
        return
    with disk_errors(f"write {place}"):
        # renamed first, so that nobody takes what is left of it for a whole tree
        doomed = Path(tempfile.mkdtemp(prefix=".hgport-tmp-", dir=place.parent))
        place.chmod(0o700)
        place.rename(doomed / place.name)
        remove_tree(doomed)
