"""How a release writes its Python: what a merge must know of the target besides its text."""

from __future__ import annotations

from dataclasses import dataclass

from hgport.model.release import line_key

# up to here Python 3 only ever ran experiments
_PYTHON_3 = (5, 0)
# from this line on every literal of bytes is written so, and black has formatted the tree
_BYTEIFIED = (5, 2)


@dataclass(frozen=True)
class Dialect:
    """``bytes_marked``: bytes are written ``b''``, a plain literal is native; else a plain literal
    is bytes.  ``transformed``: on Python 3 the release makes bytes of plain literals as it loads
    its modules, so that a native one is ``r''``.  ``black``: the tree is formatted by black, with
    80 columns and quotes as they are."""

    bytes_marked: bool
    black: bool
    transformed: bool = False

    @classmethod
    def of(cls, line: str) -> Dialect:
        """That of the releases of a line ("5.2").  Raises UsageError for what is no line."""
        key = line_key(line)
        modern = key >= _BYTEIFIED
        return cls(modern, modern, _PYTHON_3 <= key < _BYTEIFIED)
