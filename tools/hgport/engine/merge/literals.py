"""Write a literal of the patch as the target writes its own: with ``b''`` or without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from hgport.engine.merge.canon import canonical_string, split_string
from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.lexer import Token
from hgport.engine.merge.units import Unit

# fewer than this say nothing about a file's style
_ENOUGH = 4
# two files mark their bytes differently if the shares of what is marked differ by this: those that
# talk to the web or the system have more native literals than bytes, in any style
_FAR = 0.3
# a file has any marked literals worth the name, or writes them so throughout
_SOME, _MOST = 0.1, 0.5
# what takes the name of an attribute, which is native, as its second argument
_ATTRIBUTE = frozenset(
    b"getattr setattr hasattr delattr safehasattr wrapfunction wrapclass addattr".split()
)
_CODECS = frozenset([b"encode", b"decode"])


class Literals:
    """Rewrites the literals that come from one file as another one writes them.

    Style goes by file and by the share of literals that are marked with ``b``; where the target has
    too few, the dialect tells.  ``dialect`` is the target's, ``origin`` that of the base, None if
    nobody knows it.
    """

    def __init__(
        self,
        path: str,
        target: Sequence[Unit],
        base: Sequence[Unit],
        dialect: Dialect,
        origin: Dialect | None = None,
    ) -> None:
        theirs, ours = list(_strings(target)), list(_strings(base))
        loaded = path.startswith(("mercurial/", "hgext/", "hgext3rd/"))
        share = _marked(theirs, float(dialect.bytes_marked), _ENOUGH)
        if origin is not None and loaded and origin.bytes_marked != dialect.bytes_marked:
            # what a plain literal means is known, however the file is written
            self._to_marked = dialect.bytes_marked and share >= _SOME
            self._to_plain = origin.bytes_marked and share < _MOST
        elif origin is not None and origin.bytes_marked and dialect.bytes_marked:
            self._to_marked = self._to_plain = False
        else:
            by = share - _marked(ours, share, 1)
            self._to_marked, self._to_plain = by >= _FAR, -by >= _FAR
        self._attributes = _second_arguments(target)
        self._transformed = dialect.transformed and loaded
        self._marks = dialect.bytes_marked
        self._raw_natives = any(_is_raw_native(text) for text in theirs)
        self._known: dict[bytes, set[bytes]] = {}
        for text in theirs:
            prefix = split_string(text)[0]
            self._known.setdefault(canonical_string(text), set()).add(prefix)

    @property
    def crosses(self) -> bool:
        """Whether the two files mark their literals differently."""
        return self._to_marked or self._to_plain

    def changes(self, units: Iterable[Unit]) -> bool:
        """Whether any literal of these would be written otherwise."""
        return any(
            token.kind == "string" and self.rewrite(unit.tokens, index) != token.text
            for unit in units
            if unit.kind == "code"
            for index, token in enumerate(unit.tokens)
        )

    def rewrite(self, line: Sequence[Token], index: int) -> bytes:
        """The text of the literal ``line[index]`` in the target's style."""
        text = line[index].text
        prefix, _quotes, inner = split_string(text)
        lower = prefix.lower()
        if b"f" in lower or b"u" in lower or b"t" in lower:
            return text
        known = self._known.get(canonical_string(text), set())
        if not self.crosses:
            # a native literal may have lost its r, but is none of bytes
            known = known - {b"b", b"br", b"rb"} if lower == b"r" else set()
        if len(known) == 1 and (b"\\" not in inner or _is_raw(prefix) == _is_raw(min(known))):
            return min(known) + text[len(prefix) :]
        return self._prefix(line, index, lower, inner) + text[len(prefix) :]

    def _is_native(self, line: Sequence[Token], index: int) -> bool:
        """Whether a plain literal there is native in any style: the name of an attribute or of a
        codec, or what ``__name__`` is compared with.  What the target does decides."""
        before = [token.text for token in line[max(index - 2, 0) : index]]
        if before == [b"__name__", b"=="]:
            return True
        if before[-1:] == [b"("] and before[0] in _CODECS:
            return True
        if before[-1:] != [b","]:
            return False
        called = _called(line, index)
        return called in _ATTRIBUTE and self._attributes.get(called, True)

    def _prefix(self, line: Sequence[Token], index: int, lower: bytes, inner: bytes) -> bytes:
        raw = b"r" if b"r" in lower else b""
        if self._to_plain:
            if b"b" in lower:
                return raw
            native = self._transformed and b"\\" not in inner and not self._is_native(line, index)
            return b"r" if native else raw
        if self._to_marked:
            if b"b" in lower:
                return lower
            if raw and b"\\" not in inner:
                return b"r" if self._raw_natives else b""
            return raw if self._is_native(line, index) else b"b" + raw
        if self._marks and lower == b"r" and b"\\" not in inner and not self._raw_natives:
            return b""
        return lower


def _is_raw(prefix: bytes) -> bool:
    return b"r" in prefix.lower()


def _strings(units: Iterable[Unit]) -> Iterable[bytes]:
    for unit in units:
        if unit.kind == "code":
            yield from (token.text for token in unit.tokens if token.kind == "string")


def _marked(strings: Sequence[bytes], default: float, enough: int) -> float:
    """The share of literals of bytes that are marked, of those that are or might be bytes."""
    prefixes = Counter(split_string(text)[0].lower() for text in strings)
    marked = prefixes[b"b"] + prefixes[b"br"] + prefixes[b"rb"]
    count = marked + prefixes[b""]
    return default if count < enough else marked / count


def _is_raw_native(text: bytes) -> bool:
    prefix, _quotes, inner = split_string(text)
    return prefix.lower() == b"r" and b"\\" not in inner


def _second_arguments(units: Iterable[Unit]) -> dict[bytes, bool]:
    """The functions of which a file gives the second argument as a literal, and whether that is
    native wherever it does."""
    found: dict[bytes, bool] = {}
    for unit in units:
        for index, token in enumerate(unit.tokens if unit.kind == "code" else ()):
            if token.kind == "string" and index and unit.tokens[index - 1].text == b",":
                name = _called(unit.tokens, index)
                native = b"b" not in split_string(token.text)[0].lower()
                found[name] = found.get(name, True) and native
    return found


def _called(line: Sequence[Token], index: int) -> bytes:
    """The name of the function whose second argument starts at ``index``."""
    depth = commas = 0
    for at in range(index - 1, 0, -1):
        text = line[at].text
        if line[at].kind != "op":
            continue
        if text in (b")", b"]", b"}"):
            depth += 1
        elif text in (b"(", b"[", b"{"):
            if depth == 0:
                return line[at - 1].text if commas == 1 else b""
            depth -= 1
        elif text == b"," and depth == 0:
            commas += 1
    return b""
