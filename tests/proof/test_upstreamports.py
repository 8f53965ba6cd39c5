from __future__ import annotations

import contextlib
import socket

import pytest

from hgport.errors import OutsideError
from hgport.proof import upstreamports
from hgport.proof.upstreamports import reserved


def test_ranges_do_not_meet() -> None:
    with contextlib.ExitStack() as held:
        taken: set[int] = set()
        for _number in range(3):
            first = held.enter_context(reserved(600))
            ports = set(range(first, first + 600))
            assert not ports & taken and max(ports) < 32768
            taken |= ports
            # and is there to be listened on
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", first))


def test_a_range_can_be_had_again() -> None:
    # together they are several times all that there is
    for _number in range(60):
        with reserved(600):
            pass


def test_more_than_there_is() -> None:
    with pytest.raises(OutsideError, match="no 20000 ports"), reserved(20000):
        pass


def test_what_is_held_is_not_given_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with reserved(600) as first:
        # nothing is left beside it
        monkeypatch.setattr(upstreamports, "_FIRST", first - 1)
        monkeypatch.setattr(upstreamports, "_LAST", first - 1 + 1000)
        with pytest.raises(OutsideError, match="no 400 ports"), reserved(400):
            pass
    with reserved(400):
        pass
