"""The commands of README.md and contrib/doc, as a person types them."""

from __future__ import annotations

import contextlib
import email
import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import click
import pytest

import helpers_commands
from helpers_docs import Command, assert_as_shown, commands, run
from helpers_engine import file_diff, patch_bytes, write_tree
from helpers_smtp import MailServer
from helpers_touched import touched
from hgport import process
from hgport.engine import hg
from hgport.model import project
from programs import needed

ROOT = Path(__file__).parents[1]
DOC = ROOT / "contrib" / "doc"
DOCUMENTS = [ROOT / "README.md", *sorted(DOC.glob("*.md"))]
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
    return touched(release, STACK.for_line(release.line), directory)


def release_clone(version: str, directory: Path) -> None:
    """A repository of that, with the release's tag."""
    release_tree(version, directory)
    hg.run("init", cwd=directory)
    hg.run("commit", "--addremove", "-q", "-m", "x", "-u", "t <t@example.org>", cwd=directory)
    hg.run("tag", "--local", version, cwd=directory)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_command_of_ours_is_one(path: Path) -> None:
    """With options and values that there are; also where it takes too long to run."""
    text = path.read_text()
    found = commands(text)
    for one in found:
        for words in helpers_commands.quoted(one.text, {"HGPORT": "/x"}):
            helpers_commands.check(words, unknown=["7.3"])
    # those inside of a sentence, which may be a verb alone, and go on in the next line
    spans = [" ".join(span.split()) for span in re.findall(r"`(hgport [^`]+)`", text)]
    for span in spans:
        for words in helpers_commands.quoted(span):
            with contextlib.suppress(click.MissingParameter):
                helpers_commands.check(words, unknown=["7.3"])
    assert found or spans


# README

# somebody else's patch, which every release takes
OWN = patch_bytes(file_diff("contrib/own.txt", None, b"own\n"))
# what takes no minutes, and is there already; the rest is for the tests of its verb
README_RUN = (
    r"hgport status latest",
    r"cd ~/src/hg-5.1 && hg import.*/patches/5.0/series",
    r"cd ~/src/hg-5.1 && hg import.*/patches/followups/5.0/series",
    r"cd ~/src/mercurial-5.1.2 && QUILT",
    r"cd ~/src/mercurial-5.1.2 && for p",
    r"\S*hgport apply 5.1.2 --with",
    r"\S*hgport apply 5.1.2 --into",
    r"\S*hgport apply 5.1.2 -R",
    r"\S*hgport doctor",
    r"\S*hgport status --series patches/followups",
    r"\S*hgport status --series ~",
    r"\S*hgport --help",
    r"\S*hgport rebase 5.0 .*--dry-run",
    r"\S*hgport rebase 5.3 --series",
    r"\S*hgport refresh",
    r"\S*hgport range-diff base 4.9",
    r"\S*hgport export",
)


def readme() -> list[Command]:
    """The README's commands; each stands alone, and begins in the checkout."""
    every = commands((ROOT / "README.md").read_text())
    found = []
    for pattern in README_RUN:
        (one,) = (one for one in every if re.match(pattern, one.text))
        found.append(replace(one, text=f"(\n{one.text}\n)"))
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
    for command, outcome in zip(
        found, run(found, home / "src" / "hgport", environment(home), room)
    ):
        assert_as_shown(command, outcome)


# the longer texts: each is a session


def session(found: list[Command], start: Path, env: Mapping[str, str], tmp_path: Path) -> None:
    """Type commands of a text, and compare what it shows; there, the home is /home/me."""
    room = tmp_path / "room"
    room.mkdir()
    assert found
    for command, outcome in zip(found, run(found, start, env, room)):
        printed = tuple(line.replace(env["HOME"], "/home/me") for line in outcome.printed)
        assert_as_shown(command, replace(outcome, printed=printed))


CONTROL = """Source: mercurial
Maintainer: A Person <person@example.org>
Standards-Version: 4.6.2

Package: mercurial
Architecture: any
Description: a revision control system
"""
CHANGELOG = """mercurial (5.1.2-1) unstable; urgency=medium

  * Carry patches.

 -- A Person <person@example.org>  Sun, 22 Nov 2026 00:00:00 +0000
"""
# what somebody has who packages Mercurial, or who has it in git
PREPARE = """set -e
tar -czf mercurial-5.1.2.tar.gz mercurial-5.1.2
mkdir -p debian ~/rpmbuild/SOURCES
cp mercurial-5.1.2.tar.gz debian/mercurial_5.1.2.orig.tar.gz
cp mercurial-5.1.2.tar.gz ~/rpmbuild/SOURCES/
cp -R mercurial-5.1.2 hg-git
cd hg-git
git init -q
git config user.name me
git config user.email me@example.org
git add -A
git commit -q -m 5.1.2
"""


