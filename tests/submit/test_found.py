"""hgport.submit.found: a file of a repository is read, and nothing else in its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hgport.errors import UsageError
from hgport.submit import found


def test_a_link_may_lead_to_another_file_of_the_same_directory(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "file").write_text("x")
    (tmp_path / "private").write_text("secret")
    (inside / "link").symlink_to("file")
    found.refuse_outside(inside / "link", inside)
    (tmp_path / "other").symlink_to(inside)
    found.refuse_outside(tmp_path / "other" / "link", tmp_path / "other")
    (inside / "out").symlink_to("../private")
    (inside / "away").symlink_to(tmp_path)
    for name in ("out", "away", "away/private", "../private"):
        with pytest.raises(UsageError, match="leads to outside"):
            found.refuse_outside(inside / name, inside)


def test_a_directory_without_links(tmp_path: Path) -> None:
    found.refuse_links(tmp_path / "none")
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("x")
    found.refuse_links(tmp_path)
    (tmp_path / "a" / "link").symlink_to("nowhere")
    for top in (tmp_path, tmp_path / "a" / "link"):
        with pytest.raises(UsageError, match="a/link is no file of its own"):
            found.refuse_links(top)


def test_what_is_no_file_does_not_stop_anything(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(UsageError, match=f"{name} is no regular file"):
            found.read(tmp_path / name)
    (tmp_path / "long").write_bytes(b"x" * 1_000_001)
    with pytest.raises(UsageError, match="long is longer than"):
        found.read(tmp_path / "long")
    with pytest.raises(UsageError, match="cannot read .*: Is a directory"):
        found.read(tmp_path)
    (tmp_path / "turns").symlink_to("turns")
    with pytest.raises(UsageError, match="cannot read .*turns: Too many levels"):
        found.read(tmp_path / "turns")
    with pytest.raises(FileNotFoundError):
        found.read(tmp_path / "none")


def test_a_toml_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text('a = "ë"\n', encoding="utf-8")
    assert found.toml(path) == {"a": "ë"}
    for data in (b"a =", b"\xff", b"\0"):
        path.write_bytes(data)
        with pytest.raises(UsageError, match="file is no TOML") as caught:
            found.toml(path)
        assert "\n" not in caught.value.message
