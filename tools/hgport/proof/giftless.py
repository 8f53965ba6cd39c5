"""giftless, a git-lfs server that people use: found, and run with its storage in a directory."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hgport.errors import HgportError
from hgport.process import run

ADVICE = (
    "get it with: python3 -m venv .venv/giftless && "
    ".venv/giftless/bin/pip install --require-hashes -r contrib/ci/giftless.txt; "
    "or set HGPORT_GIFTLESS to a Python or a virtual environment that has it"
)
_PROBE = """
import importlib.util, sys
sys.exit(not all(importlib.util.find_spec(name) for name in ("giftless", "flask")))
"""
_PROBE_SECONDS = 20


def find() -> Path | None:
    """A Python that has giftless: the one that ``$HGPORT_GIFTLESS`` names, or whose virtual
    environment it names; without that our own, or that of the virtual environment ``giftless``
    within our own.  None if there is none."""
    told = os.environ.get("HGPORT_GIFTLESS")
    places = [Path(told)] if told else [Path(sys.executable), Path(sys.prefix) / "giftless"]
    for place in places:
        program = place / "bin" / "python" if place.is_dir() else place
        if _has_giftless(program.absolute()):
            return program.absolute()
    return None


def _has_giftless(program: Path) -> bool:
    if not program.exists():
        return False
    try:
        run([program, "-I", "-c", _PROBE], env={"PATH": os.defpath}, timeout=_PROBE_SECONDS)
    except (HgportError, OSError):
        return False
    return True
