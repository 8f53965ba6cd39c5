"""Which requests a fault strikes: kept once for all connections of a server."""

from __future__ import annotations

import threading
from collections import Counter

from hgport.proof.faults import ANY, BATCH, BOTH, FRESH, TRANSFERS, Fault, Random
from hgport.proof.services import Call


class Strikes:
    """Count what a fault has done; connections in several threads may ask at once."""

    def __init__(self, fault: Fault | Random) -> None:
        self._fault = fault
        self._lock = threading.Lock()
        self._attempts: Counter[str] = Counter()
        # in a row, for faults that come by chance
        self._struck: Counter[str] = Counter()

    @property
    def at_head(self) -> Fault:
        """What is in force as long as nobody knows what is asked for."""
        return self._fault if isinstance(self._fault, Fault) else self._fault.standing

    @property
    def standing(self) -> Fault:
        """What is in force whatever is asked for."""
        return self._fault.standing

    def on(self, call: Call, number: int) -> Fault:
        """What is in force for a call, the ``number``-th request on its connection."""
        if not (call.is_transfer or call.is_batch):
            return self._fault.standing
        with self._lock:
            if isinstance(self._fault, Random):
                return self._by_chance(self._fault, call.object)
            return self._as_stated(self._fault, call, number)

    def _by_chance(self, chances: Random, name: str) -> Fault:
        self._attempts[name] += 1
        drawn = chances.draw(name, self._attempts[name])
        if drawn == chances.standing or self._struck[name] == chances.most:
            self._struck[name] = 0
            return chances.standing
        self._struck[name] += 1
        return drawn

    def _as_stated(self, fault: Fault, call: Call, number: int) -> Fault:
        if not _is_target(fault, call) or not is_fit(fault, number):
            return fault.standing
        self._attempts[call.object] += 1
        spent = fault.times is not None and self._attempts[call.object] > fault.times
        return fault.standing if spent else fault


def _is_target(fault: Fault, call: Call) -> bool:
    return fault.target == BOTH or fault.target == (BATCH if call.is_batch else TRANSFERS)


def is_fit(fault: Fault, number: int) -> bool:
    """Whether a fault that resets connections does so to the ``number``-th request on one; others
    do not care."""
    resets = fault.resets_at is not None or fault.stalls is not None
    return not resets or fault.resets_on == ANY or (number == 1) == (fault.resets_on == FRESH)
