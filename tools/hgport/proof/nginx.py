"""nginx, before a server that people use: found, and run with all that it writes in a directory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

ADVICE = (
    "Debian: apt-get install nginx-light; elsewhere the package is called nginx; 1.19.5 or later"
)

# where distributions put it, which not everybody has on PATH
_MORE_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")


def find() -> Path | None:
    """The program, from PATH or where it is usually installed; None if it is not there."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_MORE_PLACES])
    found = shutil.which("nginx", path=path)
    return Path(found).absolute() if found else None
