"""What people decided in earlier rebases, and its use in the next.

A conflict that a person resolved is known by its content: the three sides with their markers, which
name no release.  Where a patch meets the same conflict again, on whatever line, the same text takes
its place.  What a person changed beyond the conflicts is known by line, patch and path, and is done
again on exactly that.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from hgport.engine.edits import amended, edits_between
from hgport.engine.records import (
    Edit,
    Kind,
    Record,
    blocks,
    is_block,
    parse,
    units,
    write,
)
from hgport.errors import OutsideError, UsageError
from hgport.files import write_whole
from hgport.model.release import is_version, line_key
from hgport.model.stack import Stack

__all__ = ["Memory", "Settled", "Use", "edits_between", "keep"]

# beside the patches of the stack
DIRECTORY = "resolutions"


@dataclass(frozen=True)
class Use:
    """One use of what was remembered.

    ``record`` is the file that has it, ``path`` the file that it was used on.  ``before`` is the
    text that ``after`` replaces (None: there is no such file).  ``note`` is a clause that says what
    is special about it, "" for nothing.
    """

    record: Path
    patch: str
    path: str
    kind: Kind
    before: bytes | None = field(repr=False)
    after: bytes | None = field(repr=False)
    note: str = ""


@dataclass(frozen=True)
class Settled:
    """A text after the use of the memory: ``content`` is None for no file.

    ``notes`` are whole sentences about what was remembered but did not fit.
    """

    content: bytes | None = field(repr=False)
    uses: tuple[Use, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Memory:
    """The records of a stack; ``directory`` is where they are, or would be."""

    directory: Path
    records: tuple[Record, ...] = ()

    @classmethod
    def load(cls, directory: Path) -> Memory:
        """Read ``patches/resolutions``; if there is none, nothing is remembered.

        Raises UsageError, naming file and line, for a record that cannot be read.
        """
        names = sorted(filter(is_version, _listed(directory)), key=line_key)
        return cls(directory, tuple(r for name in names for r in _load_line(directory, name)))

    def without(self, line: str) -> Memory:
        """The memory less the records of one line."""
        return replace(self, records=tuple(r for r in self.records if r.line != line))

    def nothing(self) -> Memory:
        """A memory of the same place that remembers nothing but the patches that a port has of its
        own: they are nobody else's, and would be lost."""
        return replace(self, records=tuple(r for r in self.records if r.whole))

    def plus(self, records: Iterable[Record]) -> Memory:
        """The memory with these records in place of those of the same line and patch."""
        fresh = {(r.line, r.patch): r for r in records}
        kept = [r for r in self.records if (r.line, r.patch) not in fresh]
        every = sorted((*kept, *fresh.values()), key=lambda r: (line_key(r.line), r.patch))
        return replace(self, records=tuple(every))

    def record(self, line: str, patch: str) -> Record:
        """What was decided about a patch on a line; an empty record if nothing was."""
        found = (r for r in self.records if (r.line, r.patch) == (line, patch))
        return next(found, Record(line, patch))

    def place(self, record: Record) -> Path:
        """The file of a record."""
        return self.directory / record.line / record.patch

    def is_dropped(self, line: str, patch: str) -> bool:
        """Whether the patch was left out of the port for that line."""
        return self.record(line, patch).dropped

    def own(self, line: str) -> tuple[Record, ...]:
        """The records of the patches that the port for that line has of its own."""
        return tuple(r for r in self.records if r.line == line and r.whole)

    def paths(self, line: str, patch: str) -> tuple[str, ...]:
        """The files of which anything was decided for exactly that line and patch."""
        return tuple(file.path for file in self.record(line, patch).files)

    def settle(self, line: str, patch_name: str, path: str, merge_content: bytes | None) -> Settled:
        """Put what is remembered into a merged file.

        ``merge_content`` is the merge's result for ``path``, with markers around its conflicts
        (None: no file).  Never raises for what does not fit; that is left out, and noted.
        """
        own = self.record(line, patch_name)
        first = self._resolve(line, patch_name, path, merge_content)
        return _then(first, self._amend(own, path, own.edits(path), first.content))

    def describe(self, line: str, patch_name: str, text: bytes) -> Settled:
        """Put what is remembered into the text above a patch's diff."""
        own = self.record(line, patch_name)
        return self._amend(own, "the description", own.description, text)

    def description(self, line: str, patch_name: str, description: str) -> str:
        """As ``describe``, from text to text, without a word on what does not fit."""
        text = description.encode("utf-8", "surrogateescape")
        made = self.describe(line, patch_name, text).content or b""
        return made.decode("utf-8", "surrogateescape")

    # conflicts

    def _resolve(self, line: str, patch: str, path: str, content: bytes | None) -> Settled:
        if content is None or not blocks(content):
            return Settled(content)
        pieces: list[bytes] = []
        uses: list[Use] = []
        met: dict[bytes, int] = {}
        for unit in units(content):
            use = None
            if is_block(unit):
                met[unit] = met.get(unit, 0) + 1
                use = self._remembered(line, patch, path, unit, met[unit] - 1)
            pieces.append(unit if use is None else use.after or b"")
            uses += [] if use is None else [use]
        return Settled(b"".join(pieces), tuple(uses))

    def _remembered(
        self, line: str, patch: str, path: str, block: bytes, occurrence: int
    ) -> Use | None:
        """What takes the place of a conflict: as decided on the same line, else on the nearest; for
        the same file, else for another."""
        records = [record for record in self.records if record.patch == patch]
        records.sort(key=lambda record: _distance(record.line, line))
        places = [(r, file) for r in records for file in r.files]
        places.sort(key=lambda place: place[1].path != path)
        for record, file in places:
            known = [e.after for e in file.edits if e.kind is Kind.CONFLICT and e.before == block]
            is_own = record.line == line and file.path == path
            after = _choose(known, occurrence if is_own else None)
            if after is not None:
                note = "" if file.path == path else f"decided for another file, {file.path}"
                return Use(self.place(record), patch, path, Kind.CONFLICT, block, after, note)
        return None

    # the rest

    def _amend(
        self, own: Record, path: str, edits: tuple[Edit, ...], content: bytes | None
    ) -> Settled:
        wanted = [edit for edit in edits if edit.kind is not Kind.CONFLICT]
        if not wanted:
            return Settled(content)
        made, misfit = amended(wanted, content)
        if misfit is not None:
            shown = _first_line(misfit.before or misfit.after)
            why = f"{self.place(own)}: what is remembered for {path} does not fit any more"
            return Settled(content, (), (f"{why}, from {shown!r} on; none of it was used.",))
        return Settled(made, tuple(self._use(own, path, edit) for edit in wanted))

    def _use(self, own: Record, path: str, edit: Edit) -> Use:
        before = None if edit.kind is Kind.NEW else edit.before
        after = None if edit.kind is Kind.GONE else edit.after
        return Use(self.place(own), own.patch, path, edit.kind, before, after)


