"""Several files replaced as one change."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hgport.engine.together import replace_together
from hgport.errors import OutsideError


def tree(root: Path) -> dict[str, bytes | None]:
    return {
        str(p.relative_to(root)): p.read_bytes() if p.is_file() else None for p in root.rglob("*")
    }


def test_all_are_written(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"1")
    (tmp_path / "gone").write_bytes(b"2")
    replace_together(
        {tmp_path / "old": b"3", tmp_path / "d" / "new": b"4", tmp_path / "gone": None}
    )
    assert tree(tmp_path) == {"old": b"3", "d": None, "d/new": b"4"}


def test_none_is_written_if_one_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"1")
    (tmp_path / "gone").write_bytes(b"2")
    os.utime(tmp_path / "gone", (1, 1))
    (tmp_path / "file").write_bytes(b"")
    before = tree(tmp_path)
    with pytest.raises(OutsideError):
        replace_together(
            {
                tmp_path / "old": b"3",
                tmp_path / "gone": None,
                tmp_path / "d" / "e" / "new": b"4",
                tmp_path / "file" / "x": b"5",
            }
        )
    assert tree(tmp_path) == before
