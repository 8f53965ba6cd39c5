"""``hgport check``: all its parts, on a range of releases."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hgport.engine.matrix import Cell, Column, Matrix, layers_of
from hgport.engine.outcome import Outcome
from hgport.engine.verdicts import verdicts
from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Port, Stack
from hgport.proof import interpreters
from hgport.proof.interpreters import Interpreter
from hgport.proof.patched import stages
from hgport.submit.check import modes, source
from hgport.submit.check.finding import Checked, Finding, Note
from hgport.submit.check.offline import label
from hgport.submit.check.subject import Subject
from hgport.upstream import tree
from hgport.upstream.contents import Contents

if TYPE_CHECKING:
    from pathlib import Path

    from hgport.upstream.sdist import ProgressOfMany

_APPLIED = (Outcome.CLEAN, Outcome.OFFSET, Outcome.FUZZ)
# told of a release that is done
Told = Callable[[Release], None]


@dataclass(frozen=True)
class Request:
    """What the source part is to look at: a stack, whose files lie below ``root``, on releases.

    ``quick`` leaves out the releases' own test suites; ``jobs`` releases are at work at once.
    ``here`` is content with those of a release's Pythons that this machine has, if it has one.
    """

    stack: Stack
    catalogue: Catalogue
    root: Path
    releases: tuple[Release, ...]
    quick: bool
    jobs: int
    here: bool = False


def look(request: Request, told: Told, progress: ProgressOfMany | None = None) -> Checked:
    """Put the stack to the releases' own tools.

    ``told`` is called for each release that is done, ``progress`` as in ``sdist.fetch_all``.
    Raises OutsideError for trouble with network or disk.
    """
    found = Checked()
    matrix = _verdicts(request, found, progress)
    found.findings += [
        Finding(None, name, None, None, "apply", "none of the releases has a file that it changes")
        for name in matrix.nowhere
    ]
    machine = _machine(request.releases)
    subjects = []
    with Contents(progress=progress) as contents:
        for column in matrix.columns:
            subject = _subject(request, column, machine, contents, found, progress)
            if subject is not None:
                subjects.append(subject)

    # the processors are shared by the releases first
    share = request.jobs // max(1, min(request.jobs, len(subjects)))
    suite_jobs = 0 if request.quick else max(1, share)

    def one(subject: Subject) -> Checked:
        made = source.look(subject, suite_jobs)
        told(subject.release)
        return made

    with ThreadPoolExecutor(request.jobs) as pool:
        try:
            for made in pool.map(one, subjects):
                found.add(made)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return found


def _verdicts(request: Request, found: Checked, progress: ProgressOfMany | None) -> Matrix:
    """What becomes of the patches on those releases of which that can be told; why not of the
    others goes to ``found``."""
    ask = functools.partial(verdicts, request.stack, request.catalogue, fuzz=0, progress=progress)
    try:
        return ask(request.releases)
    except UsageError:
        columns: list[Column] = []
        for release in request.releases:
            try:
                columns += ask([release]).columns
            except UsageError as err:
                found.findings.append(
                    Finding(release.version, None, None, None, "apply", err.message)
                )
        return Matrix(layers_of(request.stack), tuple(columns))


# the interpreters that are here, by version
_Machine = Mapping[str, Interpreter]


def _machine(releases: Sequence[Release]) -> _Machine:
    return interpreters.find(sorted({one for release in releases for one in release.pythons}))


def _subject(
    request: Request,
    column: Column,
    machine: _Machine,
    contents: Contents,
    found: Checked,
    progress: ProgressOfMany | None,
) -> Subject | None:
    """What of a release's column is put to its tools; what that says by itself goes to ``found``.

    None where there is nothing to put, or nothing to put it to.
    """
    release = column.release
    ports = ports_of(request.stack, release)
    cells = [cell for cell in column.cells if cell is not None]
    for cell in cells:
        found.counts["apply"] += 1
        found.findings += _of_cell(request, release, ports[cell.patch], cell)
    applied = {cell.patch for cell in cells if cell.outcome in _APPLIED}
    every = request.stack.patches_for(release.line)
    patches = tuple(patch for patch in every if patch.name in applied)
    if not patches:
        # where one does not apply, that is what there is to say
        if all(cell.is_right for cell in cells):
            found.notes.append(Note("no patch changes the release", release.version))
        return None
    found.notes += _lacking(release, machine, request.here)
    here = tuple(version for version in release.pythons if version in machine)
    if not here:
        return None
    made = stages(contents, release, patches)
    if isinstance(made, str):
        found.findings.append(Finding(release.version, None, None, None, "apply", made))
        return None
    paths = _paths(patches)
    return Subject(
        release,
        request.catalogue,
        patches,
        tuple(label(ports[patch.name].series, patch.name, request.root) for patch in patches),
        contents.read(release, paths),
        tuple(files for files, _executable in made),
        modes.executable((p for p in paths if contents.executable(release, p)), patches),
        tree.pristine(release, progress),
        machine[here[0]],
        here,
    )


def ports_of(stack: Stack, release: Release) -> dict[str, Port]:
    """By the name of each patch, the port for a release of the stack that it is of."""
    return {n: layer.for_line(release.line) for layer in stack.layers for n in layer.own_names}


def _paths(patches: Sequence[Patch]) -> list[str]:
    return sorted({path for patch in patches for path in patch.paths})


def _of_cell(request: Request, release: Release, port: Port, cell: Cell) -> list[Finding]:
    """What is wrong with a patch on a release."""
    where = label(port.series, cell.patch, request.root)
    wrong = list(cell.problems)
    if not cell.is_right and not wrong:
        words = {
            Outcome.NOT_TRIED: "a patch before it does not apply",
            Outcome.CONFLICT: f"does not apply: {cell.message}",
        }
        wrong = [words.get(cell.outcome, cell.outcome.value)]
    return [Finding(release.version, where, *_hunk(cell), "apply", why) for why in wrong]


def _hunk(cell: Cell) -> tuple[str | None, int | None]:
    """The file and the line of the first hunk that does not apply."""
    rejected = (hunk for hunk in cell.hunks if hunk.rejected)
    first = next(rejected, None)
    return (None, None) if first is None else (first.file, first.line)


def _lacking(release: Release, machine: _Machine, content: bool) -> list[Note]:
    """What this machine lacks for a release; ``content``: where it is not needed."""
    missing = [version for version in release.pythons if version not in machine]
    if len(missing) == len(release.pythons):
        names = " or ".join(missing)
        return [Note(f"its tools need Python {names}", release.version, lacks=True)]
    return [
        Note(f"py_compile under Python {version}", release.version, lacks=not content)
        for version in missing
    ]
