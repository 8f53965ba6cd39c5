"""A conflict in a real working copy."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers_engine import log, numbered, write_tree
from hgport.engine import hg
from hgport.engine.hgpatcher import Changeset
from hgport.engine.workingcopy import MergedFile, Merging, WorkingCopy
from hgport.errors import ConflictError, HgportError, UsageError
from hgport.model.release import Release

RELEASE = Release("5.1", "mercurial-5.1.tar.gz", "0" * 64, 1, ("3.8",))
TREE = {"f": b"target\n", "same": numbered(9), "far": numbered(20), "gone": b"g\n"}
MARKED = b"<<<<<<< target\ntarget\n||||||| base\nbase\n=======\npatched\n>>>>>>> patch\n"  # line 1
FILES = [
    MergedFile("f", b"base\n", b"patched\n", MARKED, True),
    MergedFile("same", numbered(9), numbered(9, line3="new"), numbered(9, line3="new"), False),
    # Mercurial cannot tell that the two differ in style only, hgport can
    MergedFile("far", b"far\n", b"farther\n", b"by hgport\n", False),
    MergedFile("gone", b"g\n", None, None, False),
    MergedFile("added", None, b"added\n", b"added\n", False),
]
MERGING = Merging("A Person <a@example.org>", "1600000000 -7200", "topic: change\n\nWhy.", FILES)
PATHS = [file.path for file in FILES]


class Made:
    """The working copy of a release in which a patch is in conflict, on top of another."""

    def __init__(self, root: Path, files: list[MergedFile] = FILES) -> None:
        first = Changeset("x", "0 0", "first", {"first": b"1\n"}, {}, {})

        def fill(copy: WorkingCopy, release: str) -> None:
            self.parent = copy.commit([first], release)
            merging = Merging(MERGING.user, MERGING.date, MERGING.description, files)
            self.source = copy.begin(merging, self.parent)

        source = write_tree(root / "tree", TREE)
        self.copy = WorkingCopy.make(root / "copy", RELEASE, source, fill)

    @property
    def path(self) -> Path:
        return self.copy.path

    def at(self, path: Path) -> Made:
        """A copy of it."""
        shutil.copytree(self.path, path)
        other = copy.copy(self)
        other.copy = WorkingCopy(path)
        return other

    def hg(self, *words: str) -> list[str]:
        return hg.run(*words, cwd=self.path).stdout.decode().splitlines()

    def finish(self) -> str:
        return self.copy.finish(self.parent, self.source, PATHS)

    def resolve(self) -> None:
        (self.path / "f").write_bytes(b"both\n")
        self.hg("resolve", "-m", "f")


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return Made(tmp_path_factory.mktemp("begun"))


@pytest.fixture(scope="module")
def committed(begun: Made, tmp_path_factory: pytest.TempPathFactory) -> Made:
    """As the person left it who resolved the conflict and committed."""
    done = begun.at(tmp_path_factory.mktemp("committed") / "copy")
    done.resolve()
    done.hg("graft", "--continue")
    return done


@pytest.fixture
def made(begun: Made, tmp_path: Path) -> Made:
    return begun.at(tmp_path / "copy")


@pytest.fixture
def done(committed: Made, tmp_path: Path) -> Made:
    return committed.at(tmp_path / "copy")


def test_the_conflict_is_mercurials(made: Made) -> None:
    assert sorted(made.hg("resolve", "-l")) == ["R far", "U f"]
    assert made.hg("status") == ["M f", "M far", "M same", "A added", "R gone"]
    assert (made.path / "f").read_bytes() == MARKED
    assert "+<<<<<<< target" in made.hg("diff", "f")
    assert made.hg("log", "-r", ".", "-T", "{desc}") == ["first"]
    assert made.hg("log", "-r", "5.1", "-T", "{desc|firstline}") == ["Mercurial 5.1"]


def test_what_is_resolved_is_committed(made: Made) -> None:
    with pytest.raises(ConflictError, match="f: markers are left in line 1"):
        made.finish()
    (made.path / "f").write_bytes(b"both\n")
    with pytest.raises(ConflictError, match="f: unresolved"):
        made.finish()
    made.resolve()
    node = made.finish()
    template = "{user}|{date|hgdate}|{desc}\n"
    assert log(made.path, template, node) == [
        "A Person <a@example.org>|1600000000 -7200|topic: change",
        "",
        "Why.",
    ]
    assert made.copy.changed(node) == {
        "added": b"added\n",
        "f": b"both\n",
        "far": b"by hgport\n",
        "gone": None,
        "same": numbered(9, line3="new"),
    }
    assert made.copy.contents(node, ["first", "nowhere"]) == {"first": b"1\n", "nowhere": None}
    assert made.hg("status") == []
    # as after a crash between the commit and whatever was next
    assert made.finish() == node


def test_markers_that_hg_believes_resolved(made: Made) -> None:
    made.hg("resolve", "-m", "f")
    (made.path / "f").write_bytes(b"half\n>>>>>>> patch\n")
    with pytest.raises(ConflictError, match="f: markers are left in line 2"):
        made.finish()
    assert made.copy.unsettled(PATHS) == {"f": "markers are left in line 2"}


def test_nothing_is_left_of_the_patch(made: Made) -> None:
    made.hg("revert", "--all", "-r", ".", "-C")
    (made.path / "added").unlink()
    made.hg("resolve", "-m", "f")
    assert made.finish() == made.parent


def test_it_can_be_begun_again(made: Made) -> None:
    (made.path / "f").write_bytes(b"half\n")
    assert made.copy.begin(MERGING, made.parent) == made.source
    assert sorted(made.hg("resolve", "-l")) == ["R far", "U f"]
    assert (made.path / "f").read_bytes() == MARKED
    made.resolve()
    made.finish()
    assert made.copy.begin(MERGING, made.parent) == made.source


def test_a_conflict_that_mercurial_does_not_see(tmp_path: Path) -> None:
    file = MergedFile("same", numbered(9), numbered(9, line3="new"), MARKED, True)
    made = Made(tmp_path, [file])
    assert made.hg("status") == ["M same"]
    with pytest.raises(ConflictError, match="same: markers are left"):
        made.finish()
    (made.path / "same").write_bytes(b"mine\n")
    node = made.finish()
    assert log(made.path, "{user}|{date|hgdate}|{desc|firstline}\n", node) == [
        "A Person <a@example.org>|1600000000 -7200|topic: change"
    ]


def test_a_person_may_commit(done: Made) -> None:
    assert log(done.path, "{node}\n", ".") == [done.finish()]


def _more(done: Made) -> None:
    (done.path / "f").write_bytes(b"more\n")
    done.hg("commit", "-m", "more", "-u", "x")


def _uncommitted(done: Made) -> None:
    (done.path / "f").write_bytes(b"more\n")


def _forgotten(done: Made) -> None:
    (done.path / "new").write_bytes(b"mine\n")


def _merged(done: Made) -> None:
    _merging(done)
    done.hg("commit", "-m", "merge", "-u", "x")


def _merging(done: Made) -> None:
    done.hg("merge", "-q", "-r", done.source, "--tool", "internal:local")


def _elsewhere(done: Made) -> None:
    done.hg("update", "-r", "5.1")


def _damaged(done: Made) -> None:
    (done.path / ".hg" / "store" / "00changelog.i").write_bytes(b"x" * 70)


@pytest.mark.parametrize(
    "do, said",
    [
        (_more, "2 changesets are on"),
        (_uncommitted, "an uncommitted change"),
        (_forgotten, "new is not under version control"),
        (_merged, "a merge is checked out"),
        (_merging, "an uncommitted merge"),
        (_elsewhere, "is not checked out"),
        (_damaged, "unknown version"),
    ],
)
def test_what_a_person_may_have_committed(
    done: Made, do: Callable[[Made], None], said: str
) -> None:
    do(done)
    _refused(done, said)


def _aborted(made: Made) -> None:
    made.hg("graft", "--abort")


def _missing(made: Made) -> None:
    made.resolve()
    (made.path / "first").unlink()


def _unknown(made: Made) -> None:
    made.resolve()
    (made.path / "new").write_bytes(b"mine\n")


def _deleted(made: Made) -> None:
    made.path.rename(made.path.with_name("away"))


@pytest.mark.parametrize(
    "do, said",
    [
        (_aborted, "the merge is gone"),
        (_missing, "first is missing"),
        (_unknown, "new is not under version control"),
        (_deleted, "is gone"),
    ],
)
def test_what_a_person_may_have_done(made: Made, do: Callable[[Made], None], said: str) -> None:
    do(made)
    _refused(made, said)


def _refused(made: Made, said: str) -> None:
    before = _files(made.path)
    with pytest.raises(HgportError, match=said) as caught:
        made.finish()
    assert not isinstance(caught.value, ConflictError)
    assert "\n" not in caught.value.message
    assert _files(made.path) == before


def _files(root: Path) -> dict[Path, bytes]:
    every = (path for path in root.rglob("*") if ".hg" not in path.parts)
    return {path: path.read_bytes() for path in every if path.is_file()}


def test_what_it_has(made: Made, tmp_path: Path) -> None:
    assert made.copy.has(made.parent)
    assert not made.copy.has("1" * 40)
    assert not WorkingCopy(tmp_path / "nowhere").has(made.parent)


def test_whole_or_not_at_all(tmp_path: Path) -> None:
    def fill(copy: WorkingCopy, release: str) -> None:
        raise UsageError("no")

    with pytest.raises(UsageError):
        WorkingCopy.make(tmp_path / "copy", RELEASE, write_tree(tmp_path / "tree", TREE), fill)
    assert [path.name for path in tmp_path.iterdir()] == ["tree"]


def test_what_an_aborted_merge_leaves(made: Made) -> None:
    merged = made.copy.keep(MERGING)
    made.hg("graft", "--abort")
    assert made.hg("status") == ["? added"]
    assert not made.copy.is_untouched(made.parent)
    assert made.copy.is_untouched(made.parent, merged)
    (made.path / "added").write_bytes(b"by a person\n")
    assert not made.copy.is_untouched(made.parent, merged)
