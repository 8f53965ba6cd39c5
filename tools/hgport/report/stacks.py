"""What the stacks are called that a command works on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from hgport.model.stack import Stack


def serving(stack: Stack, line: str) -> str:
    """The series files of which the patches for a line's releases are, that of the lowest stack
    first."""
    return " and ".join(str(layer.for_line(line).series.path) for layer in stack.layers)


def series_names(files: Sequence[Path]) -> list[str]:
    """What to call series files in a table: from the directory on that all of them are below, or
    whole where there is none; at least one."""
    paths = [os.path.abspath(file) for file in files]
    top = os.path.commonpath([os.path.dirname(path) for path in paths])
    return [path if top == os.sep else os.path.relpath(path, top) for path in paths]
