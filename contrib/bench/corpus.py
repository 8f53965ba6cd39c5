"""Changes of Mercurial's own that two releases have in different surroundings, to try merges on.

A case says: here is a file before and after one change, and the same file elsewhere without it;
carry the change over.  How the result must read is known, as a release has it: upstream made the
change on both sides.

How a case is made, of three releases (``before``, ``after``, ``other``):

1. Files are cut into units (``corpus_units``), which are compared without their style.  What
   differs between ``before`` and ``after``, function by function, are changes.
2. A change is taken if all that it brought stands in ``other`` as well, in the same function and
   beside the same neighbours, at one place only, in both files.
3. It is taken back, by putting the units that it replaced in the place of those that it brought:
   in ``after`` as ``before`` wrote them, in ``other`` so as well, or written in its style
   (``corpus_style``) where black came between.
4. ``after`` without and with the change, onto ``other`` without it, has to give ``other`` as
   published; and the other way round.

So each truth is a file of a release, byte for byte, and no merge was used to find it.  Cases in
which each place of the change, with three lines around it, stands in the target as in the base
are left out: there every program is right.

A second kind has everything but the style alike: the file of one release, and what black and
the prefixes of bytes make of it.

Nothing is random but what the seed chooses.  Write the cases down, a directory each, with

    .venv/bin/python contrib/bench/corpus.py [--limit N] [--seed N] DIRECTORY
"""

from __future__ import annotations

import argparse
import difflib
import itertools
import random
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import corpus_style
import corpus_units
from corpus_units import Op, Unit

from hgport.errors import HgportError
from hgport.model import project
from hgport.model.catalogue import Catalogue
from hgport.model.release import line_key, line_of
from hgport.upstream import sdist, unpack

# before, after, other
TRIPLES = (
    # a reformat between the last two
    ("4.9.1", "5.0.2", "5.2.2"),
    ("5.0.2", "5.1.2", "5.2.2"),
    ("5.1", "5.1.2", "5.2"),
    ("4.6.2", "4.7.2", "5.3.2"),
    ("4.5.3", "4.6.2", "5.2.2"),
    # one style, two branches
    ("4.6.2", "4.7.2", "4.9.1"),
    ("5.2.2", "5.3.2", "5.4.2"),
    ("5.3.2", "5.4.2", "5.6.1"),
    ("5.8.1", "5.9.3", "6.1.4"),
    ("6.1.4", "6.2.3", "6.3.3"),
    ("6.3.3", "6.4.5", "6.6.3"),
    ("6.9.5", "7.0.3", "7.2.4"),
)
# before and after; the other is after, restyled
COSMETIC = (("5.0.2", "5.1.2"), ("4.8.2", "4.9.1"))
SUFFIXES = (".py", ".t", ".c")
# how many cases of each suffix, one to another
_SHARES = {".py": 0.76, ".t": 0.16, ".c": 0.08}
# the first line that black has formatted
_BLACK = "5.2"
# what is larger takes long to read, and holds no other kind of change
_MOST_BYTES = 150_000
_MOST_UNITS = 60
_CASES_OF_A_FILE = 3
_TRIES_OF_A_FILE = 25
_MOST_PARTS = 8
_RELEASES_KEPT = 4
_AROUND = 3


@dataclass(frozen=True)
class Case:
    """Carry what leads from ``base`` to ``patched`` to ``target``; ``truth`` is what has to come
    out.

    ``kind`` is "reformat", "branches" or "cosmetic"; ``path`` is the file's, ``origin`` tells where
    base and patched are from and ``release`` where the target is: versions, with " black" after
    that of what was restyled.
    """

    name: str
    kind: str
    path: str
    origin: str
    release: str
    base: bytes = field(repr=False)
    patched: bytes = field(repr=False)
    target: bytes = field(repr=False)
    truth: bytes = field(repr=False)

    @property
    def suffix(self) -> str:
        return Path(self.path).suffix

    @property
    def style(self) -> str:
        """The line whose style the target is written in."""
        return _style(self.release)

    @property
    def origin_style(self) -> str:
        """The line whose style the base is written in."""
        return _style(self.origin)

    def back(self) -> Case:
        """The same change, carried the other way."""
        return Case(
            f"{self.name}-back",
            self.kind,
            self.path,
            self.release,
            self.origin,
            self.target,
            self.truth,
            self.base,
            self.patched,
        )


