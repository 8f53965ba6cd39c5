"""Run the ``hg`` program of hgport's own environment, untouched by anybody's configuration."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from hgport import process


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The whole environment for ``hg``: plain output, UTF-8 and the C locale, UTC, no rc file of
    the machine's, the person's or the repository's.  ``extra`` is put on top."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    fixed = {
        "HGPLAIN": "1",
        "HGRCPATH": os.devnull,
        "HGRCSKIPREPO": "1",
        "HGENCODING": "utf-8",
        "LC_ALL": "C",
        "TZ": "UTC",
    }
    return {**kept, **fixed, **(extra or {})}


def run(
    *args: str | Path,
    cwd: Path | None = None,
    extra: Mapping[str, str] | None = None,
    timeout: float = 600,
    allowed: Collection[int] | None = (0,),
) -> process.Finished:
    """Run one command of ``hg``.

    ``extra`` is put on top of ``environment()``; the rest is as in process.run, with what it
    raises.
    """
    # the script's own first line may be too long for the system, so it is not what is run
    script = Path(sys.executable).with_name("hg")
    return process.run(
        [sys.executable, script, *args],
        cwd=cwd,
        env=environment(extra),
        timeout=timeout,
        allowed=allowed,
    )
