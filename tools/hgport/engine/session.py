"""Rebases that stop at conflicts, and go on when a person has settled them.

A rebase that meets a conflict leaves a working copy below ``.hgport/rebase/`` beside the series,
and an entry in the state file there.  Whatever is killed between two steps is found by the next
command: the state says when a working copy is ready, and what the person did there is read from it
alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hgport.engine import naming
from hgport.engine.commits import refuse_existing
from hgport.engine.grounds import estranged
from hgport.engine.ports import is_served
from hgport.engine.rebaser import Listener, Rebaser, Report, Standing, Tools
from hgport.engine.sessionstate import Resolved, State, Unfinished, Waiting
from hgport.errors import ConflictError, HgportError, UsageError
from hgport.files import locked, remove_tree
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release, is_version, line_key, line_of, version_key
from hgport.model.stack import Stack

__all__ = ["Listener", "Report", "Session", "Standing", "Tools", "Wish"]


@dataclass(frozen=True)
class Wish:
    """What a person asks for: the ``base`` to carry from (None: the nearest port), whether
    what is remembered is used, a directory to write the port to (None: its own), and whether a
    line that is served is to be done all the same."""

    base: str | None = None
    uses_memory: bool = True
    into: Path | None = None
    again: bool = False


class Session:
    """The rebases of one stack, which ``load`` reads whenever it may have changed."""

    def __init__(self, load: Callable[[], tuple[Stack, Catalogue]], tools: Tools) -> None:
        root = load()[0].top.path.absolute().parent / ".hgport"
        self.directory = root / "rebase"
        self._lock = root / "rebase.lock"
        self._file = self.directory / "state.json"
        self._tools = tools
        self._rebaser = Rebaser(load, tools, self.directory)

    @contextlib.contextmanager
    def _state(self) -> Iterator[State]:
        """The state, while nobody else may change it."""
        with locked(self._lock):
            state = State.load(self._file)
            try:
                yield state
            finally:
                self._sweep()

    def _sweep(self) -> None:
        """Remove what runs that were killed have left half made, and nothing of a person's."""
        for left in self.directory.glob(".*"):
            remove_tree(left)
        with contextlib.suppress(OSError):
            self.directory.rmdir()

    # verbs

    def start(self, releases: Sequence[Release], wish: Wish) -> list[Report]:
        """Carry the series to these releases, those nearest to the base first.

        A port is for a line, and so made for the newest release of it, but for one that is written
        elsewhere.  Raises UsageError if a rebase to one of them is unfinished, and for what makes
        no sense.
        """
        if wish.into is not None:
            refuse_existing(wish.into)
        with self._state() as state:
            wanted = self._targets(releases, wish)
            for release in wanted:
                self._refuse_unfinished(state, release)
            below = self._below()
            entries = [replace(_entry(release, wish), below=below) for release in wanted]
            before = self._stack
            reports = [self._tried(self._start, state, one, wanted) for one in entries]
            return self._tidied(reports, before)

    def resume(self, releases: Sequence[Release] | None) -> list[Report]:
        """Go on with the rebases to any of these, or with all; then with what waited for them.

        What the person has not settled yet stays.  Raises UsageError if there is none.
        """
        with self._state() as state:
            named = self._named(state, releases)
            found = [entry for entry in named if not entry.behind]
            before = self._stack
            reports = [self._tried(self._resume, state, one, named) for one in found]
            return self._tidied(reports + self._start_queued(state), before)

    def skip(self, releases: Sequence[Release] | None) -> list[Report]:
        """Leave the patch that waits out of the port, and go on.

        Raises UsageError as ``resume``, and if several wait and none is named.
        """
        with self._state() as state:
            named = self._named(state, releases)
            found = [entry for entry in named if not entry.behind]
            if releases is None and len(found) > 1:
                names = ", ".join(entry.version for entry in found)
                raise UsageError(f"conflicts wait for {names}", "name the release to skip one of")
            before = self._stack
            reports = [self._tried(self._skip, state, one, named) for one in found]
            return self._tidied(reports + self._start_queued(state), before)

    def abort(self, releases: Sequence[Release] | None) -> list[str]:
        """Give up these rebases, or all: what was removed, a clause each.  Never refuses."""
        if not self.directory.exists():
            return []
        with locked(self._lock):
            if releases is None:
                return self._abort_all()
            state = self._readable_state()
            if state is None:
                return self._abort_unread(releases)
            named = [e.version for e in state.entries.values() if _is_in(e, releases)]
            return [told for version in named for told in self._abort(state, version)]

    def status(self) -> list[Report]:
        """How the unfinished rebases stand, oldest release first."""
        if not self.directory.exists():
            return []
        with self._state() as state:
            return [self._told(entry) for entry in state.entries.values()]

    def _tried(
        self,
        step: Callable[[State, Unfinished], Report],
        state: State,
        entry: Unfinished,
        among: Sequence[object],
    ) -> Report:
        """Take a step of one rebase; what goes wrong does not stop others."""
        try:
            return step(state, entry)
        except HgportError as err:
            if len(among) == 1:
                raise
            release = self._catalogue.release(entry.version)
            return Report(release, Standing.FAILED, told=(_sentence(err),))

    def _tidied(self, reports: list[Report], before: Stack) -> list[Report]:
        """The reports, and what became of ports that are needed no more; ``before`` is the stack
        as it was."""
        written = {
            one.release.line for one in reports if one.standing is Standing.WRITTEN and one.is_port
        }
        every = reports + self._rebaser.merge_equal(written)
        return self._with_estranged(every, before)

    def _with_estranged(self, reports: list[Report], before: Stack) -> list[Report]:
        """The reports; the last that changed a port has what is to be said of other grounds."""
        changes = [
            at
            for at, one in enumerate(reports)
            if one.standing in (Standing.WRITTEN, Standing.MERGED) and one.is_port
        ]
        if not changes:
            return reports
        last, progress = changes[-1], self._tools.progress
        told = estranged(before, self._stack, self._catalogue, progress)
        reports[last] = replace(reports[last], told=(*reports[last].told, *told))
        return reports

    def _below(self) -> tuple[str, ...]:
        """The series files of the stacks that this one is put on."""
        return naming.files_of(self._stack)[:-1]

    def _refuse_elsewhere(self, entry: Unfinished) -> None:
        """Raise UsageError for a rebase that was begun on top of other stacks than now."""
        if entry.below != self._below():
            raise UsageError(
                f"the rebase to {entry.version} was begun {_on(entry)}",
                f"say so: hgport rebase {self._options(entry)} --continue {entry.version}",
            )

    def _refuse_unfinished(self, state: State, release: Release) -> None:
        for entry in state.entries.values():
            if _line(entry) == release.line:
                other = "" if entry.below == self._below() else f" {self._options(entry)}"
                raise UsageError(
                    f"a rebase to {entry.version} is not finished",
                    f"hgport rebase{other} --continue {entry.version} goes on with it, --skip "
                    "leaves its patch out, --abort gives up",
                )

    def _options(self, entry: Unfinished) -> str:
        """The options with which a rebase was begun."""
        return naming.options((*entry.below, naming.files_of(self._stack)[-1]))

    @property
    def _stack(self) -> Stack:
        return self._rebaser.stack

    @property
    def _catalogue(self) -> Catalogue:
        return self._rebaser.catalogue

    # starting

    def _targets(self, releases: Sequence[Release], wish: Wish) -> list[Release]:
        if wish.into is None:
            releases = [self._catalogue.newest(release.line) for release in releases]
            home = self._stack.base
            # the base's own line needs no port, unless somebody says otherwise
            others = [r for r in releases if r.line != home or wish.base is not None]
            releases = others or releases[:1]
        elif len(releases) > 1:
            raise UsageError(f"--into takes one release, not {len(releases)}")
        return self._in_order(list(dict.fromkeys(releases)))

    def _in_order(self, releases: Sequence[Release]) -> list[Release]:
        """Nearest to the base first, on either side of it."""
        home = self._home()
        older = sorted((r for r in releases if r.key < home), key=lambda r: r.key, reverse=True)
        return older + sorted((r for r in releases if r.key >= home), key=lambda r: r.key)

    def _home(self) -> tuple[int, ...]:
        return line_key(self._stack.base) if self._stack.base else (0, 0)

    def _start(self, state: State, entry: Unfinished) -> Report:
        release = self._catalogue.release(entry.version)
        self._rebaser.origin(entry)  # so that what makes no sense is said first
        asked = entry.again or entry.into is not None or entry.base is not None
        if not asked and self._is_served(release):
            state.drop(entry.version)
            return Report(release, Standing.SERVED)
        nearer = self._nearer(state, entry)
        if nearer:
            state.put(replace(entry, behind=nearer))
            return self._standing(state.entries[entry.version])
        return self._rebaser.begin(state, entry)

    def _is_served(self, target: Release) -> bool:
        return is_served(self._stack, self._catalogue, target.line, self._tools.progress)

    def _nearer(self, state: State, entry: Unfinished) -> str:
        """The unfinished release, if any, from whose port the entry is to be carried."""
        if entry.base is not None or self._stack.base is None:
            return ""
        wanted, home = line_key(_line(entry)), self._home()
        origin = line_key(self._rebaser.origin(entry).release.line)
        found = [
            other.version
            for other in state.entries.values()
            if other.into is None and other.version != entry.version
            if _lies_between(wanted, line_key(_line(other)), home)
            and not _lies_between(wanted, origin, line_key(_line(other)))
        ]
        nearest = min if wanted < home else max
        return nearest(found, key=version_key, default="")

    # going on

    def _named(self, state: State, releases: Sequence[Release] | None) -> list[Unfinished]:
        if not state.entries:
            raise UsageError("no rebase is under way", "hgport rebase RANGE begins one")
        found = [e for e in state.entries.values() if releases is None or _is_in(e, releases)]
        if not found:
            known = ", ".join(state.entries)
            raise UsageError("no rebase to any of these is under way", f"there is one to {known}")
        return found

    def _resume(self, state: State, entry: Unfinished) -> Report:
        self._refuse_elsewhere(entry)
        if entry.waiting is None:
            return self._rebaser.go_on(state, entry)
        if self._is_lost(entry, entry.waiting):
            if not entry.resolved:
                remove_tree(self._rebaser.copy(entry.version).path)
            return self._rebaser.go_on(state, entry)
        try:
            resolved = self._resolved(entry, entry.waiting)
        except ConflictError:
            return self._standing(entry)
        entry = replace(entry, resolved=(*entry.resolved, resolved), waiting=None)
        state.put(entry)
        return self._rebaser.go_on(state, entry)

    def _is_lost(self, entry: Unfinished, waiting: Waiting) -> bool:
        """Whether the conflict can be set up again without loss, as nothing of it is there."""
        copy = self._rebaser.copy(entry.version)
        if not copy.path.exists():
            return not entry.resolved
        return copy.is_untouched(waiting.parent, waiting.merged)

    def _resolved(self, entry: Unfinished, waiting: Waiting) -> Resolved:
        copy = self._rebaser.copy(entry.version)
        node = copy.finish(waiting.parent, waiting.source, waiting.paths)
        return Resolved(waiting.patch, waiting.parent, node, waiting.paths, waiting.merged)

    def _skip(self, state: State, entry: Unfinished) -> Report:
        self._refuse_elsewhere(entry)
        if entry.waiting is None:
            return self._rebaser.go_on(state, entry)
        name, parent = entry.waiting.patch, entry.waiting.parent
        # as if nothing had been left of it; what comes next starts from there
        nothing = Resolved(name, parent, parent, ())
        entry = replace(
            entry,
            skipped=(*entry.skipped, name),
            resolved=(*entry.resolved, nothing),
            waiting=None,
        )
        state.put(entry)
        made = self._rebaser.go_on(state, entry)
        return replace(made, told=(f"{name} is left out of the port.", *made.told))

    def _start_queued(self, state: State) -> list[Report]:
        queued = {one.version: one for one in state.entries.values() if one.behind}
        queued = {v: one for v, one in queued.items() if one.below == self._below()}
        releases = self._in_order([self._catalogue.release(version) for version in queued])
        return [self._tried(self._start, state, queued[r.version], ()) for r in releases]

    def _told(self, entry: Unfinished) -> Report:
        """How a rebase stands, and with which options it goes on, if not with those of now."""
        report = self._standing(entry)
        if entry.below == self._below():
            return report
        options = self._options(entry)
        began = f"It was begun {_on(entry)}: hgport rebase {options} --continue {entry.version}"
        return replace(report, told=(*report.told, began))

    def _standing(self, entry: Unfinished) -> Report:
        release = self._catalogue.release(entry.version)
        if entry.behind:
            return Report(release, Standing.QUEUED, told=(f"It waits for {entry.behind}.",))
        copy = self._rebaser.copy(entry.version)
        if entry.waiting is None:
            told = "It was interrupted; hgport rebase --continue goes on."
            return Report(release, Standing.INTERRUPTED, place=copy.path, told=(told,))
        standing, told = self._readiness(entry, entry.waiting)
        patch = entry.waiting.patch
        return Report(release, standing, place=copy.path, patch=patch, told=(told,))

    def _readiness(self, entry: Unfinished, waiting: Waiting) -> tuple[Standing, str]:
        """What --continue would do about a conflict that waits."""
        copy = self._rebaser.copy(entry.version)
        try:
            if self._is_lost(entry, waiting):
                why = "is gone" if not copy.path.exists() else "has nothing of the merge any more"
                return Standing.OPEN, f"{copy.path} {why}; hgport rebase --continue sets it up."
            copy.require_settled(waiting.parent, waiting.paths)
        except ConflictError as err:
            return Standing.OPEN, err.message.replace(f"{copy.path}: ", "", 1)
        except HgportError as err:
            return Standing.OPEN, _sentence(err)
        return Standing.READY, "hgport rebase --continue goes on."

    # giving up

    def _abort_all(self) -> list[str]:
        # whatever the state file says, or whether it can be read
        told = [_given_up(path) for path in self._copies()]
        state = self._readable_state()
        if state is None:
            told.append(f"what {self._file} said, which was damaged")
        else:
            names = {path.name for path in self._copies()}
            told += [f"the rebase to {one}" for one in state.entries if one not in names]
        remove_tree(self.directory)
        return told

    def _readable_state(self) -> State | None:
        """The state, None if its file is damaged."""
        try:
            return State.load(self._file)
        except UsageError:
            return None

    def _abort_unread(self, releases: Sequence[Release]) -> list[str]:
        """Give up rebases of which only the working copies are known."""
        lines = {release.line for release in releases}
        told = []
        for path in self._copies():
            if is_version(path.name) and line_of(path.name) in lines:
                told.append(_given_up(path))
                remove_tree(path)
        return told

    def _copies(self) -> list[Path]:
        return sorted(path for path in self.directory.glob("[0-9]*") if path.is_dir())

    def _abort(self, state: State, version: str) -> list[str]:
        copy = self._rebaser.copy(version).path
        told = f"the rebase to {version}" + (f", with {copy}" if copy.is_dir() else "")
        remove_tree(copy)
        state.drop(version)
        return [told]


def _given_up(copy: Path) -> str:
    return f"the rebase to {copy.name}, with {copy}"


def _entry(release: Release, wish: Wish) -> Unfinished:
    into = None if wish.into is None else str(wish.into.absolute())
    return Unfinished(release.version, wish.base, wish.uses_memory, into, wish.again)


def _is_in(entry: Unfinished, releases: Sequence[Release]) -> bool:
    """Whether a rebase is meant by these releases, or by the newest of its line."""
    return any(entry.version == r.version or _line(entry) == r.line for r in releases)


def _line(entry: Unfinished) -> str:
    return line_of(entry.version)


def _on(entry: Unfinished) -> str:
    return "on top of other stacks" if entry.below else "on the release by itself"


_Key = tuple[int, ...]


def _lies_between(one: _Key, middle: _Key, other: _Key) -> bool:
    """Whether ``middle`` lies between the two, which are left out."""
    return one < middle < other or other < middle < one


def _sentence(err: HgportError) -> str:
    return err.message + (f" ({err.hint})" if err.hint else "")
