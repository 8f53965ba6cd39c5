"""Take the changesets of a repository back into the port that they came from.

Everything is worked out first, as a Plan, and written only then.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.engine.beneath import refuse_others, without_below
from hgport.engine.lineage import lineage
from hgport.engine.placing import Placed, Placing
from hgport.engine.ports import write_port, written_by_one
from hgport.engine.seriesfile import with_names
from hgport.engine.serving import Trial
from hgport.engine.taking import Taken, expected_of, in_order, take
from hgport.engine.together import replace_together
from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.series import Series
from hgport.model.stack import Port, Stack
from hgport.upstream.contents import Contents

if TYPE_CHECKING:
    from hgport.engine.learn import Compiler
    from hgport.upstream.sdist import ProgressOfMany


@dataclass(frozen=True)
class Plan:
    """What a refresh would do.

    ``release`` is the one that the changesets are on, ``port`` the port that they came from.
    ``series`` is the series file that is written, of the line ``line`` (None: the top-level one).
    ``dropped`` are the patches that no changeset is there for; ``notes`` whole sentences about what
    else is written.  ``ports`` holds the patches of each port directory that changes, by line, in
    the order in which to write them; ``top`` those of the top-level series, if it changes.
    """

    release: Release
    port: Port
    line: str | None
    series: Path
    taken: tuple[Taken, ...]
    dropped: tuple[str, ...]
    notes: tuple[str, ...]
    ports: Mapping[str, tuple[Patch, ...]] = field(repr=False)
    top: tuple[Patch, ...] | None = field(repr=False)

    @property
    def changes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.ports) or self.top is not None


def plan(
    directory: Path,
    stack: Stack,
    catalogue: Catalogue,
    line: str | None = None,
    progress: ProgressOfMany | None = None,
) -> Plan:
    """Work out what the changesets checked out in ``directory`` make of the port.

    ``line`` says whose port is to be written; None takes the one that serves the release.  Raises
    UsageError for what the person has to put right in the repository, HgportError if the result
    would not apply, OutsideError if a release's files cannot be had.
    """
    every = lineage(directory, catalogue)
    source, told = without_below(every, stack, catalogue, directory)
    own = catalogue.of_line(line)[0].line if line else source.release.line
    port = stack.for_line(own)
    expected = expected_of(source, stack, catalogue, port)
    taken = take(source, expected, port)
    refuse_others(taken, stack)
    patches = in_order(port, expected, taken)
    with Contents(progress=progress) as contents:
        trial = Trial(stack, catalogue, contents, [*port.series.patches, *patches])
        placing = Placing(stack, catalogue, trial, port, own, line is not None)
        placed = placing.place(patches, source.release)
    placed = replace(placed, notes=(*told, *placed.notes))
    return _plan(stack, port, source.release, taken, placed)


def _plan(
    stack: Stack, port: Port, release: Release, taken: tuple[Taken, ...], placed: Placed
) -> Plan:
    by_name = {patch.name: patch for patch in placed.patches}
    old = port.series
    is_same = placed.line == port.line and placed.patches == old.patches
    ports: dict[str, tuple[Patch, ...]] = {}
    # first what keeps others as they are
    if placed.later is not None:
        ports[placed.later] = old.patches
    if placed.line is not None and not is_same:
        ports[placed.line] = placed.patches
    directory = stack.top.directory / str(placed.line)
    return Plan(
        release,
        port,
        placed.line,
        old.path if placed.line == port.line else directory / "series",
        tuple(Taken(one.node, by_name[one.patch.name], one.old) for one in taken),
        tuple(name for name in old.names if name not in by_name),
        placed.notes,
        ports,
        placed.patches if placed.line is None and not is_same else None,
    )


def write(made: Plan, stack: Stack) -> None:
    """Carry out a plan that was made for ``stack``.

    Each port directory is replaced as a whole, and the files of the top-level series together.
    Raises UsageError if the port is not any more what the plan was made from, OutsideError if the
    disk refuses; then the port is as it was.
    """
    with written_by_one(stack):
        _refuse_changed(made.port.series)
    for line, patches in made.ports.items():
        write_port(stack, line, [(patch.name, patch.data) for patch in patches])
    if made.top is not None:
        with written_by_one(stack):
            _refuse_changed(stack.top)
            replace_together(_changed(stack.top, made.top))


def _refuse_changed(series: Series) -> None:
    files = {series.directory / patch.name: patch.data for patch in series.patches}
    files[series.path] = series.data
    for path, data in files.items():
        if not path.is_file() or path.read_bytes() != data:
            raise UsageError(f"{path} was changed meanwhile", "run it again")


def _changed(series: Series, patches: tuple[Patch, ...]) -> dict[Path, bytes | None]:
    """The files of a series that change: patches, the series, and then what is dropped."""
    old = {patch.name: patch.data for patch in series.patches}
    files: dict[Path, bytes | None] = {
        series.directory / patch.name: patch.data
        for patch in patches
        if old.get(patch.name) != patch.data
    }
    names = [patch.name for patch in patches]
    data = with_names(series.data, names)
    if data != series.data:
        files[series.path] = data
    files.update((series.directory / name, None) for name in old if name not in names)
    return files


def remember(
    made: Plan,
    stack: Stack,
    catalogue: Catalogue,
    progress: ProgressOfMany | None = None,
    compiler: Compiler | None = None,
) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Have what was written come out of a rebase from now on (see ``engine.learn``).

    ``stack`` is the one that was written.  Returns the records that changed, and whole sentences
    about the ports that are made from what was written; raises as ``learn``.
    """
    if not made.changes or stack.base is None:
        return (), ()
    from hgport.engine.learn import learn, tend

    paths: tuple[Path, ...] = ()
    told: tuple[str, ...] = ()
    for line in made.ports:
        # a port that keeps the old series is what those made from it are up to date with
        keeps = line != made.line
        paths += learn(
            stack, catalogue, line, dependents=keeps, compiler=compiler, progress=progress
        )
    for port in (*stack.ports, Port(None, stack.top)):
        if port.line == made.line and (port.line is not None or made.top is not None):
            names = made.port.series.names
            more, words = tend(stack, catalogue, port, names, compiler=compiler, progress=progress)
            paths, told = paths + more, told + words
    return tuple(dict.fromkeys(paths)), told
