"""Put an export where a person wants it: whole, and never in the place of anything."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from hgport.errors import UsageError
from hgport.files import built_beside, disk_errors
from hgport.submit.newfile import write_new

_OTHER = "name something that is not there"


def refuse_existing(destination: Path) -> None:
    """Raise UsageError if there is anything at ``destination``."""
    if os.path.lexists(destination):
        raise UsageError(f"{destination} exists already", _OTHER)


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
    write_new(destination, data, _OTHER)
