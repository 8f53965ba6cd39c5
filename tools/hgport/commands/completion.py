"""What a shell may offer for an argument of a command line."""

from __future__ import annotations

import re

import click

from hgport.errors import HgportError
from hgport.model import project
from hgport.model.catalogue import Catalogue


def releases(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The versions of the releases that start so."""
    catalogue = _catalogue()
    known = [release.version for release in catalogue.releases] if catalogue else []
    return [version for version in known if version.startswith(incomplete)]


def ranges(_context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[str]:
    """The words, lines and versions that end a range which starts so."""
    catalogue = _catalogue()
    if catalogue is None:
        return []
    # what stands before the last comma, or between the ends of a range, is there already
    last = re.split(r",|\.\.", incomplete)[-1]
    done = incomplete[: len(incomplete) - len(last)]
    words = [] if done.endswith("..") else ["latest", "affected", "all"]
    versions = [release.version for release in catalogue.releases]
    known = dict.fromkeys([*words, *catalogue.lines, *versions])
    return [done + word for word in known if word.startswith(last)]


def _catalogue() -> Catalogue | None:
    # a shell that asks in vain must not be told why
    try:
        return project.load()[1]
    except HgportError:
        return None
