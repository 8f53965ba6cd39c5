"""Take the changesets of a repository back into the port that they came from.

Everything is worked out first, as a Plan, and written only then.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.engine import headers, matching
from hgport.engine.apply import apply_series
from hgport.engine.headers import Said
from hgport.engine.judge import witness
from hgport.engine.lineage import Lineage, lineage
from hgport.engine.outcome import Outcome, PatchResult
from hgport.engine.render import edits_of, render_patch
from hgport.engine.seriesfile import with_names
from hgport.engine.serving import Hurt, Trial, lines_of
from hgport.engine.together import replace_together
from hgport.errors import HgportError, UsageError
from hgport.files import locked
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch, short_name
from hgport.model.release import Release
from hgport.model.stack import Port, Stack
from hgport.places import cache_dir
from hgport.upstream.contents import Contents

if TYPE_CHECKING:
    from hgport.engine.hgpatcher import Committed
    from hgport.upstream.sdist import ProgressOfMany

# of a name that is made of a subject, in characters
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Taken:
    """A changeset as the patch that it becomes; ``old`` is the port's patch that it was made of,
    None for a new one."""

    node: str
    patch: Patch
    old: Patch | None

    @property
    def word(self) -> str:
        """One of new, unchanged and rewritten."""
        if self.old is None:
            return "new"
        return "unchanged" if self.patch.data == self.old.data else "rewritten"


@dataclass(frozen=True)
class Plan:
    """What a refresh would do.

    ``line`` is that of the port directory that is written, None for the top-level series, and
    ``series`` its series file.  ``dropped`` are the patches that no changeset is there for;
    ``notes`` whole sentences about what else is written.  ``files`` holds the new content of every
    file that changes (None: removed), in the order in which to write them; ``read`` those that the
    plan was made from.
    """

    release: Release
    line: str | None
    series: Path
    taken: tuple[Taken, ...]
    dropped: tuple[str, ...]
    notes: tuple[str, ...]
    files: Mapping[Path, bytes | None] = field(repr=False)
    read: Mapping[Path, bytes] = field(repr=False)


def plan(
    directory: Path,
    stack: Stack,
    catalogue: Catalogue,
    line: str | None = None,
    progress: ProgressOfMany | None = None,
) -> Plan:
    """Work out what the changesets checked out in ``directory`` make of the port.

    ``line`` says whose port is to be written; None takes the one that serves the release.  Raises
    UsageError for what the person has to put right in the repository, HgportError if the result
    would not apply, OutsideError if a release's files cannot be had.
    """
    source = lineage(directory, catalogue)
    own = catalogue.of_line(line)[0].line if line else source.release.line
    port = stack.for_line(own)
    expected = _expected(source, stack, catalogue, port)
    taken = _taken(source, expected, port)
    with Contents(progress=progress) as contents:
        patches = _in_order(port, expected, taken)
        trial = Trial(stack, catalogue, contents, [*port.series.patches, *patches])
        return _Placing(stack, catalogue, trial, port, own, line is not None).plan(
            source.release, taken, patches
        )


def write(made: Plan, stack: Stack) -> None:
    """Carry out a plan.  Raises UsageError if the port is not any more what the plan was made
    from, OutsideError if the disk refuses; then nothing is written."""
    if not made.files:
        return
    name = hashlib.sha256(str(stack.top.path.resolve()).encode()).hexdigest()
    with locked(cache_dir() / "locks" / name):
        for path, data in made.read.items():
            if not path.is_file() or path.read_bytes() != data:
                raise UsageError(f"{path} was changed meanwhile", "run it again")
        replace_together(made.files)


# from changesets to patches


def _expected(source: Lineage, stack: Stack, catalogue: Catalogue, port: Port) -> tuple[Patch, ...]:
    """The port's patches of which ``hgport apply`` makes changesets on that release."""
    read = source.repository.reader(source.root)
    patches = [
        patch
        for patch in port.series.patches
        if not witness(stack, catalogue, source.release, patch.name, read).agreed
    ]
    results = apply_series(read, patches).results
    nothing = (Outcome.APPLIED, Outcome.NOT_AFFECTED)
    return tuple(r.patch for r in results if r.outcome not in nothing)


def _taken(source: Lineage, expected: Sequence[Patch], port: Port) -> tuple[Taken, ...]:
    """Each changeset as a patch, under the name of the one that it was made of."""
    diffs = [_diff(source, one) for one in source.changesets]
    said = [_said(one) for one in source.changesets]
    news = [
        _checked(f"changeset {one.node[:12]}", headers.fresh(s) + diff, s, diff)
        for one, s, diff in zip(source.changesets, said, diffs)
    ]
    found = matching.pairs(expected, news, _same_header, _same_text, _same_subject, _same_content)
    names = set(port.series.names)
    taken = []
    for at, one in enumerate(source.changesets):
        old = expected[found[at]] if at in found else None
        name = old.name if old else _new_name(one, names, port)
        names.add(name)
        header, body = headers.fresh(said[at]), diffs[at]
        if old is not None:
            same = headers.says(old, said[at])
            header = headers.header_of(old) if same else headers.rewritten(old, said[at])
            body = old.body if _does_the_same(source, one, old, body) else body
        taken.append(Taken(one.node, _checked(name, header + body, said[at], body, old), old))
    return tuple(taken)


