"""Write the pieces of a merge as a file, each as the target writes its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hgport.engine.merge import blacken, logical, prose, result
from hgport.engine.merge.canon import atoms
from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.layout import (
    Word,
    aligned,
    broken,
    closers_pulled_up,
    gaps,
    has_lone_closer,
    is_too_long,
    joined,
    reindented,
)
from hgport.engine.merge.lexer import NotPython, tokens
from hgport.engine.merge.literals import Literals
from hgport.engine.merge.pieces import Disputed, FromPatch, FromTarget, Imports, Mixed, Piece
from hgport.engine.merge.prose import Unwritable
from hgport.engine.merge.result import Conflict
from hgport.engine.merge.units import Cut, Unit

_STARTS = frozenset([b"def", b"class", b"@", b"async"])
_INDENT = 4


@dataclass(frozen=True)
class Written:
    """A merged file: with markers around its conflicts, and in ``undecided`` with the target's
    side of each instead."""

    content: bytes
    conflicts: tuple[Conflict, ...]
    disputed: tuple[Disputed, ...]
    undecided: bytes


@dataclass
class _Part:
    """One piece as text; ``fresh`` says that it is to be laid out anew."""

    lead: bytes
    text: bytes
    fresh: bool = False
    disputed: Disputed | None = None


class Writer:
    """Writes pieces in the style of the target.

    What the patch brings is in the style of the base, and only translated where the two differ.
    ``python`` says whether the units are those of Python; texts are written as they are.
    """

    def __init__(
        self,
        path: str,
        base: Cut,
        target: Cut,
        dialect: Dialect,
        origin: Dialect | None = None,
        *,
        python: bool,
    ) -> None:
        self._python = python
        self._dialect = dialect
        self._pulls_up = not dialect.black and _is_exploded(base) and not _is_exploded(target)
        self._literals = Literals(path, target.units, base.units, dialect, origin)
        self._indents = _indents(target.units)
        self._blank_lines = _usual_lead(target.units), _usual_lead(base.units)

    def write(self, pieces: Sequence[Piece], tail: bytes) -> Written:
        """The file, with markers around what is disputed.  Raises Unwritable."""
        parts = [self._part(piece) for piece in pieces]
        self._end_lines(parts, tail)
        if self._python and self._dialect.black:
            self._blacken(parts, tail)
        return self._put_together(parts, tail)

    # pieces

    def _part(self, piece: Piece) -> _Part:
        if isinstance(piece, (Mixed, Imports)):
            try:
                return self._merged(piece)
            except Unwritable:
                why = "both changed it, and the two cannot be written as one"
                piece = Disputed((piece.base,), (piece.patched,), (piece.target,), why)
        if isinstance(piece, FromTarget):
            lead = piece.unit.lead if piece.lead is None else piece.lead
            return _Part(lead, self._at_depth(piece.unit, piece.unit.text, piece.depth))
        if isinstance(piece, FromPatch):
            return self._from_patch(piece)
        return _Part(b"", b"".join(_whole(piece.target)), False, piece)

    def _from_patch(self, piece: FromPatch) -> _Part:
        unit = piece.unit
        text = self._at_depth(unit, self._restyled(unit), piece.depth, always=self._python)
        self._check(unit.kind, text, unit.key)
        fresh = text != unit.text or self._literals.crosses
        return _Part(self._lead(unit), text, fresh)

    def _merged(self, piece: Mixed | Imports) -> _Part:
        if isinstance(piece, Imports):
            return _Part(piece.target.lead, self._imports(piece), True)
        separator = b"\0" if self._python else b""
        text = self._at_depth(piece.target, self._mixed(piece), piece.depth)
        key = separator.join(taken.canon for taken in piece.taken)
        self._check(piece.target.kind, text, key)
        spread = b"\n" in text.rstrip(b"\n") or is_too_long(text)
        return _Part(piece.target.lead, text, spread)

    def _check(self, kind: str, text: bytes, key: bytes) -> None:
        """Raise Unwritable if a text does not say what it should."""
        if not self._python:
            said = text
        else:
            try:
                line = [token for token in tokens(text) if token.kind != "newline"]
                said = b"\0".join(logical.words(kind, line))
            except NotPython:
                raise Unwritable from None
        if said != key:
            raise Unwritable

    def _at_depth(
        self, unit: Unit, text: bytes, depth: int | None, *, always: bool = False
    ) -> bytes:
        if depth is None or (depth == unit.depth and not always):
            return text
        width = _INDENT * depth
        indent = self._indents.get(depth, b" " * width)
        return reindented(unit, text, indent)

    def _restyled(self, unit: Unit) -> bytes:
        if unit.kind != "code":
            return unit.text
        after = [
            self._literals.rewrite(unit.tokens, index) if token.kind == "string" else token.text
            for index, token in enumerate(unit.tokens)
        ]
        text = aligned(unit.text, unit.tokens, after)
        return closers_pulled_up(text) if self._pulls_up else text

    def _lead(self, unit: Unit) -> bytes:
        ours, theirs = self._blank_lines
        if self._python and unit.depth == 0 and unit.lead.count(b"\n") == theirs:
            return b"\n" * ours
        return unit.lead

    # units that both changed

    def _mixed(self, piece: Mixed) -> bytes:
        if piece.target.kind == "code":
            return self._mixed_code(piece)
        if piece.target.kind in ("comment", "docstring"):
            write = prose.comment if piece.target.kind == "comment" else prose.docstring
            return write(piece)
        return b"".join(taken.canon for taken in piece.taken)

    def _mixed_code(self, piece: Mixed) -> bytes:
        target, patched = piece.target, piece.patched
        spaces = {"target": gaps(target), "patched": gaps(patched)}
        words = []
        for taken in self._with_hidden(piece):
            unit = target if taken[0] == "target" else patched
            token = unit.tokens[taken[1]]
            text = token.text
            if unit is patched and token.kind == "string":
                text = self._literals.rewrite(unit.tokens, taken[1])
            words.append(Word(text, spaces[taken[0]][taken[1]], taken[0], taken[1], token.kind))
        end = target.text[target.tokens[-1].end :] if target.tokens else b"\n"
        text = target.indent + joined(words) + end
        if self._dialect.black or not is_too_long(text):
            return text
        return broken(text, tokens(text))

    def _with_hidden(self, piece: Mixed) -> list[tuple[str, int]]:
        """The tokens of a mixed unit with those that its canonical form hides, such as a trailing
        comma or parentheses around the right-hand side, where the target has them."""
        shown = [(taken.side, taken.index) for taken in piece.taken]
        known = {taken.index for taken in piece.taken if taken.side == "target"}
        canonical = {atom for atom in _canonical_indexes(piece.target)}
        hidden = [i for i in range(len(piece.target.tokens)) if i not in canonical]
        for index in hidden:
            # a comma goes with the bracket after it, the parentheses with what is before them
            after = index + 1
            while after in hidden:
                after += 1
            before = index - 1
            while before in hidden:
                before -= 1
            text = piece.target.tokens[index].text
            if text == b"," and after in known:
                shown.insert(shown.index(("target", after)), ("target", index))
            elif text == b"(" and before in known:
                at = shown.index(("target", before)) + 1
                while at < len(shown) and shown[at] in [("target", h) for h in hidden]:
                    at += 1
                shown.insert(at, ("target", index))
            elif text == b")" and after in known:
                shown.insert(shown.index(("target", after)), ("target", index))
            elif text == b")" and after >= len(piece.target.tokens):
                shown.append(("target", index))
            elif text != b",":
                raise Unwritable
        return shown

    def _imports(self, piece: Imports) -> bytes:
        unit = piece.target
        words = [token for token in unit.tokens]
        at = next(i for i, token in enumerate(words) if token.text == b"import")
        head = unit.text[: words[at].end]
        names = [b" ".join(name) for name in piece.names]
        if b"\n" not in unit.text.rstrip(b"\n"):
            text = head + b" " + b", ".join(names) + b"\n"
            if not is_too_long(text):
                return text
            return _one_name_a_line(head, names, unit.indent + b" " * _INDENT, unit.indent)
        inner = unit.text[words[at].end :]
        first_line, _newline, rest = inner.partition(b"\n")
        if first_line.strip() == b"(" and len(rest.splitlines()) >= len(names) - 2:
            indent = rest[: len(rest) - len(rest.lstrip(b" \t"))]
            return _one_name_a_line(head, names, indent, unit.indent)
        raise Unwritable

    # the file

    def _end_lines(self, parts: Sequence[_Part], tail: bytes) -> None:
        """Give a line that was its file's last one, and has no end, one if others follow."""
        for number, part in enumerate(parts):
            follows = number + 1 < len(parts) or tail
            if follows and part.text and not part.text.endswith(b"\n"):
                part.text += b"\n"

    def _blacken(self, parts: Sequence[_Part], tail: bytes) -> None:
        data = b"".join(part.lead + part.text for part in parts) + tail
        try:
            units = logical.cut(data).units
        except NotPython:
            return
        if b"".join(u.lead + u.text for u in units) + tail != data:
            return
        fresh, starts = _line_by_line(parts, units)
        for index, text in blacken.laid_out(units, fresh).items():
            part = starts.get(index)
            if part is not None and part.text == units[index].text:
                part.text = text

    def _put_together(self, parts: Sequence[_Part], tail: bytes) -> Written:
        out: list[bytes] = []
        conflicts: list[Conflict] = []
        lines = 0
        for part in parts:
            if part.disputed is None:
                text = part.lead + part.text
            else:
                text, conflict = self._marked(part.disputed, lines)
                conflicts.append(conflict)
            out.append(text)
            lines += text.count(b"\n")
        disputed = tuple(part.disputed for part in parts if part.disputed is not None)
        undecided = b"".join(part.lead + part.text for part in parts) + tail
        return Written(b"".join([*out, tail]), tuple(conflicts), disputed, undecided)

    def _marked(self, disputed: Disputed, lines: int) -> tuple[bytes, Conflict]:
        base = _ended(b"".join(unit.lead + self._shown(unit) for unit in disputed.base))
        patched = _ended(b"".join(unit.lead + self._shown(unit) for unit in disputed.patched))
        target = _ended(b"".join(_whole(disputed.target)))
        text = marked(base, patched, target)
        return text, Conflict(lines + 1, base, patched, target, disputed.why)

    def _shown(self, unit: Unit) -> bytes:
        """A unit of the base or the patch as a person who works on the target wants to read it."""
        return self._restyled(unit) if self._python else unit.text


