"""hgport.submit.newfile: a file is made whole, or not at all, and never over another."""

from __future__ import annotations

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hgport.errors import HgportError, OutsideError, UsageError
from hgport.files import write_whole
from hgport.submit.newfile import write_new


def test_a_file_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_new(path, b"one", "go away")
    with pytest.raises(UsageError, match="file exists already") as caught:
        write_new(path, b"two", "go away")
    assert caught.value.hint == "go away"
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_a_dangling_link_is_something_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(UsageError, match="exists already"):
        write_new(tmp_path / "link", b"", "")
    assert not (tmp_path / "nowhere").exists()


def test_of_many_that_write_one_wins(tmp_path: Path) -> None:
    path = tmp_path / "file"

    def attempt(number: int) -> int | None:
        try:
            write_new(path, b"%d" % number * 1000, "")
        except UsageError:
            return None
        return number

    with ThreadPoolExecutor(8) as executor:
        (won,) = [one for one in executor.map(attempt, range(8)) if one is not None]
    assert path.read_bytes() == b"%d" % won * 1000
    assert list(tmp_path.iterdir()) == [path]


def test_nobody_reads_it_who_could_not_read_another(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        write_new(tmp_path / "own", b"", "")
        os.umask(0o002)
        write_new(tmp_path / "group", b"", "")
    finally:
        os.umask(before)
    modes = [oct((tmp_path / name).stat().st_mode & 0o777) for name in ("own", "group")]
    assert modes == ["0o600", "0o664"]


def test_where_it_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no directory"):
        write_new(tmp_path / "none" / "file", b"", "")
    (tmp_path / "shut").mkdir()
    name = "x" * 300
    with pytest.raises(OutsideError, match="File name too long") as caught:
        write_new(tmp_path / "shut" / name, b"", "")
    assert isinstance(caught.value, HgportError)
    assert list((tmp_path / "shut").iterdir()) == []


def test_where_there_are_no_hard_links(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(_old: str, _new: Path) -> None:
        raise OSError(errno.ENOTSUP, "no links here")

    monkeypatch.setattr(os, "link", link)
    write_new(tmp_path / "new", b"mine", "hint")
    assert (tmp_path / "new").read_bytes() == b"mine"
    assert os.listdir(tmp_path) == ["new"]
    with pytest.raises(UsageError, match="exists already"):
        write_new(tmp_path / "new", b"other", "hint")
    assert (tmp_path / "new").read_bytes() == b"mine"


def test_it_is_held_while_it_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fsync

    def fsync(handle: int) -> None:
        os.utime(handle, (1, 1))
        write_whole(tmp_path / "other", b"y")
        monkeypatch.setattr(os, "fsync", real)

    monkeypatch.setattr(os, "fsync", fsync)
    write_new(tmp_path / "file", b"x", "choose another")
    assert (tmp_path / "file").read_bytes() == b"x"
