"""What is to be proven: every cell, what must hold in it, and what cannot be proven here."""

from __future__ import annotations

import functools
import hashlib
import json
import platform
import ssl
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import hgport
from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.ranges import select
from hgport.model.release import Release, line_key
from hgport.model.stack import Stack
from hgport.proof import scenarios, versions
from hgport.proof.courses import FIRST, FURTHER, TLS_PYTHONS
from hgport.proof.expectations import Expectation
from hgport.proof.interpreters import Interpreter
from hgport.proof.scenarios import Scenario

# what makes a tree and runs a cell in it, beside what is in its key by name
_HARNESS = (
    "files.py",
    "process.py",
    "engine/apply.py",
    "engine/hgpatcher.py",
    "engine/outcome.py",
    "model/diff.py",
    "model/header.py",
    "model/patch.py",
    "proof/accesslog.py",
    "proof/authority.py",
    "proof/cell.py",
    "proof/connection.py",
    "proof/evidence.py",
    "proof/faults.py",
    "proof/giftless.py",
    "proof/hgserve.py",
    "proof/host.py",
    "proof/inside/probe.py",
    "proof/inside/warm.py",
    "proof/kept.py",
    "proof/nginx.py",
    "proof/patched.py",
    "proof/realservers.py",
    "proof/schedule.py",
    "proof/server.py",
    "proof/services.py",
    "proof/strikes.py",
    "proof/warmed.py",
    "proof/work.py",
    "proof/world.py",
    "upstream/contents.py",
    "upstream/store.py",
    "upstream/tree.py",
    "upstream/unpack.py",
)
# what of a row says nothing about what is done
_NOT_DONE = ("course", "quick", "since", "follows_up")
_STANDS_ON = ("h11", "mercurial", "trustme")


@dataclass(frozen=True)
class Subject:
    """What is tested: a release in an interpreter, with the first patches of its stacks.

    ``whole`` says that these are all patches of the series that serve the release, and ``sparse``
    that there are so many, and so many rows for them, that not every row is run with each.
    """

    release: Release
    interpreter: Interpreter
    patches: tuple[Patch, ...]
    whole: bool
    sparse: bool = False

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
    """Releases that are not proven in any of some Pythons.  These are all that would do; () where
    the catalogue names none."""

    pythons: tuple[str, ...]
    releases: tuple[Release, ...]


@dataclass(frozen=True)
class Plan:
    """The cells, those of a subject together and subjects of a release in order; and the gaps."""

    cells: tuple[Cell, ...]
    gaps: tuple[Gap, ...]

    def patched(self) -> Plan:
        """The cells of this plan in which all patches are applied."""
        return Plan(tuple(cell for cell in self.cells if cell.subject.whole), self.gaps)

    def by_subject(self) -> dict[Subject, list[Cell]]:
        """The cells of each subject, in order."""
        grouped: dict[Subject, list[Cell]] = {}
        last, mine = None, []
        for cell in self.cells:
            # a subject takes long to hash, and its cells are together
            if cell.subject is not last:
                last, mine = cell.subject, grouped.setdefault(cell.subject, [])
            mine.append(cell)
        return grouped


Demands = Sequence[tuple[Release, tuple[str, ...]]]


def demands(catalogue: Catalogue, releases: Sequence[Release], asked: Collection[str]) -> Demands:
    """What each release is to be run in: any one of these Pythons, the first that there is.

    A release of an affected line is proven in one Python of each kind that it is known to run on, a
    later one in the best; where Pythons are ``asked`` for ("2.7"), each is proven in those of them
    that it is known to run on, and in no other.  A release that is not known to run on any has ().
    Raises UsageError for an asked one that is of no use to any release.
    """
    known = list(dict.fromkeys(v for release in releases for v in release.pythons))
    for one in asked:
        if releases and one not in known:
            raise UsageError(
                f"none of these releases is known to run on Python {one}",
                f"they run on {', '.join(sorted(known, key=_numbers))}",
            )
    every = _in_all(catalogue, releases)
    if not asked:
        return every
    found: list[tuple[Release, tuple[str, ...]]] = []
    for release, any_of in every:
        found += [(release, (v,)) for v in any_of if v in asked] if any_of else [(release, ())]
    return found


