"""Which series is carried to a release, and on which release it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport.engine.origins import origin_of, reference
from hgport.errors import UsageError
from hgport.model import project
from hgport.model.stack import Port, Stack

BASE = numbered(30)
ONE = {"one.patch": patch_bytes(file_diff("f", BASE, numbered(30, line10="new 10")))}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = Project(tmp_path)
    older, newer = ("4.8", "4.9", "4.9.1", "5.0", "5.1"), ("5.2.1", "5.2.2", "5.3", "5.4", "5.5")
    for version in (*older, "5.2", *newer):
        result.release(version, {"f": BASE})
    result.write("5.2.1", ONE, {"4.8": ONE, "4.9": ONE, "5.0": ONE, "5.3": ONE, "5.4": ONE})
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    return result


@pytest.mark.parametrize(
    "target, line, release",
    [
        ("5.1", None, "5.2.1"),
        ("5.0", None, "5.2.1"),
        ("4.9", "5.0", "5.0"),
        # of several in between, the nearest
        ("4.8", "4.9", "4.9.1"),
        ("5.3", None, "5.2.1"),
        ("5.5", "5.4", "5.4"),
        ("5.4", "5.3", "5.3"),
        # other releases of the base's own line
        ("5.2", None, "5.2.1"),
        ("5.2.2", None, "5.2.1"),
    ],
)
def test_the_nearest_on_the_way_to_the_base(
    made: Project, target: str, line: str | None, release: str
) -> None:
    stack, catalogue = project.load()
    origin = origin_of(stack, catalogue, catalogue.release(target))
    assert (origin.port.line, origin.release.version) == (line, release)


@pytest.mark.parametrize(
    "base, line, release",
    [
        ("5.2", None, "5.2.1"),
        ("5.2.2", None, "5.2.2"),
        ("5.1", "5.0", "5.1"),
        ("5.5", "5.4", "5.5"),
        ("4.9", "4.9", "4.9.1"),
        ("4.9.0", "4.9", "4.9"),
        ("5.4", "5.4", "5.4"),
    ],
)
def test_a_chosen_base(made: Project, base: str, line: str | None, release: str) -> None:
    stack, catalogue = project.load()
    origin = origin_of(stack, catalogue, catalogue.release("4.8"), base)
    assert (origin.port.line, origin.release.version) == (line, release)
    assert origin.why.endswith(f"on {release}, as chosen")


def test_a_port_for_the_bases_own_line_wins_over_the_top_level_series(made: Project) -> None:
    made.write("5.2.1", ONE, {"5.2": ONE})
    stack, catalogue = project.load()
    assert origin_of(stack, catalogue, catalogue.release("5.3")).port.line == "5.2"
    assert origin_of(stack, catalogue, catalogue.release("5.1")).port.line == "5.2"


@pytest.mark.parametrize("base, said", [("5.7", "no release '5.7'"), ("x", "no base 'x'")])
def test_an_unknown_base(made: Project, base: str, said: str) -> None:
    stack, catalogue = project.load()
    with pytest.raises(UsageError, match=said):
        origin_of(stack, catalogue, catalogue.release("4.8"), base)


@pytest.mark.parametrize("target, base", [("5.2.1", None), ("4.9.1", "4.9"), ("5.2", "5.2.0")])
def test_the_base_itself(made: Project, target: str, base: str | None) -> None:
    stack, catalogue = project.load()
    with pytest.raises(UsageError, match=f"{target} is the base itself"):
        origin_of(stack, catalogue, catalogue.release(target), base)


def test_a_stack_without_a_base_needs_one(made: Project) -> None:
    _stack, catalogue = project.load()
    stack = Stack.load(made.root / "series", None)
    with pytest.raises(UsageError) as caught:
        origin_of(stack, catalogue, catalogue.release("4.8"))
    assert "--base" in str(caught.value.hint)
    assert origin_of(stack, catalogue, catalogue.release("4.9"), "4.9.1").port.line == "4.9"
    with pytest.raises(UsageError):
        reference(stack, catalogue, Port(None, stack.top))
