"""Which code of ours stands on which."""

from __future__ import annotations

import ast
from pathlib import Path

import hgport

PACKAGE = Path(hgport.__file__).parent


def imported(module: Path) -> set[Path]:
    """The modules of ours that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("hgport."):
            for alias in node.names:
                parts = [*str(node.module).split(".")[1:], alias.name]
                whole, part = PACKAGE.joinpath(*parts), PACKAGE.joinpath(*parts[:-1])
                found |= {p.with_suffix(".py") for p in (whole, part)}
    return {path for path in found if path.is_file()}
