"""What is to be proven: every cell, what must hold in it, and what cannot be proven here."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import hgport
from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.ranges import select
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.proof import scenarios
from hgport.proof.interpreters import Interpreter
from hgport.proof.scenarios import Expectation, Scenario

# what a cell does, beside what is in its key by name
_HARNESS = (
    "process.py",
    "proof/cell.py",
    "proof/evidence.py",
    "proof/server.py",
    "proof/world.py",
    "upstream/tree.py",
)


@dataclass(frozen=True)
class Subject:
    """What is tested: a release in an interpreter, with the first patches of its series.

    ``whole`` says that these are all patches of the series that serves the release.
    """

    release: Release
    interpreter: Interpreter
    patches: tuple[Patch, ...]
    whole: bool

    @property
    def applied(self) -> tuple[str, ...]:
        """The names of the patches."""
        return tuple(patch.name for patch in self.patches)


@dataclass(frozen=True)
class Cell:
    """One subject in one scenario; ``key`` stands for all that goes into it."""

    subject: Subject
    row: Scenario
    expected: Expectation
    key: str


@dataclass(frozen=True)
class Gap:
    """What this machine cannot prove: releases for which it has none of the Pythons that would
    do."""

    pythons: tuple[str, ...]
    releases: tuple[Release, ...]


@dataclass(frozen=True)
class Plan:
    """The cells, those of a subject together and subjects of a release in order; and the gaps."""

    cells: tuple[Cell, ...]
    gaps: tuple[Gap, ...]

    def by_subject(self) -> dict[Subject, list[Cell]]:
        """The cells of each subject, in order."""
        grouped: dict[Subject, list[Cell]] = {}
        for cell in self.cells:
            grouped.setdefault(cell.subject, []).append(cell)
        return grouped


def demands(
    catalogue: Catalogue, releases: Sequence[Release], asked: Sequence[str]
) -> list[tuple[Release, tuple[str, ...]]]:
    """What each release is to be run in: any one of these Pythons, the first that there is.

    A release of an affected line is proven in each Python that it is known to run on, a later one
    in the best.  ``asked`` ("2.7") leaves out all others; () is all.  Raises UsageError if it
    leaves none.
    """
    affected = {release.line for release in select(catalogue, "affected")}
    found: list[tuple[Release, tuple[str, ...]]] = []
    for release in releases:
        suiting = tuple(v for v in release.pythons if not asked or v in asked)
        if release.line in affected:
            found += [(release, (one,)) for one in suiting]
        elif suiting:
            found.append((release, suiting))
    if not found and releases:
        known = sorted({v for release in releases for v in release.pythons})
        raise UsageError(
            f"none of these releases is known to run on Python {', '.join(asked)}",
            f"they run on {', '.join(known)}",
        )
    return found


def make(
    stack: Stack,
    catalogue: Catalogue,
    demanded: Sequence[tuple[Release, tuple[str, ...]]],
    interpreters: Mapping[str, Interpreter],
    *,
    upto: str | None = None,
    rows: Sequence[Scenario] = scenarios.SCENARIOS,
) -> Plan:
    """Every cell of the demands, with what ``interpreters`` has, by version.

    ``upto`` names the last patch to go to.  Raises UsageError if no series has it.
    """
    if upto is not None and upto not in stack.names:
        raise UsageError(f"no patch {upto} in the series", f"it has {', '.join(stack.names)}")
    cells: list[Cell] = []
    missing: dict[tuple[str, ...], dict[Release, None]] = {}
    for release, pythons in demanded:
        interpreter = next((interpreters[v] for v in pythons if v in interpreters), None)
        if interpreter is None:
            missing.setdefault(pythons, {})[release] = None
            continue
        absorbed = _absorbed(catalogue, release)
        for subject in _subjects(stack, release, interpreter, upto):
            cells += _cells(stack, subject, absorbed, rows)
    return Plan(tuple(cells), tuple(Gap(v, tuple(found)) for v, found in missing.items()))


def _subjects(
    stack: Stack, release: Release, interpreter: Interpreter, upto: str | None
) -> Iterator[Subject]:
    patches = stack.for_line(release.line).series.patches
    last = stack.names.index(upto) if upto is not None else len(stack.names)
    for count in range(len(patches) + 1):
        if count and stack.names.index(patches[count - 1].name) > last:
            break
        yield Subject(release, interpreter, patches[:count], count == len(patches))


def _cells(
    stack: Stack, subject: Subject, absorbed: frozenset[str], rows: Sequence[Scenario]
) -> Iterator[Cell]:
    series = stack.for_line(subject.release.line).series.names
    for row in rows:
        expected = scenarios.expectation(row, subject.applied, series, absorbed)
        yield Cell(subject, row, expected, _key(subject, row))


def _absorbed(catalogue: Catalogue, release: Release) -> frozenset[str]:
    """The patches whose change the release has by itself."""
    return frozenset(
        one.patch
        for one in catalogue.absorbed
        if catalogue.absorption(one.patch, release) is not None
    )


def _key(subject: Subject, row: Scenario) -> str:
    parts = [
        _harness(),
        subject.release.sha256,
        subject.interpreter.full,
        # what a patch says about itself changes nothing
        [hashlib.sha256(patch.body).hexdigest() for patch in subject.patches],
        [row.transport, asdict(row.operation), asdict(row.fault), row.workers],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@functools.lru_cache(maxsize=1)
def _harness() -> str:
    """The hash of our own part in a cell: the code, and what it stands on."""
    root = Path(hgport.__file__).parent
    digest = hashlib.sha256()
    for name in _HARNESS:
        digest.update((root / name).read_bytes())
    stands_on = [platform.python_version(), version("h11"), version("trustme")]
    digest.update(" ".join(stands_on).encode())
    return digest.hexdigest()
