"""What came of carrying a series, remembered by content.

One file a series and target, named by the hash of all that goes in: the patches, both releases (by
the sha256 of their sdists, which stands for every file in them), what is remembered, who compiles,
and the code: hgport's own, Mercurial's, black's and Python's versions.  So nothing that has changed
is ever taken for what it was, and with all of it known neither an sdist nor Mercurial is touched.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib.util
import json
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import astuple
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hgport
from hgport.engine import ground
from hgport.engine.carried import (
    Carried,
    CarriedSeries,
    CarryOrder,
    Fate,
    FileFate,
    Remembering,
    What,
)
from hgport.engine.merge.result import Conflict, Hunk, Merge, Step
from hgport.errors import OutsideError
from hgport.model.catalogue import Absorption
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.places import cache_dir

if TYPE_CHECKING:
    from hgport.engine.merge.merge import Compiles
    from hgport.engine.resolutions import Use
    from hgport.upstream.sdist import ProgressOfMany

# files that are kept, the ones that were used last
_KEPT = 500
# the rooms whose code goes in
_CODE = ("model", "upstream", "engine")
# the libraries of which the version goes in, and the file that tells it
_LIBRARIES = (("mercurial", "__version__.py"), ("black", "../_black_version.py"))


def carried(
    order: CarryOrder,
    *,
    settled: Mapping[str, Mapping[str, bytes | None]] | None = None,
    skipped: Collection[str] = (),
    memory: Remembering | None = None,
    compiler: Callable[[Release], Compiles | None] | None = None,
    judged_by: str = "",
    progress: ProgressOfMany | None = None,
) -> CarriedSeries:
    """As ``carry.carry``, from the cache if it is there.

    ``compiler`` gives what compiles for a release, and is asked only if something is not known;
    ``judged_by`` tells it from every other.  What a person settles just now is not remembered here.
    A cache that is damaged, or cannot be written, costs time alone.
    """
    place = None
    if not settled and not skipped:
        place = cache_dir() / "carried" / _key(order, memory, judged_by)
        known = _read(place, order)
        if known is not None:
            return known
    from hgport.engine.carry import carry

    made = carry(
        order,
        settled=settled,
        skipped=skipped,
        memory=memory,
        compiles=compiler(order.target) if compiler else None,
        progress=progress,
    )
    if place is not None:
        _write(place, made)
    return made


# the name


def _key(order: CarryOrder, memory: Remembering | None, judged_by: str) -> str:
    digest = hashlib.sha256(_code_hash())
    known = any(layer.base is not None for layer in order.stack.layers)
    told = (order.catalogue.absorbed, order.catalogue.parts) if known else ()
    releases = [(r.version, r.sha256) for r in (order.base, order.target)]
    layers = [(layer.own_names, layer.base) for layer in order.stack.layers]
    digest.update(repr((releases, layers, told, order.fuzz, judged_by)).encode())
    below = ground.told(order.stack, (order.base.line, order.target.line))
    for text in (*_patches(order), *_remembered(memory), *below):
        digest.update(b"%d\0" % len(text) + text)
    return digest.hexdigest()


def _patches(order: CarryOrder) -> Iterator[bytes]:
    for patch in order.origin.port.series.patches:
        yield patch.name.encode("utf-8", "surrogateescape")
        yield patch.data


def _remembered(memory: Remembering | None) -> Iterator[bytes]:
    if memory is None or not memory.records:
        return
    from hgport.engine.records import write

    for record in memory.records:
        yield f"{record.line} {record.patch}".encode("utf-8", "surrogateescape")
        yield write(record)


@functools.lru_cache(maxsize=1)
def _code_hash() -> bytes:
    digest = hashlib.sha256(sys.version.encode())
    package = Path(hgport.__file__).parent
    for path in sorted(path for room in _CODE for path in (package / room).rglob("*.py")):
        code = path.read_bytes()
        digest.update(f"{path.relative_to(package)} {len(code)}\n".encode() + code)
    for name, file in _LIBRARIES:
        spec = importlib.util.find_spec(name)
        for place in (spec.submodule_search_locations if spec else None) or ():
            with contextlib.suppress(FileNotFoundError):
                digest.update((Path(place) / file).read_bytes())
    return digest.digest()


# the file: a seal, a line of JSON, and the texts that it has by number


def _read(place: Path, order: CarryOrder) -> CarriedSeries | None:
    """What is remembered; None if nothing is, or it is not as it was written."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        seal, _newline, rest = place.read_bytes().partition(b"\n")
        if hashlib.sha256(rest).hexdigest().encode() == seal:
            head, _newline, texts = rest.partition(b"\n")
            plain = json.loads(head)
            return _Reader(plain, texts).series(order)
    return None


def _write(place: Path, made: CarriedSeries) -> None:
    from hgport.files import locked, write_whole

    writer = _Writer()
    origins = {patch.name: patch for patch in made.origin.port.series.patches}
    plain = [writer.carried(one, origins.get(one.patch.name)) for one in made.patches]
    head = json.dumps({"patches": plain, "lengths": [len(text) for text in writer.texts]})
    rest = head.encode() + b"\n" + b"".join(writer.texts)
    try:
        write_whole(place, hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest)
        with locked(place.with_name("lock")):
            _forget_oldest(place.parent)
    except (OutsideError, OSError) as err:
        print(f"hgport: what was carried is not remembered: {err}", file=sys.stderr)


