"""Merge one file: what a patch did to it, carried to another release.

The steps, each tried only where the one before did not do: the patch's own hunks and a merge by
lines; a merge by logical lines and tokens, for Python; a merge by units of text, for what is no
Python; a conflict.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hgport.engine.merge import assemble, blocks, bylines, check, logical, names, textual
from hgport.engine.merge.bylines import LineMerge
from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.lexer import NotPython
from hgport.engine.merge.literals import Literals
from hgport.engine.merge.pieces import Decided, Disputed
from hgport.engine.merge.prose import Unwritable
from hgport.engine.merge.result import Conflict, Merge, Sides, Step
from hgport.engine.merge.settle import Settled, dispute, settle
from hgport.engine.merge.units import Cut

# path and content -> why the content does not compile, "" if it does
Compiles = Callable[[str, bytes], str]


def merge_file(
    sides: Sides,
    dialect: Dialect,
    compiles: Compiles | None = None,
    *,
    origin: Dialect | None = None,
) -> Merge:
    """Merge the patch's change into the target.

    ``dialect`` is the target's, ``origin`` that of the base, None if nobody knows it; then the
    files tell.  ``compiles`` is asked about Python that was merged; None is for
    where no interpreter of the release is at hand.  Never raises for what the files hold.
    """
    return _Merger(sides, dialect, compiles, origin).merge()


@dataclass(frozen=True)
class _Candidate:
    """A merge that one of the steps proposes."""

    content: bytes
    conflicts: tuple[Conflict, ...]
    disputed: tuple[Disputed, ...]
    undecided: bytes
    decided: tuple[Decided, ...]


class _Merger:
    def __init__(
        self,
        sides: Sides,
        dialect: Dialect,
        compiles: Compiles | None = None,
        origin: Dialect | None = None,
    ) -> None:
        self._origin = origin
        self._sides = sides
        self._dialect = dialect
        self._compiles = compiles
        self._notes: list[str] = []
        self._lines = [
            data.splitlines(keepends=True) for data in (sides.base, sides.patched, sides.target)
        ]

    def merge(self) -> Merge:
        s = self._sides
        if s.base == s.patched:
            return Merge(s.target, ())
        if s.target in (s.base, s.patched):
            step = Step.EXACT if s.target == s.base else Step.APPLIED
            why = "the target is the base" if s.target == s.base else "the target is the result"
            every = Decided(1, len(self._lines[0]) + 1, step, why)
            return self._told(s.patched, (), (every,))
        by_lines = bylines.merge(*self._lines)
        restyle = self._literals is not None and self._literals.crosses
        if by_lines.content is not None and not restyle and self._is_sound(by_lines):
            return self._told(by_lines.content, (), by_lines.decided)
        found = self._by_units()
        doubtful = (found is None or found.conflicts) and not self._brings_style()
        if doubtful and by_lines.content is not None and self._is_sound(by_lines):
            return self._told(by_lines.content, (), by_lines.decided)
        if found is None:
            found = self._as_lines(everything=by_lines.content is not None)
        return self._told(found.content, found.conflicts, found.decided)

    # the steps

    @functools.cached_property
    def _python(self) -> tuple[Cut, Cut, Cut] | None:
        """The three sides as Python, if they are that."""
        s = self._sides
        if not _is_python(s):
            return None
        try:
            return logical.cut(s.base), logical.cut(s.patched), logical.cut(s.target)
        except NotPython as err:
            self._notes.append(f"it cannot be read as Python ({err}), and is merged by lines")
            return None

    @functools.cached_property
    def _literals(self) -> Literals | None:
        """How the target writes the base's literals, of Python."""
        if self._python is None:
            return None
        base, _patched, target = (one.units for one in self._python)
        return Literals(self._sides.path, target, base, self._dialect, self._origin)

    def _brings_style(self) -> bool:
        """Whether the patch adds literals that the target would write otherwise."""
        if self._python is None or self._literals is None:
            return False
        base, patched, _target = self._python
        known = {unit.identity for unit in base.units}
        return self._literals.changes(u for u in patched.units if u.identity not in known)

    def _by_units(self) -> _Candidate | None:
        """The format-aware merge; None if no way to see it is sound."""
        if self._python is None:
            return self._as_text()
        base, patched, target = self._python
        for settled in settle(base.units, patched.units, target.units):
            found = self._written(settled)
            if found is not None:
                return found
        return None

    def _written(self, settled: Settled) -> _Candidate | None:
        """What was settled as a file; None if it is not sound."""
        assert self._python is not None
        base, patched, target = self._python
        if not blocks.keeps_places(settled.pieces, patched.units, target.units, base.units):
            return None
        tail = target.tail if base.tail == patched.tail else patched.tail
        writer = assemble.Writer(
            self._sides.path, base, target, self._dialect, self._origin, python=True
        )
        try:
            made = _candidate(writer.write(settled.pieces, tail), settled.decided)
        except Unwritable:
            return None
        whole = not any(d.step is Step.APPLIED for d in settled.decided)
        if not check.same_change(base, patched, target, made.undecided, made.disputed, whole=whole):
            return None
        if not made.conflicts and not self._is_python_still(made.content):
            return None
        return None if self._strays(made.undecided, made.disputed) else made

    def _as_text(self) -> _Candidate:
        s = self._sides
        base, patched, target = (
            textual.cut(s.path, data) for data in (s.base, s.patched, s.target)
        )
        settled = settle(base.units, patched.units, target.units)[0]
        if not blocks.keeps_places(settled.pieces, patched.units, target.units, base.units):
            return self._as_lines(everything=False)
        writer = assemble.Writer(s.path, base, target, self._dialect, self._origin, python=False)
        return _candidate(writer.write(settled.pieces, b""), settled.decided)

    def _as_lines(self, *, everything: bool) -> _Candidate:
        """The conflicts of a merge by lines; ``everything`` has each change of the patch be one."""
        s = self._sides
        base, patched, target = (
            textual.cut("lines", data) for data in (s.base, s.patched, s.target)
        )
        if not self._notes:
            self._notes.append("a merge of it could not be shown to be right")
        settled = dispute(base.units, patched.units, target.units, everything=everything)
        writer = assemble.Writer(s.path, base, target, self._dialect, self._origin, python=False)
        return _candidate(writer.write(settled.pieces, b""), settled.decided)

    # judgement

    def _is_sound(self, merged: LineMerge) -> bool:
        if self._python is None or merged.content is None:
            return merged.content is not None
        whole = not any(d.step is Step.APPLIED for d in merged.decided)
        return (
            check.same_change(*self._python, merged.content, (), whole=whole)
            and self._is_python_still(merged.content)
            and not self._strays(merged.content)
        )

    def _strays(self, content: bytes, disputed: Sequence[Disputed] = ()) -> bool:
        """Whether the merge uses what the target does not have, or adds what it has; that is
        noted."""
        assert self._python is not None
        base, patched, target = (one.units for one in self._python)
        try:
            merged = [*logical.cut(content).units, *(u for d in disputed for u in d.patched)]
        except NotPython:
            return True
        note = ""
        lacking = names.missing(base, patched, target, merged)
        if lacking:
            told = b", ".join(lacking).decode("utf-8", "replace")
            note = f"the patch uses {told}, which the target does not have there"
        elif names.doubled(base, patched, target, merged):
            note = "the target has, in another place, what the patch adds"
        if note and note not in self._notes:
            self._notes.append(note)
        return bool(note)

    def _is_python_still(self, content: bytes) -> bool:
        path, target = self._sides.path, self._sides.target
        if check.is_well_formed(target) and not check.is_well_formed(content):
            return False
        if self._compiles is None or not self._compiles(path, content):
            return True
        return bool(self._compiles(path, target))

    # the result

    def _told(
        self, content: bytes, conflicts: Sequence[Conflict], decided: Sequence[Decided]
    ) -> Merge:
        base, patched, target = self._lines
        changes = bylines.changes(base, patched)
        exact = [bylines.is_exact(change, base, target) for change in changes]
        hunks = bylines.hunks(changes, decided, exact)
        return Merge(content, hunks, tuple(conflicts), tuple(self._notes))


def _candidate(made: assemble.Written, decided: Sequence[Decided]) -> _Candidate:
    """What was written, and how each change was settled, what turned out disputed included."""
    disputed = [
        Decided(one.base[0].line, one.base[-1].last, Step.CONFLICT, one.why)
        for one in made.disputed
        if one.base
    ]
    every = (*decided, *disputed)
    return _Candidate(made.content, made.conflicts, made.disputed, made.undecided, every)


def _is_python(sides: Sides) -> bool:
    if sides.path.endswith(".py"):
        return True
    first = sides.target.partition(b"\n")[0]
    return first.startswith(b"#!") and b"python" in first
