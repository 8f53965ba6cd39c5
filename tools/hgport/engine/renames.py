"""Find where a file of one release went in another.

No history is at hand, only the two trees.  What a file can have become is a file that the other
release has and this one had not, and of whose lines at least half are the same.
"""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable

from hgport.engine.releasetree import Tree

# the part of the lines of both files that must be the same
LEAST = 0.5
# a file of fewer lines is like too many others
_FEWEST_LINES = 5


def renamed(path: str, old: Tree, new: Tree) -> str | None:
    """The path that a file of ``old`` has in ``new``, where there is none at its own.

    Files of the same base name come first; of several the one that is most alike is taken.  None
    if none is alike enough, or two are equally so.
    """
    content = old.read(path)
    if content is None or len(_lines(content)) < _FEWEST_LINES:
        return None
    fresh = set(new.names()) - set(old.names())
    name = posixpath.basename(path)
    namesakes = {other for other in fresh if posixpath.basename(other) == name}
    return _best(content, new, namesakes) or _best(content, new, fresh - namesakes)


def similarity(one: bytes, other: bytes) -> float:
    """The part of the lines of two texts that is in both, from 0 to 1; blanks and bytes' prefixes,
    which a reformatting changes, do not count."""
    return _alike(_lines(one), _lines(other))


def _lines(content: bytes) -> Counter[bytes]:
    if b"\0" in content:
        return Counter()
    plain = content.replace(b"b'", b"'").replace(b'b"', b'"').replace(b"r'", b"'")
    lines = (b" ".join(line.split()) for line in plain.split(b"\n"))
    return Counter(line for line in lines if line)


def _alike(one: Counter[bytes], other: Counter[bytes]) -> float:
    total = sum(one.values()) + sum(other.values())
    return 2 * sum((one & other).values()) / total if total else 0.0


def _best(content: bytes, tree: Tree, paths: Iterable[str]) -> str | None:
    wanted = _lines(content)
    found: list[tuple[float, str]] = []
    for path, text in tree.read_all(sorted(paths)).items():
        alike = _alike(wanted, _lines(text)) if text is not None else 0.0
        if alike >= LEAST:
            found.append((alike, path))
    found.sort(reverse=True)
    if len(found) > 1 and found[0][0] == found[1][0]:
        return None
    return found[0][1] if found else None
