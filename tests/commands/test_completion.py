"""What a shell may offer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest

from helpers_engine import file_diff, patch_bytes
from hgport import cli
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


def test_lines_and_ports() -> None:
    assert completion.lines(NONE, NONE, "5.") == ["5.0", "5.1", "5.2", "5.3"] + [
        f"5.{minor}" for minor in range(4, 10)
    ]
    assert completion.ports(NONE, NONE, "b") == ["base"]
    assert completion.ports(NONE, NONE, "HEAD~3:4.9") == ["HEAD~3:4.9"]


def test_pythons_are_in_order() -> None:
    assert completion.pythons(NONE, NONE, "")[:3] == ["2.7", "3.7", "3.8"]
    assert completion.pythons(NONE, NONE, "3.1")[0] == "3.10"


def test_patches_are_those_of_the_stack(tmp_path: Path) -> None:
    command = click.Command("x")
    context = click.Context(command)
    assert "lfs-upload-through-httpsendfile.patch" in completion.patches(context, NONE, "lfs")
    (tmp_path / "a.patch").write_bytes(patch_bytes(file_diff("f", b"a\n", b"b\n")))
    (tmp_path / "series").write_text("a.patch\n")
    context.params["series"] = tmp_path / "series"
    assert completion.patches(context, NONE, "") == ["a.patch"]


WANTED = {"RELEASE", "RANGE", "[RANGE]", "LINE", "A", "B", "PATCH", "V"}


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_name_of_a_release_or_patch_is_offered(verb: str) -> None:
    command = cli.hgport.get_command(click.Context(cli.hgport), verb)
    assert command is not None
    for parameter in command.params:
        if parameter.metavar in WANTED:
            assert parameter._custom_shell_complete is not None, parameter.name
