"""The options by which a command line names a stack."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from hgport.model.stack import Stack


def files_of(stack: Stack) -> tuple[str, ...]:
    """The series files of a stack's layers, the lowest first, as absolute paths."""
    return tuple(str(layer.top.path.absolute()) for layer in stack.layers)


def options(files: Sequence[str]) -> str:
    """The options for layers of these series files, the lowest first: "--series A --with B"."""
    lowest, *others = (shlex.quote(_shown(file)) for file in files)
    return " ".join([f"--series {lowest}", *(f"--with {one}" for one in others)])


def options_for(stack: Stack, name: str) -> str:
    """The options for the layer that has the patch of that file name, on all that is below it."""
    return options(files_of(stack.layer_of(name)))


def _shown(file: str) -> str:
    """A path as a person would write it: from where they are, if it is below."""
    relative = os.path.relpath(file)
    return file if relative.startswith("..") else str(Path(relative))
