"""The verdicts on a stack: a cell for every patch on every release."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path
from typing import Any

from hgport.engine.outcome import HunkResult, Outcome
from hgport.model.release import Release
from hgport.model.stack import Stack

_BAD = (Outcome.CONFLICT, Outcome.NOT_TRIED, Outcome.ABSENT)


@dataclass(frozen=True)
class Cell:
    """What holds for one patch on one release.

    ``message`` tells more of a conflict.  ``since`` and ``changeset`` are the release and the
    changeset by which upstream absorbed the patch, as far as the catalogue knows.  ``problems`` are
    whole sentences about what disagrees: the catalogue, the release's content, the port.
    """

    patch: str
    outcome: Outcome
    message: str = ""
    hunks: tuple[HunkResult, ...] = ()
    since: str | None = None
    changeset: str | None = None
    problems: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether nothing is left to do about it."""
        return self.outcome not in _BAD and not self.problems

    def to_plain(self) -> dict[str, Any]:
        """The cell as what JSON can hold; ``from_plain`` reads it."""
        plain = {
            "patch": self.patch,
            "outcome": self.outcome.value,
            "message": self.message,
            "hunks": [astuple(hunk) for hunk in self.hunks],
            "problems": list(self.problems),
        }
        return {**plain, "since": self.since, "changeset": self.changeset}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Cell:
        """Read what ``to_plain`` made.  KeyError, TypeError or ValueError for anything else."""
        return cls(
            plain["patch"],
            Outcome(plain["outcome"]),
            plain["message"],
            tuple(HunkResult(*hunk) for hunk in plain["hunks"]),
            plain["since"],
            plain["changeset"],
            tuple(plain["problems"]),
        )


@dataclass(frozen=True)
class Column:
    """The verdicts on one release: a cell for each patch of Matrix.names.

    ``ports`` has, for each of Matrix.layers, the line of the port directory that serves the
    release, None for the top-level series.  A cell is None for a patch that only other ports have.
    """

    release: Release
    ports: tuple[str | None, ...]
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Layer:
    """One of the stacks that lie on each other: its series file, the line that this is written for
    (None: nobody knows), and the file names of its patches."""

    series: Path
    base: str | None
    names: tuple[str, ...]

    def to_plain(self) -> dict[str, Any]:
        """The stack as JSON names it."""
        return {"series": str(self.series), "base": self.base, "patches": list(self.names)}


def layers_of(stack: Stack) -> tuple[Layer, ...]:
    """What is said of a stack and of those below it, the lowest first."""
    return tuple(Layer(one.top.path, one.base, one.own_names) for one in stack.layers)


@dataclass(frozen=True)
class Matrix:
    """The verdicts on a stack: its layers, the lowest first, and a column for each release, the
    oldest first."""

    layers: tuple[Layer, ...]
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The patches' file names, those of the lowest layer first."""
        return tuple(name for layer in self.layers for name in layer.names)

    @property
    def is_right(self) -> bool:
        """Whether every patch is where it should be, and nothing disagrees."""
        right = all(c is None or c.is_right for column in self.columns for c in column.cells)
        return right and not self.nowhere

    @property
    def nowhere(self) -> tuple[str, ...]:
        """The patches that have to do with none of the releases: with a typo in a path, say."""
        rows = zip(*(column.cells for column in self.columns))
        found = zip(self.names, ([c.outcome for c in row if c is not None] for row in rows))
        return tuple(name for name, seen in found if seen and set(seen) == {Outcome.NOT_AFFECTED})

    def to_plain(self) -> dict[str, Any]:
        """The matrix as ``hgport status --json`` prints it."""
        releases = [_plain_column(column) for column in self.columns]
        return {
            "stacks": [layer.to_plain() for layer in self.layers],
            "patches": list(self.names),
            "releases": releases,
            "nowhere": list(self.nowhere),
            "ok": self.is_right,
        }


def _plain_column(column: Column) -> dict[str, Any]:
    return {
        "version": column.release.version,
        "line": column.release.line,
        "ports": list(column.ports),
        "patches": [_plain_result(cell) for cell in column.cells if cell is not None],
    }


def _plain_result(cell: Cell) -> dict[str, Any]:
    absorbed = {"release": cell.since, "changeset": cell.changeset} if cell.since else None
    return {
        "patch": cell.patch,
        "outcome": cell.outcome.value,
        "ok": cell.is_right,
        "message": cell.message,
        "hunks": [asdict(hunk) for hunk in cell.hunks],
        "absorbed_by": absorbed,
        "problems": list(cell.problems),
    }
