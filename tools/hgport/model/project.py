"""What a command works on: a stack, and the catalogue of releases."""

from __future__ import annotations

from pathlib import Path

from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack
from hgport.places import project_dir


def load(series: Path | None = None) -> tuple[Stack, Catalogue]:
    """The stack that a command is to use, and the catalogue that goes with it.

    ``series`` is a series file, or a directory that holds one, itself or in ``patches``, as quilt
    has it; None takes the project's own.  A
    series with a ``patches/releases.toml`` beside it is another such project, and brings its own
    catalogue; any other is a plain quilt series, of which no base is known, and the project's
    catalogue tells only which releases there are.  Raises UsageError.
    """
    if series is None:
        return _project(project_dir())
    if series.is_dir():
        series = _in_directory(series)
    if (series.parent / "patches" / "releases.toml").is_file():
        return _project(series.parent, series.name)
    return Stack.load(series, None), Catalogue.load(project_dir() / "patches" / "releases.toml")


def _in_directory(directory: Path) -> Path:
    places = (directory / "series", directory / "patches" / "series")
    for place in places:
        if place.is_file():
            return place
    raise UsageError(f"there is no series file, neither {places[0]} nor {places[1]}")


def _project(directory: Path, name: str = "series") -> tuple[Stack, Catalogue]:
    catalogue = Catalogue.load(directory / "patches" / "releases.toml")
    return Stack.load(directory / name, catalogue.base), catalogue
