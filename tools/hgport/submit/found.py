"""Files that are found in a repository, which may come from anybody: nothing that lies elsewhere is
read for them, and nothing that does not end.
"""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any

from hgport.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

_MOST = 1_000_000  # bytes of a letter, or of some settings


def refuse_outside(path: Path, directory: Path) -> None:
    """Raise UsageError if ``path`` leads, by a symbolic link, to outside ``directory``."""
    try:
        path.resolve().relative_to(directory.resolve())
    except (ValueError, OSError, RuntimeError):
        raise UsageError(
            f"{path} leads to outside {directory}", "put a file there instead of the link"
        ) from None


def refuse_links(top: Path) -> None:
    """Raise UsageError if ``top`` or anything below it is neither a directory nor a file, but a
    symbolic link, for one."""
    for path in (top, *top.rglob("*")):
        mode = path.lstat().st_mode if os.path.lexists(path) else stat.S_IFDIR
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
            raise UsageError(f"{path} is no file of its own", "hgport writes no links there")


def read(path: Path) -> bytes:
    """The bytes of a file.  Raises FileNotFoundError if there is nothing, UsageError if it cannot
    be read, is no regular file, or is too long to be meant."""
    try:
        # does not wait for who writes to a pipe
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with open(handle, "rb", closefd=True) as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise UsageError(f"{path} is no regular file")
            data = file.read(_MOST + 1)
    except FileNotFoundError:
        raise
    except OSError as err:
        raise UsageError(f"cannot read {path}: {err.strerror}") from None
    if len(data) > _MOST:
        raise UsageError(f"{path} is longer than {_MOST} bytes")
    return data


def toml(path: Path) -> dict[str, Any]:
    """What a TOML file says.  Raises as ``read``, and UsageError for what is no TOML."""
    try:
        return tomllib.loads(read(path).decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as err:
        raise UsageError(f"{path} is no TOML: {' '.join(str(err).split())}") from None
