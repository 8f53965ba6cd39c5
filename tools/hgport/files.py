"""Files and directories that are either whole or not there.

Everything is built beside its destination and renamed into place, so that a crash, a full
disk or ctrl-C leaves at worst a temporary name.  What has such a name is removed when the
next file or directory is made beside it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from hgport.errors import OutsideError
from hgport.places import cache_dir, state_dir

_TEMPORARY = ".hgport-tmp-"
_YOUNG = 60  # seconds in which what is being built may not be locked yet
_TRIES = 10  # at making what another process takes away again

_Made = TypeVar("_Made")

# asked for once: to ask is to change it for a moment, in which other threads make files
_UMASK = os.umask(0)
os.umask(_UMASK)

# OSErrors that are not about a file
_NOT_OF_THE_DISK = (BlockingIOError, ChildProcessError, ConnectionError, TimeoutError)


@contextlib.contextmanager
def disk_errors(what: str) -> Iterator[None]:
    """Turn the OSError of a disk that is full, read-only, forbidden or not there into an
    OutsideError.  (Of those of ``shutil.copytree``, which collects them, into one about the first.)

    ``what`` completes the sentence "cannot ...".
    """
    try:
        yield
    except OSError as err:
        reason = _collected(err) if isinstance(err, shutil.Error) else err.strerror
        if reason is None or isinstance(err, _NOT_OF_THE_DISK):
            raise
        raise OutsideError(f"cannot {what}: {reason}", _elsewhere(what)) from err


def _elsewhere(what: str) -> str | None:
    """What to do about a disk that refuses, where the place can be chosen."""
    for name, place in (("HGPORT_CACHE", cache_dir()), ("HGPORT_STATE", state_dir())):
        if str(place) in what:
            return f"make room or permit it there, or set {name} to another directory"
    return None


def _collected(err: shutil.Error) -> str:
    """What the first of some errors says."""
    first = err.args[0][0] if isinstance(err.args[0], list) else err.args
    return str(first[-1])


def write_whole(path: Path, data: bytes) -> None:
    """Make ``path`` hold exactly ``data``, replacing what was there in one step.

    Raises OutsideError if the disk refuses; ``path`` is then as it was.
    """
    with disk_errors(f"write {path}"), _made_in(path.parent, _temporary_file) as (handle, name):
        try:
            with os.fdopen(handle, "wb") as out:
                hold(handle)
                out.write(data)
                out.flush()
                mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
                os.chmod(name, mode)
                os.replace(name, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
            raise


@contextlib.contextmanager
def built_beside(destination: Path) -> Iterator[Path]:
    """Yield an empty directory that becomes ``destination`` if the block ends well.

    If the block raises, what it built is removed, and so are the directories above that had to be
    made for it, where nothing else lies in them.  ``destination`` must not exist; if another
    process has made it meanwhile, that one stays and ours is dropped, which suits a cache whose
    entries are all alike.
    """
    parent = destination.parent
    with disk_errors(f"write below {parent}"), _made_in(parent, _temporary) as beside:
        try:
            # mkdtemp's 0700 is for the building only; the result is an ordinary directory
            beside.chmod(0o777 & ~_UMASK)
            with _held(beside):
                yield beside
                try:
                    os.rename(beside, destination)
                except OSError as err:
                    if err.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                        raise
                    remove_tree(beside)
        except BaseException:
            remove_tree(beside)
            raise


@contextlib.contextmanager
def scratch_beside(destination: Path) -> Iterator[Path]:
    """Yield an empty directory beside ``destination`` that is removed in the end.

    Raises OSError if there is no directory for it, or the disk refuses.
    """
    beside = _temporary(destination.parent)
    try:
        with _held(beside):
            yield beside
    finally:
        remove_tree(beside)


def _temporary(directory: Path) -> Path:
    _sweep(directory)
    return Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=directory))


def _temporary_file(directory: Path) -> tuple[int, str]:
    _sweep(directory)
    return tempfile.mkstemp(prefix=_TEMPORARY, dir=directory)


@contextlib.contextmanager
def _made_in(directory: Path, make: Callable[[Path], _Made]) -> Iterator[_Made]:
    """Yield what ``make`` makes in ``directory``, which is made if need be.

    If the block raises, the directories that we had to make are removed as far as nothing lies in
    them; those that another process made meanwhile are its own.
    """
    ours: list[Path] = []
    try:
        yield _make_in(directory, make, ours)
    except BaseException:
        for one in reversed(ours):
            with contextlib.suppress(OSError):
                one.rmdir()
        raise


def _make_in(directory: Path, make: Callable[[Path], _Made], ours: list[Path]) -> _Made:
    """What ``make`` makes in ``directory``; the directories made for it are added to ``ours``."""
    for _try in range(_TRIES):
        # else another process has made a directory, failed, and just removed it again
        with contextlib.suppress(FileNotFoundError):
            _make_directory(directory, ours)
            return make(directory)
    _make_directory(directory, ours)
    return make(directory)


def _make_directory(directory: Path, ours: list[Path]) -> None:
    """Make a directory and those above it, one by one, where there are none.

    Raises FileNotFoundError if one of them goes meanwhile.
    """
    if not directory.parent.is_dir() and directory != directory.parent:
        _make_directory(directory.parent, ours)
    try:
        os.mkdir(directory)
    except OSError as err:
        if directory.is_dir():
            return
        if err.errno == errno.EEXIST and not os.path.lexists(directory):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), directory) from None
        raise
    ours.append(directory)


def _sweep(directory: Path) -> None:
    """Remove what runs that were killed have left half-built in ``directory``.

    What is being built is locked.  Not so what ``upstream.tree`` throws away, which whoever comes
    first may remove.  Where no lock can be had, nobody knows, and it stays.
    """
    for left in directory.glob(_TEMPORARY + "*"):
        with contextlib.suppress(OSError):
            seen = left.lstat()
            whole = stat.S_ISDIR(seen.st_mode) or stat.S_ISREG(seen.st_mode)
            if whole and time.time() - seen.st_mtime > _YOUNG:
                _remove_unheld(left)


def _remove_unheld(path: Path) -> None:
    """Remove what nobody builds; OSError if somebody does, or that cannot be told."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if path.is_dir():
            remove_tree(path)
        else:
            path.unlink()
    finally:
        os.close(handle)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """``hold`` the directory ``path`` for the block."""
    handle = os.open(path, os.O_RDONLY)
    try:
        hold(handle)
        yield
    finally:
        os.close(handle)


def hold(handle: int) -> None:
    """Lock an open file or directory of a temporary name, by which whoever builds it is known to
    live; its closing ends that.  Some file systems have no locks, and do without."""
    with contextlib.suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX)


def remove_tree(path: Path) -> None:
    """Remove the directory ``path`` and all below it, read-only directories included.

    What is not there is not an error.  Of a symbolic link only the link is removed.
    """
    if path.is_symlink():
        with contextlib.suppress(OSError):
            path.unlink()
        return
    for parent, _dirs, _files in os.walk(path):
        with contextlib.suppress(OSError):
            os.chmod(parent, 0o700)
    shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path`` for the block, waiting for whoever has it.

    The kernel drops the lock of a process that dies, so none is ever stale.
    """
    with disk_errors(f"write {path}"):
        handle = _make_in(path.parent, lambda _directory: path.open("ab"), [])
    # not in the block above, which would explain the caller's errors as the disk's
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
