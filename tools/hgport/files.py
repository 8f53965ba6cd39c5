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
from collections.abc import Iterator
from pathlib import Path

from hgport.errors import OutsideError
from hgport.places import cache_dir, state_dir

_TEMPORARY = ".hgport-tmp-"
_YOUNG = 60  # seconds in which what is being built may not be locked yet

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
    with disk_errors(f"write {path}"):
        path.parent.mkdir(parents=True, exist_ok=True)
        _sweep(path.parent)
        handle, name = tempfile.mkstemp(prefix=_TEMPORARY, dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as out:
                fcntl.flock(handle, fcntl.LOCK_EX)
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
    with disk_errors(f"write below {parent}"), _removed_again(parent):
        beside = _made_in(parent)
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
def _removed_again(directory: Path) -> Iterator[None]:
    """If the block raises, remove ``directory`` and those above it that are not there yet, as far
    as nothing lies in them."""
    lacking = [one for one in (directory, *directory.parents) if not os.path.lexists(one)]
    try:
        yield
    except BaseException:
        for one in lacking:
            with contextlib.suppress(OSError):
                one.rmdir()
        raise


def _made_in(directory: Path, again: bool = True) -> Path:
    """A new directory of a temporary name in ``directory``, which is made if need be."""
    directory.mkdir(parents=True, exist_ok=True)
    _sweep(directory)
    try:
        return Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=directory))
    except FileNotFoundError:
        # another process has made it, failed, and just removed it again
        if not again:
            raise
    return _made_in(directory, again=False)


def _sweep(directory: Path) -> None:
    """Remove what runs that were killed have left half-built in ``directory``."""
    for left in directory.glob(_TEMPORARY + "*"):
        with contextlib.suppress(OSError):
            seen = left.lstat()
            whole = stat.S_ISDIR(seen.st_mode) or stat.S_ISREG(seen.st_mode)
            if whole and time.time() - seen.st_mtime > _YOUNG:
                with _held(left, fcntl.LOCK_NB):
                    _remove(left)


def _remove(path: Path) -> None:
    if path.is_dir():
        remove_tree(path)
    else:
        path.unlink()


@contextlib.contextmanager
def _held(path: Path, flag: int = 0) -> Iterator[None]:
    """Hold a lock on ``path``, by which a process that builds it is known to live."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | flag)
        yield
    finally:
        os.close(handle)


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
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = path.open("ab")
    # not in the block above, which would explain the caller's errors as the disk's
    with handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
