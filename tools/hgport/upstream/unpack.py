"""Read and unpack an sdist, safely.

The archive is read into memory and judged whole before anything is written.  Nothing but
directories and regular files is ever made: a symbolic or hard link to a regular file of the same
archive becomes a copy of it, every other link, a device, a fifo, and every path that is absolute,
has ``..`` or ``.hg`` in it or leads through something that is no directory makes the archive
unfit.  So there is no link to write through and nothing can leave the target, whatever the
order of the members.
"""

from __future__ import annotations

import io
import os
import posixpath
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hgport.errors import OutsideError
from hgport.files import disk_errors
from hgport.model.diff import path_problem

# The largest sdist so far inflates to 43 MiB in 2,800 members.
MOST_BYTES = 512 * 1024 * 1024
MOST_MEMBERS = 100_000
_LONGEST_NAME = 200  # characters; no file system that hgport runs on takes fewer
_LONGEST_PATH = 1000
_BLOCK = 512
_NULLS = bytes(_BLOCK)


@dataclass(frozen=True)
class Member:
    """A regular file of an archive: its bytes, whether it is executable, its time (seconds)."""

    data: memoryview
    executable: bool
    mtime: int


@dataclass
class Archive:
    """What an sdist holds, by path below its single top directory."""

    files: dict[str, Member] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)


class Unfit(OutsideError):
    """An archive that is damaged, or that wants to write where it must not."""

    def __init__(self, sdist: Path, why: str) -> None:
        super().__init__(f"{sdist.name} is not fit to unpack: {why}", f"it lies in {sdist.parent}")


def is_safe(path: str) -> bool:
    """Whether a path may be written in a tree, as of a patch, and no file system finds it too
    long."""
    long = any(len(part) > _LONGEST_NAME for part in path.split("/")) or len(path) > _LONGEST_PATH
    return not long and path_problem(path) is None


def read(sdist: Path) -> Archive:
    """Everything in the gzipped tar ``sdist``, less its single top directory.

    Raises Unfit (an OutsideError) for an archive that is damaged or hostile, or that has no
    single top directory.
    """
    data = _inflated(sdist)
    try:
        return _Reader(sdist, data).archive()
    except (tarfile.TarError, ValueError, IndexError, OverflowError, RecursionError) as err:
        raise Unfit(sdist, f"it is no tar archive ({err})") from err


def unpack(archive: Archive, target: Path, *, read_only: bool = False) -> None:
    """Write all of ``archive`` below ``target``, an empty directory.

    Files are 0644 or 0755, or 0444 and 0555 if ``read_only`` (directories stay writable), less
    the umask.  Raises OutsideError if the disk refuses.
    """
    plain, executable = (0o444, 0o555) if read_only else (0o644, 0o755)
    with disk_errors(f"unpack into {target}"):
        for directory in sorted(archive.directories):
            (target / directory).mkdir(exist_ok=True)
        for path, member in archive.files.items():
            mode = executable if member.executable else plain
            write_new(f"{target}/{path}", member.data, mode, member.mtime)


def write_new(path: str, data: bytes | memoryview, mode: int, mtime: int | None = None) -> None:
    """Make a file at a path where nothing is; ``mtime`` in seconds.  Raises OSError."""
    # O_EXCL: whatever stands there, it is not written to or through
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb", buffering=0) as out:
        left = memoryview(data)
        while left:
            left = left[out.write(left) :]
        if mtime is not None:
            os.utime(out.fileno(), (mtime, mtime))


def _inflated(sdist: Path) -> bytes:
    inflater = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        data = inflater.decompress(sdist.read_bytes(), MOST_BYTES + 1)
    except zlib.error as err:
        raise Unfit(sdist, f"its gzip data is damaged ({err})") from err
    except OSError as err:
        raise OutsideError(f"cannot read {sdist}: {err.strerror}") from err
    if len(data) > MOST_BYTES:
        raise Unfit(sdist, f"it inflates to more than {MOST_BYTES >> 20} MiB")
    if not inflater.eof or inflater.unused_data.strip(b"\0"):
        raise Unfit(sdist, "its gzip data does not end where it should")
    return data


class _Reader:
    """Judges the members of one archive."""

    def __init__(self, sdist: Path, data: bytes) -> None:
        self.sdist = sdist
        self.data = data
        self.view = memoryview(data)
        self.top = ""
        self.links: dict[str, str] = {}  # the path of a link -> the path that it names
        self.found = Archive()

    def archive(self) -> Archive:
        for info in self._infos():
            self._take(info)
        for path, named in self.links.items():
            self._copy(path, named)
        for path in self.found.files:
            self._make_parents(path)
        for path in self.found.directories.intersection(self.found.files):
            raise self._unfit(f"its member {path!r} is both a directory and none")
        return self.found

    def _infos(self) -> Iterator[tarfile.TarInfo]:
        with tarfile.open(
            fileobj=io.BytesIO(self.data), mode="r:", encoding="utf-8", errors="surrogateescape"
        ) as tar:
            for number, info in enumerate(tar):
                if number >= MOST_MEMBERS:
                    raise self._unfit(f"it has more than {MOST_MEMBERS} members")
                yield info
            # tarfile takes a damaged header for the end
            if self.data[tar.offset : tar.offset + _BLOCK] != _NULLS:
                raise self._unfit(f"it is damaged at byte {tar.offset}")

    def _unfit(self, why: str) -> Unfit:
        return Unfit(self.sdist, why)

    def _take(self, info: tarfile.TarInfo) -> None:
        path = self._below_top(info.name)
        if info.isdir():
            self._take_directory(path)
        elif not path:
            raise self._unfit(f"its member {info.name!r} stands in no directory")
        elif info.isreg() and not info.issparse():
            self._take_file(path, info)
        elif info.islnk() or info.issym():
            self.links[path] = self._named(info, path)
        else:
            raise self._unfit(f"its member {info.name!r} is no file, directory or link")

    def _below_top(self, name: str) -> str:
        if not is_safe(name):
            raise self._unfit(f"its member {name!r} has a path that may leave the target")
        top, _slash, rest = name.partition("/")
        self.top = self.top or top
        if top != self.top:
            raise self._unfit(f"it has more than one top directory: {self.top!r}, {top!r}")
        return rest

    def _take_directory(self, path: str) -> None:
        if path:
            self.found.directories.add(path)
            self._make_parents(path)

    def _take_file(self, path: str, info: tarfile.TarInfo) -> None:
        end = info.offset_data + info.size
        if info.size < 0 or end > len(self.data):
            raise self._unfit(f"its member {info.name!r} is cut short")
        data = self.view[info.offset_data : end]
        self.links.pop(path, None)
        self.found.files[path] = Member(data, bool(info.mode & 0o111), max(0, int(info.mtime)))

    def _named(self, info: tarfile.TarInfo, path: str) -> str:
        if info.islnk():
            return self._below_top(info.linkname)
        return posixpath.normpath(posixpath.join(posixpath.dirname(path), info.linkname))

    def _copy(self, path: str, named: str) -> None:
        if named not in self.found.files or named in self.links:
            raise self._unfit(f"its member {path!r} is a link to no file of its own")
        self.found.files[path] = self.found.files[named]

    def _make_parents(self, path: str) -> None:
        parent = posixpath.dirname(path)
        while parent and parent not in self.found.directories:
            self.found.directories.add(parent)
            parent = posixpath.dirname(parent)
