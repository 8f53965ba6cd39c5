"""Where the program begins.  It imports next to nothing, so that an interruption is met with one
line from the first moment on.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType


class _Ended(SystemExit):
    """We were told to end."""


def main() -> None:
    """Run the command line of this process and exit with its code."""
    try:
        signal.signal(signal.SIGTERM, _end)
        # under nohup it is to be ignored
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, _end)
        from hgport import cli

        code = cli.run()
    except KeyboardInterrupt:
        sys.stderr.write("hgport: interrupted\n")
        code = 130
        _let_go()
    except _Ended:
        _let_go()
        raise
    sys.exit(code)


def _end(number: int, _frame: FrameType | None) -> None:
    # A terminal that goes away says so twice, and a machine that is shut down may say both.  The
    # second would end the clearing away; who insists has ctrl-C.
    for other in (signal.SIGTERM, signal.SIGHUP):
        # under nohup it stays so, for what is still to be run, too
        if signal.getsignal(other) is not signal.SIG_IGN:
            signal.signal(other, _unheeded)
    # It may be in the middle of a write.  Where it was closed, some file may have its number now.
    if sys.stderr is not None:
        try:
            os.write(2, f"hgport: ended by {signal.Signals(number).name}\n".encode())
        except OSError:
            # the terminal is gone; what else would be shown must not fail of that
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    # an exception, so that what is half-built is cleared away on the way out
    raise _Ended(128 + number)


def _let_go() -> None:
    """Show what is still to be shown.  Where that fails, as of a terminal that is gone, it would do
    so again at the very end, and make an exit code of its own."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _unheeded(_number: int, _frame: FrameType | None) -> None:
    """Unlike what is ignored, this is not inherited by what is still to be run."""
