"""From what is checked out down to the release."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_cycle import commit
from helpers_engine import log, repository
from hgport.engine import hg
from hgport.engine.hgpatcher import Changeset, Repository
from hgport.engine.lineage import lineage
from hgport.errors import UsageError
from hgport.model import project

_STACK, CATALOGUE = project.load()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """5.2, a changeset on it, 5.2.2, and two more."""
    root = tmp_path / "repo"
    made = Repository(root, create=True)
    nodes = made.commit([changeset(number) for number in range(5)], None)
    for tag, node in (("5.2", nodes[0]), ("5.2.2", nodes[2]), ("mine", nodes[3])):
        made.tag_locally(tag, node)
    made.check_out(nodes[4])
    return root


def changeset(number: int) -> Changeset:
    files: dict[str, bytes | None] = {"f": b"%d\n" % number}
    return Changeset("A <a@example.org>", "1600000000 -7200", f"topic: {number}", files, {}, {})


def refused(repo: Path) -> str:
    with pytest.raises(UsageError) as caught:
        lineage(repo, CATALOGUE)
    assert "\n" not in caught.value.message
    return caught.value.message


def test_the_nearest_release_and_what_is_on_it(repo: Path) -> None:
    found = lineage(repo, CATALOGUE)
    nodes = log(repo)
    assert (found.release.version, found.root) == ("5.2.2", nodes[2])
    assert [one.node for one in found.changesets] == nodes[3:]
    first = found.changesets[0]
    assert (first.user, first.date) == ("A <a@example.org>", "1600000000 -7200")
    assert (first.description, first.parents) == ("topic: 3", (nodes[2],))


def test_an_older_release_if_that_is_nearest(repo: Path) -> None:
    hg.run("update", "-q", "1", cwd=repo)
    assert lineage(repo, CATALOGUE).release.version == "5.2"


def test_a_tag_that_everybody_has(repo: Path) -> None:
    hg.run("tag", "-r", "3", "5.3", cwd=repo)
    found = lineage(repo, CATALOGUE)
    assert (found.release.version, len(found.changesets)) == ("5.3", 2)


def test_files_that_nobody_added_are_nobodys_business(repo: Path) -> None:
    (repo / "unknown").write_bytes(b"?")
    assert len(lineage(repo, CATALOGUE).changesets) == 2


def test_no_repository(tmp_path: Path) -> None:
    assert "is no Mercurial repository" in refused(tmp_path)


def test_uncommitted_changes(repo: Path) -> None:
    (repo / "f").write_bytes(b"in progress\n")
    assert "an uncommitted change" in refused(repo)
    (repo / "f").unlink()
    assert "an uncommitted change" in refused(repo)


@pytest.mark.parametrize("tag", ["9.9", "mine", "5.2rc0"])
def test_a_release_that_nobody_knows(tmp_path: Path, tag: str) -> None:
    other = repository(tmp_path / "other", {"f": b"0\n"}, tag=tag)
    assert "on no release that the catalogue knows" in refused(other)


def test_an_empty_repository(tmp_path: Path) -> None:
    hg.run("init", "empty", cwd=tmp_path)
    assert "on no release that the catalogue knows" in refused(tmp_path / "empty")


def test_a_release_that_is_elsewhere(repo: Path) -> None:
    hg.run("tag", "--local", "--remove", "5.2", cwd=repo)
    hg.run("update", "-q", "1", cwd=repo)
    assert "on no release that the catalogue knows" in refused(repo)


def test_nothing_on_the_release(repo: Path) -> None:
    hg.run("update", "-q", "2", cwd=repo)
    assert refused(repo).endswith("has no changeset on 5.2.2")


def test_a_merge(repo: Path) -> None:
    hg.run("update", "-q", "3", cwd=repo)
    commit(repo, {"g": b"n\n"}, "new: one")
    hg.run("merge", "-q", "4", cwd=repo)
    assert "an uncommitted merge" in refused(repo)
    commit(repo, {}, "merge")
    assert f"{log(repo)[-1][:12]} in {repo} is a merge" in refused(repo)


def test_an_unfinished_graft(repo: Path) -> None:
    hg.run("update", "-q", "2", cwd=repo)
    hg.run("graft", "-q", "-r", "4", "--tool", "internal:fail", cwd=repo, allowed=None)
    assert "an unfinished graft" in refused(repo)


def test_an_unfinished_rebase(repo: Path) -> None:
    words = ["rebase", "-s", "4", "-d", "0", "--tool", "internal:fail"]
    hg.run(*words, "--config", "extensions.rebase=", cwd=repo, allowed=None)
    assert "an unfinished rebase" in refused(repo)


def test_an_unresolved_file(repo: Path) -> None:
    (repo / "f").write_bytes(b"mine\n")
    words = ["update", "-q", "0", "--merge", "--tool", "internal:fail"]
    hg.run(*words, cwd=repo, allowed=None)
    assert "an unresolved conflict" in refused(repo)
