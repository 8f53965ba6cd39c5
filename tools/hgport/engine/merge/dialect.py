"""How a release writes its Python: what a merge must know of the target besides its text."""

from __future__ import annotations

from dataclasses import dataclass

from hgport.model.release import line_key

# from this line on every literal of bytes is written so, and black has formatted the tree
_BYTEIFIED = (5, 2)


@dataclass(frozen=True)
class Dialect:
    """``bytes_marked``: bytes are written ``b''``, a plain literal is native; else a plain literal
    is bytes.  ``black``: the tree is formatted by black, with 80 columns and quotes as they are."""

    bytes_marked: bool
    black: bool

    @classmethod
    def of(cls, line: str) -> Dialect:
        """That of the releases of a line ("5.2").  Raises UsageError for what is no line."""
        modern = line_key(line) >= _BYTEIFIED
        return cls(modern, modern)
