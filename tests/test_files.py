"""Files are whole or not there."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
import threading
from pathlib import Path

import pytest

from hgport import files, places, process
from hgport.errors import OutsideError


def test_write_whole_replaces_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "below" / "file"
    files.write_whole(path, b"old")
    path.chmod(0o640)
    before = path.stat().st_ino
    files.write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert path.stat().st_ino != before
    assert path.stat().st_mode & 0o777 == 0o640
    assert os.listdir(path.parent) == ["file"]


def test_write_whole_leaves_what_was_there_when_the_disk_refuses(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    code = (
        "import resource, signal, sys; from pathlib import Path; from hgport import files;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        f"files.write_whole(Path({str(path)!r}), b'x' * 5000)"
    )
    told = process.run([sys.executable, "-B", "-c", code], allowed=[1]).stderr
    assert f"OutsideError: cannot write {path}: File too large".encode() in told
    assert path.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_file_where_a_directory_should_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(b"")
    with pytest.raises(OutsideError, match="cannot write"):
        files.write_whole(tmp_path / "cache" / "file", b"new")
    with pytest.raises(OutsideError, match="cannot write"), files.locked(tmp_path / "cache" / "l"):
        pass


def test_what_a_killed_run_left_is_removed_by_a_later_one(tmp_path: Path) -> None:
    left = tmp_path / (files._TEMPORARY + "old")
    fresh = tmp_path / (files._TEMPORARY + "new")
    for directory in (left, fresh):
        (directory / "sub").mkdir(parents=True)
    os.utime(left, (1, 1))
    with files.built_beside(tmp_path / "tree"):
        pass
    assert sorted(os.listdir(tmp_path)) == [fresh.name, "tree"]


def test_old_files_of_a_killed_run_are_removed_by_a_later_one(tmp_path: Path) -> None:
    left, fresh, held = (tmp_path / (files._TEMPORARY + name) for name in ("old", "new", "held"))
    pipe = tmp_path / (files._TEMPORARY + "pipe")
    os.mkfifo(pipe)
    for path in (left, fresh, held):
        path.write_bytes(b"half")
    for path in (left, held, pipe):
        os.utime(path, (1, 1))
    with held.open("rb") as somebody:
        fcntl.flock(somebody, fcntl.LOCK_EX)
        files.write_whole(tmp_path / "file", b"new")
    names = sorted([fresh.name, held.name, pipe.name, "file"])
    assert sorted(os.listdir(tmp_path)) == names
    with files.built_beside(tmp_path / "tree"):
        pass
    assert not held.exists()


def test_a_file_that_is_slow_to_be_written_is_left_alone(tmp_path: Path) -> None:
    real = os.chmod

    def chmod(name: str, mode: int) -> None:
        os.utime(name, (1, 1))
        with pytest.MonkeyPatch.context() as back:
            back.setattr(os, "chmod", real)
            files.write_whole(tmp_path / "other", b"x")
        real(name, mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "chmod", chmod)
        files.write_whole(tmp_path / "file", b"y")
    assert sorted(os.listdir(tmp_path)) == ["file", "other"]


def test_what_is_being_built_is_left_alone_however_old(tmp_path: Path) -> None:
    with files.built_beside(tmp_path / "slow") as beside:
        (beside / "file").write_bytes(b"x")
        os.utime(beside, (1, 1))
        with files.built_beside(tmp_path / "quick"):
            pass
        assert (beside / "file").exists()
    assert sorted(os.listdir(tmp_path)) == ["quick", "slow"]


@pytest.mark.parametrize("error", [ConnectionResetError(104, "reset"), OSError("no number")])
def test_disk_errors_lets_other_errors_pass(error: OSError) -> None:
    with pytest.raises(type(error)), files.disk_errors("do it"):
        raise error


def test_another_place_is_advised_where_it_can_be_chosen() -> None:
    for place, hint in (
        (places.cache_dir(), "HGPORT_CACHE"),
        (places.state_dir(), "HGPORT_STATE"),
        (Path("/elsewhere"), "None"),
    ):
        with pytest.raises(OutsideError) as raised, files.disk_errors(f"write {place / 'f'}"):
            raise OSError(28, "No space left on device")
        assert hint in str(raised.value.hint)


def test_a_name_too_long_is_said(tmp_path: Path) -> None:
    too_long = tmp_path / ("x" * 300)
    with pytest.raises(OutsideError, match="too long"), files.built_beside(too_long):
        pass
    assert os.listdir(tmp_path) == []


def test_built_beside_appears_whole(tmp_path: Path) -> None:
    with files.built_beside(tmp_path / "tree") as beside:
        (beside / "file").write_bytes(b"x")
        assert not (tmp_path / "tree").exists()
    assert (tmp_path / "tree" / "file").read_bytes() == b"x"
    assert os.listdir(tmp_path) == ["tree"]


@pytest.mark.parametrize("ended", [ValueError, KeyboardInterrupt])
def test_built_beside_leaves_nothing_of_a_failure(
    tmp_path: Path, ended: type[BaseException]
) -> None:
    with pytest.raises(ended), files.built_beside(tmp_path / "tree") as beside:
        (beside / "sub").mkdir()
        (beside / "sub").chmod(0o500)
        raise ended
    assert os.listdir(tmp_path) == []


def test_a_failure_leaves_no_directory_that_was_made_for_it(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for target in ("there/a/b/tree", "a/../tree"):
        with pytest.raises(ValueError), files.built_beside(tmp_path / target):
            raise ValueError
    assert [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*")] == ["there"]
    with pytest.raises(ValueError), files.built_beside(tmp_path / "a" / "b" / "tree"):
        (tmp_path / "a" / "theirs").touch()
        raise ValueError
    assert [path.name for path in sorted((tmp_path / "a").iterdir())] == ["theirs"]


def test_a_directory_that_another_takes_away_again_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = files._sweep

    def sweep(directory: Path) -> None:
        monkeypatch.setattr(files, "_sweep", real)
        directory.rmdir()

    monkeypatch.setattr(files, "_sweep", sweep)
    with files.built_beside(tmp_path / "new" / "tree"):
        pass
    assert (tmp_path / "new" / "tree").is_dir()


@pytest.mark.parametrize("taken", [1, 3])
def test_directories_that_go_while_they_are_made_are_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: int
) -> None:
    real = os.mkdir
    left = 2 * taken

    def mkdir(path: Path, mode: int = 0o777) -> None:
        nonlocal left
        left -= 1
        if left >= 0 and left % 2:
            raise FileExistsError(errno.EEXIST, "File exists", path)
        if left >= 0:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", path)
        real(path, mode)

    monkeypatch.setattr(os, "mkdir", mkdir)
    files.write_whole(tmp_path / "a" / "b" / "file", b"x")
    left = 2 * taken
    with files.locked(tmp_path / "c" / "lock"):
        pass
    left = 2 * taken
    with files.built_beside(tmp_path / "d" / "e" / "tree"):
        pass
    found = sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*"))
    assert found == ["a", "a/b", "a/b/file", "c", "c/lock", "d", "d/e", "d/e/tree"]


def test_a_directory_that_another_makes_meanwhile_is_not_ours_to_remove(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.mkdir

    def mkdir(path: Path, mode: int = 0o777) -> None:
        monkeypatch.setattr(os, "mkdir", real)
        os.mkdir(path)
        real(path, mode)

    monkeypatch.setattr(os, "mkdir", mkdir)
    with pytest.raises(ValueError), files.built_beside(tmp_path / "theirs" / "ours" / "tree"):
        raise ValueError
    assert [path.name for path in tmp_path.rglob("*")] == ["theirs"]


def test_a_file_system_without_locks_will_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(handle: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", flock)
    left = tmp_path / (files._TEMPORARY + "old")
    left.touch()
    os.utime(left, (1, 1))
    files.write_whole(tmp_path / "file", b"x")
    with files.built_beside(tmp_path / "tree"):
        pass
    # somebody may be building it
    assert sorted(os.listdir(tmp_path)) == [left.name, "file", "tree"]


def test_what_lies_beside_for_a_while_is_left_alone_and_removed_in_the_end(tmp_path: Path) -> None:
    with pytest.raises(ValueError), files.scratch_beside(tmp_path / "tree") as beside:
        (beside / "file").touch()
        os.utime(beside, (1, 1))
        files.write_whole(tmp_path / "other", b"x")
        assert (beside / "file").exists()
        raise ValueError
    assert os.listdir(tmp_path) == ["other"]


def test_built_beside_keeps_what_another_built_meanwhile(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    with files.built_beside(tree) as beside:
        (beside / "file").write_bytes(b"ours")
        tree.mkdir()
        (tree / "file").write_bytes(b"theirs")
    assert (tree / "file").read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["tree"]


def test_removing_a_link_leaves_what_it_names(tmp_path: Path) -> None:
    below = tmp_path / "theirs" / "below"
    below.mkdir(parents=True)
    (below / "file").write_bytes(b"x")
    below.chmod(0o755)
    (tmp_path / "link").symlink_to(below.parent)
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "inner").symlink_to(below)
    for name in ("link", "ours", "none"):
        files.remove_tree(tmp_path / name)
    assert os.listdir(tmp_path) == ["theirs"] and os.listdir(below) == ["file"]
    assert below.stat().st_mode & 0o777 == 0o755


def test_locked_lets_one_in_at_a_time(tmp_path: Path) -> None:
    seen: list[str] = []
    inside = threading.Event()

    def other() -> None:
        inside.wait()
        with files.locked(tmp_path / "lock"):
            seen.append("other")

    thread = threading.Thread(target=other)
    thread.start()
    with files.locked(tmp_path / "lock"):
        inside.set()
        thread.join(0.2)
        seen.append("first")
    thread.join()
    assert seen == ["first", "other"]


def test_locked_does_not_explain_away_the_error_of_its_block(tmp_path: Path) -> None:
    with pytest.raises(PermissionError), files.locked(tmp_path / "lock"):
        raise PermissionError(13, "not about the lock")
