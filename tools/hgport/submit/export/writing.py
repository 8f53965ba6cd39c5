"""Put an export where a person wants it: whole, and never in the place of anything."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hgport.errors import UsageError
from hgport.files import built_beside, disk_errors

# of file systems that have no hard links
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def refuse_existing(destination: Path) -> None:
    """Raise UsageError if there is anything at ``destination``."""
    if os.path.lexists(destination):
        raise UsageError(f"{destination} exists already", "name something that is not there")


def write_directory(destination: Path, files: Mapping[str, bytes]) -> None:
    """Make a directory of these files (path -> content), and those above it that lack.

    Raises UsageError if there is something already, OutsideError if the disk refuses; then nothing
    is made.
    """
    refuse_existing(destination)
    with built_beside(destination) as beside:
        for path, data in files.items():
            target = beside / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        ours = beside.stat().st_ino
    if destination.stat().st_ino != ours:
        # somebody made it meanwhile, and theirs is the one that stays
        refuse_existing(destination)


def write_file(destination: Path, data: bytes) -> None:
    """Make a file.  Raises as ``write_directory``."""
    refuse_existing(destination)
    with disk_errors(f"write {destination}"):
        destination.parent.mkdir(parents=True, exist_ok=True)
        # in the same directory, to be linked into place: unlike a rename, that replaces nothing
        with tempfile.TemporaryDirectory(prefix=".hgport-tmp-", dir=destination.parent) as room:
            beside = Path(room, "file")
            beside.write_bytes(data)
            try:
                os.link(beside, destination)
            except FileExistsError:
                refuse_existing(destination)
                raise
            except OSError as err:
                if err.errno not in _NO_LINKS:
                    raise
                refuse_existing(destination)
                os.rename(beside, destination)
