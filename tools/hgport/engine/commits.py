"""Put a release and its patches where a person wants them: as a repository, a tree, or in a clone.

Each of the three is all or nothing: the patches are applied in memory first, what is new is built
beside and renamed, and a clone gets all changesets in one transaction.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.engine.apply import apply_series
from hgport.engine.judge import to_apply, witness
from hgport.engine.outcome import Outcome, PatchResult, Reader, SeriesResult
from hgport.errors import HgportError, UsageError
from hgport.files import built_beside
from hgport.model.catalogue import Catalogue
from hgport.model.header import is_text
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Stack

if TYPE_CHECKING:
    from hgport.engine.hgpatcher import Changeset

# who commits what upstream published
_IMPORTER = "hgport <hgport@example.org>"


@dataclass(frozen=True)
class Made:
    """What was made: the outcome of each patch, and for those that changed the tree, by name, the
    full hash of the changeset (none of these for a plain tree)."""

    result: SeriesResult
    changesets: Mapping[str, str]


@dataclass(frozen=True)
class Order:
    """What is to be applied: the stack's patches for a release.

    ``user`` replaces the author of every patch, or of those alone whose author is ``stand_in`` or
    nobody; None leaves them their own.  ``fuzz`` is how many lines of context a hunk may lose.
    """

    stack: Stack
    catalogue: Catalogue
    release: Release
    user: str | None = None
    fuzz: int = 0
    stand_in: str | None = None

    def author(self, patch: Patch) -> str:
        """Who is to be the author of a patch's changeset.  Raises UsageError for what is no
        author's name."""
        free = self.stand_in is None or patch.user.strip() in ("", self.stand_in)
        replaced = self.user is not None and free
        name = self.user if self.user is not None and replaced else patch.user
        if not name.strip() or "\n" in name or not is_text(name):
            raise UsageError(
                (
                    f"{self.user!r} is no author's name"
                    if replaced
                    else f"{patch.name} names no author"
                ),
                "say whose changesets they are with --user 'NAME <MAIL>'",
            )
        return name


def into_repository(order: Order, source: Path, destination: Path) -> Made:
    """Make a repository: the release, tagged, and on it one changeset a patch, checked out.

    ``source`` is the release's tree.  Raises UsageError if ``destination`` exists, HgportError if
    a patch does not apply; then nothing is made.
    """
    from hgport.engine.hgpatcher import Repository

    result = _apply_to_tree(order, source)
    release = release_changeset(order.release, source)
    results = _changing(result)
    patches = [_changeset(r, order) for r in results]

    def build(directory: Path) -> Made:
        repository = Repository(directory, create=True)
        root, *made = repository.commit([release, *patches], None)
        repository.tag_locally(order.release.version, root)
        repository.check_out(made[-1] if made else root)
        return Made(result, dict(zip((r.patch.name for r in results), made)))

    return _build(destination, build)


def into_tree(order: Order, source: Path, destination: Path) -> Made:
    """Make a plain tree: the release with all patches applied.  Arguments and errors are those
    of into_repository."""
    result = _apply_to_tree(order, source)

    def build(directory: Path) -> Made:
        _copy_tree(source, directory)
        for one in _changing(result):
            _change(directory, one)
        return Made(result, {})

    return _build(destination, build)


def into_clone(order: Order, clone: Path, revision: str | None) -> Made:
    """Add one changeset a patch to a person's repository, on ``revision``.

    None takes the release's tag.  What is checked out there, and every file in it, stays as it
    is; no hook runs.  Raises UsageError for what is no repository or no revision, HgportError if
    a patch does not apply, OutsideError if it is locked; then nothing is added.
    """
    from hgport.engine.hgpatcher import Repository

    if not (clone / ".hg").is_dir():
        raise UsageError(f"{clone} is no Mercurial repository")
    repository = Repository(clone)
    parent = _find(repository.find, order.release, revision)
    result = _apply(
        order,
        repository.reader(parent),
        lambda path: repository.has_directory(parent, path),
        order.release.version if revision is None else repr(revision),
    )
    results = _changing(result)
    made = repository.commit([_changeset(r, order) for r in results], parent)
    return Made(result, dict(zip((r.patch.name for r in results), made)))


def _find(find: Callable[[str], str], release: Release, revision: str | None) -> str:
    if revision is not None:
        return find(revision)
    try:
        return find(release.version)
    except UsageError as err:
        raise UsageError(err.message, "say which revision with --rev") from None


# patches


def _apply_to_tree(order: Order, source: Path) -> SeriesResult:
    return _apply(
        order,
        _tree_reader(source),
        lambda path: (source / path).is_dir(),
        order.release.version,
    )


