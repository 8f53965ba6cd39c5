"""Which port serves which line."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import file_diff, patch_bytes, write_stack
from hgport.errors import UsageError
from hgport.model import project
from hgport.model.stack import Stack

PATCH = patch_bytes(file_diff("x", b"a\n", b"b\n"))


def stack(tmp_path: Path, base: str | None, *lines: str) -> Stack:
    return Stack.load(
        write_stack(tmp_path, {"a": PATCH}, {line: {"b": PATCH} for line in lines}), base
    )


@pytest.mark.parametrize(
    "line, port",
    [
        ("4.4", "4.5"),  # older than every port
        ("4.5", "4.5"),
        ("4.6", "4.5"),
        ("4.9", "4.9"),
        ("4.10", "4.9"),  # by number, not by text
        ("5.1", "4.9"),
        ("5.2", None),  # the base's
        ("5.3", None),
        ("5.4", "5.4"),
        ("7.2", "5.4"),
    ],
)
def test_a_port_serves_its_line_and_later_ones(tmp_path: Path, line: str, port: str | None) -> None:
    assert stack(tmp_path, "5.2.2", "5.4", "4.5", "4.9").for_line(line).line == port


def test_a_directory_for_the_bases_line_comes_first(tmp_path: Path) -> None:
    assert stack(tmp_path, "5.2.2", "5.2").for_line("5.2").line == "5.2"


def test_without_a_base_the_top_serves_what_is_older(tmp_path: Path) -> None:
    found = stack(tmp_path, None, "5.0")
    assert [found.for_line(line).line for line in ("4.9", "5.0")] == [None, "5.0"]


def test_names_of_all_series(tmp_path: Path) -> None:
    assert stack(tmp_path, "5.2.2", "4.9").names == ("a", "b")


def test_other_directories_are_no_ports(tmp_path: Path) -> None:
    found = stack(tmp_path, "5.2.2", "followups", "5.2.1")
    assert found.ports == ()


def test_a_broken_port_is_an_error(tmp_path: Path) -> None:
    write_stack(tmp_path, {"a": PATCH}, {"4.9": {"b": b"nothing"}})
    with pytest.raises(UsageError, match=r"4\.9/series: line 1: b is no patch"):
        Stack.load(tmp_path / "series", "5.2.2")


def test_a_plain_series_has_no_base(tmp_path: Path) -> None:
    write_stack(tmp_path, {"a": PATCH}, {})
    found, catalogue = project.load(tmp_path)
    assert found.base is None
    assert catalogue.releases


def test_a_port_may_be_empty_but_not_the_series_itself(tmp_path: Path) -> None:
    series = write_stack(tmp_path, {"a": PATCH}, {"5.4": {"a": PATCH}})
    (tmp_path / "patches" / "5.4" / "series").write_bytes(b"")
    assert Stack.load(series, "5.2.2").for_line("5.4").series.patches == ()
    series.write_bytes(b"# a comment\n")
    with pytest.raises(UsageError, match="series lists no patch"):
        Stack.load(series, "5.2.2")


def test_a_patch_by_its_name_with_or_without_what_it_ends_with(tmp_path: Path) -> None:
    stack = Stack.load(write_stack(tmp_path, {"a.patch": PATCH}, {"4.9": {"b": PATCH}}), "5.2.2")
    assert [stack.named(name) for name in ("a", "a.patch", "b")] == ["a.patch", "a.patch", "b"]
    with pytest.raises(UsageError, match="no patch c") as raised:
        stack.named("c")
    assert raised.value.hint == "it has a.patch, b"


# stacks on each other


def layered(tmp_path: Path, over: dict[str, bytes]) -> Stack:
    (tmp_path / "low").mkdir()
    (tmp_path / "high").mkdir()
    low = Stack.load(write_stack(tmp_path / "low", {"a": PATCH}, {"4.9": {"b": PATCH}}), "5.2")
    series = write_stack(tmp_path / "high", over, {"5.0": {"d": PATCH}})
    return Stack.load(series, "5.2", low)


@pytest.mark.parametrize(
    "line, patches",
    [("4.9", ["b", "d"]), ("5.0", ["b", "d"]), ("5.2", ["a", "c"])],
)
def test_each_layer_has_ports_of_its_own(tmp_path: Path, line: str, patches: list[str]) -> None:
    found = layered(tmp_path, {"c": PATCH})
    assert [patch.name for patch in found.patches_for(line)] == patches


def test_names_of_all_layers_the_lowest_first(tmp_path: Path) -> None:
    found = layered(tmp_path, {"c": PATCH})
    assert (found.names, found.own_names) == (("a", "b", "c", "d"), ("c", "d"))
    assert found.named("b") == "b"
    assert [layer.top.names for layer in found.layers] == [("a",), ("c",)]
    assert [found.layer_of(name) for name in "abcd"] == [*[found.layers[0]] * 2, *[found] * 2]


def test_a_patch_is_in_one_layer_only(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has b, and so has a stack below it"):
        layered(tmp_path, {"b": PATCH})
