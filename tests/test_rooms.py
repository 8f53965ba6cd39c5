"""The rooms of the package: who may import whom (DESIGN, "rooms")."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import hgport

ROOT = Path(hgport.__file__).parent
# from the bottom up; the modules beside the rooms are below them all, but for the command line
ROOMS = ["", "model", "upstream", "engine", "proof", "submit", "report", "commands", "cli"]
MODULES = sorted(ROOT.rglob("*.py"))


def room(dotted: str) -> str:
    """The room of ``hgport.room.module``, or "" for what every room stands on."""
    parts = dotted.split(".")[1:]
    if parts[:1] in (["cli"], ["start"], ["__main__"]):
        return "cli"
    return parts[0] if parts and parts[0] in ROOMS else ""


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the room"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted(path: Path) -> str:
    return ".".join(["hgport", *path.relative_to(ROOT).with_suffix("").parts])


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 20
    assert {room(dotted(m)) for m in MODULES} >= {"model", "upstream", "engine", "proof"}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_import_goes_upward(path: Path) -> None:
    ours = ROOMS.index(room(dotted(path)))
    for name in imports(path):
        if name.startswith("hgport."):
            assert ROOMS.index(room(name)) <= ours, f"{dotted(path)} imports {name}"


@pytest.mark.parametrize(
    ("module", "only"),
    [("subprocess", "process.py"), ("mercurial", "engine/hgpatcher.py")],
)
def test_one_module_touches(module: str, only: str) -> None:
    users = {
        str(path.relative_to(ROOT))
        for path in MODULES
        # these run in the releases under test
        if path.parent != ROOT / "proof" / "inside"
        if any(name.split(".")[0] == module for name in imports(path))
    }
    assert users == {only}