def _apply(
    order: Order, read: Reader, is_directory: Callable[[str], bool], where: str
) -> SeriesResult:
    """Apply the patches in memory to what errors call ``where``.

    HgportError if one is in conflict, or if all are for other files.
    """
    patches = to_apply(order.stack, order.catalogue, order.release, read)
    result = apply_series(read, patches, fuzz=order.fuzz, is_directory=is_directory)
    stopped = result.conflict
    if stopped is not None:
        raise HgportError(
            f"{stopped.patch.name} does not apply to {where}: {stopped.message}",
            "nothing was written",
        )
    if {r.outcome for r in result.results} == {Outcome.NOT_AFFECTED} and not _absorbed(order, read):
        raise HgportError(
            f"{where} has none of the files that the patches change", "nothing was written"
        )
    return result


def _absorbed(order: Order, read: Reader) -> bool:
    """Whether upstream has any of the patches there."""
    heard = (
        witness(order.stack, order.catalogue, order.release, name, read)
        for name in order.stack.names
    )
    return any(one.agreed for one in heard)


def _changing(result: SeriesResult) -> list[PatchResult]:
    return [r for r in result.results if r.outcome.changes_tree]


def _changeset(result: PatchResult, order: Order) -> Changeset:
    from hgport.engine.hgpatcher import Changeset

    patch = result.patch
    return Changeset(
        order.author(patch),
        patch.date,
        patch.description or patch.name.encode("utf-8", "replace").decode(),
        result.files,
        result.modes,
        result.copies,
    )


def release_changeset(release: Release, source: Path) -> Changeset:
    """The root changeset that holds all files of a release; ``source`` is its tree."""
    from hgport.engine.hgpatcher import Changeset

    files: dict[str, bytes | None] = {}
    modes = {}
    newest = 0
    for path in _files(source):
        status = os.lstat(source / path)
        newest = max(newest, int(status.st_mtime))
        files[path] = _content(source / path)
        modes[path] = _kind(source / path, status.st_mode)
    text = f"Mercurial {release.version}\n\nThe files of {release.sdist},\nsha256 {release.sha256}"
    return Changeset(_IMPORTER, f"{newest} 0", text, files, modes, {})


# trees


def _files(source: Path) -> Iterable[str]:
    """Every file and link of a tree, relative to it, in a stable order; none of a repository's."""
    for parent, directories, files in os.walk(source):
        directories[:] = sorted(d for d in directories if d != ".hg")
        links = [d for d in directories if (Path(parent) / d).is_symlink()]
        for name in sorted(files + links):
            yield os.path.relpath(f"{parent}/{name}", source)


def _content(path: Path) -> bytes:
    return os.fsencode(path.readlink()) if path.is_symlink() else path.read_bytes()


def _kind(path: Path, mode: int) -> str:
    return "l" if path.is_symlink() else "x" if mode & 0o100 else ""


def _tree_reader(root: Path) -> Reader:
    """Read a tree of files without following a link to anywhere."""

    def read(path: str) -> bytes | None:
        place = root
        for part in path.split("/"):
            if place.is_symlink():
                return None
            place = place / part
        return _content(place) if place.is_symlink() or place.is_file() else None

    return read


def _copy_tree(source: Path, directory: Path) -> None:
    """Copy a tree, which may be read-only, as files that their owner may write."""
    for path in _files(source):
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / path, target, follow_symlinks=False)
        if not target.is_symlink():
            target.chmod(0o755 if os.access(target, os.X_OK) else 0o644)


def _change(directory: Path, result: PatchResult) -> None:
    """Make one patch's changes to a tree of ours."""
    kinds = {}
    for path in result.files:
        # a renamed or copied file brings its mode along
        was = directory / result.copies.get(path, path)
        kinds[path] = _kind(was, was.lstat().st_mode) if os.path.lexists(was) else ""
    kinds.update(result.modes)
    for path, content in result.files.items():
        _replace(directory / path, content, kinds[path])


def _replace(target: Path, content: bytes | None, kind: str) -> None:
    if os.path.lexists(target):
        target.unlink()
    if content is None:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if kind == "l":
        target.symlink_to(os.fsdecode(content))
        return
    target.write_bytes(content)
    target.chmod(0o755 if kind == "x" else 0o644)


def refuse_existing(destination: Path) -> None:
    """Raise UsageError if there is anything at ``destination``, or if it cannot be made since what
    stands above it is no directory, or leads through one that is not there and back."""
    if os.path.lexists(destination) or destination.name == "..":
        raise UsageError(f"{destination} exists already", "name something that is not there")
    for one in destination.parents:
        if one.name == ".." and not one.is_dir():
            # it would have to be made, for nothing
            raise UsageError(f"{one.parent} is no directory", "name the place without '..'")
    above = next((one for one in destination.parents if os.path.lexists(one)), None)
    if above is not None and not os.path.isdir(above):
        raise UsageError(f"{above} is no directory")


def _build(destination: Path, build: Callable[[Path], Made]) -> Made:
    """Have a directory built beside ``destination`` and put there, whole or not at all."""
    refuse_existing(destination)
    with built_beside(destination) as beside:
        made = build(beside)
        ours = beside.stat().st_ino
    if destination.stat().st_ino != ours:
        # somebody made it meanwhile, and theirs is the one that stays
        refuse_existing(destination)
    return made