def _style(release: str) -> str:
    version, _space, black = release.partition(" ")
    return _BLACK if black else line_of(version)


@dataclass(frozen=True)
class _Source:
    """Where cases of one kind and suffix come from: three sets of files, by path, and whether
    black came between the last two."""

    kind: str
    suffix: str
    names: tuple[str, str, str]
    black: bool


@dataclass(frozen=True)
class _Change:
    """What was changed in one function, with the place of each part of it in the other file."""

    ops: tuple[Op, ...]
    places: tuple[int, ...]


def make(
    catalogue: Catalogue,
    limit: int = 400,
    seed: int = 1,
    triples: Sequence[tuple[str, str, str]] = TRIPLES,
    cosmetic: Sequence[tuple[str, str]] = COSMETIC,
    paths: Collection[str] = (),
) -> list[Case]:
    """Some ``limit`` cases, the same for the same numbers, kinds and suffixes mixed.

    ``paths``, if there are any, are the only files that cases are made of.  Sdists that the cache
    lacks are fetched.  Raises what ``sdist.fetch`` raises.
    """
    sources = list(_sources(triples, cosmetic))
    whole = sum(_SHARES[source.suffix] for source in sources)
    files = _Files(catalogue, paths)
    cases: list[Case] = []
    for source in sources:
        count = max(1, round(limit * _SHARES[source.suffix] / whole))
        chance = random.Random(f"{seed} {source}")
        cases += itertools.islice(_of_source(files, source, chance), count)
    return cases


def _sources(
    triples: Sequence[tuple[str, str, str]], cosmetic: Sequence[tuple[str, str]]
) -> Iterator[_Source]:
    for triple in triples:
        for suffix in SUFFIXES:
            black = suffix == ".py" and _is_black(triple[1]) != _is_black(triple[2])
            yield _Source("reformat" if black else "branches", suffix, triple, black)
    for before, after in cosmetic:
        yield _Source("cosmetic", ".py", (before, after, f"{after} black"), True)


def _is_black(version: str) -> bool:
    return line_key(line_of(version)) >= line_key(_BLACK)


class _Files:
    """The files of releases that cases are made of; the last few releases are kept."""

    def __init__(self, catalogue: Catalogue, paths: Collection[str]) -> None:
        self._catalogue = catalogue
        self._paths = paths
        self._kept: dict[str, dict[str, bytes]] = {}

    def of(self, version: str) -> dict[str, bytes]:
        """By path.  Raises what ``sdist.fetch`` raises."""
        if version not in self._kept:
            while len(self._kept) >= _RELEASES_KEPT:
                del self._kept[next(iter(self._kept))]
            archive = unpack.read(sdist.fetch(self._catalogue.release(version)))
            self._kept[version] = {
                path: bytes(member.data)
                for path, member in sorted(archive.files.items())
                if path.endswith(SUFFIXES) and len(member.data) <= _MOST_BYTES
                if not self._paths or path in self._paths
            }
        return self._kept[version]


def _of_source(files: _Files, source: _Source, chance: random.Random) -> Iterator[Case]:
    before, after = files.of(source.names[0]), files.of(source.names[1])
    other = after if source.kind == "cosmetic" else files.of(source.names[2])
    paths = [
        path
        for path in before
        if path.endswith(source.suffix) and before[path] != after.get(path, before[path])
    ]
    chance.shuffle(paths)
    for path in paths:
        if path in other:
            yield from _of_file(source, path, (before[path], after[path], other[path]), chance)


