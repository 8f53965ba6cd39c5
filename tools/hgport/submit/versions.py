"""Versions of a series: what was sent is kept as text that can be reviewed, in
``patches/sent/LINE/vN/``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from hgport.errors import HgportError

if TYPE_CHECKING:
    from hgport.submit.compose import Composed


def remember(composed: Composed) -> Path:
    """Keep a series as it was sent: its patches, its series file and ``sent.toml``.

    The directory is returned.  To remember the same again changes ``sent.toml`` alone.  Raises
    UsageError if other patches are remembered as that version, OutsideError if the disk refuses.
    """
    raise HgportError("hgport cannot remember what was sent yet")
