"""Courses: what must come of a scenario without any change, and what with which patches.

What must come of a scenario depends on which changes the tree under test has in force, be it from
a patch of a stack or from upstream itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Union

from hgport.model.release import line_key
from hgport.proof.expectations import (
    CHANGED,
    CRASHED,
    GIVEN_UP,
    HANG,
    REFUSED,
    SPILL,
    STORED,
    STORED_AGAIN,
    STORED_LATE,
    TOO_LONG,
    UNHEARD,
    UNSAFE,
    Expectation,
    failed,
)

# the first stack
REFUSE = "keepalive-refuse-a-request-body-of-the-wrong-length.patch"
REWIND = "keepalive-rewind-a-request-body-before-sending-it.patch"
CONSOLIDATE = "lfs-upload-through-httpsendfile.patch"
FIRST = (REFUSE, REWIND, CONSOLIDATE)
# the follow-ups
CLOSE = "lfs-close-inherited-connections-in-the-workers.patch"
RETRY = "lfs-retry-a-request-whose-connection-was-lost.patch"
TLS = "keepalive-look-for-an-early-answer-when-tls-ended-too.patch"
FURTHER = (CLOSE, RETRY, TLS)
# from the first of these to the last Python says in words of its own that TLS has ended
TLS_PYTHONS = ("3.10", "3.12")

# a patch, or several which have to be there all
Patches = Union[str, tuple[str, ...]]


@dataclass(frozen=True)
class Course:
    """What must hold ``at_first``, and what from each patch on, in the order of the series.

    ``until`` is a patch, and what holds as long as that is not in force, whatever else is.
    ``in_new`` is what holds in Pythons that tell in their own words that TLS has ended, unless one
    of ``but_with`` is in force.  ``reason``: why the last of it is not that everything is stored.
    """

    at_first: Expectation
    since: tuple[tuple[Patches, Expectation], ...] = ()
    until: tuple[str, Expectation] | None = None
    in_new: Expectation | None = None
    but_with: tuple[str, ...] = ()
    reason: str = ""

    def at(self, in_force: Collection[str], python: str) -> Expectation:
        """What must hold in a Python where the changes of these patches are in force."""
        if self.until is not None and self.until[0] not in in_force:
            return self.until[1]
        if self.in_new is not None and not set(self.but_with).intersection(in_force):
            first, last = map(line_key, TLS_PYTHONS)
            if first <= line_key(python) <= last:
                return self.in_new
        holds = self.at_first
        for patches, expectation in self.since:
            if set(_each(patches)) <= set(in_force):
                holds = expectation
        return holds

    @property
    def patches(self) -> frozenset[str]:
        """All patches that make a difference."""
        named = {name for patches, _holds in self.since for name in _each(patches)}
        more = {self.until[0]} if self.until else set()
        return frozenset({*named, *more, *self.but_with})

    @property
    def unpatched(self) -> Expectation:
        """What holds where nothing is in force, in most Pythons."""
        return self.until[1] if self.until else self.at_first

    @property
    def shows_bug(self) -> bool:
        """Whether an unpatched tree must fail."""
        return self.unpatched.hangs or self.unpatched.corrupts


def _each(patches: Patches) -> tuple[str, ...]:
    return (patches,) if isinstance(patches, str) else patches


# what needs no change of ours
SOUND = Course(STORED)
# what goes wrong because a body is not rewound before it is sent again
NOT_REWOUND = Course(HANG, ((REFUSE, REFUSED), (REWIND, STORED), (CONSOLIDATE, STORED)))
# the same for bodies of several parts, which upstream's own change leaves alone
PARTS_NOT_REWOUND = Course(HANG, ((REFUSE, REFUSED), (REWIND, STORED)))
# the client's disk is at fault, so the best that can come of it is a clear end
SHRUNK = Course(
    HANG,
    ((REFUSE, REFUSED), ((REFUSE, RETRY), CHANGED)),
    reason="the blob is not what was committed any more",
)
GROWN = replace(SHRUNK, at_first=SPILL, since=((REFUSE, TOO_LONG), ((REFUSE, RETRY), CHANGED)))
VANISHED = Course(failed(r"No such file or directory"), reason="the blobs are gone")
# no release sends a transfer again whose connection was new
_RESET = failed(r"Connection reset by peer")
LOST_ONCE = Course(_RESET, ((RETRY, STORED),))
LOST = Course(
    _RESET,
    ((RETRY, GIVEN_UP),),
    reason="it breaks each time, so that it is given up once lfs.retry allows no more",
)
# it breaks on the connection that was used before, and again on a new one
LOST_TWICE = Course(
    HANG,
    (
        (REFUSE, REFUSED),
        (REWIND, _RESET),
        (CONSOLIDATE, _RESET),
        ((REWIND, RETRY), STORED_LATE),
        ((CONSOLIDATE, RETRY), STORED_LATE),
    ),
)
FETCH_LOST_TWICE = Course(_RESET, ((RETRY, STORED_LATE),))
GONE = Course(failed(r"Connection refused"), ((RETRY, UNHEARD),), reason="nobody is there")
# a response is cut short: that of a download is missed, that of an upload is not
_CUT = failed(r"corrupt remote lfs object|Response length")
FETCH_CUT = replace(LOST, at_first=_CUT)
FETCH_CUT_ONCE = replace(LOST_ONCE, at_first=_CUT)
CUT = replace(NOT_REWOUND, since=(*NOT_REWOUND.since, (RETRY, GIVEN_UP)), reason=LOST.reason)
CUT_ONCE = Course(STORED, ((RETRY, STORED_AGAIN),))
BATCH_CUT = Course(CRASHED, ((RETRY, STORED),))
WRONG = Course(
    failed(r"corrupt remote lfs object", attempts=1), reason="the server has nothing better"
)


def denied(status: int, attempts: int = 2) -> Course:
    """A server that answers so means it: nobody is to ask again at once."""
    holds = failed(rf"HTTP Error {status}", attempts)
    return Course(holds, reason="the server refuses, for good")


def forked(course: Course) -> Course:
    """The same with workers: they are forks, and all of them write to the connection that they
    inherit, unless each closes it first."""
    shared = "before 6.3 workers share a connection; the first of the follow-ups has them close it"
    return replace(course, until=(CLOSE, UNSAFE), reason=course.reason or shared)
