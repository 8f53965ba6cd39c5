"""The commands of README.md and contrib/doc, as a person types them."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import helpers_commands
from helpers_docs import Command, assert_as_shown, commands, run
from helpers_engine import file_diff, patch_bytes, write_tree
from hgport.engine import hg
from hgport.model import project
from hgport.upstream.contents import Contents
from programs import needed

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "contrib" / "doc").glob("*.md"))]
STACK, CATALOGUE = project.load()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A person's home, with a checkout in ``src/hgport``."""
    checkout = tmp_path / "home" / "src" / "hgport"
    checkout.mkdir(parents=True)
    shutil.copy(ROOT / "series", checkout)
    for name in ("patches", "contrib"):
        shutil.copytree(ROOT / name, checkout / name)
    (checkout / ".venv").symlink_to(sys.prefix)
    return tmp_path / "home"


def environment(home: Path) -> dict[str, str]:
    return {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(home),
        "HGRCPATH": str(home / ".hgrc"),
        "HGPORT": str(home / "src" / "hgport"),
        "HGPORT_PROJECT": str(home / "src" / "hgport"),
        "HGPORT_CACHE": os.environ["HGPORT_CACHE"],
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        # as wide as the documents' tables
        "COLUMNS": "100",
    }


def release_tree(version: str, directory: Path) -> Path:
    """What the patches touch of a release, and nothing else."""
    release = CATALOGUE.release(version)
    port = STACK.for_line(release.line)
    paths = sorted({path for patch in port.series.patches for path in patch.paths})
    with Contents() as contents:
        found = contents.read(release, paths)
    for path, data in found.items():
        if data is not None:
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(data)
    return directory


def release_clone(version: str, directory: Path) -> None:
    """A repository of that, with the release's tag."""
    release_tree(version, directory)
    hg.run("init", cwd=directory)
    hg.run("commit", "--addremove", "-q", "-m", "x", "-u", "t <t@example.org>", cwd=directory)
    hg.run("tag", "--local", version, cwd=directory)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_ours_is_one(path: Path) -> None:
    """With options and values that there are; also where it takes too long to run."""
    for one in commands(path.read_text()):
        for words in helpers_commands.quoted(one.text, {"HGPORT": "/x"}):
            helpers_commands.check(words, unknown=["7.3"])


# README

# somebody else's patch, which every release takes
OWN = patch_bytes(file_diff("contrib/own.txt", None, b"own\n"))
# what takes long, or what is not there yet; the tests of these verbs have all of it
README_NOT_RUN = ("hgport test ", ".venv/bin/hgport test ", ".venv/bin/hgport rebase 7.3")


def readme() -> list[Command]:
    """The README's commands; each stands alone, and begins in the checkout."""
    found = [
        replace(one, text=f"(\n{one.text}\n)")
        for one in commands((ROOT / "README.md").read_text())
        if not one.text.startswith(README_NOT_RUN)
    ]
    # "any of these will do", not all
    (at,) = (n for n, one in enumerate(found) if "patch -p1" in one.text)
    found.insert(at, Command("(cd ~/src/mercurial-5.1.2 && quilt pop -qa)", (), 0))
    return found


def test_the_readme(home: Path, tmp_path: Path) -> None:
    needed("quilt")
    release_clone("5.1.2", home / "src" / "hg-5.1")
    release_clone("5.1.2", home / "src" / "hg")
    release_tree("5.1.2", home / "src" / "mercurial-5.1.2")
    write_tree(home / "my", {"series": b"own.patch\n", "own.patch": OWN})
    room = tmp_path / "room"
    room.mkdir()
    found = readme()
    assert len(found) > 12
    for command, outcome in zip(
        found, run(found, home / "src" / "hgport", environment(home), room)
    ):
        assert_as_shown(command, outcome)