@dataclass(frozen=True)
class _Read:
    """The units of one file of three releases; ``old`` are those of ``before`` as the other side
    would write them."""

    before: list[Unit]
    after: list[Unit]
    other: list[Unit]
    old: list[Unit]
    changes: tuple[_Change, ...]


def _of_file(
    source: _Source, path: str, three: tuple[bytes, bytes, bytes], chance: random.Random
) -> Iterator[Case]:
    """Some of the cases of one file."""
    try:
        read = _read(source, path, three)
    except (corpus_units.Unreadable, corpus_style.Unstyled):
        return
    changes = [one for one in read.changes if _marks_agree(one, source, read)]
    chance.shuffle(changes)
    made = 0
    for change in changes[:_TRIES_OF_A_FILE]:
        case = _case(source, path, read, change)
        case = case.back() if chance.random() < 0.5 else case
        if made < _CASES_OF_A_FILE and _is_hard(case) and _is_sound(case):
            made += 1
            yield case


def _read(source: _Source, path: str, three: tuple[bytes, bytes, bytes]) -> _Read:
    """Raises Unreadable or Unstyled."""
    last = corpus_style.restyled(three[2]) if source.kind == "cosmetic" else three[2]
    before, after, other = (corpus_units.units(path, data) for data in (*three[:2], last))
    changes = tuple(_changes(before, after, other))
    old = before
    if source.black and any(op.old[0] < op.old[1] for one in changes for op in one.ops):
        byteify = source.kind == "cosmetic" or corpus_style.is_byteified(three[2])
        old = _restyled(path, corpus_style.restyled(three[0], byteify), before)
    return _Read(before, after, other, old, changes)


def _case(source: _Source, path: str, read: _Read, change: _Change) -> Case:
    _first, origin, release = source.names
    return Case(
        "-".join([origin, *release.split(), *path.split("/"), str(change.ops[0].new[0])]),
        source.kind,
        path,
        origin,
        release,
        _without(read.after, read.before, change.ops, [op.new[0] for op in change.ops]),
        _text(read.after),
        _without(read.other, read.old, change.ops, change.places),
        _text(read.other),
    )


def _restyled(path: str, data: bytes, known: list[Unit]) -> list[Unit]:
    """The units of a restyled file, one for one as before.  Raises Unstyled, Unreadable."""
    made = corpus_units.units(path, data)
    if [unit.key for unit in made] != [unit.key for unit in known]:
        raise corpus_style.Unstyled(f"{path}: black has cut it otherwise")
    return made


def _changes(before: list[Unit], after: list[Unit], other: list[Unit]) -> Iterator[_Change]:
    """The changes that the other file has as well, function by function."""
    every = corpus_units.ops(before, after)
    for _scope, group in itertools.groupby(every, lambda op: _scope_of(op, before, after)):
        parts = tuple(group)
        places = [_place(op, after, other) for op in parts]
        size = sum(op.new[1] - op.new[0] + op.old[1] - op.old[0] for op in parts)
        if None not in places and size <= _MOST_UNITS and len(parts) <= _MOST_PARTS:
            yield _Change(parts, tuple(place for place in places if place is not None))


def _marks_agree(change: _Change, source: _Source, read: _Read) -> bool:
    """Whether no literal is bytes here and native there.

    A prefix says something where black has been, and it has been at the other side if
    ``source.black``.
    """
    for op, start in zip(change.ops, change.places):
        theirs = _marks(read.other[start : start + op.new[1] - op.new[0]])
        known = [_marks(read.old[op.old[0] : op.old[1]])] if source.black else []
        if source.suffix == ".py" and not source.black and _is_black(source.names[1]):
            known.append(_marks(read.after[op.new[0] : op.new[1]]))
        if any(one[text] != theirs[text] for one in known for text in one.keys() & theirs.keys()):
            return False
    return True


def _marks(where: list[Unit]) -> dict[str, bool]:
    return dict(mark for unit in where for mark in unit.bytes_marked)


