from __future__ import annotations

import contextlib
import socket

import pytest

from hgport.errors import OutsideError
from hgport.proof.upstreamports import reserved


def test_ranges_do_not_meet() -> None:
    with contextlib.ExitStack() as held:
        taken: set[int] = set()
        for _number in range(5):
            first = held.enter_context(reserved(600))
            ports = set(range(first, first + 600))
            assert not ports & taken and max(ports) < 32768
            taken |= ports
            # and is there to be listened on
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", first))


def test_a_range_can_be_had_again() -> None:
    # together they are several times all that there is
    for _number in range(5):
        with reserved(7000):
            pass


def test_more_than_there_is() -> None:
    with reserved(7000), pytest.raises(OutsideError, match="7000 ports"), reserved(7000):
        pass
