"""A conflict in a real working copy of Mercurial's.

The repository holds the release, tagged, and the changesets of the patches that are carried
already.  Beside them stand two changesets of the patch in conflict: its files as they are in the
origin, before the patch and with it.  Mercurial grafts from the one to the other, so that ``hg
resolve -l``, ``hg diff`` and every merge tool work; what is in the files is hgport's own merge.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.engine import hg
from hgport.engine.commits import release_changeset
from hgport.engine.merge.result import BASE_MARK, PATCH_MARK, TARGET_MARK
from hgport.engine.outcome import Reader
from hgport.engine.records import is_mark, lines_of
from hgport.errors import ConflictError, UsageError
from hgport.files import built_beside
from hgport.model.release import Release

if TYPE_CHECKING:
    from hgport.engine.hgpatcher import Changeset, Repository

_AUTHOR = "hgport <hgport@example.org>"


@dataclass(frozen=True)
class MergedFile:
    """A file of the patch in conflict.

    ``base`` and ``patched`` are its content before the patch and with it, ``content`` what is to be
    in the working copy (None of each: no file; for ``content`` of a file in conflict: as Mercurial
    leaves it).
    """

    path: str
    base: bytes | None = field(repr=False)
    patched: bytes | None = field(repr=False)
    content: bytes | None = field(repr=False)
    in_conflict: bool


@dataclass(frozen=True)
class Merging:
    """The patch in conflict: who wrote it, when and why, its files, and the modes it asks for."""

    user: str
    date: str
    description: str
    files: Sequence[MergedFile]
    modes: Mapping[str, str] = field(default_factory=dict)


class WorkingCopy:
    """The repository at ``path``, with its working copy.

    Errors name it; what a run of hg refuses is a ProgramFailed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def make(
        cls, path: Path, release: Release, source: Path, fill: Callable[[WorkingCopy, str], None]
    ) -> WorkingCopy:
        """Make the repository, whole or not at all: the release from its tree ``source``, tagged
        and checked out; then ``fill`` is called with it and the release's changeset."""
        from hgport.engine.hgpatcher import Repository

        root = release_changeset(release, source)
        with built_beside(path) as beside:
            repository = Repository(beside, create=True)
            (node,) = repository.commit([root], None)
            repository.tag_locally(release.version, node)
            repository.check_out(node)
            fill(cls(beside), node)
        return cls(path)

    def commit(self, changesets: Sequence[Changeset], parent: str) -> str:
        """Add changesets on ``parent``; the last one's hash, or ``parent`` if there is none."""
        made = self._repository().commit(changesets, parent) if changesets else []
        return made[-1] if made else parent

    def _repository(self) -> Repository:
        from hgport.engine.hgpatcher import Repository

        return Repository(self.path)

    # the conflict

    def begin(self, merging: Merging, parent: str) -> str:
        """Leave the conflict in the working copy, on ``parent``; what is there is thrown away.

        Returns the changeset of the origin's patch, which is what is grafted.
        """
        self._clean(parent)
        before, after = self._sides(merging)
        words = ["graft", "--force", "--base", before, "-r", after, "--tool", "internal:fail"]
        done = hg.run(*words, cwd=self.path, allowed=(0, 1))
        if done.code == 0:
            # Mercurial saw no conflict where we do
            self._hg("update", "-q", "-C", "-r", parent)
        self._write(merging.files)
        settled = [_exactly(file.path) for file in merging.files if not file.in_conflict]
        if settled:
            self._hg("resolve", "-q", "-m", "--", *settled, allowed=(0, 1))
        return after

    def _clean(self, parent: str) -> None:
        if self._is_grafting():
            self._hg("graft", "--abort", allowed=None)
        if self._parent() != parent or any(self._status().values()):
            self._hg("update", "-q", "-C", "-r", parent)
            for path in self._status().get("?", ()):
                (self.path / path).unlink()

    def keep(self, merging: Merging) -> str:
        """Have a changeset of what hgport's merge put into the files, markers and all; its hash.

        It tells what a person has changed since.
        """
        from hgport.engine.hgpatcher import Changeset

        files = {file.path: file.content for file in merging.files if file.content is not None}
        subject = merging.description.partition("\n")[0]
        merged = Changeset(_AUTHOR, "0 0", f"what hgport made of {subject!r}", files, {}, {})
        (node,) = self._repository().commit([merged], None)
        return node

    def _sides(self, merging: Merging) -> tuple[str, str]:
        from hgport.engine.hgpatcher import Changeset

        base = {file.path: file.base for file in merging.files if file.base is not None}
        changed = {f.path: f.patched for f in merging.files if f.patched != f.base}
        first = f"what {merging.description.partition(chr(10))[0]!r} was made on"
        root = Changeset(_AUTHOR, "0 0", first, base, {}, {})
        modes = {path: merging.modes.get(path, "") for path in changed}
        patched = Changeset(merging.user, merging.date, merging.description, changed, modes, {})
        before, after = self._repository().commit([root, patched], None)
        return before, after

    def _write(self, files: Sequence[MergedFile]) -> None:
        """Have the working copy hold the files' contents, and know which are new and which gone."""
        gone = [f.path for f in files if f.content is None and not f.in_conflict]
        gone = [path for path in gone if os.path.lexists(self.path / path)]
        if gone:
            self._hg("remove", "-q", "--force", "--", *map(_exactly, gone))
        for file in files:
            if file.content is not None:
                _put(self.path / file.path, file.content)
        new = set(self._status().get("?", ())).intersection(file.path for file in files)
        if new:
            self._hg("add", "-q", "--", *map(_exactly, sorted(new)))

    # what a person made of it

    def finish(self, parent: str, source: str, paths: Collection[str]) -> str:
        """Commit what the person made of the conflict on ``parent``; the changeset's hash, or
        ``parent`` if nothing is left of the patch.  ``source`` is what ``begin`` gave.

        ``paths`` are the files that the merge was about.  Raises ConflictError for what is still
        to be settled, UsageError for what the person has to put right first.
        """
        self.require_settled(parent, paths)
        if self._parent() == parent:
            grafting = self._is_grafting()
            words = ["graft", "--continue"] if grafting else ["commit", "-q", *self._like(source)]
            self._hg(*words)
        return self._parent()

    def require_settled(self, parent: str, paths: Collection[str]) -> None:
        """Raise what ``finish`` would raise, if it would; nothing is changed."""
        self._refuse_absent()
        tip = self._parent()
        if tip != parent:
            self._refuse_other_than_one(tip, parent)
            return
        status = self._status()
        if not self._is_grafting() and not any(status.get(kind) for kind in "MAR"):
            raise UsageError(
                f"{self.path}: the merge is gone, aborted or updated away",
                "hgport rebase --skip leaves the patch out, --abort gives up",
            )
        self._refuse_unsettled(paths)
        self._refuse_doubtful(status)

    def _like(self, source: str) -> list[str]:
        """The words by which ``hg commit`` gets author, date and description of a changeset."""
        told = self._repository().committed(source)
        return ["-u", told.user, "-d", told.date, "-m", told.description]

    def _refuse_other_than_one(self, tip: str, parent: str) -> None:
        """Refuse all but one commit on the parent, which the person made by hand."""
        unfinished = self._repository().unfinished()
        if unfinished:
            raise UsageError(
                f"{self.path}: there is {unfinished}",
                "hg commit --amend it, or end it, or hgport rebase --abort",
            )
        self._refuse_doubtful(self._status())
        if self._repository().committed(tip).parents == (parent,):
            return
        above = self._say(f"{parent}::{tip} - {parent}", "{node}\n").split()
        merges = self._say(f"({parent}::{tip} - {parent}) and merge()", "x")
        raise UsageError(
            f"{self.path}: {_unexpected(tip, parent, len(above), bool(merges))}",
            "have the patch as one changeset on that, or hgport rebase --abort",
        )

    def unsettled(self, paths: Collection[str]) -> dict[str, str]:
        """What is still to be done, by file: a clause each.  ``paths`` as in ``finish``."""
        self._refuse_absent()
        known = self._merged()
        found = {path: "unresolved" for path, state in known.items() if state == "U"}
        for path in {*paths, *known}:
            line = _first_mark(self.path / path)
            if line:
                found[path] = f"markers are left in line {line}"
        return dict(sorted(found.items()))

    def _refuse_unsettled(self, paths: Collection[str]) -> None:
        open_ = self.unsettled(paths)
        if open_:
            told = "; ".join(f"{path}: {why}" for path, why in open_.items())
            raise ConflictError(
                f"{self.path}: {told}", "edit the files, then hg resolve -m, then --continue"
            )

    def _refuse_doubtful(self, status: Mapping[str, Sequence[str]]) -> None:
        missing = status.get("!", ())
        if missing:
            raise UsageError(
                f"{self.path}: {', '.join(missing)} is missing", "hg remove it, or hg revert it"
            )
        unknown = [path for path in status.get("?", ()) if not path.endswith(".orig")]
        if unknown:
            raise UsageError(
                f"{self.path}: {', '.join(unknown)} is not under version control",
                "hg add it if it belongs to the patch, else move it away",
            )

    def is_untouched(self, parent: str, merged: str = "") -> bool:
        """Whether nothing is there but ``parent``, as after a merge that was aborted by hand.

        Files that it added may have stayed, as they are in ``merged``, which ``keep`` gave.
        """
        if not (self.path / ".hg").is_dir() or self._is_grafting() or self._parent() != parent:
            return False
        status = self._status()
        left = status.pop("?", [])
        if status or (left and not merged):
            return False
        read = self._repository().reader(merged) if left else lambda path: None
        return all((self.path / path).read_bytes() == read(path) for path in left)

    def changed(self, node: str) -> dict[str, bytes | None]:
        """The files that a changeset changes, with their content (None: removed)."""
        said = self._hg("status", "-n", "-0", "--change", node)
        read = self._repository().reader(node)
        paths = [os.fsdecode(name) for name in said.split(b"\0") if name]
        return {path: read(path) for path in paths}

    def contents(self, node: str, paths: Collection[str]) -> dict[str, bytes | None]:
        """The content of files in a changeset (None: no such file)."""
        read = self._repository().reader(node)
        return {path: read(path) for path in paths}

    def reader(self, node: str) -> Reader:
        """How to read the tree of a changeset."""
        return self._repository().reader(node)

    def has(self, node: str) -> bool:
        """Whether the repository is there and has that changeset."""
        if not (self.path / ".hg").is_dir():
            return False
        with contextlib.suppress(UsageError):
            return self._repository().find(node) == node
        return False

    # Mercurial

    def _refuse_absent(self) -> None:
        if not (self.path / ".hg").is_dir():
            raise UsageError(
                f"the working copy {self.path} is gone", "hgport rebase --abort, and begin again"
            )

    def _hg(self, *words: str, allowed: Collection[int] | None = (0,)) -> bytes:
        return hg.run(*words, cwd=self.path, allowed=allowed).stdout

    def _say(self, revisions: str, template: str) -> str:
        return self._hg("log", "-r", revisions, "-T", template).decode("utf-8", "replace")

    def _parent(self) -> str:
        return self._repository().checked_out().node

    def _is_grafting(self) -> bool:
        return (self.path / ".hg" / "graftstate").is_file()

    def _merged(self) -> dict[str, str]:
        """The files of the merge that is under way: "U" unresolved, "R" resolved."""
        said = os.fsdecode(self._hg("resolve", "-l")).splitlines()
        return {line[2:]: line[0] for line in said if line[1:2] == " "}

    def _status(self) -> dict[str, list[str]]:
        """The files that are not as in what is checked out, by the letter that says how."""
        found: dict[str, list[str]] = {}
        for line in filter(None, os.fsdecode(self._hg("status", "-0")).split("\0")):
            found.setdefault(line[:1], []).append(line[2:])
        return found


def _put(place: Path, content: bytes) -> None:
    """Write a file of the working copy, never through a link; an executable one stays so."""
    executable = place.is_file() and not place.is_symlink() and os.access(place, os.X_OK)
    if os.path.lexists(place):
        place.unlink()
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    place.chmod(0o755 if executable else 0o644)


def _unexpected(tip: str, parent: str, above: int, is_merge: bool) -> str:
    """What is wrong with what is checked out, ``above`` changesets up from ``parent``."""
    if is_merge:
        return f"a merge is checked out where one changeset on {parent[:12]} is expected"
    if above == 0:
        return f"{parent[:12]} is not checked out, nor what was made on it, but {tip[:12]}"
    return f"{above} changesets are on {parent[:12]} where one is expected"


def _exactly(path: str) -> str:
    """A pattern that is that path and nothing else."""
    return f"path:{path}"


def _first_mark(file: Path) -> int:
    """The line of the first marker of a conflict in a file, 0 if there is none."""
    try:
        lines = lines_of(file.read_bytes())
    except OSError:
        return 0
    marks = (TARGET_MARK, BASE_MARK, PATCH_MARK)
    found = (n for n, line in enumerate(lines, 1) if any(is_mark(line, mark) for mark in marks))
    return next(found, 0)
