"""Replace several files as one change."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from hgport.files import disk_errors, write_whole


def replace_together(files: Mapping[Path, bytes | None]) -> None:
    """Write these files (None removes one), in this order, all of them or none.

    Each is replaced in one step; if one cannot be, those before it are put back as they were.
    Raises OutsideError if the disk refuses.
    """
    with disk_errors("keep what is to be replaced"), tempfile.TemporaryDirectory() as directory:
        kept = {path: _keep(path, Path(directory) / str(n)) for n, path in enumerate(files)}
        made = [path for path in (_first_missing(p.parent) for p in files) if path is not None]
        try:
            for path, data in files.items():
                _put(path, data)
        except BaseException:
            for path, copy in kept.items():
                _restore(path, copy)
            for parent in made:
                _remove_empty(parent)
            raise


def _keep(path: Path, copy: Path) -> Path | None:
    if not path.exists():
        return None
    shutil.copy2(path, copy)
    return copy


def _put(path: Path, data: bytes | None) -> None:
    if data is not None:
        write_whole(path, data)
        return
    with disk_errors(f"remove {path}"):
        path.unlink()


def _restore(path: Path, copy: Path | None) -> None:
    """Put a file back, unless it is as it was."""
    if copy is None:
        with contextlib.suppress(OSError):
            path.unlink()
    elif not path.exists() or path.read_bytes() != copy.read_bytes():
        write_whole(path, copy.read_bytes())


def _first_missing(directory: Path) -> Path | None:
    """The topmost directory that would have to be made for this one."""
    missing = None
    while not directory.exists():
        missing, directory = directory, directory.parent
    return missing


def _remove_empty(directory: Path) -> None:
    with contextlib.suppress(OSError):
        for path in sorted(directory.rglob("*"), reverse=True):
            path.rmdir()
        directory.rmdir()
