"""Where the program begins.  It imports next to nothing, so that an interruption is met with one
line from the first moment on.
"""

from __future__ import annotations

import signal
import sys
from types import FrameType


def main() -> None:
    """Run the command line of this process and exit with its code."""
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _end)
        from hgport import cli

        code = cli.run()
    except KeyboardInterrupt:
        sys.stderr.write("hgport: interrupted\n")
        code = 130
    sys.exit(code)


def _end(number: int, _frame: FrameType | None) -> None:
    # an exception, so that what is half-built is cleared away on the way out
    sys.stderr.write(f"hgport: ended by {signal.Signals(number).name}\n")
    sys.exit(128 + number)
