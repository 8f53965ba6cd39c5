"""Other people's programs that tests run ours against."""

from __future__ import annotations

import os
import shutil

import pytest


def needed(name: str, debian: str | None = None) -> str:
    """The path of a program on PATH; without it the test is skipped, or fails where CI runs,
    whose image has to have it.
    """
    found = shutil.which(name)
    if found:
        return found
    message = f"no {name} found (Debian: apt-get install {debian or name})"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)
