"""What a machine can prove, as text and as plain data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hgport.proof import interpreters
from hgport.proof.doctor import Machine, Place
from hgport.report.proof import aligned

_GIBIBYTE, _MEBIBYTE = 1 << 30, 1 << 20


def text(machine: Machine) -> list[str]:
    """Everything that is printed."""
    processors = f"{machine.processors} processor" + ("s" if machine.processors != 1 else "")
    return [
        f"hgport {machine.hgport}, with Mercurial {machine.mercurial}, on Python "
        f"{machine.python}; {processors}",
        "",
        *_places(machine),
        "",
        *_programs(machine),
        "",
        _cache(machine),
        _sdists(machine),
        _index(machine),
        *(f"note: {note}" for note in machine.notes),
        *(f"LACKING: {what}" for what in machine.lacking),
        summary(machine),
    ]


def summary(machine: Machine) -> str:
    """The one line at the end."""
    if machine.lacking:
        return "this machine cannot prove all of it; see LACKING"
    everything = all(place.interpreter for place in machine.places)
    what = "all of these releases" if everything else "every affected line"
    return f"this machine can prove {what} with the embedded server"


def _places(machine: Machine) -> list[str]:
    table = [["release", "Python", "would be run by"]]
    for place in machine.places:
        table.append([place.release.version, _version(place), _runs(place)])
    return aligned(table)


def _version(place: Place) -> str:
    if place.interpreter is not None:
        return place.interpreter.version
    return "/".join(place.pythons) or "?"


def _runs(place: Place) -> str:
    one = place.interpreter
    if one is not None:
        return f"{one.path} ({one.full.split()[0]}, {' '.join(one.openssl.split()[:2])})"
    advice = _advice(place)
    return f"none found; {advice}" if place.pythons else advice


def _advice(place: Place) -> str:
    if not place.pythons:
        return "the catalogue names no Python that runs it; name one in its [pythons]"
    return interpreters.advice(place.pythons[0])


def _programs(machine: Machine) -> list[str]:
    table = [["if present", "found", "good for"]]
    for program in machine.programs:
        good_for = program.good_for
        if not program.found:
            good_for += f"; {program.advice}"
        table.append([program.name, program.found or "none", good_for])
    return aligned(table)


def _cache(machine: Machine) -> str:
    cache = machine.cache
    can = "" if cache.writable else ", which cannot be written"
    parts = "".join(
        f"{mark}{name} {_bytes(size)}" for mark, (name, size) in zip(_marks(), cache.sizes.items())
    )
    return f"cache: {cache.path}{can}, {_bytes(cache.free)} free{parts}"


def _marks() -> Iterator[str]:
    yield "; holds "
    while True:
        yield ", "


def _sdists(machine: Machine) -> str:
    count, missing = len({place.release for place in machine.places}), machine.unfetched
    if not missing:
        return f"sdists: all {count} are there"
    size = _bytes(sum(release.size for release in missing))
    return f"sdists: {len(missing)} of {count} will be fetched when they are needed ({size})"


def _index(machine: Machine) -> str:
    about = machine.index
    if about.error:
        return f"index: {about.error}"
    if about.releases is None:
        return "index: not asked (--online asks it)"
    return f"index: {about.address or 'the public one'} has {about.releases} releases"


def _bytes(count: int) -> str:
    if count >= _GIBIBYTE:
        return f"{count / _GIBIBYTE:.1f} GiB"
    return f"{count / _MEBIBYTE:.1f} MiB"


def to_plain(machine: Machine) -> dict[str, Any]:
    """Everything as data for ``--json``."""
    cache, about = machine.cache, machine.index
    return {
        "hgport": machine.hgport,
        "python": machine.python,
        "mercurial": machine.mercurial,
        "processors": machine.processors,
        "releases": [_place_to_plain(place) for place in machine.places],
        "programs": [
            {
                "name": one.name,
                "good_for": one.good_for,
                "found": one.found or None,
                "advice": one.advice,
            }
            for one in machine.programs
        ],
        "cache": {
            "path": str(cache.path),
            "writable": cache.writable,
            "free": cache.free,
            "sizes": cache.sizes,
        },
        "index": {
            "asked": bool(about.error) or about.releases is not None,
            "address": about.address,
            "releases": about.releases,
            "error": about.error,
        },
        "unfetched": [release.version for release in machine.unfetched],
        "notes": list(machine.notes),
        "lacking": list(machine.lacking),
        "summary": summary(machine),
    }


def _place_to_plain(place: Place) -> dict[str, Any]:
    one = place.interpreter
    return {
        "release": place.release.version,
        "pythons": list(place.pythons),
        "counts": place.counts,
        "python": one and one.version,
        "path": one and str(one.path),
        "full": one and one.full,
        "openssl": one and one.openssl,
        "advice": None if one else _advice(place),
    }
