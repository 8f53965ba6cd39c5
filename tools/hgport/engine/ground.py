"""What a stack is put on: releases as they were published, or with the stacks below it on them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from hgport.engine import naming
from hgport.engine.apply import apply_series
from hgport.engine.judge import absorptions, to_apply, witness
from hgport.engine.outcome import PatchResult, Reader, SeriesResult
from hgport.engine.releasetree import ReleaseTree, Tree
from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Stack

if TYPE_CHECKING:
    from hgport.upstream.contents import Contents
    from hgport.upstream.sdist import ProgressOfMany

_NOTHING = SeriesResult((), {}, {})


class Ground:
    """The releases that ``stack`` is put on.

    ``contents`` is open as long as the ground is in use; ``progress`` is as there.  Every method
    may raise OutsideError, and UsageError where a stack below does not apply to the release, which
    names the command to run first.
    """

    def __init__(
        self,
        stack: Stack,
        catalogue: Catalogue,
        contents: Contents,
        progress: ProgressOfMany | None = None,
    ) -> None:
        self._stack = stack
        self._catalogue = catalogue
        self._contents = contents
        self._progress = progress
        self._evidence = sorted({one.file for one in absorptions(stack, catalogue)})
        self._published: dict[str, dict[str, bytes | None]] = {}
        self._laid: dict[str, SeriesResult | UsageError] = {}

    def read_many(
        self, releases: Sequence[Release], paths: Collection[str]
    ) -> dict[str, dict[str, bytes | None]]:
        """The content of each path, by version, None where there is no such file."""
        self._lay(releases)
        laid = {release.version: self.below(release).files for release in releases}
        found = self._contents.read_many(releases, paths)
        for version, files in found.items():
            files.update({path: laid[version][path] for path in paths if path in laid[version]})
        return found

    def read(self, release: Release, paths: Collection[str]) -> dict[str, bytes | None]:
        """As ``read_many``, of one release."""
        return self.read_many([release], paths)[release.version]

    def tree(self, release: Release, paths: Collection[str] = ()) -> Tree:
        """The tree of a release; these paths are read at once, which is quicker than one by one."""
        tree = ReleaseTree(self._contents, release, self._progress)
        tree.prepare(paths)
        return laid_tree(tree, self.below(release).results) if self._stack.under else tree

    def below(self, release: Release) -> SeriesResult:
        """What the stacks below make of a release."""
        self._lay([release])
        laid = self._laid[release.version]
        if isinstance(laid, UsageError):
            raise laid
        return laid

    def takes(self, releases: Sequence[Release]) -> list[Release]:
        """Those of the releases to which the stacks below apply."""
        self._lay(releases)
        return [r for r in releases if not isinstance(self._laid[r.version], UsageError)]

    def wanted(self, patches: Sequence[Patch], release: Release) -> list[Patch]:
        """Those of the stack's patches that a release does not have from upstream."""
        if release.version not in self._published:
            self._published[release.version] = self._contents.read(release, self._evidence)
        # what upstream has shows in what it has published
        read = self._published[release.version].get
        return wanted(self._stack, self._catalogue, patches, release, read)

    def _lay(self, releases: Sequence[Release]) -> None:
        lacking = [r for r in releases if r.version not in self._laid]
        if self._stack.under is None:
            self._laid.update({r.version: _NOTHING for r in lacking})
        elif lacking:
            self._lay_stack(self._stack.under, lacking)

    def _lay_stack(self, under: Stack, releases: Sequence[Release]) -> None:
        patches = [patch for r in releases for patch in under.patches_for(r.line)]
        paths = {path for patch in patches for path in patch.paths}
        paths |= {one.file for one in absorptions(under, self._catalogue)}
        files = self._contents.read_many(releases, sorted(paths))
        alike: dict[tuple[object, ...], SeriesResult] = {}
        for release in releases:
            read = files[release.version].get
            applied = to_apply(under, self._catalogue, release, read)
            # releases that are alike are worked once
            key = (tuple(p.data for p in applied), tuple(files[release.version].values()))
            if key not in alike:
                alike[key] = apply_series(read, applied)
            stopped = alike[key].conflict
            laid = alike[key] if stopped is None else unready(under, stopped, release)
            self._laid[release.version] = laid


def wanted(
    stack: Stack, catalogue: Catalogue, patches: Sequence[Patch], release: Release, read: Reader
) -> list[Patch]:
    """Those of a stack's patches that a release does not have from upstream; ``read`` reads it as
    it was published."""
    return [p for p in patches if not witness(stack, catalogue, release, p.name, read).agreed]


def told(stack: Stack, lines: Sequence[str]) -> Iterator[bytes]:
    """All that tells what is below a stack, for the releases of these lines, from anything else:
    nothing, if it lies on none."""
    for line in lines if stack.under else ():
        for patch in stack.under.patches_for(line) if stack.under else ():
            yield patch.name.encode("utf-8", "surrogateescape")
            yield patch.data


def unready(under: Stack, stopped: PatchResult, release: Release) -> UsageError:
    """The error of a stack that cannot be put on a release, as a patch below does not apply to it;
    ``under`` is the stack right below."""
    name = stopped.patch.name
    unknown = any(one.base is None for one in under.layers if name in one.own_names)
    base = " --base RELEASE" if unknown else ""
    return UsageError(
        f"{name}, of a stack below, does not apply to {release.version}: {stopped.message}",
        f"first: hgport rebase {naming.options_for(under, name)}{base} {release.line}",
    )


# trees


def laid_tree(tree: Tree, results: Sequence[PatchResult]) -> Tree:
    """A tree with what patches have made of it."""
    return _LaidTree(tree, results)


def published(tree: Tree) -> Reader:
    """How to read the release of a tree as it was published."""
    return tree.published.read if isinstance(tree, _LaidTree) else tree.read


class _LaidTree:
    """The tree ``published`` with what patches made of it."""

    def __init__(self, published: Tree, results: Sequence[PatchResult]) -> None:
        self.published = published
        self._files: dict[str, bytes | None] = {}
        self._executable: dict[str, bool] = {}
        for result in results:
            fresh = {path: self.is_executable(old) for path, old in result.copies.items()}
            fresh.update({path: mode == "x" for path, mode in result.modes.items()})
            self._files.update(result.files)
            self._executable.update(fresh)

    def read(self, path: str) -> bytes | None:
        return self._files[path] if path in self._files else self.published.read(path)

    def is_executable(self, path: str) -> bool:
        if path in self._files and self._files[path] is None:
            return False
        if path in self._executable:
            return self._executable[path]
        return self.published.is_executable(path)

    def is_directory(self, path: str) -> bool:
        made = any(
            name.startswith(f"{path}/") and content is not None
            for name, content in self._files.items()
        )
        return made or self.published.is_directory(path)

    def names(self) -> Collection[str]:
        gone = {path for path, content in self._files.items() if content is None}
        return (set(self.published.names()) | self._files.keys()) - gone

    def read_all(self, paths: Collection[str]) -> dict[str, bytes | None]:
        found = self.published.read_all(paths)
        found.update({path: self._files[path] for path in paths if path in self._files})
        return found
