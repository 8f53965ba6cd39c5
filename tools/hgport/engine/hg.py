"""Run the ``hg`` program of hgport's own environment, untouched by anybody's configuration."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from hgport import process
from hgport.errors import UsageError


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
    return process.run(
        _words(*args), cwd=cwd, env=environment(extra), timeout=timeout, allowed=allowed
    )


def _words(*args: str | Path) -> list[str | Path]:
    # the script's own first line may be too long for the system, so it is not what is run
    return [sys.executable, Path(sys.executable).with_name("hg"), *args]


def persons_config(*sections: str) -> dict[str, str]:
    """What the person's and the machine's own configuration says in these sections, by
    ``section.key``; of no repository's is anything taken.

    A byte that is no UTF-8 is U+DC80 to U+DCFF, as in the names of files.  Raises UsageError if it
    cannot be read.
    """
    env = {**os.environ, "HGPLAIN": "1", "HGRCSKIPREPO": "1", "HGENCODING": "utf-8"}
    words = _words("config", "-T", "json", *sections)
    # hg says 1 where there is nothing to tell; at the root of the system there is no repository
    said = process.run(words, cwd=Path("/"), env=env, timeout=60, allowed=None)
    if said.code not in (0, 1):
        lines = said.stderr.decode("utf-8", "replace").splitlines() or ["hg says nothing"]
        raise UsageError(
            f"your Mercurial configuration cannot be read: {lines[-1]}", "see hg config --debug"
        )
    try:
        # a byte that is no UTF-8 comes as half of a surrogate pair, which no text may have
        found = json.loads(said.stdout.decode("utf-8", "surrogatepass") or "[]")
    except ValueError:
        raise UsageError(
            "your Mercurial configuration cannot be read: hg config prints something else with it",
            "see hg config -T json; an extension of yours may print",
        ) from None
    return {one["name"]: str(one["value"]) for one in found}
