"""Run somebody's tool on files that we made, with nothing of the person's getting in."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hgport import process
from hgport.files import disk_errors
from hgport.submit.check.filetools import Unheard

# seconds; the slowest takes some ten
_PATIENCE = 600


def run(
    words: Sequence[str | Path],
    cwd: Path,
    *,
    stdin: bytes = b"",
    codes: Sequence[int] = (0, 1),
) -> str:
    """What a tool prints on standard output.  ``codes`` are the exit codes that are an answer.

    Raises Unheard if it ends with another one, or prints anything as an error; OutsideError if
    there is no such program.
    """
    out, err = run_both(words, cwd, stdin=stdin, codes=codes)
    if err.strip():
        raise Unheard(f"{_name(words)} complains: {_last(err)}")
    return out


def run_both(
    words: Sequence[str | Path],
    cwd: Path,
    *,
    stdin: bytes = b"",
    codes: Sequence[int] = (0, 1),
) -> tuple[str, str]:
    """As ``run``, for a tool of which errors are a part of the answer; what it prints as such comes
    second.  Raises Unheard for a traceback, too."""
    with disk_errors("make a directory"), tempfile.TemporaryDirectory(prefix="hgport-") as home:
        done = process.run(
            words,
            cwd=cwd,
            env=_environment(home),
            stdin=stdin,
            timeout=_PATIENCE,
            allowed=None,
        )
    out, err = (text.decode("utf-8", "surrogateescape") for text in (done.stdout, done.stderr))
    if done.timed_out:
        raise Unheard(f"{_name(words)} was not done after {_PATIENCE} seconds")
    if done.code not in codes or "Traceback (most recent call last)" in err:
        raise Unheard(f"{_name(words)} broke (exit code {done.code}): {_last(err)}")
    return out, err


def _environment(home: str) -> dict[str, str]:
    return {
        "HOME": home,
        "LC_ALL": "C.UTF-8",
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONIOENCODING": "utf-8:surrogateescape",
        "PYTHONNOUSERSITE": "1",
        "PYTHONWARNINGS": "ignore",
        "TZ": "UTC",
    }


def _name(words: Sequence[str | Path]) -> str:
    """What to call a tool that an interpreter runs."""
    return next((Path(word).name for word in words[1:] if not str(word).startswith("-")), "")


def _last(said: str) -> str:
    lines = said.strip().splitlines()
    return lines[-1][:200] if lines else "it says nothing"
