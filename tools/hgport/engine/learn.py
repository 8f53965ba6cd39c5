"""Keep what a port has beyond what carrying makes by itself, and regenerate ports from that.

Every port is regenerated from its neighbour toward the base; what a person decided about it is what
has to be put in on the way.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.engine import ownpatches
from hgport.engine.apply import apply_series
from hgport.engine.carried import Carried, CarriedSeries, CarryOrder, Fate
from hgport.engine.carry import Decided, carry_trees, touched
from hgport.engine.carrycache import carried
from hgport.engine.ground import Ground
from hgport.engine.headers import header_of
from hgport.engine.origins import origin_of, reference
from hgport.engine.outcome import PatchResult, Reader
from hgport.engine.records import FileRecord, Record
from hgport.engine.releasetree import Tree
from hgport.engine.resolutions import Memory, edits_between, keep, memory_of
from hgport.errors import HgportError, OutsideError
from hgport.files import locked
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release
from hgport.model.stack import Port, Stack

if TYPE_CHECKING:
    from hgport.engine.merge.merge import Compiles
    from hgport.upstream.sdist import ProgressOfMany

    Compiler = Callable[[Release], "Compiles | None"]


@dataclass(frozen=True)
class Difference:
    """A patch of a port that is not what was regenerated (None: there is no such patch)."""

    patch: str
    found: bytes | None = field(repr=False)
    made: bytes | None = field(repr=False)


@dataclass(frozen=True)
class Regenerated:
    """A port as it was made from its neighbour and what is remembered.

    ``differences`` come in the order of the two series; ``reordered`` says that they have the same
    patches in another order.
    """

    port: Port
    carried: CarriedSeries
    differences: tuple[Difference, ...]
    reordered: bool

    @property
    def is_same(self) -> bool:
        """Whether the port is what was made, byte for byte."""
        return not (self.differences or self.reordered)


def regenerate(
    stack: Stack,
    catalogue: Catalogue,
    port: Port,
    memory: Memory,
    *,
    compiler: Compiler | None = None,
    judged_by: str = "",
    progress: ProgressOfMany | None = None,
) -> Regenerated:
    """Make a port directory's patches again, and compare.

    The last arguments are as in ``carrycache.carried``, which is what raises.
    """
    order = _order(stack, catalogue, port)
    made = carried(order, memory=memory, compiler=compiler, judged_by=judged_by, progress=progress)
    return _compared(port, made)


def learn(
    stack: Stack,
    catalogue: Catalogue,
    line: str,
    *,
    base: str | None = None,
    dependents: bool = True,
    compiler: Compiler | None = None,
    progress: ProgressOfMany | None = None,
) -> tuple[Path, ...]:
    """Have the port directory of ``line``, and those that are made from it (if ``dependents``),
    come out of what is remembered as they are.

    The latter is right only where they were up to date with what they were made from; see ``tend``.

    ``base`` is what the port was made from, as in ``origin_of``, for a stack of which no base is
    known; ``compiler`` gives what compiles for a release.  Returns the records that were written or
    removed; none if all was known, or if there is no such directory.  Raises as ``carry`` does,
    UsageError for a damaged record, OutsideError if the disk refuses.
    """
    ports = {port.line: port for port in stack.ports}
    if stack.base is not None:
        base = None
    if line not in ports or (stack.base is None and base is None):
        return ()
    learner = _Learner(stack, catalogue, base, compiler, progress)
    dependents = dependents and base is None
    touched: tuple[Path, ...] = ()
    with _locked(stack):
        memory = memory_of(stack)
        more = made_from(stack, catalogue, ports[line]) if dependents else []
        for port in [ports[line], *more]:
            records = learner.records(port, memory)
            written, memory = keep(memory, str(port.line), records)
            touched += written
    return touched


def forget(stack: Stack, line: str) -> None:
    """Remove the records of a line that has no port directory any more."""
    with _locked(stack):
        keep(memory_of(stack), line, ())


def stray_records(stack: Stack, memory: Memory) -> list[Path]:
    """The records of lines that have no port directory, or of patches that no series has."""
    lines = {port.line for port in stack.ports}
    return [
        memory.place(record)
        for record in memory.records
        if record.line not in lines or record.patch not in stack.own_names
    ]


def made_from(stack: Stack, catalogue: Catalogue, origin: Port) -> list[Port]:
    """The ports of which ``origin`` is the neighbour toward the base."""
    found = []
    for port in stack.ports:
        if port.line != origin.line:
            target = reference(stack, catalogue, port)
            near = origin_of(stack, catalogue, target).port
            found += [port] if near.line == origin.line else []
    return found


def tend(
    stack: Stack,
    catalogue: Catalogue,
    origin: Port,
    before: Iterable[str],
    *,
    compiler: Compiler | None = None,
    progress: ProgressOfMany | None = None,
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """See to the ports that are made from one that has changed; ``before`` are the names of the
    patches that it had.

    A patch that has left it stays in them, and is remembered as their own.  Nothing else is: what
    they lack of the change is no decision of anybody's.  Returns the records that were written, and
    whole sentences about these ports.  ``compiler`` and ``progress`` are as in ``learn``, which is
    what raises.
    """
    lost = [name for name in before if name not in origin.series.names]
    records: tuple[Path, ...] = ()
    told = []
    for port in made_from(stack, catalogue, origin):
        line = str(port.line)
        with _locked(stack):
            memory = memory_of(stack)
            found = ownpatches.found(line, port.series.patches, origin.series.patches)
            own = [one for one in found if one.patch in lost]
            old = [one for one in memory.records if one.line == line]
            fresh = [one for one in memory.plus(own).records if one.line == line]
            written, memory = keep(memory, line, fresh) if fresh != old else ((), memory)
        records += written
        told += [f"{one.patch} stays in the port for {line} as its own." for one in own]
        if not _comes_out(stack, catalogue, port, memory, compiler, progress):
            told.append(
                f"The port for {line} is made from this one, and is not what comes of it any more: "
                f"hgport rebase --again {line} makes it anew, --remember {line} takes it as it is."
            )
    return records, tuple(told)


def _comes_out(
    stack: Stack,
    catalogue: Catalogue,
    port: Port,
    memory: Memory,
    compiler: Compiler | None,
    progress: ProgressOfMany | None,
) -> bool:
    from hgport.engine.carry import carry

    order = _order(stack, catalogue, port)
    compiles = compiler(order.target) if compiler else None
    try:
        made = carry(order, memory=memory, compiles=compiles, progress=progress)
    except OutsideError:
        raise
    except HgportError:
        return False  # the origin does not apply to its own release
    return _compared(port, made).is_same


def _locked(stack: Stack) -> contextlib.AbstractContextManager[None]:
    return locked(stack.top.path.absolute().parent / ".hgport" / "records.lock")


def _order(stack: Stack, catalogue: Catalogue, port: Port, base: str | None = None) -> CarryOrder:
    target = reference(stack, catalogue, port)
    if base is not None:
        # what it was made from was there before it
        stack = replace(stack, ports=tuple(one for one in stack.ports if one != port))
    return CarryOrder(stack, catalogue, origin_of(stack, catalogue, target, base), target)


def _compared(port: Port, made: CarriedSeries) -> Regenerated:
    found = {patch.name: patch.data for patch in port.series.patches}
    wanted = dict(made.port)
    names = list(dict.fromkeys([*found, *wanted]))
    differences = tuple(
        Difference(name, found.get(name), wanted.get(name))
        for name in names
        if found.get(name) != wanted.get(name)
    )
    reordered = set(found) == set(wanted) and list(found) != list(wanted)
    return Regenerated(port, made, differences, reordered)


@dataclass(frozen=True)
class _Learner:
    """Works out what has to be remembered; the arguments are those of ``learn``."""

    stack: Stack
    catalogue: Catalogue
    base: str | None
    compiler: Compiler | None
    progress: ProgressOfMany | None

    def records(self, port: Port, memory: Memory) -> list[Record]:
        """The records of a port directory, of which some may be empty."""
        from hgport.upstream.contents import Contents

        order = _order(self.stack, self.catalogue, port, self.base)
        with Contents(progress=self.progress) as contents:
            ground = Ground(self.stack, self.catalogue, contents, self.progress)
            base, target = (ground.tree(one, touched(order)) for one in (order.base, order.target))
            return self._records(port, order, memory.without(str(port.line)), base, target)

    def _records(
        self, port: Port, order: CarryOrder, others: Memory, base: Tree, target: Tree
    ) -> list[Record]:
        ported = _ported(port, target)
        compiles = self.compiler(order.target) if self.compiler else None
        given: dict[str, Mapping[str, bytes | None]] = {}
        skipped: list[str] = []
        line = str(port.line)
        origins = order.origin.port.series.patches
        found = list(ownpatches.found(line, port.series.patches, origins))
        own = {record.patch for record in found}
        memory = others.plus(found)
        for at, patch in enumerate(origins):
            if patch.name in own:
                continue
            # what comes by itself, on top of what the port really has of the patches before
            decided = Decided(given, skipped, memory, compiles)
            every = carry_trees(_up_to(order, at), base, target, decided).patches
            made = next(one for one in every if one.patch.name == patch.name)
            if patch.name in ported:
                finals = ported[patch.name].finals(made)
                given[patch.name] = finals
                found.append(_record(line, made, finals, ported[patch.name]))
            elif made.fate not in (Fate.UPSTREAMED, Fate.REPEATED, Fate.EMPTY):
                skipped.append(patch.name)
                found.append(Record(line, patch.name, dropped=True))
        return found


def _up_to(order: CarryOrder, at: int) -> CarryOrder:
    """The order without the patches after that place, which nobody asks about."""
    port = order.origin.port
    series = replace(port.series, patches=port.series.patches[: at + 1])
    return replace(order, origin=replace(order.origin, port=replace(port, series=series)))


@dataclass(frozen=True)
class _Ported:
    """A patch of a port, with how the tree that it was applied to is read."""

    result: PatchResult
    before: Reader

    def finals(self, made: Carried) -> dict[str, bytes | None]:
        """The content that the port gives each file that it, or carrying, has to do with."""
        after = {one.path: self.before(one.path) for one in made.files}
        return {**after, **self.result.files}


def _ported(port: Port, target: Tree) -> dict[str, _Ported]:
    """Each patch of a port, applied to the release that the port is for."""
    files: dict[str, bytes | None] = {}
    made = {}
    for result in apply_series(target.read, port.series.patches).results:
        if not result.outcome.changes_tree:
            raise HgportError(
                f"{result.patch.name} of the port for {port.line} does not apply to its own "
                f"release: {result.message or result.outcome.value}",
                "see hgport status",
            )
        made[result.patch.name] = _Ported(result, _reader(target, dict(files)))
        files.update(result.files)
    return made


def _reader(tree: Tree, files: Mapping[str, bytes | None]) -> Reader:
    return lambda path: files[path] if path in files else tree.read(path)


def _record(
    line: str, made: Carried, finals: Mapping[str, bytes | None], ported: _Ported
) -> Record:
    """What makes the port's patch of what came by itself."""
    autos = {one.path: one.content for one in made.files}
    files = []
    for path in sorted(finals):
        auto = autos[path] if path in autos else ported.before(path)
        edits = edits_between(auto, finals[path])
        files += [FileRecord(path, edits)] if edits else []
    header = edits_between(header_of(made.patch), header_of(ported.result.patch))
    return Record(line, made.patch.name, tuple(files), header)
