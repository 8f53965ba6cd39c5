"""Other people's programs that tests run ours against."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest


def needed(name: str, debian: str | None = None) -> str:
    """The path of a program on PATH; without it the test is skipped, or fails where CI runs,
    whose image has to have it.
    """
    found = shutil.which(name)
    if found is None:
        missing(f"no {name} found (Debian: apt-get install {debian or name})")
    return found


def missing(message: str) -> NoReturn:
    """Skip the test for what the machine lacks; where CI runs, which must lack nothing, fail."""
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
