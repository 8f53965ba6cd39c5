"""Where a port comes from: which series is carried to a release, and on which release it is read.

The origin of a port is its neighbour on the way to the base: for a line older than the base, the
next newer series that there is; for a newer line, the next older one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue, unknown
from hgport.model.release import Release, is_version, line_key
from hgport.model.stack import Port, Stack


@dataclass(frozen=True)
class Origin:
    """A series, the release that it is read on, and in ``why`` one line on both."""

    port: Port
    release: Release
    why: str


def origin_of(
    stack: Stack, catalogue: Catalogue, target: Release, base: str | None = None
) -> Origin:
    """The series to carry to ``target``.

    ``base`` is a line or a release that a person chose ("4.9" or "4.9.1"): the port that serves it
    is taken, as it reads on that release, or on the newest of that line.  Raises UsageError for a
    base that is unknown or the target itself, and for a stack of which no base is known.
    """
    origin = _nearest(stack, catalogue, target) if base is None else _chosen(stack, catalogue, base)
    if stack.under is not None:
        origin = replace(origin, why=f"{origin.why}, with what is below")
    if origin.release.key == target.key:
        raise UsageError(
            f"{target.version} is the base itself, so there is nothing to carry",
            "choose another release, or another --base",
        )
    return origin


def reference(stack: Stack, catalogue: Catalogue, port: Port) -> Release:
    """The release that a port is read on: the catalogue's base for the top-level series, the newest
    of its line for any other.  Raises UsageError if no base is known."""
    if port.line is not None:
        return catalogue.newest(port.line)
    if stack.base is None:
        raise UsageError(
            f"nobody knows which release {stack.top.path} is written for",
            "say it with --base RELEASE",
        )
    return catalogue.release(catalogue.base)


def described(port: Port) -> str:
    """What messages call a port."""
    return "the top-level series" if port.line is None else f"the port for {port.line}"


def _nearest(stack: Stack, catalogue: Catalogue, target: Release) -> Origin:
    top = Port(None, stack.top)
    # raised here for a stack without a base
    base = reference(stack, catalogue, top)
    found, wanted = top, line_key(target.line)
    home = line_key(base.line)
    between = [port for port in stack.ports if _lies_between(port, wanted, home)]
    if between:
        # they are sorted, the oldest first
        found = between[0] if wanted < home else between[-1]
    release = reference(stack, catalogue, found)
    way = "on the way to the base" if found.line is not None else "the base"
    return Origin(found, release, f"{described(found)} on {release.version}, {way}")


def _lies_between(port: Port, wanted: tuple[int, int], home: tuple[int, int]) -> bool:
    """Whether a port lies between a line and the base, the line left out."""
    assert port.line is not None
    key = line_key(port.line)
    return wanted < key <= home or home <= key < wanted


def _chosen(stack: Stack, catalogue: Catalogue, base: str) -> Origin:
    release = _release(stack, catalogue, base)
    port = stack.for_line(release.line)
    return Origin(port, release, f"{described(port)} on {release.version}, as chosen")


def _release(stack: Stack, catalogue: Catalogue, base: str) -> Release:
    if base in catalogue.lines:
        if stack.base == base:
            return catalogue.release(catalogue.base)
        return catalogue.newest(base)
    if not is_version(base):
        known = [*catalogue.lines, *(release.version for release in catalogue.releases)]
        raise unknown("base", base, known)
    return catalogue.release(base)
