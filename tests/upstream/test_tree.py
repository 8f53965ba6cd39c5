from __future__ import annotations

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from helpers_upstream import cached, sdist_of
from hgport.errors import OutsideError, UsageError
from hgport.files import remove_tree
from hgport.model.release import Release
from hgport.process import run
from hgport.upstream import tree

FILES = {"hg": b"#! hg", "mercurial/url.py": b"url = 1\n", "mercurial/pure/a.py": b"", "doc": b"d"}


@pytest.fixture()
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    monkeypatch.setenv("HGPORT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HGPORT_OFFLINE", "1")
    return cached(tmp_path / "cache", "5.2.2", sdist_of("5.2.2", FILES, executable=("hg",)))


def content(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_pristine_tree_is_the_sdist_read_only(release: Release, tmp_path: Path) -> None:
    root = tree.pristine(release)
    assert root == tmp_path / "cache" / "trees" / f"5.2.2-{release.sha256[:12]}"
    assert content(root) == FILES
    assert mode(root / "hg") == 0o555
    assert mode(root / "doc") == 0o444
    assert mode(root) == mode(root / "mercurial") == 0o555


def test_a_pristine_tree_is_made_once(release: Release, tmp_path: Path) -> None:
    first = tree.pristine(release).stat().st_ino
    (tmp_path / "cache" / "sdists" / release.sdist).unlink()
    assert tree.pristine(release).stat().st_ino == first


def test_a_world_is_linked_with_some_files_replaced(release: Release, tmp_path: Path) -> None:
    world = tmp_path / "worlds" / "one"
    replaced = {"hg": b"new", "mercurial/url.py": None, "tests/new/test-x.t": b"x", "run": b"r"}
    tree.world(release, world, replaced, executable=["run"])
    assert content(world) == {
        "hg": b"new",
        "mercurial/pure/a.py": b"",
        "doc": b"d",
        "tests/new/test-x.t": b"x",
        "run": b"r",
    }
    assert (world / "doc").samefile(tree.pristine(release) / "doc")
    assert mode(world / "hg") == mode(world / "run") == 0o755
    assert mode(world / "tests/new/test-x.t") == 0o644
    assert mode(world / "mercurial") & 0o200
    assert content(tree.pristine(release)) == FILES


def test_a_file_may_become_a_directory(release: Release, tmp_path: Path) -> None:
    tree.world(release, tmp_path / "w", {"doc": None, "doc/index": b"i"})
    assert (tmp_path / "w" / "doc" / "index").read_bytes() == b"i"


@pytest.mark.parametrize(
    "path", ["../x", "/tmp/x", "a/../../x", ".hg/hgrc", "sub/.hg/hgrc", "", "a//b", "./a", "a\0b"]
)
def test_a_path_that_leads_elsewhere_is_refused(
    release: Release, tmp_path: Path, path: str
) -> None:
    with pytest.raises(UsageError):
        tree.world(release, tmp_path / "w", {path: b"evil"})
    assert not (tmp_path / "w").exists()


@pytest.mark.parametrize("path", ["mercurial", "hg/x", "mercurial/url.py/x"])
def test_a_path_that_is_file_and_directory_is_refused(
    release: Release, tmp_path: Path, path: str
) -> None:
    with pytest.raises(UsageError, match="both a file and a directory"):
        tree.world(release, tmp_path / "w", {path: b"x"})
    assert not (tmp_path / "w").exists()


def test_a_destination_that_exists_is_refused(release: Release, tmp_path: Path) -> None:
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "directory").mkdir()
    (tmp_path / "file").write_bytes(b"mine")
    for name in ("dangling", "directory", "file"):
        with pytest.raises(UsageError, match="exists already"):
            tree.world(release, tmp_path / name, {})
    assert (tmp_path / "file").read_bytes() == b"mine"


def write_through(root: Path) -> None:
    os.chmod(root / "doc", 0o644)
    (root / "doc").write_bytes(b"D")