def _diff(source: Lineage, changeset: Committed) -> bytes:
    diff = source.repository.diff(changeset.node)
    if not diff:
        raise UsageError(
            f"changeset {changeset.node[:12]} changes nothing, so there is no patch of it",
            "fold it into another, or strip it",
        )
    return diff


def _said(changeset: Committed) -> Said:
    text = headers.stripped(changeset.description)
    return Said(changeset.user.strip(), changeset.date, text)


def _checked(name: str, data: bytes, said: Said, body: bytes, old: Patch | None = None) -> Patch:
    """The patch, of which it was seen that it says what the changeset says."""
    patch = Patch.parse(name, data)
    if patch.body != body or not headers.says(patch, said):
        told = f"{name}: " if old else ""
        raise UsageError(
            f"{told}the description {said.description[:40]!r} cannot stand above a diff",
            "a line in it reads as a diff's, as --- or as a header; reword it",
        )
    return patch


def _same_header(old: Patch, new: Patch) -> bool:
    return headers.says(old, Said(new.user, new.date, headers.description_of(new)))


def _same_text(old: Patch, new: Patch) -> bool:
    return headers.description_of(old) == headers.description_of(new)


def _same_subject(old: Patch, new: Patch) -> bool:
    return short_name(old.name) == slug(new.subject)


def _same_content(old: Patch, new: Patch) -> bool:
    return matching.same_content(old, new)


def _does_the_same(source: Lineage, changeset: Committed, old: Patch, diff: bytes) -> bool:
    """Whether a patch, put on the changeset's parent, makes the changeset."""
    (parent,) = changeset.parents
    read = source.repository.reader(parent)
    (result,) = apply_series(read, [old]).results
    if not result.outcome.changes_tree:
        return False
    edits = edits_of(read, result, lambda path: source.repository.mode(parent, path))
    return render_patch(b"", edits) == diff


def slug(subject: str) -> str:
    """A subject as a file name without its ending: "topic: what is done" is topic-what-is-done.

    "" if it has no letter and no digit that a file name can hold anywhere.
    """
    plain = unicodedata.normalize("NFKD", subject).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9.]+", "-", plain).strip("-.")
    if len(words) <= _LONGEST_NAME:
        return words
    return words[: _LONGEST_NAME + 1].rpartition("-")[0] or words[:_LONGEST_NAME]


def _new_name(changeset: Committed, taken: set[str], port: Port) -> str:
    """The name for a patch that the port does not have yet."""
    subject = changeset.description.partition("\n")[0]
    node = changeset.node[:12]
    name = f"{slug(subject)}.patch"
    if name == ".patch":
        raise UsageError(
            f"the subject {subject!r} of changeset {node} gives no file name", "reword it"
        )
    if name.lower() in {other.lower() for other in taken}:
        raise UsageError(f"changeset {node} would be a second {name}", "reword it")
    if (port.series.directory / name).exists():
        raise UsageError(
            f"changeset {node} would be {name}, which is there but not in the series",
            "reword it, or remove that file",
        )
    return name


def _in_order(port: Port, expected: Sequence[Patch], taken: Sequence[Taken]) -> list[Patch]:
    """The new series: the changesets' patches, and each that this release does not need where
    it was, after the one before it."""
    made = [one.patch for one in taken]
    at = 0
    for patch in port.series.patches:
        if patch not in expected:
            made.insert(at, patch)
        places = [i for i, one in enumerate(made) if one.name == patch.name]
        at = places[0] + 1 if places else at
    return made


# from patches to files


