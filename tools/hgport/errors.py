"""What can go wrong for the person at the terminal, and the exit code of each kind.

Every room may raise these; only ``cli`` turns one into a line on standard error and an exit
code: 0 all is as it should be, 1 it is not, 2 the command was wrong, 3 the outside failed,
4 stopped at a conflict that waits for a person, 130 interrupted.
"""

from __future__ import annotations


class HgportError(Exception):
    """Something is not as it should be: a patch fails, a proof fails.

    ``message`` is one line that says what is wrong; ``hint``, if given, one that says what to
    do about it.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(HgportError):
    """The command, or a file that it was pointed at, is wrong."""

    exit_code = 2


class OutsideError(HgportError):
    """The outside failed: the network, the disk, a missing interpreter."""

    exit_code = 3


class ConflictError(HgportError):
    """Something waits for a person: a conflict that only they can settle."""

    exit_code = 4