def _scope_of(op: Op, before: list[Unit], after: list[Unit]) -> tuple[str, int]:
    """What the parts of one change have in common: the function; at the top of a file, and in
    what is no Python, each part is a change."""
    where, index = (after, op.new[0]) if op.new[0] < op.new[1] else (before, op.old[0])
    scope = where[index].scope
    return scope, 0 if scope else op.new[0]


def _place(op: Op, after: list[Unit], other: list[Unit]) -> int | None:
    """Where the other file has what the change brought; None if that is not certain in both."""
    if corpus_units.place(after, after, op.new) != op.new[0]:
        return None
    return corpus_units.place(other, after, op.new)


def _without(
    where: list[Unit], old: list[Unit], parts: Sequence[Op], places: Sequence[int]
) -> bytes:
    """The file with each part of a change taken back."""
    made, done = [], 0
    for op, start in sorted(zip(parts, places), key=lambda one: one[1]):
        made += where[done:start] + old[op.old[0] : op.old[1]]
        done = start + op.new[1] - op.new[0]
    return _text(made + where[done:])


def _text(where: Iterable[Unit]) -> bytes:
    return b"".join(unit.text for unit in where)


def _is_sound(case: Case) -> bool:
    """Whether it is a change, the two sides differ, and what was made is as readable as the
    truth."""
    if case.base == case.patched or case.target == case.truth or case.patched == case.truth:
        return False
    try:
        for text in (case.base, case.target):
            corpus_units.units(case.path, text)
    except corpus_units.Unreadable:
        return False
    texts = (case.base, case.patched, case.target, case.truth)
    return len({corpus_units.compiles(case.path, text) for text in texts}) == 1


def _is_hard(case: Case) -> bool:
    """Whether some place of the change looks otherwise in the target, three lines around it."""
    base, patched = case.base.splitlines(True), case.patched.splitlines(True)
    target = b"\n" + case.target
    return any(
        b"\n" + b"".join(base[max(0, start - _AROUND) : end + _AROUND]) not in target
        for start, end in _changed(base, patched)
    )


def _changed(base: list[bytes], patched: list[bytes]) -> Iterator[tuple[int, int]]:
    """The ranges of lines of the base that a change has touched."""
    start = 0
    while start < min(len(base), len(patched)) and base[start] == patched[start]:
        start += 1
    end = 0
    while end < min(len(base), len(patched)) - start and base[-1 - end] == patched[-1 - end]:
        end += 1
    middle = base[start : len(base) - end], patched[start : len(patched) - end]
    for tag, a, b, _c, _d in difflib.SequenceMatcher(None, *middle, autojunk=False).get_opcodes():
        if tag != "equal":
            yield a + start, b + start


def write(cases: Iterable[Case], directory: Path) -> None:
    """Write each case down in a directory of its own."""
    for case in cases:
        room = directory / case.name
        room.mkdir(parents=True, exist_ok=True)
        for side in ("base", "patched", "target", "truth"):
            (room / f"{side}{case.suffix}").write_bytes(getattr(case, side))
        (room / "case").write_text(
            f"path {case.path}\nkind {case.kind}\norigin {case.origin}\nrelease {case.release}\n"
        )


def read(directory: Path) -> list[Case]:
    """The cases that ``write`` wrote."""
    cases = []
    for told in sorted(directory.glob("*/case")):
        words = dict(line.split(" ", 1) for line in told.read_text().splitlines())
        sides = [
            (told.parent / f"{side}{Path(words['path']).suffix}").read_bytes()
            for side in ("base", "patched", "target", "truth")
        ]
        names = (words[key] for key in ("kind", "path", "origin", "release"))
        cases.append(Case(told.parent.name, *names, *sides))
    return cases


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, default=400, help="about how many cases (400)")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("directory", type=Path)
    told = parser.parse_args()
    cases = make(project.load()[1], told.limit, told.seed)
    write(cases, told.directory)
    print(f"{len(cases)} cases in {told.directory}")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except HgportError as err:
        print(f"corpus: {err}" + (f" ({err.hint})" if err.hint else ""), file=sys.stderr)
        sys.exit(err.exit_code)
