"""Merge one file: what a patch did to it, carried to another release."""

from __future__ import annotations

from collections.abc import Callable

from hgport.engine.merge.dialect import Dialect
from hgport.engine.merge.result import Merge, Sides

# path and content -> why the content does not compile, "" if it does
Compiles = Callable[[str, bytes], str]


def merge_file(sides: Sides, dialect: Dialect, compiles: Compiles | None = None) -> Merge:
    """Merge the patch's change into the target.

    ``dialect`` is the target's.  ``compiles`` is asked about Python that was merged; None is for
    where no interpreter of the release is at hand.  Never raises for what the files hold.
    """
    raise NotImplementedError
