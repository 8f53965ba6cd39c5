"""What a command works on: a stack, and the catalogue of releases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.release import is_version
from hgport.model.stack import Stack
from hgport.places import project_dir


def load(series: Path | None = None, over: Sequence[str] = ()) -> tuple[Stack, Catalogue]:
    """The stack that a command is to use, and the catalogue that goes with it.

    ``series`` is a series file, or a directory that holds one, itself or in ``patches``, as quilt
    has it; None takes the project's own.  A series with a ``patches/releases.toml`` beside it is
    another such project, and brings its own catalogue; so does a further stack of one, in
    ``patches/NAME``.  Any other is a plain quilt series, of which no base is known, and the
    project's catalogue tells only which releases there are.

    ``over`` are the stacks to put on top of it, in this order: each is the name of a further stack
    of the same project, or a series file or directory as above.  Raises UsageError.
    """
    (lowest, *others), catalogue = find(series, over)
    stack = Stack.load(lowest.path, lowest.base)
    for place in others:
        stack = Stack.load(place.path, place.base, stack)
    return stack, catalogue


@dataclass(frozen=True)
class Place:
    """A series file, and the release that it is written for; None: nobody knows it."""

    path: Path
    base: str | None


def find(
    series: Path | None = None, over: Sequence[str] = ()
) -> tuple[tuple[Place, ...], Catalogue]:
    """The series files that ``load`` would read, that of the lowest stack first, and the catalogue
    that goes with them; none of the series is looked at.  Raises UsageError as ``load``."""
    lowest = _found(series)
    places, names = [Place(lowest.path, lowest.base)], [lowest.name]
    for text in over:
        found = _over(text, lowest)
        if any(found.path.resolve() == place.path.resolve() for place in places):
            raise UsageError(f"{found.path} is already one of the stacks")
        ours = found.project == lowest.project
        places.append(Place(found.path, found.base if ours else None))
        names += [found.name] if ours else []
    return tuple(places), lowest.catalogue.for_stacks(names)


def further(directory: Path) -> tuple[str, ...]:
    """The names of the further stacks of the project whose patches are in ``directory``."""
    places = sorted(directory.glob("*/series"))
    return tuple(p.parent.name for p in places if not is_version(p.parent.name))


@dataclass(frozen=True)
class _Found:
    """A series file; the ``project`` directory whose catalogue it has; its base, None if nobody
    knows it; and its ``name``, if it is a further stack of that project."""

    path: Path
    catalogue: Catalogue
    project: Path
    base: str | None = None
    name: str | None = None


def _found(series: Path | None) -> _Found:
    if series is None:
        return _of_project(project_dir(), project_dir() / "series")
    if series.is_dir():
        series = _in_directory(series)
    if (series.parent / "patches" / "releases.toml").is_file():
        return _of_project(series.parent, series)
    place = series.absolute().parent
    if (place.parent / "releases.toml").is_file() and not is_version(place.name):
        return _of_project(place.parent.parent, series, place.name)
    return _Found(series, _catalogue(project_dir()), project_dir().resolve())


def _over(text: str, lowest: _Found) -> _Found:
    """The stack that a person means to put on top."""
    if not text:
        # as a path, it would be where the person happens to be
        raise UsageError("--with names no stack", "a name, or a series file")
    patches = lowest.project / "patches"
    if text in further(patches):
        return _of_project(lowest.project, patches / text / "series", text)
    if not Path(text).exists():
        known = ", ".join(further(patches)) or "none"
        raise UsageError(
            f"there is no stack {text}", f"name a series file, or a stack of the project: {known}"
        )
    return _found(Path(text))


def _of_project(directory: Path, series: Path, name: str | None = None) -> _Found:
    catalogue = _catalogue(directory)
    return _Found(series, catalogue, directory.resolve(), catalogue.base, name)


def _catalogue(directory: Path) -> Catalogue:
    return Catalogue.load(directory / "patches" / "releases.toml")


def _in_directory(directory: Path) -> Path:
    places = (directory / "series", directory / "patches" / "series")
    for place in places:
        if place.is_file():
            return place
    raise UsageError(f"there is no series file, neither {places[0]} nor {places[1]}")