def _forget_oldest(directory: Path) -> None:
    files = [
        path for path in directory.iterdir() if len(path.name) == hashlib.sha256().digest_size * 2
    ]
    for path in sorted(files, key=lambda p: -p.stat().st_mtime)[_KEPT:]:
        path.unlink()


class _Writer:
    """Makes plain data of what was carried; long texts go to ``texts``, and are numbers there."""

    def __init__(self) -> None:
        self.texts: list[bytes] = []
        self._known: dict[bytes, int] = {}

    def _text(self, text: bytes | None) -> int | None:
        if text is None:
            return None
        if text not in self._known:
            self._known[text] = len(self.texts)
            self.texts.append(text)
        return self._known[text]

    def carried(self, one: Carried, origins: Patch | None) -> list[Any]:
        own = None if one.patch is origins else self._text(one.patch.data)
        files = [self._file(file) for file in one.files]
        since = None if one.since is None else astuple(one.since)
        uses = [self._use(use) for use in one.used]
        made = [one.fate.value, files, self._text(one.data), since, uses, one.notes]
        return [one.patch.name, own, *made]

    def _file(self, one: FileFate) -> list[Any]:
        merge = None if one.merge is None else self._merge(one.merge)
        uses = [self._use(use) for use in one.used]
        names = [one.path, one.base_path, one.what.value]
        rest = [one.why, one.in_conflict, one.notes, one.source, one.mode]
        return [*names, merge, self._text(one.content), uses, *rest]

    def _merge(self, merge: Merge) -> list[Any]:
        hunks = [[hunk.number, hunk.line, hunk.step.value, hunk.why] for hunk in merge.hunks]
        conflicts = [
            [c.line, *map(self._text, (c.base, c.patched, c.target)), c.why]
            for c in merge.conflicts
        ]
        return [self._text(merge.content), hunks, conflicts, merge.notes]

    def _use(self, use: Use) -> list[Any]:
        texts = self._text(use.before), self._text(use.after)
        return [str(use.record), use.patch, use.path, use.kind.value, *texts, use.note]


class _Reader:
    """Reads what ``_Writer`` made.  KeyError, TypeError, ValueError or IndexError for anything
    else."""

    def __init__(self, plain: Mapping[str, Any], texts: bytes) -> None:
        self._plain = plain
        self._texts = list(_cut(texts, plain["lengths"]))

    def series(self, order: CarryOrder) -> CarriedSeries:
        origins = {patch.name: patch for patch in order.origin.port.series.patches}
        made = tuple(self._carried(origins, one) for one in self._plain["patches"])
        if not origins.keys() <= {one.patch.name for one in made}:
            raise ValueError("another series")
        return CarriedSeries(order.origin, order.target, made)

    def _text(self, number: int | None) -> bytes | None:
        return None if number is None else self._texts[number]

    def _certain(self, number: int) -> bytes:
        return self._texts[number]

    def _carried(self, origins: Mapping[str, Patch], plain: list[Any]) -> Carried:
        name, own, fate, files, data, since, uses, notes = plain
        return Carried(
            origins[name] if own is None else Patch.parse(name, self._certain(own)),
            Fate(fate),
            tuple(self._file(one) for one in files),
            self._text(data),
            None if since is None else Absorption(*since),
            tuple(self._use(one) for one in uses),
            tuple(notes),
        )

    def _file(self, plain: list[Any]) -> FileFate:
        path, base_path, what, merge, content, uses, why, in_conflict, notes, source, mode = plain
        return FileFate(
            path,
            base_path,
            What(what),
            None if merge is None else self._merge(merge),
            self._text(content),
            tuple(self._use(one) for one in uses),
            why,
            in_conflict,
            tuple(notes),
            source,
            mode,
        )

    def _merge(self, plain: list[Any]) -> Merge:
        content, hunks, conflicts, notes = plain
        return Merge(
            self._certain(content),
            tuple(Hunk(number, line, Step(step), why) for number, line, step, why in hunks),
            tuple(self._conflict(*one) for one in conflicts),
            tuple(notes),
        )

    def _conflict(self, line: int, base: int, patched: int, target: int, why: str) -> Conflict:
        texts = self._certain(base), self._certain(patched), self._certain(target)
        return Conflict(line, *texts, why)

    def _use(self, plain: list[Any]) -> Use:
        from hgport.engine.records import Kind
        from hgport.engine.resolutions import Use

        record, patch, path, kind, before, after, note = plain
        texts = self._text(before), self._text(after)
        return Use(Path(record), patch, path, Kind(kind), *texts, note)


def _cut(texts: bytes, lengths: Iterable[int]) -> Iterator[bytes]:
    at = 0
    for length in lengths:
        yield texts[at : at + length]
        at += length