def marked(base: bytes, patched: bytes, target: bytes) -> bytes:
    """The three sides of a conflict between their markers."""
    parts = (result.TARGET_MARK, target, result.BASE_MARK, base, result.BETWEEN_MARK, patched)
    lines = [part + b"\n" if number % 2 == 0 else part for number, part in enumerate(parts)]
    return b"".join(lines) + result.PATCH_MARK + b"\n"


def _is_exploded(cut: Cut) -> bool:
    """Whether a file has closing parentheses on lines of their own, as black writes them."""
    return any(has_lone_closer(unit.text) for unit in cut.units if unit.kind == "code")


def _ended(text: bytes) -> bytes:
    return text if not text or text.endswith(b"\n") else text + b"\n"


def _whole(units: Sequence[Unit]) -> list[bytes]:
    return [unit.lead + unit.text for unit in units]


def _canonical_indexes(unit: Unit) -> Iterator[int]:
    return (atom.number for atom in atoms(unit.tokens))


def _one_name_a_line(head: bytes, names: Sequence[bytes], indent: bytes, end: bytes) -> bytes:
    lines = [indent + name + b",\n" for name in names]
    return head + b" (\n" + b"".join(lines) + end + b")\n"


def _indents(units: Sequence[Unit]) -> dict[int, bytes]:
    """How the target writes each depth."""
    found: dict[int, Counter[bytes]] = {}
    for unit in units:
        if unit.kind != "comment":
            found.setdefault(unit.depth, Counter())[unit.indent] += 1
    return {depth: seen.most_common(1)[0][0] for depth, seen in found.items()}


def _usual_lead(units: Sequence[Unit]) -> int:
    """How many blank lines there usually are before what starts at the left."""
    seen = Counter(
        unit.lead.count(b"\n")
        for number, unit in enumerate(units)
        if number and unit.depth == 0 and unit.tokens and unit.tokens[0].text in _STARTS
    )
    return seen.most_common(1)[0][0] if seen else 1


def _line_by_line(
    parts: Sequence[_Part], units: Sequence[Unit]
) -> tuple[list[bool], dict[int, _Part]]:
    """Which units of the assembled file are fresh, and the fresh part of each."""
    by_line: dict[int, _Part] = {}
    line = 1
    for part in parts:
        by_line[line + part.lead.count(b"\n")] = part
        line += (part.lead + part.text).count(b"\n")
    starts = {}
    for index, unit in enumerate(units):
        found = by_line.get(unit.line)
        if found is not None and found.fresh:
            starts[index] = found
    return [index in starts for index in range(len(units))], starts
