"""Making repositories and trees, and adding changesets to a clone: whole or not at all."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, log, numbered, patch_bytes, repository, write_tree
from hgport import process
from hgport.engine import commits, hg
from hgport.errors import HgportError, OutsideError, UsageError
from hgport.model import project

BASE = numbered(30)
RENAME = (
    b"diff --git a/run b/sub/moved\nrename from run\nrename to sub/moved\n"
    b"diff --git a/g b/g\nold mode 100644\nnew mode 100755\n"
)
PATCHES = {
    "1.patch": patch_bytes(
        file_diff("f", BASE, numbered(30, line10="new 10")), subject="one: first"
    ),
    "2.patch": patch_bytes(file_diff("new", None, b"n\n"), RENAME, subject="two: second"),
    "3.patch": patch_bytes(file_diff("gone", b"g\n", None), subject="three: third"),
}
FILES = {"f": BASE, "g": b"old\n", "run": b"#!/bin/sh\n", "gone": b"g\n", "dir/x": b"x\n"}
AFTER = {
    **{path: FILES[path] for path in ("g", "dir/x")},
    "f": numbered(30, line10="new 10"),
    "new": b"n\n",
    "sub/moved": b"#!/bin/sh\n",
}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = Project(tmp_path / "project")
    result.root.mkdir()
    result.release("5.2.2", FILES)
    result.write("5.2.2", PATCHES)
    monkeypatch.setenv("HGPORT_PROJECT", str(result.root))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The release's tree, read-only as one in the cache."""
    root = write_tree(tmp_path / "source", FILES)
    (root / "run").chmod(0o555)
    (root / "f").chmod(0o444)
    return root


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with work in progress, a hook that forbids commits, and a second head checked out."""
    root = repository(tmp_path / "clone", FILES)
    (root / "g").write_bytes(b"in progress\n")
    (root / "unknown").write_bytes(b"?\n")
    (root / ".hg" / "hgrc").write_text(
        "[hooks]\npretxncommit = exit 1\nprecommit = exit 1\n[extensions]\nnowhere = /nowhere.py\n"
    )
    return root


def order(user: str | None = None, series: Path | None = None) -> commits.Order:
    stack, catalogue = project.load(series)
    return commits.Order(stack, catalogue, catalogue.release("5.2.2"), user)


def tree_of(root: Path) -> dict[str, bytes]:
    """Every file of a tree, none of its repository's."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".hg" not in path.relative_to(root).parts
    }


def untouched(clone: Path) -> tuple[object, ...]:
    """All that must be the same after as before."""
    return tree_of(clone), (clone / ".hg" / "dirstate").read_bytes(), log(clone, "{node} {tags}\n")


def leftovers(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir() if path.name.startswith(".hgport-tmp-")]


# a new repository


