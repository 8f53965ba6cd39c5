"""Port directories: which are needed, and writing one whole or not at all."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.engine.carryfile import same_but_for_style
from hgport.engine.outcome import Outcome, Reader, SeriesResult
from hgport.errors import UsageError
from hgport.files import (
    built_beside,
    disk_errors,
    locked,
    remove_tree,
    scratch_beside,
    write_whole,
)
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release
from hgport.model.stack import Port, Stack
from hgport.places import cache_dir

if TYPE_CHECKING:
    from hgport.engine.ground import Ground
    from hgport.upstream.sdist import ProgressOfMany

# a line's releases need no port of their own where each patch has one of these
_SERVED = (Outcome.CLEAN, Outcome.OFFSET, Outcome.UPSTREAMED, Outcome.REPEATED)
# of Linux: swap two names in one step
_EXCHANGE = 2
_AT_CWD = -100


def is_served(
    stack: Stack, catalogue: Catalogue, line: str, progress: ProgressOfMany | None = None
) -> bool:
    """Whether the series that serves a line applies, without fuzz, to every release of it.

    ``progress`` is as in Contents.  Raises what ``verdicts`` raises.
    """
    from hgport.engine.verdicts import verdicts

    found = verdicts(stack, catalogue, catalogue.of_line(line), progress=progress)
    every = (cell for column in found.columns for cell in column.cells if cell is not None)
    # of those of a stack below, the other patches tell as much as matters
    own = (cell for cell in every if cell.patch in stack.own_names)
    return all(cell.outcome in _SERVED for cell in own)


def lines_of(stack: Stack, catalogue: Catalogue, port: Port) -> list[str]:
    """The lines that a port serves, oldest first."""
    return [line for line in catalogue.lines if stack.for_line(line).line == port.line]


# ports that have become equal


def needless(
    stack: Stack, catalogue: Catalogue, progress: ProgressOfMany | None = None
) -> tuple[str, ...]:
    """The ports, by line, without which every release would get the same as it does with them.

    The same means: the patches of the series that would serve then apply without fuzz, have the
    same names and the same text above their diffs, and give the same files but for style; and that
    so on whatever else the stack may be put, as far as it applies to that with the port.  Raises
    OutsideError if a release's files cannot be had.
    """
    from hgport.engine import grounds
    from hgport.engine.ground import Ground
    from hgport.upstream.contents import Contents

    found: list[str] = []
    with Contents(progress=progress) as contents:
        ground = Ground(stack, catalogue, contents, progress)
        elsewhere = [Ground(one, catalogue, contents, progress) for one in grounds.others(stack)]
        for port in stack.ports:
            less = _without(stack, port)
            if _serve_alike(stack, less, catalogue, port, ground) and all(
                _is_no_loss(stack, less, catalogue, port, other) for other in elsewhere
            ):
                found.append(str(port.line))
                stack = less
    return tuple(found)


def _without(stack: Stack, port: Port) -> Stack:
    return replace(stack, ports=tuple(one for one in stack.ports if one != port))


def _serve_alike(
    stack: Stack, less: Stack, catalogue: Catalogue, port: Port, ground: Ground
) -> bool:
    """Whether the lines that a port serves would get the same from a stack without it."""
    lines = lines_of(stack, catalogue, port)
    releases = [r for line in lines for r in reversed(catalogue.of_line(line))]
    neighbours = {less.for_line(release.line).line for release in releases}
    if not releases or ground.takes(releases) != releases:
        return False
    if any(_heads(less, n) != _heads(stack, port.line) for n in neighbours):
        return False
    paths = _paths(stack)
    # the port's own line first: where a port is needed, that shows there most often
    return all(
        _gets_the_same(stack, less, release, ground, ground.read(release, paths).get)
        for release in releases
    )


def _is_no_loss(
    stack: Stack, less: Stack, catalogue: Catalogue, port: Port, ground: Ground
) -> bool:
    """Whether the releases to which a port applies on another ground get the same without it."""
    every = [r for line in lines_of(stack, catalogue, port) for r in catalogue.of_line(line)]
    paths = _paths(stack)
    for release in ground.takes(every):
        read = ground.read(release, paths).get
        applies = _applied(stack, release, ground, read) is not None
        if applies and not _gets_the_same(stack, less, release, ground, read):
            return False
    return True


def _paths(stack: Stack) -> list[str]:
    """What all series of a stack touch."""
    series = (stack.top, *(one.series for one in stack.ports))
    return sorted({path for one in series for patch in one.patches for path in patch.paths})


def _heads(stack: Stack, line: str | None) -> list[tuple[str, bytes]]:
    """The names of a port's patches, and the text above their diffs."""
    series = next((port.series for port in stack.ports if port.line == line), stack.top)
    return [(p.name, p.data[: len(p.data) - len(p.body)]) for p in series.patches]


def _gets_the_same(
    stack: Stack, less: Stack, release: Release, ground: Ground, read: Reader
) -> bool:
    mine, other = (_applied(one, release, ground, read) for one in (stack, less))
    if mine is None or other is None or mine.files.keys() != other.files.keys():
        return False
    return mine.modes == other.modes and all(
        same_but_for_style(path, content, other.files[path]) for path, content in mine.files.items()
    )