def left_out(
    catalogue: Catalogue, releases: Sequence[Release], asked: Collection[str]
) -> tuple[Gap, ...]:
    """What would have been run, too, if it had not been for ``asked``."""
    if not asked:
        return ()
    others = [(r, v) for r, v in _in_all(catalogue, releases) if v and not set(v) & set(asked)]
    return _gaps(others)


def _in_all(catalogue: Catalogue, releases: Sequence[Release]) -> Demands:
    affected = {release.line for release in select(catalogue, "affected")}
    found: list[tuple[Release, tuple[str, ...]]] = []
    for release in releases:
        if release.line in affected and release.pythons:
            found += [(release, alike) for alike in _of_a_kind(release.pythons)]
        else:
            found.append((release, release.pythons))
    return found


def _of_a_kind(pythons: Sequence[str]) -> list[tuple[str, ...]]:
    """Python 2, those in which a broken TLS connection is told as any other, and the later ones;
    those of each kind in their order, that of the best first.  Where that is the last kind, older
    ones of Python 3 say no more."""
    kinds: dict[tuple[bool, bool], list[str]] = {}
    for one in pythons:
        numbers = line_key(one)
        kinds.setdefault((numbers >= (3,), numbers >= line_key(TLS_PYTHONS[0])), []).append(one)
    if next(iter(kinds)) == (True, True):
        kinds.pop((True, False), None)
    return [tuple(alike) for alike in kinds.values()]


def _gaps(lacking: Demands) -> tuple[Gap, ...]:
    """The demands, those for the same Pythons as one."""
    grouped: dict[tuple[str, ...], dict[Release, None]] = {}
    for release, pythons in lacking:
        grouped.setdefault(pythons, {})[release] = None
    return tuple(Gap(pythons, tuple(found)) for pythons, found in grouped.items())


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def make(
    stack: Stack,
    catalogue: Catalogue,
    demanded: Demands,
    interpreters: Mapping[str, Interpreter],
    *,
    upto: str | None = None,
    rows: Sequence[Scenario] = scenarios.SCENARIOS,
) -> Plan:
    """Every cell of the demands, with what ``interpreters`` has, by version.

    A row is left out on releases that are older than its ``since``.  ``upto`` names the last patch
    to go to, with or without its ``.patch``.  Raises UsageError if no series has it.
    """
    last = _last(stack, upto)
    parts = [(row, _row_part(row)) for row in rows]
    cells: list[Cell] = []
    missing: list[tuple[Release, tuple[str, ...]]] = []
    for release, pythons in demanded:
        interpreter = next((interpreters[v] for v in pythons if v in interpreters), None)
        if interpreter is None:
            missing.append((release, pythons))
            continue
        wanted = _Wanted(stack, catalogue, release, upto)
        fitting = [(row, part) for row, part in parts if _fits(row, release)]
        for subject in _subjects(stack, release, interpreter, last):
            cells += _cells(subject, wanted, fitting)
    return Plan(tuple(cells), _gaps(missing))


def lacking(
    stack: Stack, catalogue: Catalogue, release: Release, upto: str | None = None
) -> tuple[str, ...]:
    """The patches of the top-level series of stacks that those which serve a release lack, though
    upstream has not taken them; no further than ``upto``, as in ``make``.  None of a stack that the
    table of scenarios knows nothing of: its ports may be of other patches altogether.
    """
    last = _last(stack, upto)
    has = {*_names(stack, release), *_absorbed(catalogue, release)}
    known = (one for one in stack.layers if scenarios.KNOWN.intersection(one.top.names))
    names = (name for layer in known for name in layer.top.names)
    return tuple(n for n in names if stack.names.index(n) <= last and n not in has)


def _names(stack: Stack, release: Release) -> tuple[str, ...]:
    """The names of all patches that serve a release."""
    return tuple(patch.name for patch in stack.patches_for(release.line))


def _foreign(stack: Stack, release: Release) -> Iterator[tuple[str, ...]]:
    """The patches for a release of each of the stacks that take the place of our first."""
    if set(FIRST).intersection(stack.names):
        return
    for layer in stack.layers:
        if not scenarios.KNOWN.intersection(layer.top.names):
            yield tuple(p.name for p in layer.for_line(release.line).series.patches)


def without_rows(releases: Sequence[Release], rows: Sequence[Scenario]) -> tuple[Release, ...]:
    """The releases that none of the rows makes sense on."""
    return tuple(one for one in releases if not any(_fits(row, one) for row in rows))


