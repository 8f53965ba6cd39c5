"""The hooks, in the hands of git, Mercurial and pre-commit: a bad patch stays out."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from helpers_engine import HEADER, file_diff, numbered, patch_bytes, write_stack
from hgport import process
from programs import missing, needed

HOOKS = Path(__file__).parents[2] / "contrib" / "hooks"
NAME = "topic-change-something.patch"
GOOD = patch_bytes(file_diff("f", numbered(9), numbered(9, line5="new")), header=HEADER)
BAD = GOOD.replace(b"+new\n", b"+new \n")


class Checkout:
    """A repository with a series and the hooks; ``said`` is what the last command printed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        shutil.copytree(HOOKS, root / "contrib" / "hooks")
        write_stack(root, {NAME: GOOD}, {})
        self.said = ""

    def run(self, script: str, path: str = "") -> bool:
        """Run a command as a person does; whether it did not fail."""
        own = Path(sys.executable).parent
        env = {
            "PATH": f"{path or own}:{os.environ['PATH']}",
            "HOME": os.environ["HOME"],
            "HGPORT_CACHE": os.environ["HGPORT_CACHE"],
            "HGUSER": "t <t@example.org>",
            "EMAIL": "t@example.org",
        }
        done = process.run(["bash", "-c", script], cwd=self.root, env=env, allowed=None)
        self.said = (done.stdout + done.stderr).decode()
        return done.code == 0

    def patch(self, data: bytes) -> None:
        (self.root / "patches" / NAME).write_bytes(data)

    def install(self, name: str) -> None:
        """Do what the hook's own comment says."""
        text = (HOOKS / "check-series").read_text()
        told = re.search(rf"^#   {name}: +(.*)$", text, re.MULTILINE)
        assert told
        assert self.run(told[1]), self.said


def assert_refused(checkout: Checkout, commit: str) -> None:
    assert not checkout.run(commit), checkout.said
    assert NAME in checkout.said
    assert "[diff] " in checkout.said


@pytest.fixture
def git(tmp_path: Path) -> Checkout:
    needed("git")
    checkout = Checkout(tmp_path / "git")
    assert checkout.run("git init -q . && git add -A && git commit -q -m start"), checkout.said
    return checkout


def try_git(checkout: Checkout) -> None:
    checkout.patch(BAD)
    assert checkout.run("git add patches")
    assert_refused(checkout, "git commit -q -m bad")
    # mended in the working copy, but not in what is to be committed
    checkout.patch(GOOD)
    assert_refused(checkout, "git commit -q -m bad")
    checkout.patch(GOOD.replace(b"Why it is", b"Why that is"))
    assert checkout.run("git commit -q -m good -- patches"), checkout.said
    # and the other way round
    checkout.patch(BAD)
    (checkout.root / "other").write_text("")
    assert checkout.run("git add other && git commit -q -m other"), checkout.said
    assert checkout.run("git rev-list --count HEAD")
    assert checkout.said == "3\n"


def test_git(git: Checkout) -> None:
    git.install("git")
    try_git(git)


def test_pre_commit(git: Checkout) -> None:
    program = shutil.which("pre-commit", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        missing("no pre-commit found (pip install pre-commit)")
    git.install("pre-commit")
    assert git.run("git add .pre-commit-config.yaml && git commit -q -m config"), git.said
    git.patch(BAD)
    assert git.run("git add patches")
    assert_refused(git, "git commit -q -m bad")
    git.patch(GOOD.replace(b"Why it is", b"Why that is"))
    assert git.run("git add patches && git commit -q -m good"), git.said


def test_mercurial(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "hg")
    assert checkout.run("hg init . && hg commit -q -A -m start"), checkout.said
    checkout.install("Mercurial")
    checkout.patch(BAD)
    assert_refused(checkout, "hg commit -m bad")
    (checkout.root / "other").write_text("")
    assert checkout.run("hg commit -A -m other other"), checkout.said
    checkout.patch(GOOD.replace(b"Why it is", b"Why that is"))
    assert checkout.run("hg commit -m good"), checkout.said
    assert checkout.run("hg log -T '{desc} '")
    assert checkout.said == "good other start "


@pytest.mark.parametrize("name", ["debian", "my sta*ck"])
def test_a_series_elsewhere(git: Checkout, name: str) -> None:
    git.install("git")
    shutil.copytree(git.root / "patches", git.root / name / "patches")
    (git.root / name / "patches" / "series").write_text(f"{NAME}\n")
    commit = f"HGPORT_SERIES='{name}/patches/series' git commit -q -m other"
    assert git.run(f"git add '{name}' && {commit}"), git.said
    (git.root / name / "patches" / NAME).write_bytes(BAD)
    assert git.run(f"git add '{name}'")
    assert_refused(git, commit)


def test_one_elsewhere_in_mercurial(tmp_path: Path) -> None:
    checkout = Checkout(tmp_path / "hg")
    shutil.copytree(checkout.root / "patches", checkout.root / "my stack")
    (checkout.root / "my stack" / "series").write_text(f"{NAME}\n")
    assert checkout.run("hg init . && hg commit -q -A -m start"), checkout.said
    checkout.install("Mercurial")
    (checkout.root / "my stack" / NAME).write_bytes(BAD)
    assert_refused(checkout, "HGPORT_SERIES='my stack/series' hg commit -m bad")
    assert not checkout.run("HGPORT_SERIES=nosuch/series hg commit -m bad")
    assert "there is no nosuch/series" in checkout.said


def test_a_series_that_there_is_not(git: Checkout) -> None:
    git.install("git")
    git.patch(BAD)
    assert not git.run("git add patches && HGPORT_SERIES=nosuch/series git commit -q -m bad")
    assert "there is no nosuch/series" in git.said


def test_without_hgport_nothing_is_let_through(git: Checkout) -> None:
    git.install("git")
    git.patch(GOOD.replace(b"Why it is", b"Why that is"))
    assert git.run("git add patches")
    assert not git.run("git commit -q -m good", path="/nowhere")
    assert "no hgport" in git.said


def test_a_commit_that_leaves_the_series_alone_needs_no_hgport(git: Checkout) -> None:
    git.install("git")
    (git.root / "other").write_text("")
    assert git.run("git add other && git commit -q -m other", path="/nowhere"), git.said
