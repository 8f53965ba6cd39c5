"""What the tests of engine/merge share: merges told by their texts, the Python of whole releases,
and small programs made at random."""

from __future__ import annotations

import functools
import textwrap

from hypothesis import strategies as st

from hgport.engine.merge import logical
from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.merge import Compiles, merge_file
from hgport.engine.merge.result import Merge, Sides
from hgport.engine.merge.units import Cut, Unit
from hgport.model import project
from hgport.upstream import unpack
from hgport.upstream.sdist import fetch

MARKS = (b"<<<<<<< target\n", b"||||||| base\n", b"=======\n", b">>>>>>> patch\n")
PATH = "mercurial/module.py"


def source(text: str) -> bytes:
    """A text of a test, without the indentation that it has there."""
    return textwrap.dedent(text).lstrip("\n").encode()


def merged(
    base: bytes,
    patched: bytes,
    target: bytes,
    line: str = "5.2",
    path: str = PATH,
    compiles: Compiles | None = None,
) -> Merge:
    """Merge three texts onto a release of a line."""
    return merge_file(Sides(path, base, patched, target), Dialect.of(line), compiles)


def resolved(
    base: bytes, patched: bytes, target: bytes, line: str = "5.2", path: str = PATH
) -> bytes:
    """The content of a merge that must not conflict."""
    found = merged(base, patched, target, line, path)
    assert not found.conflicts, found.content.decode(errors="replace")
    return found.content


def disputed(
    base: bytes, patched: bytes, target: bytes, line: str = "5.2", path: str = PATH
) -> Merge:
    """A merge that must conflict, in both directions."""
    assert merged(base, target, patched, line, path).conflicts
    found = merged(base, patched, target, line, path)
    assert found.conflicts, found.content.decode(errors="replace")
    return found


def cut(text: bytes | str) -> Cut:
    """A text of Python as its units."""
    return logical.cut(text.encode() if isinstance(text, str) else text)


def unit(text: bytes | str) -> Unit:
    """A text of Python that is one unit; if it is indented, it is so in a block."""
    data = text.encode() if isinstance(text, str) else text
    opener = b"if block:\n" if data[:1] in b" \t" else b""
    return cut(opener + data).units[-1]


@functools.cache
def python_files(version: str) -> dict[str, bytes]:
    """Every Python file of a release, by path."""
    archive = unpack.read(fetch(project.load()[1].release(version)))
    return {
        path: bytes(member.data)
        for path, member in sorted(archive.files.items())
        if path.endswith(".py")
    }


_NAMES = st.sampled_from(b"repo ui ctx node path rev".split())
_ATOMS = st.one_of(
    _NAMES,
    st.sampled_from([b"0", b"0x1f", b"b'%s'", b"b'a b'", b'b"it\'s"', b"r'\\d'", b"self.ui"]),
)
EXPRESSIONS = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(
        st.tuples(_NAMES, st.lists(inner, max_size=3)).map(
            lambda call: call[0] + b"(" + b", ".join(call[1]) + b")"
        ),
        st.tuples(inner, st.sampled_from([b" + ", b" % ", b" in ", b" or "]), inner).map(b"".join),
        st.lists(inner, min_size=1, max_size=3).map(lambda all_: b"[" + b", ".join(all_) + b"]"),
    ),
    max_leaves=6,
)
STATEMENTS = st.one_of(
    st.tuples(_NAMES, EXPRESSIONS).map(b" = ".join),
    EXPRESSIONS.map(lambda one: b"return " + one),
    st.tuples(_NAMES, st.lists(EXPRESSIONS, max_size=3)).map(
        lambda call: call[0] + b"(" + b", ".join(call[1]) + b")"
    ),
    st.lists(_NAMES, min_size=1, max_size=5).map(lambda words: b"# " + b" ".join(words)),
)
