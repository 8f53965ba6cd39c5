"""What the tests of rendering, refreshing and comparing share."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hgport.engine import hg

ME = ("-u", "A Person <person@example.org>", "-d", "1600000000 -7200")


def commit(repo: Path, files: Mapping[str, bytes | None], message: str) -> None:
    """Write files (None removes one), and commit what the working copy has."""
    for path, content in files.items():
        target = repo / path
        if content is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
    hg.run("addremove", "-q", "--similarity", "0", cwd=repo)
    hg.run("commit", "-q", "-m", message, *ME, cwd=repo)


def exported(repo: Path, revision: str = ".") -> bytes:
    """The diff that ``hg export --git`` prints of a changeset."""
    told = hg.run("export", "--git", "-r", revision, cwd=repo).stdout
    start = told.find(b"\ndiff --git ") + 1
    return told[start:] if start else b""
