"""Files that must not be there yet: written whole, and never over another."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from pathlib import Path

from hgport.errors import UsageError
from hgport.files import disk_errors, hold

# of file systems that have no hard links
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def refuse_existing_file(path: Path, hint: str) -> None:
    """Raise UsageError if there is anything at ``path``, or no directory for it."""
    if os.path.lexists(path):
        raise UsageError(f"{path} exists already", hint)
    if not path.parent.is_dir():
        raise UsageError(f"there is no directory {path.parent}")


def write_new(path: Path, data: bytes, hint: str) -> None:
    """Make the file ``path`` of these bytes, in one step, if there is none.

    Raises UsageError with the hint if there is, OutsideError if the disk refuses; then nothing is
    left behind.
    """
    refuse_existing_file(path, hint)
    with disk_errors(f"write {path}"):
        name = str(path.parent / f".hgport-tmp-{secrets.token_hex(8)}")
        # as readable as the person has their files: a mailbox names who gets blind copies
        handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(handle, "wb") as out:
                hold(handle)
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            _put(name, path, hint)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)


def _put(name: str, path: Path, hint: str) -> None:
    """Give a file another name, which must be free."""
    try:
        try:
            os.link(name, path)
        except OSError as err:
            if err.errno not in _NO_LINKS:
                raise
            # the name is claimed first
            os.close(os.open(path, os.O_CREAT | os.O_EXCL))
            os.replace(name, path)
    except FileExistsError:
        raise UsageError(f"{path} exists already", hint) from None
