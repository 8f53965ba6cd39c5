"""A release as a tree to carry patches from and to: files by path, read when they are asked for."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

from hgport.model.release import Release

if TYPE_CHECKING:
    from hgport.upstream.contents import Contents
    from hgport.upstream.sdist import ProgressOfMany


class Tree(Protocol):
    """What carrying wants of a tree."""

    def read(self, path: str) -> bytes | None:
        """The content of a file, None where there is none."""

    def is_executable(self, path: str) -> bool:
        """Whether there is such a file and it is executable."""

    def is_directory(self, path: str) -> bool:
        """Whether the path is a directory."""

    def names(self) -> Collection[str]:
        """Every file's path."""

    def read_all(self, paths: Collection[str]) -> dict[str, bytes | None]:
        """As ``read``, for many paths that nobody asks for a second time."""


class ReleaseTree:
    """The tree of a release.

    ``contents`` is open as long as the tree is in use; ``progress`` is as there.  Every method may
    raise OutsideError.
    """

    def __init__(
        self, contents: Contents, release: Release, progress: ProgressOfMany | None = None
    ) -> None:
        self._contents = contents
        self._release = release
        self._progress = progress
        self._files: dict[str, bytes | None] = {}
        self._archive: dict[str, bytes] | None = None

    def prepare(self, paths: Collection[str]) -> None:
        """Read these paths at once, which is quicker than one by one."""
        self._files.update(self._contents.read(self._release, paths))

    def read(self, path: str) -> bytes | None:
        if path not in self._files:
            self.prepare([path])
        return self._files[path]

    def is_executable(self, path: str) -> bool:
        return self._contents.executable(self._release, path)

    def is_directory(self, path: str) -> bool:
        from hgport.engine.directories import directories

        return path in directories([self._release], self._progress)[self._release.version]

    def names(self) -> Collection[str]:
        return self._read_archive().keys()

    def read_all(self, paths: Collection[str]) -> dict[str, bytes | None]:
        archive = self._read_archive()
        return {path: archive.get(path) for path in paths}

    def _read_archive(self) -> dict[str, bytes]:
        # what is looked for by content may be any file, so the store is of no use here
        if self._archive is None:
            from hgport.upstream import unpack
            from hgport.upstream.sdist import fetch_all

            (path,) = fetch_all([self._release], progress=self._progress)
            files = unpack.read(path).files
            self._archive = {name: bytes(member.data) for name, member in files.items()}
        return self._archive