@dataclass(frozen=True)
class _Placing:
    """Where a changed series goes: ``own`` is the line that it is for, ``port`` the one that
    serves that so far, ``forced`` says that it must be a port of that line."""

    stack: Stack
    catalogue: Catalogue
    trial: Trial
    port: Port
    own: str
    forced: bool

    def plan(self, release: Release, taken: tuple[Taken, ...], patches: list[Patch]) -> Plan:
        line, later, notes = self._place(patches)
        patches = self._redrawn(patches, line, release)
        by_name = {patch.name: patch for patch in patches}
        taken = tuple(Taken(t.node, by_name[t.patch.name], t.old) for t in taken)
        listed = self.port.series.names
        dropped = tuple(name for name in listed if name not in by_name)
        files: dict[Path, bytes | None] = {}
        if line == self.port.line:
            series = self.port.series.path
            files.update(self._changed(patches, dropped))
        else:
            series = self._directory(str(line)) / "series"
            files.update(_whole(series, patches, self._series(patches)))
        if later is not None and files:
            old = self.port.series
            files.update(_whole(self._directory(later) / "series", old.patches, old.data))
        read = {self.port.series.path: self.port.series.data}
        read.update((self.port.series.directory / p.name, p.data) for p in self.port.series.patches)
        return Plan(release, line, series, taken, dropped, notes, files, read)

    def _directory(self, line: str) -> Path:
        return self.stack.top.directory / line

    def _series(self, patches: Sequence[Patch]) -> bytes:
        return with_names(self.port.series.data, [patch.name for patch in patches])

    def _changed(
        self, patches: Sequence[Patch], dropped: Sequence[str]
    ) -> dict[Path, bytes | None]:
        """The files of the port that change: patches, the series, and then what is dropped."""
        where = self.port.series.directory
        old = {patch.name: patch.data for patch in self.port.series.patches}
        files: dict[Path, bytes | None] = {
            where / patch.name: patch.data for patch in patches if old.get(patch.name) != patch.data
        }
        series = self._series(patches)
        if series != self.port.series.data:
            files[self.port.series.path] = series
        files.update((where / name, None) for name in dropped)
        return files

    def _place(self, patches: Sequence[Patch]) -> tuple[str | None, str | None, tuple[str, ...]]:
        """The line of the port to write, the first later line that has to keep the old series (if
        any has to), and what is to be said about it."""
        old = self.port.series.patches
        if list(old) == patches and not self._is_new():
            return self.port.line, None, ()
        lines = lines_of(self.stack, self.catalogue, self.port)
        at = lines.index(self.own)
        hurt = self.trial.hurt(self.own, old, patches)
        if hurt is not None:
            raise HgportError(hurt.words, "nothing was written; its line has one port only")
        notes = []
        line = self.own if self._is_new() else self.port.line
        earlier = self._first_hurt(lines[:at], patches)
        if earlier is not None:
            line = self.own
            notes.append(f"{earlier.words}, so this becomes a port of its own for {self.own}")
        later = self._first_hurt(lines[at + 1 :], patches)
        if later is not None:
            kept = later.release.line
            notes.append(f"{later.words}, so {kept} keeps what it has as a port of its own")
        return line, later.release.line if later else None, tuple(notes)

    def _is_new(self) -> bool:
        """Whether the person asked for a port that is not there yet."""
        return self.forced and self.own not in (self.port.line, self._base_line())

    def _base_line(self) -> str | None:
        return self.stack.base if self.port.line is None else None

    def _first_hurt(self, lines: Sequence[str], patches: Sequence[Patch]) -> Hurt | None:
        tried = (self.trial.hurt(line, self.port.series.patches, patches) for line in lines)
        return next((hurt for hurt in tried if hurt is not None), None)

    def _redrawn(self, patches: list[Patch], line: str | None, release: Release) -> list[Patch]:
        """The patches with the places of their hunks as on the release that a port is written for.

        What the port has already stays as it is if its hunks are found where they were.
        """
        old = self.port.series.patches
        if list(old) == patches:
            return patches
        on = self._reference(line, release)
        result = self.trial.apply(patches, on)
        if result.conflict is not None:
            return patches
        before = {one.patch.data: one.hunks for one in self.trial.apply(old, on).results}
        tree = dict(self.trial.files(on))
        made = {}
        for one in result.results:
            if one.outcome is Outcome.OFFSET and before.get(one.patch.data) != one.hunks:
                made[one.patch.name] = _drawn(one, tree)
            tree.update(one.files)
        return [made.get(patch.name, patch) for patch in patches]

    def _reference(self, line: str | None, release: Release) -> Release:
        """The release that the port of a line is written for."""
        if line is None:
            return self.catalogue.release(self.catalogue.base) if self.stack.base else release
        return self.catalogue.newest(line) if line in self.catalogue.lines else release


def _drawn(result: PatchResult, tree: Mapping[str, bytes | None]) -> Patch:
    """An applied patch, with its diff as it is to this tree."""
    header = headers.header_of(result.patch)
    data = render_patch(header, edits_of(tree.get, result))
    return Patch.parse(result.patch.name, data)


def _whole(series: Path, patches: Sequence[Patch], data: bytes) -> dict[Path, bytes | None]:
    """The files of a new port directory; the series, which makes it one, comes last."""
    files: dict[Path, bytes | None] = {series.parent / p.name: p.data for p in patches}
    files[series] = data
    for path in files:
        if path.exists():
            raise UsageError(f"{path} is there, but is no part of a port", "move it away")
    return files
