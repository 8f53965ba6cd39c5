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
    path, catalogue, base = find(series)
    return Stack.load(path, base), catalogue


def find(series: Path | None = None) -> tuple[Path, Catalogue, str | None]:
    """The series file that ``load`` would read, with the catalogue and the base (None: nobody knows
    it); the series itself is not looked at."""
    if series is None:
        return _project(project_dir())
    if series.is_dir():
        series = _in_directory(series)
    if (series.parent / "patches" / "releases.toml").is_file():
        return _project(series.parent, series.name)
    return series, Catalogue.load(project_dir() / "patches" / "releases.toml"), None


def _in_directory(directory: Path) -> Path:
    places = (directory / "series", directory / "patches" / "series")
    for place in places:
        if place.is_file():
            return place
    raise UsageError(f"there is no series file, neither {places[0]} nor {places[1]}")


def _project(directory: Path, name: str = "series") -> tuple[Path, Catalogue, str | None]:
    catalogue = Catalogue.load(directory / "patches" / "releases.toml")
    return directory / name, catalogue, catalogue.base
