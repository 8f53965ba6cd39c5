"""What hgport says, whatever the terminal can show, and how wide that is."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from hgport.errors import OutsideError


def say(*lines: str) -> None:
    """Print lines, at once.  A character that standard output cannot encode becomes "?".

    Raises OutsideError if it cannot be written to, BrokenPipeError if nobody reads it any more.
    """
    encoding = sys.stdout.encoding or "ascii"
    with printing():
        for line in lines:
            print(line.encode(encoding, "replace").decode(encoding))


@contextlib.contextmanager
def printing() -> Iterator[None]:
    """Print to standard output in the block, at the end of which all of it has been written.

    Raises what ``say`` does.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as err:
        raise OutsideError(f"cannot write to standard output: {err.strerror or err}") from err


def warn(*lines: str) -> None:
    """Print lines to standard error.  That nobody reads them any more is no error."""
    try:
        for line in lines:
            print(line, file=sys.stderr)
        sys.stderr.flush()
    except OSError:
        # what is left of it would be written at exit, and make an exit code of its own
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def printable(text: str) -> str:
    """A text of somebody else's as one line that does nothing to a terminal."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


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
