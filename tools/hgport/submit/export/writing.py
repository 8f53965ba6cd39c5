"""Put an export where a person wants it: whole, and never in the place of anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hgport.engine.commits import refuse_existing
from hgport.files import built_beside, disk_errors
from hgport.submit.newfile import write_new

_OTHER = "name something that is not there"


def write_directory(destination: Path, files: Mapping[str, bytes]) -> None:
    """Make a directory of these files (path -> content), and those above it that lack.

    Raises UsageError as ``refuse_existing``, OutsideError if the disk refuses; then nothing
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
