"""Where a changed series goes, so that no line that took the old one is hurt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from hgport.engine.drawing import drawn
from hgport.engine.outcome import HunkResult, Outcome, SeriesResult
from hgport.engine.ports import lines_of
from hgport.engine.serving import Hurt, Trial
from hgport.errors import HgportError, UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.stack import Port, Stack


@dataclass(frozen=True)
class Placed:
    """``line`` is that of the port to write, None for the top-level series; ``later`` the first
    line after it that has to keep the old series as a port of its own, None if none has to.
    ``notes`` are whole sentences about both; ``patches`` the series, drawn as for that port."""

    line: str | None
    later: str | None
    notes: tuple[str, ...]
    patches: tuple[Patch, ...]


@dataclass(frozen=True)
class Placing:
    """Where a changed series goes: ``own`` is the line that it is for, ``port`` the one that
    serves that so far, ``forced`` says that it must be a port of that line."""

    stack: Stack
    catalogue: Catalogue
    trial: Trial
    port: Port
    own: str
    forced: bool

    def place(self, patches: list[Patch], release: Release) -> Placed:
        """Where the changed series is to be written.  ``release`` is the one that it was changed
        on.  Raises HgportError if that, as it was published, or another release of the same line
        cannot take it."""
        wrong = self._wrong(patches, release)
        if wrong:
            hint = f"nothing was written; what is tagged {release.version} is not as published"
            raise HgportError(wrong, hint)
        line, later, notes = self._where(patches)
        for new in ([] if line == self.port.line else [line]) + ([later] if later else []):
            self._refuse_used(str(new), patches)
        return Placed(line, later, notes, tuple(self._redrawn(patches, line, release)))

    def _wrong(self, patches: Sequence[Patch], release: Release) -> str:
        """What keeps the series from being one for the release; "" if nothing does."""
        old = list(self.port.series.patches)
        if old == patches:
            return ""  # nothing new, so nobody need ask for the release's files
        result = self.trial.apply(patches, release)
        if result.conflict is not None:
            return Hurt(release, result.conflict).words
        idle = [r for r in result.results if r.patch not in old and not r.outcome.changes_tree]
        return f"{idle[0].patch.name} changes nothing in {release.version}" if idle else ""

    def _refuse_used(self, line: str, patches: Sequence[Patch]) -> None:
        """Raise UsageError for what lies in the place of a port that there is not yet."""
        directory = self.stack.top.directory / line
        for name in ("series", *self.port.series.names, *(patch.name for patch in patches)):
            if (directory / name).exists():
                raise UsageError(
                    f"{directory / name} is there, but is no part of a port", "move it away"
                )

    def _where(self, patches: Sequence[Patch]) -> tuple[str | None, str | None, tuple[str, ...]]:
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
        # what applies to the release by itself reads as on that, whatever it was made on
        for trial in (self.trial.alone(), self.trial):
            result = trial.apply(patches, on)
            if result.conflict is None:
                before = {one.patch.data: one.hunks for one in trial.apply(old, on).results}
                made = _drawn(result, before, dict(trial.files(on)))
                return [made.get(patch.name, patch) for patch in patches]
        return patches

    def _reference(self, line: str | None, release: Release) -> Release:
        """The release that the port of a line is written for."""
        if line is None:
            return self.catalogue.release(self.catalogue.base) if self.stack.base else release
        return self.catalogue.newest(line) if line in self.catalogue.lines else release


def _drawn(
    result: SeriesResult,
    before: Mapping[bytes, tuple[HunkResult, ...]],
    tree: dict[str, bytes | None],
) -> dict[str, Patch]:
    """The patches, by name, whose hunks are elsewhere in this tree and were not so ``before``."""
    made = {}
    for one in result.results:
        if one.outcome is Outcome.OFFSET and before.get(one.patch.data) != one.hunks:
            made[one.patch.name] = drawn(one, tree.get)
        tree.update(one.files)
    return made
