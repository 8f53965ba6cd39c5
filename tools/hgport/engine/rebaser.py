"""Carry a series to one release, up to a port that is written or a conflict that waits."""

from __future__ import annotations

import contextlib
import enum
import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from hgport.engine import conflicted, ground, settled
from hgport.engine.carried import CarriedSeries, CarryOrder
from hgport.engine.carrycache import carried
from hgport.engine.learn import forget, learn, made_from, tend
from hgport.engine.origins import Origin, origin_of
from hgport.engine.ports import needless, remove_port, write_port
from hgport.engine.records import parse, write
from hgport.engine.resolutions import Memory, memory_of
from hgport.engine.sessionstate import Resolved, State, Unfinished, Waiting
from hgport.engine.workingcopy import Merging, WorkingCopy
from hgport.errors import UsageError
from hgport.files import remove_tree
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release
from hgport.model.stack import Port, Stack

if TYPE_CHECKING:
    from hgport.engine.merge.merge import Compiles
    from hgport.upstream.sdist import ProgressOfMany


class Standing(enum.Enum):
    """How a rebase to one release stands; the values are what people read."""

    WRITTEN = "written"
    SAME = "as it was"  # the port is what was made
    SERVED = "served already"  # no port is needed
    CONFLICT = "conflict"
    QUEUED = "waits"  # for a release nearer to the base
    OPEN = "not settled"  # there is more for the person to do
    READY = "settled"  # but nobody went on
    INTERRUPTED = "interrupted"  # it was killed between two steps
    MERGED = "merged"  # the port is gone, as what serves the line without it is the same
    FAILED = "failed"


@dataclass(frozen=True)
class Report:
    """How one rebase stands.

    ``carried`` is what became of the patches, None if nothing was carried.  ``place`` is the port
    directory that was written, or the working copy with the conflict in ``patch``.  ``told`` are
    whole sentences, ``records`` the files of what is remembered that were written or removed.
    ``is_port`` is false for one that is written to a directory of the person's.
    """

    release: Release
    standing: Standing
    carried: CarriedSeries | None = None
    place: Path | None = None
    patch: str = ""
    told: tuple[str, ...] = ()
    records: tuple[Path, ...] = ()
    is_port: bool = True


class Listener(Protocol):
    """Who is told what is about to be done."""

    def begins(self, origin: Origin, target: Release) -> None:
        """A series is about to be carried."""

    def made(self, carried: CarriedSeries) -> None:
        """It was, as far as it could be; nothing is written yet."""


def _nothing(release: Release) -> None:
    return None


def _nobody(release: Release) -> str:
    return ""


@dataclass(frozen=True)
class Tools:
    """What carrying needs from other rooms.

    ``listener`` is told; ``compiler`` gives what compiles Python for a release, and ``identity``
    what tells that from every other; downloads are shown by ``progress``, as in Contents.
    """

    listener: Listener
    compiler: Callable[[Release], Compiles | None] = _nothing
    identity: Callable[[Release], str] = _nobody
    progress: ProgressOfMany | None = None


