"""What can come of applying a patch to a tree."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hgport.model.patch import Patch

# reads a tree: the content of a file by its path, None where there is none
Reader = Callable[[str], "bytes | None"]


class Outcome(enum.Enum):
    """What became of one patch on one tree."""

    CLEAN = "clean"  # every hunk at the line that it names
    OFFSET = "offset"  # some hunk at another line, its context whole
    FUZZ = "fuzz"  # some hunk with less context than it has
    CONFLICT = "conflict"  # some hunk nowhere
    APPLIED = "applied"  # nothing to do: the tree has the whole change already
    NOT_AFFECTED = "not affected"  # none of the files that it modifies are in the tree
    NOT_TRIED = "not tried"  # a patch before it is in conflict
    UPSTREAMED = "upstreamed"  # the release has it, so it need not be applied
    REPEATED = "repeated"  # a patch before it does the same
    ABSENT = "absent"  # the port leaves it out though the release does not have it

    @property
    def changes_tree(self) -> bool:
        """Whether the patch was put into the tree."""
        return self in (Outcome.CLEAN, Outcome.OFFSET, Outcome.FUZZ)


@dataclass(frozen=True)
class HunkResult:
    """What became of one hunk.

    ``number`` counts from 1 in each file.  ``line`` is where the hunk should be, counted from 1
    and with the patch's hunks before it taken into account; ``offset`` how many lines lower it
    was found (negative: higher), ``fuzz`` how many lines of context were passed over.
    """

    file: str
    number: int
    line: int
    offset: int
    fuzz: int
    rejected: bool


@dataclass(frozen=True)
class PatchResult:
    """What became of one patch.

    ``message`` says why it did not apply, in one line, and is "" if it did.  ``files`` is the
    new content of every file that it changed (None: removed), ``modes`` the modes that it asks for
    ("", "x" or "l"), ``copies`` the source of each renamed or copied file.  ``repeats`` is, of a
    change that is there already, the file name of the patch before it that brought it, "" if the
    tree had it by itself.
    """

    patch: Patch
    outcome: Outcome
    hunks: tuple[HunkResult, ...] = ()
    message: str = ""
    files: Mapping[str, bytes | None] = field(default_factory=dict, repr=False)
    modes: Mapping[str, str] = field(default_factory=dict)
    copies: Mapping[str, str] = field(default_factory=dict)
    repeats: str = ""


@dataclass(frozen=True)
class SeriesResult:
    """What became of a series: one result a patch, in order, and what they leave behind.

    ``files`` and ``modes`` are as in PatchResult, for all patches that were put into the tree
    together.
    """

    results: tuple[PatchResult, ...]
    files: dict[str, bytes | None] = field(repr=False)
    modes: dict[str, str]

    @property
    def conflict(self) -> PatchResult | None:
        """The patch in conflict, or None if there is none."""
        stopped = (r for r in self.results if r.outcome is Outcome.CONFLICT)
        return next(stopped, None)


@dataclass(frozen=True)
class Edit:
    """What becomes of one file.

    ``old`` is its content before and ``new`` after, None where it is not there; ``old_mode`` and
    ``new_mode`` are "", "x" or "l".  ``source`` is the file that it was copied from, whose content
    and mode are then the old ones; a rename is that and a second edit, which removes the source.
    """

    path: str
    old: bytes | None = field(repr=False)
    new: bytes | None = field(repr=False)
    old_mode: str = ""
    new_mode: str = ""
    source: str | None = None
