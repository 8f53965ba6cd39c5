"""What a shell may offer for an argument of a command line."""

from __future__ import annotations

import re
from collections.abc import Iterable

import click

from hgport.errors import HgportError
from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack
from hgport.places import project_dir


def releases(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The versions of the releases that start so."""
    return _starting(incomplete, _versions(_catalogue()))


def lines(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The lines of releases that start so."""
    catalogue = _catalogue()
    return _starting(incomplete, catalogue.lines if catalogue else ())


def ports(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of ports that start so: base, or a line; also those of an older commit, REV:."""
    revision, colon, port = incomplete.rpartition(":")
    known = ["base", *lines(_context, _parameter, "")]
    return [revision + colon + one for one in _starting(port, known)]


def ranges(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The words, lines and versions that end a range which starts so."""
    catalogue = _catalogue()
    if catalogue is None:
        return []
    # what stands before the last comma, or between the ends of a range, is there already
    last = re.split(r",|\.\.", incomplete)[-1]
    done = incomplete[: len(incomplete) - len(last)]
    words = [] if done.endswith("..") else ["latest", "affected", "all"]
    known = dict.fromkeys([*words, *catalogue.lines, *_versions(catalogue)])
    return [done + word for word in known if word.startswith(last)]


def pythons(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The versions of Python that start so and that some release runs on, oldest first."""
    catalogue = _catalogue()
    found = {one for release in catalogue.releases for one in release.pythons} if catalogue else ()
    return _starting(incomplete, sorted(found, key=lambda one: [int(n) for n in one.split(".")]))


def patches(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of the stack's patches that start so."""
    stack = _stack(context)
    return _starting(incomplete, stack.names if stack else ())


def stacks(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The names of the project's further stacks that start so."""
    try:
        return _starting(incomplete, project.further(project_dir() / "patches"))
    except HgportError:
        return []


def _starting(incomplete: str, words: Iterable[str]) -> list[str]:
    return [word for word in words if word.startswith(incomplete)]


def _versions(catalogue: Catalogue | None) -> list[str]:
    return [release.version for release in catalogue.releases] if catalogue else []


# a shell that asks in vain must not be told why


def _catalogue() -> Catalogue | None:
    try:
        return project.load()[1]
    except HgportError:
        return None


def _stack(context: click.Context) -> Stack | None:
    try:
        return project.load(context.params.get("series"), context.params.get("over") or ())[0]
    except HgportError:
        return None