def test_a_repository_of_the_release_and_its_patches(
    made: Project, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "deep" / "target"
    result = commits.into_repository(order(), source, target)
    assert log(target, "{tags}|{user}|{date|hgdate}|{desc|firstline}\n") == [
        f"5.2.2|hgport <hgport@example.org>|{_newest(source)} 0|Mercurial 5.2.2",
        "|A Person <person@example.org>|1600000000 -7200|one: first",
        "|A Person <person@example.org>|1600000000 -7200|two: second",
        "tip|A Person <person@example.org>|1600000000 -7200|three: third",
    ]
    assert list(result.changesets.values()) == log(target)[1:]
    assert tree_of(target) == AFTER
    assert hg.run("status", cwd=target).stdout == b""
    assert hg.run("verify", "-q", cwd=target).stdout == b""
    copies = hg.run("status", "--copies", "--change", "2", cwd=target).stdout.decode()
    assert copies == "M g\nA new\nA sub/moved\n  run\nR run\n"
    assert os.access(target / "sub" / "moved", os.X_OK)
    assert os.access(target / "g", os.X_OK)


def _newest(root: Path) -> int:
    return max(int(path.stat().st_mtime) for path in root.rglob("*") if path.is_file())


def test_hg_import_makes_the_same_changesets(made: Project, source: Path, tmp_path: Path) -> None:
    ours = tmp_path / "ours"
    commits.into_repository(order(), source, ours)
    theirs = tmp_path / "theirs"
    hg.run("clone", "-q", "-r", "5.2.2", ours, theirs)
    hg.run("import", "-q", *(made.root / "patches" / name for name in PATCHES), cwd=theirs)
    assert log(theirs) == log(ours)


def test_the_identity_is_stamped_only_when_given(
    made: Project, source: Path, tmp_path: Path
) -> None:
    target = tmp_path / "target"
    commits.into_repository(order("Me <me@example.org>"), source, target)
    users = log(target, "{user}\n")
    assert users == ["hgport <hgport@example.org>"] + ["Me <me@example.org>"] * 3


@pytest.mark.parametrize("user", ["", "two\nlines"])
def test_no_name_is_no_identity(made: Project, source: Path, tmp_path: Path, user: str) -> None:
    with pytest.raises(UsageError, match="no author's name"):
        commits.into_repository(order(user), source, tmp_path / "target")
    assert not (tmp_path / "target").exists()


def test_a_patch_without_author_needs_one(made: Project, source: Path, tmp_path: Path) -> None:
    plain = write_tree(
        tmp_path / "plain", {"series": b"p\n", "p": file_diff("g", b"old\n", b"n\n")}
    )
    with pytest.raises(UsageError, match="p names no author"):
        commits.into_repository(order(series=plain), source, tmp_path / "target")
    commits.into_repository(order("Me", plain), source, tmp_path / "target")
    assert log(tmp_path / "target", "{user} {desc}\n")[-1] == "Me p"


# a plain tree


def test_a_plain_tree(made: Project, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    result = commits.into_tree(order(), source, target)
    assert tree_of(target) == AFTER
    assert not (target / ".hg").exists()
    assert result.changesets == {}
    assert os.access(target / "sub" / "moved", os.X_OK)
    assert os.access(target / "g", os.X_OK)
    assert not os.access(target / "dir" / "x", os.X_OK)


def test_a_plain_tree_shares_nothing_with_its_source(
    made: Project, source: Path, tmp_path: Path
) -> None:
    commits.into_tree(order(), source, tmp_path / "target")
    for path in (tmp_path / "target").rglob("*"):
        if path.is_file():
            assert path.stat().st_nlink == 1
            assert path.stat().st_mode & 0o200
    assert tree_of(source) == FILES


# what goes wrong there


@pytest.mark.parametrize("make", [commits.into_repository, commits.into_tree])
@pytest.mark.parametrize("kind", ["directory", "file", "link"])
def test_a_destination_that_exists_is_left_alone(
    made: Project,
    source: Path,
    tmp_path: Path,
    make: type[commits.into_tree],  # type: ignore[valid-type]
    kind: str,
) -> None:
    target = tmp_path / "target"
    if kind == "directory":
        target.mkdir()
    elif kind == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(UsageError, match="exists already"):
        make(order(), source, target)
    assert leftovers(tmp_path) == []
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize("make", [commits.into_repository, commits.into_tree])
def test_a_conflict_makes_nothing(
    made: Project,
    source: Path,
    tmp_path: Path,
    make: type[commits.into_tree],  # type: ignore[valid-type]
) -> None:
    (source / "gone").write_bytes(b"other\n")
    with pytest.raises(HgportError) as caught:
        make(order(), source, tmp_path / "target")
    assert caught.value.message == "3.patch does not apply to 5.2.2: gone hunk 1 (line 1)"
    assert caught.value.exit_code == 1
    assert leftovers(tmp_path) == []
    assert not (tmp_path / "target").exists()


def test_nothing_is_written_through_a_link_of_the_tree(
    made: Project, source: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (source / "link").symlink_to(outside)
    write_tree(tmp_path / "bad", {"series": b"p\n"})
    (tmp_path / "bad" / "p").write_bytes(patch_bytes(file_diff("link/new", None, b"x\n")))
    for make in (commits.into_repository, commits.into_tree):
        with pytest.raises(UsageError, match="goes through 'link'"):
            make(order(series=tmp_path / "bad"), source, tmp_path / "target")
    assert list(outside.iterdir()) == []


def test_a_file_in_place_of_a_directory_is_refused(
    made: Project, source: Path, tmp_path: Path
) -> None:
    write_tree(tmp_path / "bad", {"series": b"p\n"})
    (tmp_path / "bad" / "p").write_bytes(patch_bytes(file_diff("dir", None, b"x\n")))
    for make in (commits.into_repository, commits.into_tree):
        with pytest.raises(HgportError, match=r"p does not apply to 5\.2\.2: dir is a directory"):
            make(order(series=tmp_path / "bad"), source, tmp_path / "target")
    clone = repository(tmp_path / "clone", FILES)
    with pytest.raises(HgportError, match=r"p does not apply to 5\.2\.2: dir is a directory"):
        commits.into_clone(order(series=tmp_path / "bad"), clone, None)


def test_links_of_the_release_are_kept(made: Project, source: Path, tmp_path: Path) -> None:
    (source / "link").symlink_to("f")
    commits.into_repository(order(), source, tmp_path / "repository")
    commits.into_tree(order(), source, tmp_path / "tree")
    for kind in ("repository", "tree"):
        assert (tmp_path / kind / "link").readlink() == Path("f")


@pytest.mark.parametrize("make", [commits.into_repository, commits.into_tree])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    made: Project,
    source: Path,
    tmp_path: Path,
    make: type[commits.into_tree],  # type: ignore[valid-type]
) -> None:
    (source / "large").write_bytes(os.urandom(3_000_000))
    disk = tmp_path / "disk"
    disk.mkdir()
    _mount(disk)
    try:
        with pytest.raises(OutsideError, match="No space left"):
            make(order(), source, disk / "target")
        assert list(disk.iterdir()) == []
    finally:
        process.run(["umount", "--lazy", disk])


def _checking_out(target: Path, meets: str) -> process.Finished:
    """Make a repository in another process, which meets something as it writes a file of it."""
    code = (
        "import os, signal, sys; from mercurial import localrepo\n"
        "kind = localrepo.localrepository; real = kind.wwrite\n"
        "def write(repo, name, *rest, **more):\n"
        f"    if name == b'many/7': {meets}\n"
        "    return real(repo, name, *rest, **more)\n"
        "kind.wwrite = write\n"
        f"sys.argv = ['hgport', 'apply', '5.2.3', '--into', {str(target)!r}]\n"
        "from hgport.start import main; main()"
    )
    return process.run([sys.executable, "-c", code], allowed=None)


@pytest.mark.parametrize(
    ("meets", "code", "told"),
    [
        ("raise OSError(28, 'No space left on device')", 3, "cannot write below {}: No space left"),
        ("os.killpg(0, signal.SIGINT)", 130, "interrupted"),
        ("os.killpg(0, signal.SIGTERM)", 143, "ended by SIGTERM"),
    ],
)
def test_what_ends_a_checkout_is_one_line_and_leaves_nothing(
    made: Project, tmp_path: Path, meets: str, code: int, told: str
) -> None:
    # so many that Mercurial would have several processes write them
    made.release("5.2.3", {**FILES, **{f"many/{n}": b"%d\n" % n for n in range(600)}})
    made.write("5.2.3", PATCHES)
    place = tmp_path / "place"
    place.mkdir()
    done = _checking_out(place / "target", meets)
    said = done.stderr.decode().strip()
    assert done.code == code, said
    assert said.startswith("hgport: " + told.format(place))
    assert "\n" not in said
    assert list(place.iterdir()) == []


def _mount(place: Path) -> None:
    words = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place]
    if shutil.which("mount") is None or process.run(words, allowed=None).code:
        pytest.skip("a small file system to fill up can be mounted by root only")


# a clone


def test_changesets_in_a_clone(made: Project, clone: Path) -> None:
    before = untouched(clone)
    result = commits.into_clone(order(), clone, None)
    after = untouched(clone)
    assert after[:2] == before[:2]
    assert log(clone, "{p1rev} {desc|firstline}\n") == [
        "-1 start",
        "0 one: first",
        "1 two: second",
        "2 three: third",
    ]
    assert list(result.changesets.values()) == log(clone)[1:]
    assert hg.run("verify", "-q", cwd=clone).stdout == b""
    files = hg.run("files", "-r", "tip", cwd=clone).stdout.decode().split()
    assert sorted(files) == sorted(AFTER)
    assert hg.run("status", cwd=clone).stdout == b"M g\n? unknown\n"


def test_on_another_revision(made: Project, clone: Path) -> None:
    hg.run("update", "-q", "--clean", "null", cwd=clone)
    write_tree(clone, FILES)
    hg.run("commit", "-A", "-q", "-m", "other root", "-u", "x", cwd=clone)
    commits.into_clone(order(), clone, "tip")
    assert log(clone, "{p1rev}\n") == ["-1", "-1", "1", "2", "3"]


def test_the_same_twice_makes_nothing_twice(made: Project, clone: Path) -> None:
    first = commits.into_clone(order(), clone, None)
    assert commits.into_clone(order(), clone, None).changesets == first.changesets
    assert len(log(clone)) == 4


@pytest.mark.parametrize(
    "revision, said",
    [(None, "--rev"), *((r, None) for r in ("nowhere", "bad(", "none()", "", " ", "\udcff"))],
)
def test_no_such_revision(
    made: Project, tmp_path: Path, revision: str | None, said: str | None
) -> None:
    root = repository(tmp_path / "clone", FILES, tag="other")
    before = untouched(root)
    with pytest.raises(UsageError) as caught:
        commits.into_clone(order(), root, revision)
    assert "\n" not in caught.value.message
    assert said is None or said in (caught.value.hint or "")
    assert untouched(root) == before


def test_a_revision_of_something_else(made: Project, tmp_path: Path) -> None:
    """Where no patch finds any of its files, it is not done but wrong."""
    root = repository(tmp_path / "clone", {"README": b"not Mercurial\n"})
    made.write("5.2.2", {name: PATCHES[name] for name in ("1.patch", "3.patch")})
    before = untouched(root)
    for revision, called in ((None, "5.2.2"), ("tip", "'tip'"), ("null", "'null'")):
        with pytest.raises(HgportError) as caught:
            commits.into_clone(order(), root, revision)
        assert caught.value.message == f"{called} has none of the files that the patches change"
        assert caught.value.exit_code == 1
    assert untouched(root) == before


def test_what_upstream_has_is_no_reason_to_complain(made: Project, tmp_path: Path) -> None:
    made.release("6.0", {"f": b"upstream did this\n"})
    made.absorbed("1.patch", "6.0", "f", "upstream did this")
    made.write("5.2.2", {name: PATCHES[name] for name in ("1.patch", "3.patch")})
    root = repository(tmp_path / "clone", {"f": b"upstream did this\n"}, tag="6.0")
    stack, catalogue = project.load()
    newest = commits.Order(stack, catalogue, catalogue.release("6.0"))
    assert commits.into_clone(newest, root, None).changesets == {}


def test_a_patch_whose_name_alone_describes_it(made: Project, clone: Path) -> None:
    """A name that is no UTF-8 is no reason to fail."""
    name = os.fsdecode(b"\xff.patch")
    made.write("5.2.2", {})
    (made.root / "series").write_bytes(b"\xff.patch\n")
    (made.root / "patches" / name).write_bytes(file_diff("f", BASE, numbered(30, line3="x")))
    commits.into_clone(order(user="x"), clone, None)
    assert log(clone, "{desc}\n")[1:] == ["?.patch"]


def test_no_repository(made: Project, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no Mercurial repository"):
        commits.into_clone(order(), tmp_path, None)


def test_a_format_that_we_do_not_know(made: Project, clone: Path) -> None:
    with (clone / ".hg" / "requires").open("a") as out:
        out.write("fromthefuture\n")
    with pytest.raises(UsageError, match="fromthefuture"):
        commits.into_clone(order(), clone, None)


def test_a_conflict_adds_nothing(made: Project, clone: Path, tmp_path: Path) -> None:
    bad = dict(PATCHES, **{"3.patch": patch_bytes(file_diff("gone", b"other\n", b"x\n"))})
    made.write("5.2.2", bad)
    before = untouched(clone)
    with pytest.raises(HgportError, match=r"3\.patch does not apply"):
        commits.into_clone(order(), clone, None)
    assert untouched(clone) == before


def test_a_failure_in_the_middle_is_taken_back(
    made: Project, clone: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from hgport.engine.hgpatcher import Changeset, Repository

    before = untouched(clone)
    repo = Repository(clone)
    # the second has a date that Mercurial cannot hold
    changesets = [
        Changeset("x", date, "x", {"f": date.encode()}, {}, {})
        for date in ("0 0", "99999999999999 0")
    ]
    with pytest.raises(UsageError, match="date"):
        repo.commit(changesets, repo.find("5.2.2"))
    assert untouched(clone) == before
    assert hg.run("verify", "-q", cwd=clone).stdout == b""
    assert capfd.readouterr() == ("", "")


def test_a_clone_that_is_locked(
    made: Project, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hgport.engine import hgpatcher

    monkeypatch.setattr(hgpatcher, "_PATIENCE", b"1")
    (clone / ".hg" / "store" / "lock").symlink_to(f"elsewhere:{os.getpid()}")
    with pytest.raises(OutsideError, match="is locked") as caught:
        commits.into_clone(order(), clone, None)
    assert "\n" not in caught.value.message


def test_a_full_disk_under_a_clone(made: Project, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    _mount(disk)
    try:
        root = repository(disk / "clone", FILES)
        large = b"".join(b"%s\n" % os.urandom(50).hex().encode() for _ in range(30_000))
        more = dict(PATCHES, **{"4.patch": patch_bytes(file_diff("large", None, large))})
        made.write("5.2.2", more)
        before = untouched(root)
        (disk / "ballast").write_bytes(b"x" * 500_000)
        with pytest.raises(OutsideError, match="No space left"):
            commits.into_clone(order(), root, None)
        assert untouched(root) == before
        assert hg.run("verify", "-q", cwd=root).stdout == b""
    finally:
        process.run(["umount", "--lazy", disk])


# ctrl-C, and two at once, as whole processes


def _start(*args: str | Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "hgport", *map(str, args)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize("after", [0.15, 0.25, 0.35, 0.5])
def test_ctrl_c_leaves_all_or_nothing(
    made: Project, clone: Path, tmp_path: Path, after: float
) -> None:
    before = log(clone)
    runs = [
        _start("apply", "5.2.2", "-R", clone),
        _start("apply", "5.2.2", "--into", tmp_path / "target"),
    ]
    time.sleep(after)
    for run in runs:
        run.send_signal(signal.SIGINT)
    for run in runs:
        said = run.communicate()[1].decode()
        # before there is a handler Python itself ends, which leaves nothing behind either
        assert run.returncode in (0, 130, -signal.SIGINT, 1)
        # Python tells of an interruption that it met within a destructor before we can
        assert run.returncode != 130 or said.endswith("hgport: interrupted\n"), said
    assert log(clone) == before or len(log(clone)) == 4
    assert hg.run("verify", "-q", cwd=clone).stdout == b""
    assert leftovers(tmp_path) == []
    target = tmp_path / "target"
    assert not target.exists() or tree_of(target) == AFTER


def test_two_at_once(made: Project, clone: Path, tmp_path: Path) -> None:
    runs = [_start("apply", "5.2.2", "-R", clone) for _ in range(2)]
    into = [_start("apply", "5.2.2", "--into", tmp_path / "target") for _ in range(2)]
    said = [run.communicate() for run in runs + into]
    assert [run.returncode for run in runs] == [0, 0]
    assert said[0] == said[1]
    assert len(log(clone)) == 4
    assert sorted(run.returncode for run in into) == [0, 2]
    assert tree_of(tmp_path / "target") == AFTER
    assert leftovers(tmp_path) == []