def replace(root: Path) -> None:
    root.chmod(0o755)
    (root / "doc").unlink()
    (root / "doc").write_bytes(b"d")


def delete(root: Path) -> None:
    root.chmod(0o755)
    (root / "doc").unlink()


def make_writable(root: Path) -> None:
    (root / "doc").chmod(0o644)


def lose_manifest(root: Path) -> None:
    root.with_name(root.name + ".json").unlink()


def spoil_manifest(root: Path) -> None:
    root.with_name(root.name + ".json").write_text("[1]")


def lose_tree(root: Path) -> None:
    remove_tree(root)


@pytest.mark.parametrize(
    "damage",
    [write_through, replace, delete, make_writable, lose_manifest, spoil_manifest, lose_tree],
)
def test_a_damaged_pristine_tree_is_made_again(
    release: Release, tmp_path: Path, damage: object
) -> None:
    root = tree.pristine(release)
    assert callable(damage)
    damage(root)
    tree.world(release, tmp_path / "w", {})
    assert content(tmp_path / "w") == FILES
    assert content(tree.pristine(release)) == FILES
    assert mode(tree.pristine(release) / "doc") == 0o444
    left = {path.name for path in (tmp_path / "cache" / "trees").iterdir()}
    assert left == {root.name, f"{root.name}.json", f"{root.name}.lock"}


def test_a_write_through_a_world_is_noticed(release: Release, tmp_path: Path) -> None:
    tree.world(release, tmp_path / "one", {})
    write_through(tmp_path / "one")
    tree.world(release, tmp_path / "two", {})
    assert content(tmp_path / "two") == FILES


def test_bytecode_of_a_world_stays_there(release: Release, tmp_path: Path) -> None:
    tree.world(release, tmp_path / "one", {})
    args = [sys.executable, "-B", "-m", "compileall", "-q", tmp_path / "one"]
    run(args, env={"PATH": os.environ["PATH"]})
    assert list((tmp_path / "one").rglob("*.pyc"))
    tree.world(release, tmp_path / "two", {})
    assert content(tmp_path / "two") == content(tree.pristine(release)) == FILES


def test_across_file_systems_files_are_copied(release: Release, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], allowed=None).code:
        pytest.skip("no right to mount a file system here")
    try:
        tree.world(release, disk / "w", {"hg": b"new"})
        assert content(disk / "w") == {**FILES, "hg": b"new"}
        assert mode(disk / "w" / "doc") == 0o444
        assert (disk / "w" / "doc").stat().st_nlink == 1
        with pytest.raises(OutsideError, match="No space left"):
            tree.world(release, disk / "x", {"big": bytes(2 << 20)})
        assert [path.name for path in disk.iterdir()] == ["w"]
    finally:
        run(["umount", disk])


def test_several_at_once(release: Release, tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        made = [
            pool.submit(tree.world, release, tmp_path / f"w{n}", {"n": b"%d" % n}) for n in range(8)
        ]
        for one in made:
            one.result()
    for n in range(8):
        assert content(tmp_path / f"w{n}") == {**FILES, "n": b"%d" % n}


def test_a_real_release_runs_from_a_world(tmp_path: Path) -> None:
    """The newest release that this very interpreter runs, from the shared cache."""
    from hgport.model.catalogue import Catalogue
    from hgport.places import project_dir

    catalogue = Catalogue.load(project_dir() / "patches" / "releases.toml")
    release = catalogue.releases[-1]
    tree.world(release, tmp_path / "w", {"contrib/check-code.py": None})
    env = {"PATH": os.environ["PATH"], "HGMODULEPOLICY": "py", "HGRCPATH": os.devnull}
    said = run([sys.executable, tmp_path / "w" / "hg", "version", "-q"], env=env).stdout
    assert release.version.encode() in said
    assert not (tmp_path / "w" / "contrib" / "check-code.py").exists()