def test_using_the_patches(home: Path, tmp_path: Path) -> None:
    for program, package in {
        "quilt": "quilt",
        "git": "git",
        "dpkg-source": "dpkg-dev",
        "rpmbuild": "rpm",
    }.items():
        needed(program, package)
    sources = home / "src"
    release_tree("5.1.2", sources / "mercurial-5.1.2")
    release_clone("5.1.2", sources / "hg")
    for name in ("hg-other", "hg-mine"):
        shutil.copytree(sources / "hg", sources / name)
    env = environment(home)
    process.run(["bash", "-c", PREPARE], cwd=sources, env=env)
    package = release_tree("5.1.2", sources / "debian" / "mercurial-5.1.2")
    (package / "debian" / "source").mkdir(parents=True)
    (package / "debian" / "source" / "format").write_text("3.0 (quilt)\n")
    (package / "debian" / "control").write_text(CONTROL)
    (package / "debian" / "changelog").write_text(CHANGELOG)
    # which has a patch of its own
    (package / "debian" / "patches").mkdir()
    (package / "debian" / "patches" / "series").write_text("own.patch\n")
    (package / "debian" / "patches" / "own.patch").write_bytes(
        file_diff("contrib/own.txt", None, b"own\n")
    )
    session(commands((DOC / "using-the-patches.md").read_text()), home, env, tmp_path)
    process.run(
        ["dpkg-source", "--no-check", "-x", "mercurial_5.1.2-1.dsc", "unpacked"],
        cwd=sources / "debian",
        env=env,
    )
    unpacked = sources / "debian" / "unpacked"
    assert (unpacked / "contrib" / "own.txt").read_text() == "own\n"
    ours = STACK.for_line("5.1").series.names
    assert (unpacked / "debian" / "patches" / "series").read_text().splitlines() == [
        "own.patch",
        *(f"hgport/{name}" for name in ours),
    ]
    patched = sources / "mercurial-5.1.2" / "hgext" / "lfs" / "blobstore.py"
    assert (unpacked / "hgext" / "lfs" / "blobstore.py").read_bytes() == patched.read_bytes()


EDITOR = r"""#!/bin/sh
# a person who tells what is new, and makes it so
printf '\n## Changes since v1\n\n- say what it ports\n' >> "$1"
sed -i 's/^This ports/This change ports/' "$(dirname "$1")"/keepalive-rewind*.patch
"""


SUBMITTING = commands((DOC / "submitting.md").read_text())


def test_checking_before_submitting(home: Path, tmp_path: Path) -> None:
    """Apart from the rest, since it takes as long."""
    assert SUBMITTING[0].text.startswith("hgport check 7.2")
    session(SUBMITTING[:1], home / "src" / "hgport", environment(home), tmp_path)


def by_other_means() -> Command:
    """What the text has a person say who mails the file, as if it had not been said afterwards."""
    (said,) = re.findall(r"`(hgport email [^`]+ --remember)`", (DOC / "submitting.md").read_text())
    shown = ("…", "these are the mails of keepalive-7.2.4.mbox", "taken as sent: …")
    return Command(f"{said} && rm -r patches/sent", shown, 0)


def test_submitting(home: Path, tmp_path: Path) -> None:
    checkout = home / "src" / "hgport"
    write_tree(home / "my", {"series": b"own.patch\n", "own.patch": OWN})
    release_clone("7.2.4", home / "src" / "hg")
    (home / "editor").write_text(EDITOR)
    (home / "editor").chmod(0o755)
    env = {**environment(home), "EDITOR": str(home / "editor")}
    person = "[ui]\nusername = A Person <person@example.org>\n"
    with MailServer(tls="starttls", login=True) as server:
        include = f"%include {checkout / 'contrib' / 'hgrc'}\n"
        server.hgrc(home / ".hgrc", include + person)
        typed = SUBMITTING[1:]
        at = next(at for at, one in enumerate(typed) if one.text.endswith("--send --yes"))
        typed.insert(at, by_other_means())
        session(typed, checkout, env, tmp_path)
    first, second = server.received[:3], server.received[3:]
    for mails, flags in ((first, "stable"), (second, "stable v2")):
        subjects = [email.message_from_bytes(one.data)["Subject"] for one in mails]
        assert [one.split("]")[0] for one in subjects] == [
            f"[PATCH {number} of 2 {flags}" for number in range(3)
        ]
    assert b"To see it, let a server" in first[0].data
    assert b"- say what it ports" in second[0].data
    assert b"This change ports" in second[0].data
    assert (checkout / "patches" / "sent" / "7.2" / "v2").is_dir()
