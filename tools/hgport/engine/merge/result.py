"""What a merge of one file is made of, and what it gives."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

# the lines around the three sides of a conflict; no release is named, so that the same conflict
# on another release has the same text
TARGET_MARK = b"<<<<<<< target"
BASE_MARK = b"||||||| base"
BETWEEN_MARK = b"======="
PATCH_MARK = b">>>>>>> patch"


class Step(enum.Enum):
    """Which step of a merge settled a hunk; the values are what people read."""

    APPLIED = "already there"  # the target has the change
    EXACT = "exact"  # the patch's own hunk applies
    LINES = "lines"  # a three-way merge by lines
    FORMAT = "format-aware"  # a three-way merge by logical lines and tokens
    CONFLICT = "conflict"


@dataclass(frozen=True)
class Sides:
    """The three sides of a merge: the same file before the patch, after it, and in the target.

    ``path`` is where the target has it; it tells what kind of text it is.
    """

    path: str
    base: bytes = field(repr=False)
    patched: bytes = field(repr=False)
    target: bytes = field(repr=False)


@dataclass(frozen=True)
class Hunk:
    """How one run of changed lines of the patch was settled.

    ``number`` counts from 1 in the file; ``line`` is where the run starts in the base, counted from
    1; ``why`` is a clause that completes "settled by STEP: ...".
    """

    number: int
    line: int
    step: Step
    why: str


@dataclass(frozen=True)
class Conflict:
    """What a person has to settle.

    ``line`` is that of the first marker in the merged content, counted from 1; the three sides are
    whole lines without the markers.
    """

    line: int
    base: bytes = field(repr=False)
    patched: bytes = field(repr=False)
    target: bytes = field(repr=False)
    why: str = ""


@dataclass(frozen=True)
class Merge:
    """A merged file: its content, with markers around each conflict.

    ``notes`` are whole sentences about the file, such as that it could not be read as Python.
    """

    content: bytes = field(repr=False)
    hunks: tuple[Hunk, ...]
    conflicts: tuple[Conflict, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def step(self) -> Step:
        """The step that the hardest hunk took; ALREADY THERE if there is none."""
        order = list(Step)
        return max((hunk.step for hunk in self.hunks), key=order.index, default=Step.APPLIED)