def keep(memory: Memory, line: str, records: Iterable[Record]) -> tuple[tuple[Path, ...], Memory]:
    """Make these the records of a line on the disk, and no others of it.

    Returns the files that were written or removed, and the memory as it is then.  A file that
    holds what it should is left alone.  Raises OutsideError if the disk refuses.
    """
    wanted = {r.patch: r for r in records if not r.is_empty}
    had = {r.patch: r for r in memory.records if r.line == line}
    touched: list[Path] = []
    for record in wanted.values():
        if had.get(record.patch) != record:
            write_whole(memory.place(record), write(record))
            touched.append(memory.place(record))
    for name in had.keys() - wanted.keys():
        place = memory.place(had[name])
        _remove(place, memory.directory)
        touched.append(place)
    others = memory.without(line).records
    kept = sorted((*others, *wanted.values()), key=lambda r: (line_key(r.line), r.patch))
    return tuple(sorted(touched)), replace(memory, records=tuple(kept))


def _choose(known: list[bytes], occurrence: int | None) -> bytes | None:
    """Of what was put in place of equal conflicts of one file: that of the same occurrence, else
    what all agree on."""
    if occurrence is not None and occurrence < len(known):
        return known[occurrence]
    return known[0] if known and len(set(known)) == 1 else None


def _then(first: Settled, second: Settled) -> Settled:
    return Settled(second.content, first.uses + second.uses, first.notes + second.notes)


def _first_line(text: bytes) -> str:
    return text.partition(b"\n")[0].decode("utf-8", "replace").strip()


def _distance(line: str, other: str) -> tuple[int, int]:
    """How far apart two lines are, the newer of two equally far first."""
    (a, b), (c, d) = line_key(line), line_key(other)
    apart = (a - c) * 100 + b - d
    return abs(apart), -apart


# the disk


def _listed(directory: Path) -> list[str]:
    try:
        return sorted(one.name for one in directory.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as err:
        raise UsageError(f"cannot read {directory}: {err.strerror}") from None


def _load_line(directory: Path, line: str) -> list[Record]:
    # a patch's name may have directories of its own
    files = sorted(file for file in (directory / line).rglob("*") if file.is_file())
    hidden = [file for file in files if file.name.startswith(".")]
    return [_load(directory / line, file) for file in files if file not in hidden]


def _load(directory: Path, file: Path) -> Record:
    try:
        data = file.read_bytes()
    except OSError as err:
        raise UsageError(f"cannot read {file}: {err.strerror}") from None
    return parse(data, directory.name, file.relative_to(directory).as_posix(), str(file))


def _remove(file: Path, top: Path) -> None:
    """Remove a file below ``top``, and the directories that are empty then."""
    try:
        file.unlink()
    except FileNotFoundError:
        pass
    except OSError as err:
        raise OutsideError(f"cannot remove {file}: {err.strerror}") from err
    with contextlib.suppress(OSError):
        for parent in file.parents:
            if parent == top:
                break
            parent.rmdir()


def memory_of(stack: Stack) -> Memory:
    """What is remembered beside a stack's patches.  Raises UsageError for a damaged record."""
    return Memory.load(stack.top.directory / DIRECTORY)