def _applied(stack: Stack, release: Release, ground: Ground, read: Reader) -> SeriesResult | None:
    """What the series that serves a release makes of it, None if it does not apply to it."""
    from hgport.engine.apply import apply_series

    series = stack.for_line(release.line).series
    result = apply_series(read, ground.wanted(series.patches, release))
    fine = (Outcome.CLEAN, Outcome.OFFSET, Outcome.APPLIED)
    return result if all(one.outcome in fine for one in result.results) else None


# on the disk


def write_port(stack: Stack, line: str, patches: Sequence[tuple[str, bytes]]) -> Path | None:
    """Make ``patches/LINE`` a port of these patches (file name and bytes each), in this order.

    Its directory is returned, None if it was just that already.  What else lies in it stays, and so
    do the comments of its series.  Raises UsageError if it is not any more what ``stack`` was
    loaded from, OutsideError if the disk refuses; then nothing is written.
    """
    directory = stack.top.directory / line
    with written_by_one(stack):
        _restore(directory)
        old = _unchanged(stack, line)
        names = [name for name, _data in patches]
        wanted = {**dict(patches), "series": _series_file(old, names)}
        if old is not None:
            had = {**{p.name: p.data for p in old.series.patches}, "series": old.series.data}
            if had == wanted:
                return None
            _replace(directory, wanted, gone=had.keys() - wanted.keys())
        else:
            _make(directory, wanted)
    return directory


def remove_port(stack: Stack, line: str) -> Path:
    """Remove the port of a line; its directory is returned.

    What lies in it and is no part of the port stays.  Raises as ``write_port``.
    """
    directory = stack.top.directory / line
    with written_by_one(stack):
        _restore(directory)
        old = _unchanged(stack, line)
        if old is None:
            raise UsageError(f"there is no port for {line}")
        with disk_errors(f"remove {directory}"):
            # the series first: without it the directory is no port
            for name in ("series", *old.series.names):
                (directory / name).unlink()
            for parent in sorted(_parents(old.series.names), reverse=True):
                with contextlib.suppress(OSError):
                    (directory / parent).rmdir()
            with contextlib.suppress(OSError):
                directory.rmdir()
    return directory


def _parents(names: Sequence[str]) -> set[Path]:
    return {parent for name in names for parent in Path(name).parents if str(parent) != "."}


def written_by_one(stack: Stack) -> contextlib.AbstractContextManager[None]:
    """What all that write to the patches of one stack hold, waiting for whoever does so now."""
    name = hashlib.sha256(str(stack.top.path.resolve()).encode()).hexdigest()
    return locked(cache_dir() / "locks" / name)


def _unchanged(stack: Stack, line: str) -> Port | None:
    """The port of a line, if there is one, which is as it was when it was loaded."""
    old = next((port for port in stack.ports if port.line == line), None)
    now = stack.top.directory / line
    if old is None:
        if (now / "series").exists():
            raise UsageError(f"{now} was made meanwhile", "run it again")
        return None
    had = {now / p.name: p.data for p in old.series.patches}
    had[now / "series"] = old.series.data
    for path, data in had.items():
        if not path.is_file() or path.read_bytes() != data:
            raise UsageError(f"{path} was changed meanwhile", "run it again")
    return old


def _series_file(old: Port | None, names: Sequence[str]) -> bytes:
    if old is None:
        return b"".join(name.encode("utf-8", "surrogateescape") + b"\n" for name in names)
    from hgport.engine.seriesfile import with_names

    return with_names(old.series.data, names)


def _make(directory: Path, files: Mapping[str, bytes]) -> None:
    """Make a directory of these files; what lies there already goes with them."""
    if directory.exists():
        _replace(directory, files, gone=set())
        return
    with built_beside(directory) as beside:
        _fill(beside, files)


def _fill(directory: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        write_whole(directory / name, data)


def _replace(directory: Path, files: Mapping[str, bytes], gone: set[str]) -> None:
    """Put a copy of the directory, with these files and without those, in its place."""
    with disk_errors(f"write {directory}"), scratch_beside(directory) as beside:
        copy = beside / directory.name
        shutil.copytree(directory, copy, symlinks=True)
        for name in gone:
            (copy / name).unlink()
        _fill(copy, files)
        _swap(copy, directory)


def _swap(fresh: Path, directory: Path) -> None:
    """Have two directories trade places: in one step, where the system can."""
    if _exchanged(fresh, directory):
        return
    aside = _aside(directory)
    os.rename(directory, aside)
    try:
        os.rename(fresh, directory)
    except BaseException:
        os.rename(aside, directory)
        raise
    os.rename(aside, fresh)


def _exchanged(one: Path, other: Path) -> bool:
    try:
        swap = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError, TypeError):
        return False
    names = os.fsencode(one), os.fsencode(other)
    code: int = swap(_AT_CWD, names[0], _AT_CWD, names[1], _EXCHANGE)
    return code == 0


def _aside(directory: Path) -> Path:
    return directory.with_name(f".hgport-old-{directory.name}")


def _restore(directory: Path) -> None:
    """Bring back what a run that was killed between two renames has put aside."""
    aside = _aside(directory)
    if aside.is_dir():
        with disk_errors(f"write {directory}"):
            if directory.exists():
                remove_tree(aside)
            else:
                os.rename(aside, directory)
