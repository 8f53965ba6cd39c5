"""Whom a changed series would serve: which lines still take it, and which took only the old one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from hgport.engine.apply import apply_series
from hgport.engine.ground import Ground
from hgport.engine.outcome import PatchResult, SeriesResult
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.upstream.contents import Contents


@dataclass(frozen=True)
class Hurt:
    """A release that took the old series, and the patch of the new one that is in conflict."""

    release: Release
    result: PatchResult

    @property
    def words(self) -> str:
        """One clause about it."""
        patch = self.result.patch.name
        return f"{patch} does not apply to {self.release.version}: {self.result.message}"


class Trial:
    """Applies series of patches to releases in memory, without what upstream has of them."""

    def __init__(
        self, stack: Stack, catalogue: Catalogue, contents: Contents, series: Iterable[Patch]
    ) -> None:
        """``series`` are all the patches that are going to be applied, for what they touch."""
        self._paths = sorted({path for patch in series for path in patch.paths})
        self._stack = stack
        self._catalogue = catalogue
        self._contents = contents
        self._ground = Ground(stack, catalogue, contents)
        self._known: dict[str, dict[str, bytes | None]] = {}

    def alone(self) -> Trial:
        """The same on the releases by themselves, without the stacks below."""
        if self._stack.under is None:
            return self
        alone = Trial(replace(self._stack, under=None), self._catalogue, self._contents, ())
        alone._paths = self._paths
        return alone

    def files(self, release: Release) -> Mapping[str, bytes | None]:
        """What a release, with the stacks below on it, has of the files that the patches touch."""
        self._read([release])
        return self._known[release.version]

    def apply(self, patches: Sequence[Patch], release: Release) -> SeriesResult:
        """Apply a series at zero fuzz."""
        read = self.files(release).get
        return apply_series(read, self._ground.wanted(patches, release))

    def hurt(self, line: str, old: Sequence[Patch], new: Sequence[Patch]) -> Hurt | None:
        """The first release of a line that takes the old series whole, but not the new one."""
        releases = self._ground.takes(self._catalogue.of_line(line))
        self._read(releases)
        seen = set()
        for release in releases:
            # releases that are alike are tried once
            wanted = tuple(p.data for p in self._ground.wanted((*old, *new), release))
            alike = (wanted, tuple(self.files(release).values()))
            if alike in seen:
                continue
            seen.add(alike)
            stopped = self.apply(new, release).conflict
            if stopped is not None and self.apply(old, release).conflict is None:
                return Hurt(release, stopped)
        return None

    def _read(self, releases: Sequence[Release]) -> None:
        lacking = [r for r in releases if r.version not in self._known]
        if lacking:
            self._known.update(self._ground.read_many(lacking, self._paths))
