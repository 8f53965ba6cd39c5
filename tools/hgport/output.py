"""What hgport says on standard output, whatever the terminal can show."""

from __future__ import annotations

import sys


def say(*lines: str) -> None:
    """Print lines, at once.  A character that standard output cannot encode becomes "?"."""
    encoding = sys.stdout.encoding or "ascii"
    for line in lines:
        print(line.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
