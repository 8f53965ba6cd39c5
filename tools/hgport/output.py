"""What hgport says on standard output, whatever the terminal can show, and how wide that is."""

from __future__ import annotations

import os
import sys


def say(*lines: str) -> None:
    """Print lines, at once.  A character that standard output cannot encode becomes "?"."""
    encoding = sys.stdout.encoding or "ascii"
    for line in lines:
        print(line.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def width() -> int:
    """The characters of a line of the terminal; as shutil tells, which takes long to import."""
    told = os.environ.get("COLUMNS", "")
    if told.isdecimal() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(1).columns or 100
    except OSError:
        return 100


def counted(number: int, one: str, more: str) -> str:
    """A number with the word for what it counts."""
    return f"{number} {one if number == 1 else more}"
