"""What a merged file is put together from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from hgport.engine.merge.result import Step
from hgport.engine.merge.tree import Taken
from hgport.engine.merge.units import Unit


@dataclass(frozen=True)
class FromTarget:
    """A unit of the target, as it is there.

    ``lead`` is the blank lines to put before it where the patch changed them.
    """

    unit: Unit
    lead: bytes | None = None
    depth: int | None = None  # another than its own


@dataclass(frozen=True)
class FromPatch:
    """A unit of the patched file, to be written as the target is written, at a depth.

    ``instead`` is the target's unit in place of which it comes, None if it comes in addition.
    """

    unit: Unit
    depth: int
    instead: Unit | None = None


@dataclass(frozen=True)
class Mixed:
    """A unit that both sides changed: its tokens, in order."""

    base: Unit
    patched: Unit
    target: Unit
    taken: tuple[Taken, ...]
    depth: int


@dataclass(frozen=True)
class Imports:
    """A statement ``from … import …``: the names that it is to have, in the target's form."""

    base: Unit
    patched: Unit
    target: Unit
    names: tuple[tuple[bytes, ...], ...]


@dataclass(frozen=True)
class Disputed:
    """What only a person can settle: the units of the three sides."""

    base: tuple[Unit, ...]
    patched: tuple[Unit, ...]
    target: tuple[Unit, ...]
    why: str


Piece = Union[FromTarget, FromPatch, Mixed, Imports, Disputed]


@dataclass(frozen=True)
class Decided:
    """How the lines of the base from ``first`` to ``last`` (from 1; last < first: between two
    lines) were settled, and why so."""

    first: int
    last: int
    step: Step
    why: str
