"""What a shell may offer."""

from __future__ import annotations

from typing import Any

import pytest

from hgport.commands import completion

NONE: Any = None


def test_releases() -> None:
    assert completion.releases(NONE, NONE, "5.2.") == ["5.2.1", "5.2.2"]
    assert completion.releases(NONE, NONE, "9") == []


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("aff", ["affected"]),
        ("5.2.", ["5.2.1", "5.2.2"]),
        ("4.5..5.2.", ["4.5..5.2.1", "4.5..5.2.2"]),
        ("latest,5.2.", ["latest,5.2.1", "latest,5.2.2"]),
        ("4.5..a", []),
    ],
)
def test_ranges(typed: str, offered: list[str]) -> None:
    assert completion.ranges(NONE, NONE, typed) == offered


def test_a_line_is_offered_once() -> None:
    assert completion.ranges(NONE, NONE, "5.").count("5.2") == 1


def test_nothing_is_said_where_there_is_no_project(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    assert completion.releases(NONE, NONE, "5") == completion.ranges(NONE, NONE, "5") == []
