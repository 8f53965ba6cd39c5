"""What the stacks are called that a command works on, as text and as plain data."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hgport.engine.matrix import layers_of
from hgport.model.stack import Stack


def serving(stack: Stack, line: str) -> str:
    """The series files of which the patches for a line's releases are, that of the lowest stack
    first."""
    return " and ".join(str(layer.for_line(line).series.path) for layer in stack.layers)


def plain(stack: Stack) -> dict[str, Any]:
    """What ``--json`` says of the stacks, the same in every command: ``stacks``, each with its
    series file, base and patches, the lowest first; and ``patches``, the names of all of them."""
    stacks = [layer.to_plain() for layer in layers_of(stack)]
    return {"stacks": stacks, "patches": list(stack.names)}


def series_names(files: Sequence[Path]) -> list[str]:
    """What to call series files in a table: from the directory on that all of them are below, or
    whole where there is none; at least one."""
    paths = [os.path.abspath(file) for file in files]
    top = os.path.commonpath([os.path.dirname(path) for path in paths])
    return [path if top == os.sep else os.path.relpath(path, top) for path in paths]
