"""Ranges of ports that no two runs of upstream's tests share.

Its ``run-tests.py`` looks which ports are free when it begins, and so takes what another one, on
this machine, is about to take.  A range here is held by a socket that listens on its first port;
the kernel drops that with the process, whoever's it is, so nothing is ever left to clean up.
"""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Iterator

from hgport.errors import OutsideError

# below what kernels give to clients by themselves
_FIRST, _LAST = 20000, 32000
_BLOCK = 500


@contextlib.contextmanager
def reserved(count: int) -> Iterator[int]:
    """The first of ``count`` ports in a row for the block.

    That nothing else listens on one of them is not said; whoever uses a port finds out.  Raises
    OutsideError if other runs have them all.
    """
    blocks = -(-(count + 1) // _BLOCK)
    places = list(range(_FIRST, _LAST - blocks * _BLOCK + 1, _BLOCK))
    # so that two that begin together seldom try for the same
    random.shuffle(places)
    for first in places:
        with contextlib.ExitStack() as held:
            if all(_hold(held, first + n * _BLOCK) for n in range(blocks)):
                yield first + 1
                return
    raise OutsideError(
        f"no {count} ports in a row between {_FIRST} and {_LAST} are free of other runs",
        "wait for them, or name fewer tests with --tests",
    )


def _hold(held: contextlib.ExitStack, port: int) -> bool:
    guard = held.enter_context(socket.socket())
    try:
        guard.bind(("127.0.0.1", port))
        guard.listen(1)
    except OSError:
        return False
    return True
