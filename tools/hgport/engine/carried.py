"""What comes of carrying a series to another release: the fate of each patch and each file."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from hgport.engine.merge.result import Merge, Step
from hgport.model.catalogue import Absorption, Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Stack

if TYPE_CHECKING:
    from hgport.engine.origins import Origin
    from hgport.engine.records import Record
    from hgport.engine.resolutions import Settled, Use


class Fate(enum.Enum):
    """What became of a patch; the values are what people read."""

    EXACT = "exact"  # every hunk applies
    LINES = "lines"  # some hunk took a three-way merge by lines
    FORMAT = "format-aware"  # some hunk took a three-way merge by logical lines and tokens
    RESOLVED = "resolved"  # some text is what a person decided, now or in an earlier rebase
    CONFLICT = "conflict"  # a person has to settle it
    UPSTREAMED = "upstreamed"  # the target has all of it
    REPEATED = "repeated"  # a patch before it does the same
    EMPTY = "empty after merge"  # nothing of it is left to do, though the target has not all of it
    DROPPED = "left out"  # a person decided to do without it there
    NOT_TRIED = "not tried"  # a patch before it is in conflict

    @property
    def changes_tree(self) -> bool:
        """Whether there is a patch for the target."""
        return self in (Fate.EXACT, Fate.LINES, Fate.FORMAT, Fate.RESOLVED)


class What(enum.Enum):
    """What was done about a file; the values are what people read."""

    MERGED = "merged"  # its text, three ways
    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"  # and nothing else
    COPIED = "copied"  # and nothing else
    VANISHED = "vanished"  # the target has no such file, and nobody knows where it went
    APPLIED = "already applied"  # the target has the whole change
    MODE = "mode change only"
    BINARY = "binary"  # taken whole, as the target had what the base has
    GIVEN = "given"  # a person gave the text


@dataclass(frozen=True)
class FileFate:
    """What became of one file that a patch changes.

    ``path`` is its name in the target with the patch, ``base_path`` the one that the origin's patch
    gives it.  ``merge`` is there where texts were merged.  ``content`` is the file after the patch,
    None for no file; in conflict it has markers, but for a binary file, which is the target's.
    ``used`` is what was remembered and is in the content.  ``why`` is a clause that gives the
    reason for ``what``, "" where none is needed.  ``notes`` are whole sentences.  ``source`` is the
    file of the target that it was copied from, ``mode`` the mode that the patch asks for ("", "x"
    or "l"; None: that which the file has).
    """

    path: str
    base_path: str
    what: What
    merge: Merge | None
    content: bytes | None = field(repr=False)
    used: tuple[Use, ...] = ()
    why: str = ""
    in_conflict: bool = False
    notes: tuple[str, ...] = ()
    source: str | None = None
    mode: str | None = None

    @property
    def is_there(self) -> bool:
        """Whether the target had the patch's whole change to this file."""
        if self.merge is None or self.used or self.what is not What.MERGED:
            return self.what is What.APPLIED and not self.used
        return self.merge.step is Step.APPLIED


@dataclass(frozen=True)
class Carried:
    """What became of one patch.

    ``patch`` is the origin's, or one that the port has of its own.  ``data`` is the patch file for
    the target, None where there is none.
    ``since`` is what the catalogue says of a patch that upstream took.  ``used`` is what was
    remembered of the text above the diff; ``notes`` are whole sentences about the patch.
    """

    patch: Patch
    fate: Fate
    files: tuple[FileFate, ...] = ()
    data: bytes | None = field(default=None, repr=False)
    since: Absorption | None = None
    used: tuple[Use, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def uses(self) -> tuple[Use, ...]:
        """All that was remembered and used, for the files and the text above the diff."""
        return tuple(use for one in self.files for use in one.used) + self.used


@dataclass(frozen=True)
class CarriedSeries:
    """What became of a series: one Carried for each patch of the origin, and for each that the
    port has of its own, in order."""

    origin: Origin
    target: Release
    patches: tuple[Carried, ...]

    @property
    def base(self) -> Release:
        """The release that the origin's series was read on."""
        return self.origin.release

    @property
    def conflict(self) -> Carried | None:
        """The patch in conflict, or None if there is none."""
        return next((one for one in self.patches if one.fate is Fate.CONFLICT), None)

    @property
    def port(self) -> tuple[tuple[str, bytes], ...]:
        """The series for the target: the file name of each patch that is left, and its bytes."""
        return tuple((one.patch.name, one.data) for one in self.patches if one.data is not None)


@dataclass(frozen=True)
class CarryOrder:
    """What is to be carried where.

    ``fuzz`` is how many lines of context a hunk of the origin may lose on the origin's release.
    """

    stack: Stack
    catalogue: Catalogue
    origin: Origin
    target: Release
    fuzz: int = 0

    @property
    def base(self) -> Release:
        """The release that the origin's series is read on."""
        return self.origin.release


class Remembering(Protocol):
    """What carrying wants of a memory of decisions; ``resolutions.Memory`` is one."""

    @property
    def records(self) -> Sequence[Record]:
        """All that is remembered."""

    def settle(self, line: str, patch_name: str, path: str, merge_content: bytes | None) -> Settled:
        """Put what is remembered into a merged file (None: no file)."""

    def describe(self, line: str, patch_name: str, text: bytes) -> Settled:
        """Put what is remembered into the text above a patch's diff."""

    def is_dropped(self, line: str, patch: str) -> bool:
        """Whether the patch was left out of the port for that line."""

    def own(self, line: str) -> Sequence[Record]:
        """The records of the patches that the port for that line has of its own."""

    def paths(self, line: str, patch: str) -> tuple[str, ...]:
        """The files of which anything was decided for exactly that line and patch."""
