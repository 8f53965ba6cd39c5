"""A small release with the real tools of 5.2.2, and series to put to them."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from helpers_engine import Project, file_diff, patch_bytes
from helpers_proof import catalogue
from hgport.upstream.sdist import fetch_all

VERSION = "5.2.2"
# what is asked, and enough for it to be asked about
_WHOLE = (
    "contrib/check",
    "contrib/import",
    "contrib/testparse",
    "tests/test-check-",
    "tests/hghave",
)
_FILES = (
    *("black.toml", "hg", "mercurial/keepalive.py", "mercurial/i18n.py", "mercurial/node.py"),
    *("mercurial/__init__.py", "tests/filterpyflakes.py", "tests/run-tests.py"),
    *("tests/helpers-testrepo.sh", "tests/test-config.t"),
)
KEEPALIVE = "mercurial/keepalive.py"
_HEADER = "# HG changeset patch\n# User A Person <a@example.org>\n# Date 0 0\n{subject}\n\n"


def real_files(*, every: bool = False) -> dict[str, bytes]:
    """The files of the real release that the small one has, or every one."""
    (path,) = fetch_all([catalogue().release(VERSION)])
    found = {}
    with tarfile.open(path) as archive:
        for member in archive.getmembers():
            name = member.name.partition("/")[2]
            if member.isfile() and (every or name in _FILES or name.startswith(_WHOLE)):
                opened = archive.extractfile(member)
                found[name] = opened.read() if isinstance(opened, io.BufferedReader) else b""
    return found


def small(root: Path, files: dict[str, bytes]) -> Project:
    """A project whose one release has these files, and runs under Python 2.7 and 3.8."""
    (root / "patches").mkdir(parents=True)
    made = Project(root)
    made.release(VERSION, files, [path for path, data in files.items() if data[:2] == b"#!"])
    return made


def write(project: Project, patches: dict[str, bytes], pythons: str = '"2.7", "3.8"') -> Path:
    """Write a series for it; gives the series file."""
    series = project.write(VERSION, patches)
    told = project.root / "patches" / "releases.toml"
    text = told.read_text()
    # a table must come before the arrays of tables that belong to the top
    head, release, rest = text.partition("[[release]]")
    told.write_text(f'{head}[pythons]\n"5.2" = [{pythons}]\n\n{release}{rest}')
    return series


def adding(
    path: str, before: bytes | None, text: str, subject: str = "topic: add something"
) -> bytes:
    """A patch that adds text to the end of a file, or makes it."""
    after = (before or b"") + text.encode()
    return patch_bytes(file_diff(path, before, after), subject=subject, header=_HEADER)
