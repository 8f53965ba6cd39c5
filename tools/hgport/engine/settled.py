"""What a person made of a conflict in a working copy, as texts and as a record."""

from __future__ import annotations

from hgport.engine.edits import edits_between
from hgport.engine.records import FileRecord, Kind, Record
from hgport.engine.sessionstate import Resolved
from hgport.engine.workingcopy import WorkingCopy


def texts(copy: WorkingCopy, one: Resolved) -> dict[str, bytes | None]:
    """The content of each file that the person, or the merge, had to do with (None: no file)."""
    paths = set(one.paths)
    if one.node != one.parent:
        paths |= copy.changed(one.node).keys()
    return copy.contents(one.node, paths)


def record(copy: WorkingCopy, one: Resolved) -> Record:
    """What the person changed of hgport's merge, as a record of no line."""
    after = texts(copy, one)
    before = copy.contents(one.parent, after)
    before.update(copy.contents(one.merged, one.paths))
    edits = {path: edits_between(before[path], after[path]) for path in sorted(after)}
    files = tuple(FileRecord(path, some) for path, some in edits.items() if some)
    return Record("", one.patch, files)


def joined(old: Record, fresh: Record) -> Record:
    """A record with what was decided since: of both what they say of conflicts, the fresh one's
    first; of the rest the fresh one's, where it has any."""
    files = {one.path: one for one in old.files}
    for one in fresh.files:
        files[one.path] = _joined(files.get(one.path, FileRecord(one.path, ())), one)
    whole = (old.description, old.dropped, old.whole, old.after)
    return Record(old.line, old.patch, tuple(files[path] for path in sorted(files)), *whole)


def _joined(old: FileRecord, fresh: FileRecord) -> FileRecord:
    conflicts = [e for one in (fresh, old) for e in one.edits if e.kind is Kind.CONFLICT]
    rest = [e for e in fresh.edits if e.kind is not Kind.CONFLICT]
    rest = rest or [e for e in old.edits if e.kind is not Kind.CONFLICT]
    return FileRecord(old.path, (*conflicts, *rest))
