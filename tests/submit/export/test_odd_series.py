"""What is hard to carry: modes, renames, empty and binary files, odd bytes, odd words."""

from __future__ import annotations

from pathlib import Path

import pytest

import helpers_export as odd
from helpers_consumers import CONSUMERS, content
from hgport.cli import run

SERIES = {
    **dict.fromkeys(["mq", "hg", "bundle", "git"], odd.WHOLE),
    **dict.fromkeys(["quilt", "rpm", "nix"], odd.NEARLY),
    "debian": odd.PATCHES,
}


@pytest.mark.parametrize("form", CONSUMERS)
def test_everything_arrives(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd.write(tmp_path / "project", monkeypatch, SERIES[form])
    export = tmp_path / "export"
    assert run(["export", odd.VERSION, "--format", form, str(export)]) == 0
    place = odd.place(tmp_path)
    assert content(CONSUMERS[form](place, export)) == content(place.repository)
