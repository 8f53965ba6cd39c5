"""The verdicts on a stack, remembered by content.

What is remembered of a port (of one port a layer, where stacks lie on each other) lies in one file,
named by the hash of all that goes into a verdict but the release: patches, catalogue, hgport's and
Mercurial's own code.  In it, the cells are kept by the sha256 of the release's sdist, which stands
for the bytes of every file in it.  So nothing that has changed is ever taken for what it was, and
with all of it known Mercurial is not imported.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hgport
from hgport.engine.judge import absorptions, judge, left_out
from hgport.engine.matrix import Cell, Column, Matrix, layers_of
from hgport.errors import OutsideError
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Port, Stack
from hgport.places import cache_dir

if TYPE_CHECKING:
    from hgport.upstream.sdist import ProgressOfMany

Cells = tuple["Cell | None", ...]
# one of each layer, that of the lowest first
Ports = tuple[Port, ...]
# files of verdicts that are kept, the ones that were used last
_KEPT = 200
# the rooms whose code makes verdicts
_CODE = ("model", "upstream", "engine")


def verdicts(
    stack: Stack,
    catalogue: Catalogue,
    releases: Sequence[Release],
    *,
    fuzz: int = 0,
    progress: ProgressOfMany | None = None,
) -> Matrix:
    """The cells of every patch of the stack, and of those below it, on the releases.

    ``fuzz`` is how many lines of context a hunk may lose; ``progress`` is told about downloads
    (see ``sdist.fetch_all``).  Raises UsageError for a patch that no tree can take, OutsideError
    if a release's files cannot be had.  A cache that cannot be written costs a word on standard
    error, not the verdicts.
    """
    remembered = _Memory(stack, catalogue, fuzz)
    known = {release.version: remembered.get(release) for release in releases}
    lacking = [release for release in releases if known[release.version] is None]
    if lacking:
        made = _judge_all(stack, catalogue, lacking, fuzz, progress)
        remembered.put([(release, made[release.version]) for release in lacking])
        known.update(made)
    columns = (
        Column(release, _lines(ports_for(stack, release)), known[release.version] or ())
        for release in releases
    )
    return Matrix(layers_of(stack), tuple(columns))


def ports_for(stack: Stack, release: Release) -> tuple[Port, ...]:
    """The port of each layer that serves a release, that of the lowest layer first."""
    return tuple(layer.for_line(release.line) for layer in stack.layers)


def touched(stack: Stack, catalogue: Catalogue, *ports: Port) -> tuple[str, ...]:
    """Every path of a release that a verdict on these ports, one a layer, may depend on, sorted."""
    patches = [patch for port in ports for patch in port.series.patches]
    for layer, port in zip(stack.layers, ports):
        patches += left_out(layer, port)
    paths = {path for patch in patches for path in patch.paths}
    above = {p for path in paths for p in _directories(path)}
    evidence = {one.file for one in absorptions(stack, catalogue)}
    return tuple(sorted(paths | above | evidence))


def _lines(ports: Ports) -> tuple[str | None, ...]:
    return tuple(port.line for port in ports)


def _directories(path: str) -> Iterator[str]:
    # if a release has a file of that name, the patch would write through it
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _judge_all(
    stack: Stack,
    catalogue: Catalogue,
    releases: Sequence[Release],
    fuzz: int,
    progress: ProgressOfMany | None,
) -> dict[str, Cells]:
    from hgport.upstream.contents import Contents

    made: dict[str, Cells] = {}
    groups = [
        (ports, served, touched(stack, catalogue, *ports))
        for ports, served in _by_ports(stack, releases)
    ]
    with Contents(progress=progress) as contents:
        contents.learn({release: paths for _ports, served, paths in groups for release in served})
        for ports, served, paths in groups:
            files = contents.read_many(served, paths)
            taken = _taken(ports, served, files, progress)
            made.update(_judge_served(stack, catalogue, served, files, taken, fuzz))
    return made


def _taken(
    ports: Ports,
    releases: Sequence[Release],
    files: Mapping[str, Mapping[str, bytes | None]],
    progress: ProgressOfMany | None,
) -> dict[str, frozenset[str]]:
    """The paths, by version, at which ports would make a file but the release has a directory."""
    changes = (c for port in ports for patch in port.series.patches for c in patch.files)
    new = {change.path for change in changes if change.kind in ("add", "rename", "copy")}
    doubtful = [r for r in releases if any(files[r.version][path] is None for path in new)]
    if not doubtful:
        return {}
    from hgport.engine.directories import directories

    return {version: all_ & new for version, all_ in directories(doubtful, progress).items()}


def _by_ports(
    stack: Stack, releases: Sequence[Release]
) -> Iterable[tuple[Ports, Sequence[Release]]]:
    served: dict[tuple[str | None, ...], tuple[Ports, list[Release]]] = {}
    for release in releases:
        ports = ports_for(stack, release)
        served.setdefault(_lines(ports), (ports, []))[1].append(release)
    return served.values()


def _judge_served(
    stack: Stack,
    catalogue: Catalogue,
    releases: Sequence[Release],
    files: Mapping[str, Mapping[str, bytes | None]],
    taken: Mapping[str, frozenset[str]],
    fuzz: int,
) -> dict[str, Cells]:
    """The cells by version; releases that are alike in all that matters are judged once."""
    alike: dict[Any, Cells] = {}
    made = {}
    for release in releases:
        content = files[release.version]
        told = tuple(catalogue.absorption(name, release) for name in stack.names)
        directories = taken.get(release.version, frozenset())
        key = (told, directories, tuple(content.values()))
        if key not in alike:
            alike[key] = judge(
                stack, catalogue, release, content.get, directories.__contains__, fuzz=fuzz
            )
        made[release.version] = alike[key]
    return made


class _Memory:
    """What is remembered of a stack and of those below it."""

    def __init__(self, stack: Stack, catalogue: Catalogue, fuzz: int) -> None:
        self._fuzz = fuzz
        self._stack = stack
        self._catalogue = catalogue
        self._directory = cache_dir() / "verdicts"
        self._code = _code_hash()
        self._files: dict[tuple[str | None, ...], tuple[Path, dict[str, Any]]] = {}

    def get(self, release: Release) -> Cells | None:
        plain = self._of_port(release)[1].get(self._key(release))
        if plain is None:
            return None
        with contextlib.suppress(KeyError, TypeError, ValueError):
            return tuple(None if cell is None else Cell.from_plain(cell) for cell in plain)
        return None

    def put(self, cells: Iterable[tuple[Release, Cells]]) -> None:
        # what they import would delay every status
        from hgport.files import locked, write_whole
        from hgport.upstream.store import not_remembered

        fresh: dict[Path, dict[str, Any]] = {}
        for release, made in cells:
            plain = [None if cell is None else cell.to_plain() for cell in made]
            fresh.setdefault(self._of_port(release)[0], {})[self._key(release)] = plain
        try:
            with locked(self._directory / "lock"):
                for path, entries in fresh.items():
                    # another hgport may have added to it since we read it
                    write_whole(path, _sealed({**_read(path), **entries}))
                self._forget_oldest()
        except (OutsideError, OSError) as err:
            not_remembered("verdicts", err)

    def _key(self, release: Release) -> str:
        # the verdict depends on the version too, for what the catalogue says of it
        return f"{release.version} {release.sha256}"

    def _of_port(self, release: Release) -> tuple[Path, dict[str, Any]]:
        ports = ports_for(self._stack, release)
        lines = _lines(ports)
        if lines not in self._files:
            path = self._directory / f"{self._hash(ports)}.json"
            self._files[lines] = path, _read(path)
        return self._files[lines]

    def _hash(self, ports: Ports) -> str:
        digest = hashlib.sha256(self._code)
        told = absorptions(self._stack, self._catalogue)
        known = [(layer.base, layer.own_names) for layer in self._stack.layers]
        digest.update(repr((self._fuzz, known, told)).encode())
        for layer, port in zip(self._stack.layers, ports):
            _add(digest, (*port.series.patches, None, *left_out(layer, port), None))
        return digest.hexdigest()

    def _forget_oldest(self) -> None:
        files = sorted(self._directory.glob("*.json"), key=lambda p: -p.stat().st_mtime)
        for path in files[_KEPT:]:
            path.unlink()


def _add(digest: hashlib._Hash, patches: Iterable[Patch | None]) -> None:
    """Add patches to what is hashed; None separates them from others."""
    for patch in patches:
        name, data = ("", b"") if patch is None else (patch.name, patch.data)
        digest.update(f"{name}\0{len(data)}\0".encode("utf-8", "surrogateescape"))
        digest.update(data)


def _read(path: Path) -> dict[str, Any]:
    """The entries of a file of verdicts: none, if it is not there or is not as it was written."""
    with contextlib.suppress(OSError, ValueError):
        seal, _newline, text = path.read_bytes().partition(b"\n")
        if hashlib.sha256(text).hexdigest().encode() == seal:
            entries: dict[str, Any] = json.loads(text)
            return entries
    return {}


def _sealed(entries: Mapping[str, Any]) -> bytes:
    text = json.dumps(entries, separators=(",", ":")).encode()
    return hashlib.sha256(text).hexdigest().encode() + b"\n" + text


def _code_hash() -> bytes:
    """What stands for the code that makes verdicts: ours, and the version of Mercurial's."""
    digest = hashlib.sha256()
    package = Path(hgport.__file__).parent
    for path in sorted(path for room in _CODE for path in (package / room).glob("*.py")):
        code = path.read_bytes()
        digest.update(f"{path.name} {len(code)}\n".encode() + code)
    spec = importlib.util.find_spec("mercurial")
    for place in (spec.submodule_search_locations if spec else None) or ():
        with contextlib.suppress(FileNotFoundError):
            digest.update((Path(place) / "__version__.py").read_bytes())
    return digest.digest()
