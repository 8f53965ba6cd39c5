"""The files that patches touch, of every release.

Inflating an sdist takes longer than everything else that ``status`` does; so what was read from one
is remembered, content by its hash (releases share most of it), and also which path a release does
not have, and which are directories.
"""

from __future__ import annotations

import concurrent.futures
import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from hgport.errors import OutsideError
from hgport.model.release import Release
from hgport.places import cache_dir
from hgport.sqlitecache import Damaged
from hgport.upstream import sdist
from hgport.upstream.store import (
    File,
    Fleeting,
    Refused,
    Store,
    add_directories,
    directories,
    not_remembered,
)

if TYPE_CHECKING:
    from hgport.upstream.unpack import Member

_INFLATERS = 2
_T = TypeVar("_T")


class Contents:
    """The files of releases, through the store; a context manager, one of each thread.

    Paths are relative to a release's root, written with ``/``.  A path that the store does not
    know yet is looked up in the release's sdist, which is fetched if need be (``progress`` as in
    ``sdist.fetch_all``), so every method may raise OutsideError.  A store that is damaged or of
    another version of hgport is set aside, and one that the disk refuses is done without, each
    with a word on standard error.
    """

    def __init__(
        self, path: Path | None = None, *, progress: sdist.ProgressOfMany | None = None
    ) -> None:
        self._store = Store(path or cache_dir() / "contents.sqlite")
        self._progress = progress

    def __enter__(self) -> Contents:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._store.close()

    def read(self, release: Release, paths: Iterable[str]) -> dict[str, bytes | None]:
        """The content of each path, None where the release has no such file."""
        return self.read_many([release], paths)[release.version]

    def hashes(self, release: Release, paths: Iterable[str]) -> dict[str, str | None]:
        """The sha256 (hex) of each path's content, None where the release has no such file."""
        return self.hashes_many([release], paths)[release.version]

    def executable(self, release: Release, path: str) -> bool:
        """Whether the release has the file and it is executable."""
        return self._sound(lambda: self._files([release], [path]))[release.version][path].executable

    def learn(self, wanted: Mapping[Release, Iterable[str]]) -> None:
        """Look up paths of several releases, so that nothing is to be fetched when they are read.

        What the store lacks is fetched and inflated in one go, which is quicker than with each
        release, or some of them, in turn.
        """
        paths = {release: list(names) for release, names in wanted.items()}
        self._sound(lambda: self._learn(self._lacking(paths)))

    def read_many(
        self, releases: Iterable[Release], paths: Iterable[str]
    ) -> dict[str, dict[str, bytes | None]]:
        """As ``read``, for several releases at once, by version; equal contents are one object."""
        wanted, names = list(releases), list(paths)
        return self._sound(lambda: self._read(wanted, names))

    def hashes_many(
        self, releases: Iterable[Release], paths: Iterable[str]
    ) -> dict[str, dict[str, str | None]]:
        """As ``hashes``, for several releases at once, by version."""
        wanted, names = list(releases), list(paths)
        found = self._sound(lambda: self._files(wanted, names))
        return {
            version: {path: one.hash.hex() if one.hash else None for path, one in files.items()}
            for version, files in found.items()
        }

    def _sound(self, call: Callable[[], _T]) -> _T:
        """The result of ``call``, from a store in memory if the disk refuses the one that it has.

        Raises the disk's refusal if the sdists do not serve either.
        """
        try:
            return self._store.sound(call)
        except Refused as refused:
            self._store.close()
            self._store = Fleeting()
            try:
                result = self._store.sound(call)
            except OutsideError:
                raise refused from None
            not_remembered("contents", refused)
            return result

    def _read(
        self, releases: list[Release], paths: list[str]
    ) -> dict[str, dict[str, bytes | None]]:
        found = self._files(releases, paths)
        hashes = {one.hash for files in found.values() for one in files.values() if one.hash}
        blobs = self._store.blobs(hashes)
        return {
            version: {path: blobs[one.hash] if one.hash else None for path, one in files.items()}
            for version, files in found.items()
        }

    def _files(self, releases: list[Release], paths: list[str]) -> dict[str, dict[str, File]]:
        keys = {release.version: bytes.fromhex(release.sha256) for release in releases}
        known = self._store.files(keys.values(), paths)
        lacking = _not_in(known, releases, paths)
        if lacking:
            self._learn(dict.fromkeys(lacking, paths))
            known = self._store.files(keys.values(), paths)
        try:
            return {v: {path: known[key, path] for path in paths} for v, key in keys.items()}
        except KeyError as err:
            raise Damaged("it lost what was just written") from err

    def _lacking(self, wanted: Mapping[Release, list[str]]) -> dict[Release, list[str]]:
        """Those releases of which the store does not know all paths."""
        alike: dict[tuple[str, ...], list[Release]] = {}
        for release, paths in wanted.items():
            alike.setdefault(tuple(paths), []).append(release)
        found = {}
        for names, releases in alike.items():
            known = self._store.files([bytes.fromhex(one.sha256) for one in releases], names)
            lacking = _not_in(known, releases, names)
            found.update({release: wanted[release] for release in lacking})
        return found

    def _learn(self, wanted: Mapping[Release, list[str]]) -> None:
        sdists = sdist.fetch_all(wanted, progress=self._progress)
        # zlib lets go of the interpreter's lock, so two threads are worth it
        with concurrent.futures.ThreadPoolExecutor(_INFLATERS) as pool:
            work = [pool.submit(_look_up, *one) for one in zip(sdists, wanted.values())]
            try:
                for release in wanted:
                    files, paths = work.pop(0).result()
                    self._store.add(bytes.fromhex(release.sha256), files)
                    # while the sdist is inflated: to ask for them later takes as long again
                    if directories(release) is None:
                        add_directories(release, paths)
            finally:
                for one in work:
                    one.cancel()


def _not_in(
    known: Mapping[tuple[bytes, str], File], releases: Iterable[Release], paths: Collection[str]
) -> list[Release]:
    """The releases of which not every path is known."""
    return [
        release
        for release in releases
        if any((bytes.fromhex(release.sha256), path) not in known for path in paths)
    ]


def _look_up(path: Path, paths: list[str]) -> tuple[dict[str, tuple[File, bytes]], set[str]]:
    """What an sdist has at these paths, and every directory in it."""
    from hgport.upstream import unpack  # tarfile takes a while to import

    archive = unpack.read(path)
    files = {name: _looked_up(archive.files.get(name)) for name in paths}
    return files, archive.directories


def _looked_up(member: Member | None) -> tuple[File, bytes]:
    if member is None:
        return File(None, False), b""
    data = bytes(member.data)
    return File(hashlib.sha256(data).digest(), member.executable), data
