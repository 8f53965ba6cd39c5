"""What this machine can prove, and what it lacks for more."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from hgport import __version__
from hgport.errors import HgportError
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release
from hgport.places import cache_dir
from hgport.proof import giftless, interpreters, nginx, plan
from hgport.proof.interpreters import Interpreter
from hgport.upstream import index, sdist

# bytes below which the room for trees and results is little
_LITTLE = 1 << 30


@dataclass(frozen=True)
class Place:
    """A release that is to be run in one of some Pythons, and the one that would be used, if any.
    ``counts``: without it something that is asked for cannot be proven."""

    release: Release
    pythons: tuple[str, ...]
    interpreter: Interpreter | None
    counts: bool


@dataclass(frozen=True)
class Program:
    """Something that is used if it is there: its ``name``, what it is ``good_for``, where it was
    ``found`` ("" if it was not), and how to get it."""

    name: str
    good_for: str
    found: str
    advice: str


@dataclass(frozen=True)
class Cache:
    """The cache: whether it can be written, the bytes that are free there, and the bytes of its
    parts by name."""

    path: Path
    writable: bool
    free: int
    sizes: dict[str, int]


@dataclass(frozen=True)
class Index:
    """The package index: its ``address`` without credentials ("" is the public one), how many
    ``releases`` it has (None: it was not asked), and the ``error`` if it did not answer."""

    address: str
    releases: int | None = None
    error: str = ""


@dataclass(frozen=True)
class Machine:
    """All that was found.  ``lacking`` says what keeps this machine from proving what was asked
    for, ``notes`` what else is to be known, a phrase each."""

    hgport: str
    python: str
    mercurial: str
    processors: int
    places: tuple[Place, ...]
    programs: tuple[Program, ...]
    cache: Cache
    index: Index
    unfetched: tuple[Release, ...]
    notes: tuple[str, ...]
    lacking: tuple[str, ...]


def examine(
    catalogue: Catalogue, releases: Sequence[Release], *, every: bool, online: bool = False
) -> Machine:
    """Look at this machine, as to what a proof of these releases needs.

    ``every``: each of the releases has to be provable, not only those of affected lines.
    ``online``: ask the index.
    """
    places = tuple(_places(catalogue, releases, every))
    with ThreadPoolExecutor() as pool:
        # each runs programs, or waits for the disk
        programs, cache = pool.submit(_programs), pool.submit(_cache)
        about_index = _index(online)
    unfetched = tuple(release for release in releases if not sdist.is_cached(release))
    found = cache.result()
    return Machine(
        hgport=__version__,
        python=platform.python_version(),
        mercurial=importlib.metadata.version("mercurial"),
        processors=_processors(),
        places=places,
        programs=programs.result(),
        cache=found,
        index=about_index,
        unfetched=unfetched,
        notes=tuple(_notes(places, found)),
        lacking=tuple(_lacking(places, found, about_index, unfetched)),
    )


def _places(catalogue: Catalogue, releases: Sequence[Release], every: bool) -> Iterator[Place]:
    demanded = plan.demands(catalogue, releases, ())
    found = interpreters.find(v for _release, any_of in demanded for v in any_of)
    for release, any_of in demanded:
        one = next((found[version] for version in any_of if version in found), None)
        counts = every or release.line in catalogue.affected_lines
        yield Place(release, any_of, one, counts)


def _programs() -> tuple[Program, ...]:
    plain = (
        ("quilt", "applying the series by hand, and our own tests"),
        ("patch", "the same"),
        ("git", "our own tests"),
    )
    found = [
        Program(name, use, shutil.which(name) or "", f"Debian: apt-get install {name}")
        for name, use in plain
    ]
    servers: tuple[tuple[str, Callable[[], Path | None], str], ...] = (
        ("nginx", nginx.find, nginx.ADVICE),
        ("giftless", giftless.find, giftless.ADVICE),
    )
    for name, find, advice in servers:
        where = find()
        found.append(Program(name, "scenarios on real servers", str(where or ""), advice))
    advice = "pip install distributed, into the environment of hgport"
    use = "more than one machine (--cluster)"
    return (*found, Program("distributed", use, _installed("distributed"), advice))


def _installed(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cache() -> Cache:
    path = cache_dir()
    # it need not exist yet, but what is in its place must not be a file
    there = next(one for one in (path, *path.parents) if one.exists())
    sizes: dict[str, int] = {}
    for entry in path.iterdir() if path.is_dir() else ():
        name = "results" if ".sqlite" in entry.name else entry.name
        sizes[name] = sizes.get(name, 0) + _size(entry)
    return Cache(
        path, _is_writable(there), shutil.disk_usage(there).free, dict(sorted(sizes.items()))
    )


def _is_writable(directory: Path) -> bool:
    # what the permissions say is not all: the disk may be read-only, or full
    try:
        with tempfile.TemporaryFile(dir=directory) as file:
            file.write(b"\0")
    except OSError:
        return False
    return True


def _size(path: Path) -> int:
    """The bytes of a file, or of all files below a directory.  Another hgport may be at work: what
    goes meanwhile has none."""
    if not path.is_dir():
        return _bytes(path)
    below = os.walk(path)
    return sum(
        _bytes(Path(parent, name)) for parent, _directories, names in below for name in names
    )


def _bytes(path: Path) -> int:
    try:
        return path.lstat().st_size
    except FileNotFoundError:
        return 0


def _index(online: bool) -> Index:
    if not online:
        return Index("")
    try:
        address = _without_credentials(index.address())
        return Index(address, len(index.published()))
    except HgportError as err:
        return Index("", None, err.message)


def _without_credentials(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _notes(places: Iterable[Place], cache: Cache) -> Iterator[str]:
    used = {place.interpreter for place in places if place.interpreter is not None}
    for one in sorted(used, key=lambda one: one.full):
        if one.version == "2.7" and one.openssl.startswith("OpenSSL 3"):
            yield (
                f"Python 2.7 is built with {one.openssl}, with which upstream's own test-https.t "
                "fails before any patch"
            )
    if cache.free < _LITTLE:
        yield f"there is little room in {cache.path}"


def _lacking(
    places: Iterable[Place], cache: Cache, about_index: Index, unfetched: Sequence[Release]
) -> Iterator[str]:
    missing: dict[tuple[str, ...], list[str]] = {}
    for place in places:
        if place.interpreter is None and place.counts:
            missing.setdefault(place.pythons, []).append(place.release.version)
    for pythons, versions in missing.items():
        yield f"Python {' or '.join(pythons) or '(none is known)'} for {', '.join(versions)}"
    if not cache.writable:
        yield f"a cache that can be written: {cache.path}"
    if unfetched and (about_index.error or _is_offline()):
        yield f"the sdists of {', '.join(one.version for one in unfetched)}, and the index"


def _is_offline() -> bool:
    try:
        index.refuse_if_offline("download")
    except HgportError:
        return True
    return False
