"""Where things are kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hgport import places


@pytest.mark.parametrize(
    ("where", "name", "usual"),
    [
        (places.cache_dir, "HGPORT_CACHE", "XDG_CACHE_HOME"),
        (places.state_dir, "HGPORT_STATE", "XDG_STATE_HOME"),
    ],
)
def test_a_place_can_be_chosen(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: Callable[[], Path],
    name: str,
    usual: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(name, "mine")
    assert where() == tmp_path / "mine"
    monkeypatch.delenv(name)
    monkeypatch.setenv(usual, str(tmp_path / "usual"))
    assert where() == tmp_path / "usual" / "hgport"
