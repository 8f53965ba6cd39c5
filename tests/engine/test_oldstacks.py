"""A stack as an older commit has it, in git and in Mercurial."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers_cycle import commit
from helpers_engine import file_diff, patch_bytes, write_stack
from hgport import process
from hgport.engine import hg
from hgport.engine.oldstacks import stack_at
from hgport.errors import UsageError
from hgport.model.stack import Stack
from programs import needed

OLD = patch_bytes(file_diff("f", b"a\n", b"b\n"))
NEW = patch_bytes(file_diff("f", b"a\n", b"c\n"))


def git(root: Path, *args: str) -> None:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org"}
    who.update(GIT_COMMITTER_NAME="a", GIT_COMMITTER_EMAIL="a@example.org")
    process.run([needed("git"), *args], cwd=root, env={**os.environ, **who})


@pytest.fixture(params=["git", "hg"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Stack:
    """A stack whose first commit has no port and whose second has; the third is in progress.
    It does not lie at the top of its repository."""
    root = tmp_path / "repo"
    project = root / "sub dir" / "project"
    project.mkdir(parents=True)
    uses_git = request.param == "git"
    if uses_git:
        git(root, "init", "-q")
    else:
        hg.run("init", cwd=root)
    (root / "start").write_bytes(b"")
    keep(root, uses_git)
    write_stack(project, {"a.patch": OLD}, {})
    keep(root, uses_git)
    write_stack(project, {"a.patch": NEW, "b.patch": OLD}, {"4.9": {"a.patch": NEW}})
    keep(root, uses_git)
    write_stack(project, {"b.patch": NEW}, {"4.9": {"a.patch": OLD}})
    return Stack.load(project / "series", "5.2")


def keep(root: Path, uses_git: bool) -> None:
    if uses_git:
        git(root, "add", "-A")
        git(root, "commit", "-q", "-m", "more")
    else:
        commit(root, {}, "more")


def before(stack: Stack, count: int) -> str:
    uses_git = (stack.top.path.parents[2] / ".git").exists()
    return f"HEAD~{count}" if uses_git else f".~{count}"


def test_older_and_oldest(kept: Stack) -> None:
    last = stack_at(kept, before(kept, 0))
    assert [p.data for p in last.top.patches] == [NEW, OLD]
    assert [p.data for p in last.for_line("5.0").series.patches] == [NEW]
    first = stack_at(kept, before(kept, 1))
    assert [p.data for p in first.top.patches] == [OLD]
    assert (first.ports, first.base) == ((), "5.2")


def test_before_there_was_one(kept: Stack) -> None:
    with pytest.raises(UsageError, match="there was no"):
        stack_at(kept, before(kept, 2))


@pytest.mark.parametrize("revision", ["nowhere", "--help", "", "all()", "HEAD..HEAD", "\udcff"])
def test_what_is_no_revision(kept: Stack, revision: str) -> None:
    with pytest.raises(UsageError, match="is no commit in"):
        stack_at(kept, revision)


def test_a_stack_that_was_broken(kept: Stack) -> None:
    root = kept.top.path.parents[2]
    (kept.top.directory / "b.patch").write_bytes(b"no patch")
    keep(root, (root / ".git").exists())
    with pytest.raises(UsageError) as caught:
        stack_at(kept, before(kept, 0))
    assert caught.value.message.startswith(f"at {before(kept, 0)}: sub dir/project/series: line 1:")


def test_in_no_repository(tmp_path: Path) -> None:
    series = write_stack(tmp_path, {"a.patch": OLD}, {})
    with pytest.raises(UsageError, match="is in no repository"):
        stack_at(Stack.load(series, None), "HEAD")
