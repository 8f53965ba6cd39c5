"""The report of an error that nobody foresaw: what is needed to find it, in a file."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
import traceback
from importlib import metadata
from pathlib import Path

# the libraries whose version may matter
_LIBRARIES = ("click", "h11", "mercurial", "pypi-simple", "rich", "trustme")


def write_report(err: BaseException) -> Path:
    """Write the command line, all versions and the traceback of ``err`` into a new file in the
    system's directory for temporary files, and return its path.
    """
    handle, name = tempfile.mkstemp(prefix="hgport-crash-", suffix=".txt")
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as out:
        out.write("\n".join([f"command: {sys.argv}", *_versions(), ""]))
        out.writelines(traceback.format_exception(type(err), err, err.__traceback__))
    return Path(name)


def _versions() -> list[str]:
    told = [f"Python {platform.python_version()} on {platform.platform()}"]
    for library in ("hgport", *_LIBRARIES):
        try:
            told.append(f"{library} {metadata.version(library)}")
        except metadata.PackageNotFoundError:
            told.append(f"{library} is missing")
    return told