class Rebaser:
    """Carries the series of the stack that ``load`` reads, which it does again when a port was
    written.  The working copies are made in ``directory``."""

    def __init__(
        self, load: Callable[[], tuple[Stack, Catalogue]], tools: Tools, directory: Path
    ) -> None:
        self._load = load
        self._tools = tools
        self._directory = directory
        self.stack, self.catalogue = load()

    def copy(self, version: str) -> WorkingCopy:
        """The working copy in which a conflict of that release is, or would be."""
        return WorkingCopy(self._directory / version)

    def origin(self, entry: Unfinished) -> Origin:
        """What a rebase carries.  Raises as ``origin_of``."""
        target = self.catalogue.release(entry.version)
        return origin_of(self.stack, self.catalogue, target, entry.base)

    def begin(self, state: State, entry: Unfinished) -> Report:
        """As ``go_on``, from the start."""
        digest = self._digest(entry, self.origin(entry))
        return self.go_on(state, replace(entry, behind="", digest=digest))

    def go_on(self, state: State, entry: Unfinished) -> Report:
        """Carry with all that the person has settled so far; then finish, or leave a conflict."""
        target = self.catalogue.release(entry.version)
        origin = self.origin(entry)
        told: tuple[str, ...] = ()
        if self._digest(entry, origin) != entry.digest:
            entry = self._renewed(state, entry, origin)
            below = " or a stack below it" if self.stack.under else ""
            what = f"{origin.port.series.path}{below} has changed since it began"
            told = (f"{what}, so it was begun again, with what was settled so far.",)
        if entry.kept and not entry.resolved:
            # of the rebase before it began again, if that was killed on the way
            remove_tree(self.copy(entry.version).path)
        self._tools.listener.begins(origin, target)
        order = CarryOrder(self.stack, self.catalogue, origin, target)
        made = self._carry(order, entry)
        self._tools.listener.made(made)
        if made.conflict is not None:
            report = self._stop(state, entry, order, made)
        else:
            report = self._finish(state, entry, made)
        return replace(report, told=told + report.told)

    def _renewed(self, state: State, entry: Unfinished, origin: Origin) -> Unfinished:
        """The rebase from its start, with what the person settled so far as something remembered:
        it was about a series that is not there any more."""
        kept = dict(entry.kept)
        for one in entry.resolved:
            if one.merged and one.node != one.parent:
                record = settled.record(self._present(entry, one), one)
                kept[one.patch] = write(record).decode("latin-1")
        pairs = tuple(sorted(kept.items()))
        digest = self._digest(entry, origin)
        entry = replace(entry, digest=digest, resolved=(), waiting=None, kept=pairs)
        state.put(entry)
        remove_tree(self.copy(entry.version).path)
        return entry

    def _digest(self, entry: Unfinished, origin: Origin) -> str:
        """What stands for all patches that go into a rebase."""
        digest = hashlib.sha256(origin.release.version.encode())
        for patch in origin.port.series.patches:
            name = patch.name.encode("utf-8", "surrogateescape")
            digest.update(b"%d %s %d\n" % (len(name), name, len(patch.data)) + patch.data)
        lines = (origin.release.line, self.catalogue.release(entry.version).line)
        for text in ground.told(self.stack, lines):
            digest.update(b"%d\n" % len(text) + text)
        return digest.hexdigest()

    def _memory(self, entry: Unfinished) -> Memory:
        """What may be used: what is remembered, if asked for, and what was settled already."""
        memory = memory_of(self.stack)
        memory = memory if entry.uses_memory else memory.nothing()
        line = self.catalogue.release(entry.version).line
        for patch, text in entry.kept:
            fresh = parse(text.encode("latin-1"), line, patch, patch)
            memory = memory.plus([settled.joined(memory.record(line, patch), fresh)])
        return memory

    def _carry(self, order: CarryOrder, entry: Unfinished) -> CarriedSeries:
        return carried(
            order,
            settled=self._settled(entry),
            skipped=entry.skipped,
            memory=self._memory(entry),
            compiler=self._tools.compiler,
            judged_by=self._tools.identity(order.target),
            progress=self._tools.progress,
        )

    def _settled(self, entry: Unfinished) -> Mapping[str, Mapping[str, bytes | None]]:
        """What the person made of conflicts, from the changesets in the working copy."""
        return {one.patch: settled.texts(self._present(entry, one), one) for one in entry.resolved}

    def _present(self, entry: Unfinished, one: Resolved) -> WorkingCopy:
        """The working copy, which has what the person made of a conflict."""
        copy = self.copy(entry.version)
        if not copy.has(one.node):
            raise UsageError(
                f"{copy.path} does not have {one.node[:12]} any more, which resolves {one.patch}",
                "hgport rebase --abort, and begin again",
            )
        return copy

    def _stop(
        self, state: State, entry: Unfinished, order: CarryOrder, made: CarriedSeries
    ) -> Report:
        """Leave the conflict in a working copy."""
        stopped = made.conflict
        assert stopped is not None
        merging = self._merging(order, made)
        names = [one.patch.name for one in made.patches]
        last = entry.resolved[-1] if entry.resolved else None
        after = names.index(last.patch) + 1 if last else 0
        between = made.patches[after : names.index(stopped.patch.name)]

        def fill(copy: WorkingCopy, node: str) -> None:
            parent = copy.commit(conflicted.changesets(between, copy.reader(node)), node)
            merged = copy.keep(merging)
            source = copy.begin(merging, parent)
            paths = tuple(sorted(file.path for file in merging.files))
            waiting = Waiting(stopped.patch.name, parent, source, paths, merged)
            state.put(replace(entry, waiting=waiting))

        state.put(replace(entry, waiting=None))
        copy = self.copy(entry.version)
        if last:
            fill(copy, last.node)
        else:
            self._make(order.target, lambda copy, node: fill(copy, self._lay(order, copy, node)))
        return Report(order.target, Standing.CONFLICT, made, copy.path, stopped.patch.name)

    def _merging(self, order: CarryOrder, made: CarriedSeries) -> Merging:
        with self._ground(order) as on:
            tree = on.tree(order.base)
            return conflicted.merging(order, made, tree.read, ground.published(tree))

    def _lay(self, order: CarryOrder, copy: WorkingCopy, node: str) -> str:
        """Have the changesets of the stacks below on a release's; the last one's hash."""
        with self._ground(order) as on:
            return copy.commit(conflicted.changesets_of(on.below(order.target).results), node)

    @contextlib.contextmanager
    def _ground(self, order: CarryOrder) -> Iterator[ground.Ground]:
        from hgport.upstream.contents import Contents

        progress = self._tools.progress
        with Contents(progress=progress) as contents:
            yield ground.Ground(order.stack, order.catalogue, contents, progress)

    def _make(self, target: Release, fill: Callable[[WorkingCopy, str], None]) -> None:
        from hgport.upstream.tree import pristine

        path = self._directory / target.version
        if path.exists():
            raise UsageError(
                f"{path} is there, but no rebase that it belongs to",
                "hgport rebase --abort removes it",
            )
        WorkingCopy.make(path, target, pristine(target, self._tools.progress), fill)

    def _finish(self, state: State, entry: Unfinished, made: CarriedSeries) -> Report:
        line = made.target.line
        stack = self.stack if entry.into is None else _elsewhere(self.stack, Path(entry.into))
        name = line if entry.into is None else Path(entry.into).name
        old = next((port for port in stack.ports if port.line == line), None)
        written = write_port(stack, name, made.port)
        records: tuple[Path, ...] = ()
        told: tuple[str, ...] = ()
        if entry.into is None:
            # those made from a new port were up to date with what it was made from
            records = self._remember(line, base=entry.base, dependents=old is None)
            more, told = self._tend(old)
            records = tuple(dict.fromkeys(records + more))
        state.drop(entry.version)
        remove_tree(self._directory / entry.version)
        standing = Standing.SAME if written is None else Standing.WRITTEN
        is_port = entry.into is None
        return Report(made.target, standing, made, written, "", told, records, is_port)

    def _tend(self, old: Port | None) -> tuple[tuple[Path, ...], tuple[str, ...]]:
        """See to the ports that are made from one that was there before it was written: the records
        that changed, and what is to be said."""
        if old is None:
            return (), ()
        (port,) = (one for one in self.stack.ports if one.line == old.line)
        now = {patch.name: patch.data for patch in port.series.patches}
        told = [f"{name} leaves the port." for name in old.series.names if name not in now]
        for patch in old.series.patches:
            if now.get(patch.name, patch.data) != patch.data:
                told.append(f"{patch.name} is not any more as it was in the port.")
        if self.stack.base is None or old.series.patches == port.series.patches:
            return (), tuple(told)
        records, more = tend(
            self.stack,
            self.catalogue,
            port,
            old.series.names,
            compiler=self._tools.compiler,
            progress=self._tools.progress,
        )
        return records, (*told, *more)

    def _remember(
        self, line: str, *, base: str | None = None, dependents: bool = True
    ) -> tuple[Path, ...]:
        """Keep what a person decided about the port that was written."""
        self.stack, self.catalogue = self._load()
        return learn(
            self.stack,
            self.catalogue,
            line,
            base=base,
            dependents=dependents,
            compiler=self._tools.compiler,
            progress=self._tools.progress,
        )

    # ports that have become equal

    def merge_equal(self, written: Collection[str]) -> list[Report]:
        """Remove the ports, among those that were written (lines) and those next to them, which
        nobody would miss; what they were for is told."""
        if not written or self.stack.base is None:
            return []
        near = self._near(written)
        reports = []
        for line in needless(self.stack, self.catalogue, self._tools.progress):
            if line in near:
                reports.append(self._merge(line))
        return reports

    def _near(self, written: Collection[str]) -> set[str]:
        lines = [str(port.line) for port in self.stack.ports]
        places = [at for at, line in enumerate(lines) if line in written]
        return {line for at in places for line in lines[at : at + 2]}

    def _merge(self, line: str) -> Report:
        (port,) = (one for one in self.stack.ports if one.line == line)
        depending = [str(one.line) for one in made_from(self.stack, self.catalogue, port)]
        place = remove_port(self.stack, line)
        forget(self.stack, line)
        self.stack, self.catalogue = self._load()
        for other in depending:
            self._remember(other)
        told = "What serves the line without it is the same."
        return Report(self.catalogue.newest(line), Standing.MERGED, place=place, told=(told,))


def _elsewhere(stack: Stack, into: Path) -> Stack:
    """A stack whose port directories are beside ``into``, of which there is none yet."""
    top = replace(stack.top, directory=into.absolute().parent)
    return Stack(top, (), stack.base)