def _fits(row: Scenario, release: Release) -> bool:
    return not row.since or line_key(release.line) >= line_key(row.since)


def _last(stack: Stack, upto: str | None) -> int:
    """The place in the stack's names of the last patch to go to."""
    if upto is None:
        return len(stack.names)
    return stack.names.index(stack.named(upto))


def _subjects(
    stack: Stack, release: Release, interpreter: Interpreter, last: int
) -> Iterator[Subject]:
    patches = stack.patches_for(release.line)
    sparse = bool(set(FURTHER).intersection(stack.names))
    for count in range(len(patches) + 1):
        if count and stack.names.index(patches[count - 1].name) > last:
            break
        whole = count == len(patches)
        yield Subject(release, interpreter, patches[:count], whole, sparse)


class _Wanted:
    """What patches on a release are held to."""

    def __init__(
        self, stack: Stack, catalogue: Catalogue, release: Release, upto: str | None
    ) -> None:
        self._absorbed = _absorbed(catalogue, release)
        self._series = _names(stack, release)
        # a whole series does what the top-level one does, whatever it lacks of that
        self._whole = (*self._series, *lacking(stack, catalogue, release, upto))
        if not self._whole and not scenarios.KNOWN.intersection(stack.names):
            self._whole = stack.top.names
        self._foreign = tuple(_foreign(stack, release))

    def of(self, subject: Subject, row: Scenario) -> Expectation:
        """What must come of a row."""
        python = subject.interpreter.version
        applied = self._whole if subject.whole else subject.applied
        series = self._whole if subject.whole else self._series
        return scenarios.expectation(row, python, applied, series, self._absorbed, self._foreign)


def _cells(
    subject: Subject, wanted: _Wanted, rows: Sequence[tuple[Scenario, bytes]]
) -> Iterator[Cell]:
    """The cells of a subject; ``rows`` come with their parts of the keys."""
    part = _subject_part(subject)
    for row, of_row in rows:
        expected = wanted.of(subject, row)
        if _is_due(row, subject, expected):
            yield Cell(subject, row, expected, _joined(part, of_row))


def _is_due(row: Scenario, subject: Subject, expected: Expectation) -> bool:
    """Whether a row says something of a subject.

    With the follow-ups it does without a patch, with all of them, and where its course says that
    the last patch makes a difference; where anything may happen only if it is of the first table.
    """
    if row.follows_up and expected.unsafe:
        return False
    every = not subject.sparse or not subject.patches or subject.whole
    return every or subject.applied[-1] in row.course.patches


def _absorbed(catalogue: Catalogue, release: Release) -> frozenset[str]:
    """The patches of ours whose change the release has by itself, whatever is put on top."""
    return frozenset(
        one.patch
        for one in catalogue.absorbed
        if catalogue.absorption(one.patch, release) is not None
    )


def _key(subject: Subject, row: Scenario) -> str:
    return _joined(_subject_part(subject), _row_part(row))


def _joined(of_subject: bytes, of_row: bytes) -> str:
    return hashlib.sha256(of_subject + of_row).hexdigest()


def _subject_part(subject: Subject) -> bytes:
    """What a subject adds to its cells' keys, always as long."""
    parts = [
        harness(),
        subject.release.sha256,
        subject.interpreter.full,
        # what a patch says about itself changes nothing
        [hashlib.sha256(patch.body).hexdigest() for patch in subject.patches],
    ]
    return hashlib.sha256(json.dumps(parts).encode()).digest()


def _row_part(row: Scenario) -> bytes:
    """What a row adds to the keys: all that is done, and not what must come of it."""
    done = {name: value for name, value in asdict(row).items() if name not in _NOT_DONE}
    if row.server != scenarios.EMBEDDED:
        done["versions"] = versions.of_server(row.server)
    return json.dumps(done).encode()


@functools.lru_cache(maxsize=1)
def harness() -> str:
    """The hash of our own part in a cell: the code, and what it stands on."""
    root = Path(hgport.__file__).parent
    digest = hashlib.sha256()
    for name in _HARNESS:
        digest.update((root / name).read_bytes())
    # the embedded server's TLS is that of our own Python
    stands_on = [platform.python_version(), ssl.OPENSSL_VERSION, *map(version, _STANDS_ON)]
    digest.update(" ".join(stands_on).encode())
    return digest.hexdigest()
