"""The table of scenarios: what is done, over what, against which fault, and what must come of it.

A new scenario is a new row of ``SCENARIOS``, or of ``followups``; a new kind of misbehaviour is a
field of ``Fault``, which ``server`` obeys; a new kind of upload is an ``Operation``, which ``cell``
carries out.  What must come of a row is a ``Course``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hgport.proof import faults
from hgport.proof.courses import (
    CUT,
    FETCH_CUT,
    FIRST,
    FURTHER,
    GROWN,
    LOST,
    NOT_REWOUND,
    PARTS_NOT_REWOUND,
    RETRY,
    REWIND,
    SHRUNK,
    SOUND,
    TLS,
    VANISHED,
    Course,
    denied,
    forked,
)
from hgport.proof.expectations import TLS_ENDED, TLS_LOST, UNSTATED, Expectation
from hgport.proof.faults import Fault

# what it is done against
EMBEDDED, HG_SERVE, GIFTLESS = "embedded", "hg serve", "giftless"
# what a client does
LFS, BUNDLE, LARGEFILES, DOWNLOAD = "lfs", "bundle", "largefiles", "download"


@dataclass(frozen=True)
class Operation:
    """What the client does, with so many blobs of so many bytes.

    ``kind``: LFS and LARGEFILES upload them, a file each; BUNDLE pushes a changeset that holds
    them; DOWNLOAD updates to a changeset whose lfs blobs are on the server only.
    ``post_arguments``: the server wants arguments in the body (``experimental.httppostargs``).
    """

    name: str
    kind: str
    blobs: int
    size: int
    post_arguments: bool = False


@dataclass(frozen=True)
class Scenario:
    """One row.

    ``transport`` is "http" or "https", ``workers`` whether lfs may use its workers, ``server`` what
    it is done against, ``quick`` whether it is one of the handful that give a first answer,
    ``since`` the oldest line that it can be done with, "" for every one, ``follows_up`` whether it
    says nothing without the follow-ups.
    """

    transport: str
    operation: Operation
    fault: Fault
    workers: bool
    course: Course
    server: str = EMBEDDED
    quick: bool = False
    since: str = ""
    follows_up: bool = False

    @property
    def name(self) -> str:
        """What tells it from the other rows."""
        workers = ", workers" if self.workers else ""
        server = "" if self.server == EMBEDDED else f", {self.server}"
        return f"{self.operation.name}, {self.transport}, {self.fault.name}{workers}{server}"

    @property
    def most_seconds(self) -> int:
        """After how long a client that neither ends nor stalls is ended.  Workers that share a
        connection may wait for ever, for what another has read."""
        return 20 if self.workers else 60


SMALL = Operation("lfs push, small blobs", LFS, blobs=12, size=4096)
# a client looks through each before it sends it, and lets the connection idle meanwhile
HUGE = Operation("lfs push, huge blobs", LFS, blobs=2, size=8 * 1024 * 1024)
LARGE = Operation("lfs push, large blobs", LFS, blobs=3, size=1024 * 1024)
BUNDLE_PUSH = Operation("bundle push", BUNDLE, blobs=1, size=1024 * 1024)
POSTARGS_PUSH = Operation(
    "bundle push, httppostargs", BUNDLE, blobs=1, size=1024 * 1024, post_arguments=True
)
LARGEFILES_PUSH = Operation("largefiles push", LARGEFILES, blobs=2, size=1024 * 1024)
LFS_DOWNLOAD = Operation("lfs download", DOWNLOAD, blobs=3, size=256 * 1024)

HONEST = Fault("no fault")
IDLE_CLOSE = Fault("idle close", closes_idle=True)
RESET_START = Fault("reset before a reused request is read", resets_at=faults.START)
RESET_HEADERS = Fault("reset in the headers", resets_at=faults.HEADERS)
RESET_MIDDLE = Fault("reset in mid-body", resets_at=faults.MIDDLE)
RESET_LAST = Fault("reset one byte before the end", resets_at=faults.LAST)
RESET_FRESH = Fault(
    "reset on a fresh connection", closes_each=True, resets_at=faults.MIDDLE, resets_on=faults.FRESH
)
CHALLENGE = Fault("401 after the body", status=401)
CHALLENGE_EARLY = Fault(
    "401 before the body is read", status=401, answers_at=faults.HEADERS, rest=faults.HANG_UP
)
FORBIDDEN = Fault("403 in the middle of the body", status=403, answers_at=faults.EARLY)
TOO_LARGE = Fault(
    "413 in the middle of the body, then closed",
    status=413,
    answers_at=faults.EARLY,
    rest=faults.HANG_UP,
)
ERROR = Fault("500", status=500)
UNAVAILABLE = Fault("503", status=503)
STALLED_READER = Fault("reader stalls, then resets", stalls=0.5)
SLOW_READER = Fault("reader is slow", crawls=0.01)
CUT_RESPONSE = Fault("response cut short", cuts_response=True)
SHRINKS = Fault("blob shrinks on disk", disk="shrink")
GROWS = Fault("blob grows on disk", disk="grow")
VANISHES = Fault("blobs vanish from disk", disk="vanish")
# by nginx, before a real server
REQUESTS_1 = Fault("keepalive_requests 1", most_requests=1)
REQUESTS_2 = Fault("keepalive_requests 2", most_requests=2)
REQUESTS_3 = Fault("keepalive_requests 3", most_requests=3)
TIMEOUT = Fault("keepalive_timeout 1 ms", most_idle=1)
PROXY = Fault("through a proxy", proxy=True)
PROXY_RESET = Fault("reset in mid-body through a proxy", proxy=True, resets_at=faults.MIDDLE)

# Operation, fault, what must come of it, and whether with workers; each over http and https.  Large
# blobs meet every fault.  The other operations send their bodies through the same code, and meet
# those faults which strike a body of another kind, or of another size, at another place.
_TABLE: tuple[tuple[Operation, Fault, Course, bool], ...] = (
    # many small blobs: each fits into the buffers between client and server
    (SMALL, HONEST, SOUND, False),
    (SMALL, IDLE_CLOSE, NOT_REWOUND, False),
    (SMALL, RESET_START, NOT_REWOUND, False),
    (SMALL, RESET_LAST, NOT_REWOUND, False),
    # a few large ones: the client is still sending when the fault strikes
    (LARGE, HONEST, SOUND, False),
    (LARGE, IDLE_CLOSE, NOT_REWOUND, False),
    (LARGE, RESET_START, NOT_REWOUND, False),
    (LARGE, RESET_HEADERS, NOT_REWOUND, False),
    (LARGE, RESET_MIDDLE, NOT_REWOUND, False),
    (LARGE, RESET_LAST, NOT_REWOUND, False),
    (LARGE, RESET_FRESH, LOST, False),
    (LARGE, CHALLENGE, NOT_REWOUND, False),
    (LARGE, CHALLENGE_EARLY, NOT_REWOUND, False),
    (LARGE, FORBIDDEN, denied(403), False),
    (LARGE, TOO_LARGE, denied(413), False),
    (LARGE, ERROR, denied(500), False),
    (LARGE, UNAVAILABLE, denied(503), False),
    (LARGE, STALLED_READER, NOT_REWOUND, False),
    (LARGE, SLOW_READER, SOUND, False),
    (LARGE, CUT_RESPONSE, CUT, False),
    (LARGE, SHRINKS, SHRUNK, False),
    (LARGE, GROWS, GROWN, False),
    (LARGE, VANISHES, VANISHED, False),
    (LARGE, PROXY, SOUND, False),
    (LARGE, PROXY_RESET, NOT_REWOUND, False),
    # a bundle is an httpsendfile, which every release rewinds
    (BUNDLE_PUSH, HONEST, SOUND, False),
    (BUNDLE_PUSH, IDLE_CLOSE, SOUND, False),
    (BUNDLE_PUSH, RESET_MIDDLE, SOUND, False),
    (BUNDLE_PUSH, CHALLENGE, SOUND, False),
    (BUNDLE_PUSH, TOO_LARGE, denied(413), False),
    # but not once it is one of several parts
    (POSTARGS_PUSH, HONEST, SOUND, False),
    (POSTARGS_PUSH, IDLE_CLOSE, PARTS_NOT_REWOUND, False),
    (POSTARGS_PUSH, RESET_MIDDLE, PARTS_NOT_REWOUND, False),
    (POSTARGS_PUSH, CHALLENGE, PARTS_NOT_REWOUND, False),
    (POSTARGS_PUSH, CHALLENGE_EARLY, PARTS_NOT_REWOUND, False),
    (POSTARGS_PUSH, TOO_LARGE, denied(413), False),
    (LARGEFILES_PUSH, HONEST, SOUND, False),
    (LARGEFILES_PUSH, IDLE_CLOSE, SOUND, False),
    (LARGEFILES_PUSH, RESET_MIDDLE, SOUND, False),
    (LARGEFILES_PUSH, CHALLENGE, SOUND, False),
    (LARGEFILES_PUSH, TOO_LARGE, denied(413), False),
    (LARGEFILES_PUSH, SHRINKS, SHRUNK, False),
    (LARGEFILES_PUSH, GROWS, GROWN, False),
    # a control: nothing of ours is about downloads
    (LFS_DOWNLOAD, HONEST, SOUND, False),
    (LFS_DOWNLOAD, IDLE_CLOSE, SOUND, False),
    (LFS_DOWNLOAD, RESET_START, SOUND, False),
    (LFS_DOWNLOAD, ERROR, denied(500), False),
    (LFS_DOWNLOAD, CUT_RESPONSE, FETCH_CUT, False),
    # more blobs than workers, so that each worker uses its connection again
    (SMALL, HONEST, forked(SOUND), True),
    (SMALL, IDLE_CLOSE, forked(NOT_REWOUND), True),
    (SMALL, RESET_MIDDLE, forked(NOT_REWOUND), True),
    (LARGE, HONEST, forked(SOUND), True),
)
# a first answer in a moment
_QUICK = {
    (SMALL, HONEST),
    (SMALL, IDLE_CLOSE),
    (LARGE, RESET_MIDDLE),
    (LARGE, CHALLENGE),
}


def over(transport: str, fault: Fault, course: Course) -> Course:
    """The course over a transport: TLS that breaks is told in a way that Mercurial does not
    understand, in a new Python."""
    early = fault.rest == faults.HANG_UP
    lost = fault.resets_on != faults.REUSED or fault.resets_response
    if transport == "https" and (early or lost):
        reason = course.reason or "Python 3.10 to 3.12 hide a broken pipe under TLS"
        # one that is sent again is sent again whatever is said
        but_with = (TLS,) if early else (RETRY, TLS)
        in_new = TLS_ENDED if early else TLS_LOST
        return replace(course, in_new=in_new, but_with=but_with, reason=reason)
    return course


SCENARIOS = tuple(
    Scenario(
        transport,
        operation,
        fault,
        workers,
        over(transport, fault, course),
        quick=(operation, fault) in _QUICK and not workers,
    )
    for operation, fault, course, workers in _TABLE
    for transport in ("http", "https")
)

_ANNOUNCED = (REQUESTS_1, REQUESTS_2, REQUESTS_3)
# Against servers that people use, behind nginx: server, operation, fault, what must come of it, and
# the line from which on the server can do it.  A connection whose end is announced is left by the
# client in time; one that has idled for too long is not.  That it has is certain only where the
# client has much to do between two requests.
_REAL_TABLE: tuple[tuple[str, Operation, Fault, Course, str], ...] = (
    *((HG_SERVE, SMALL, fault, SOUND, "4.6") for fault in _ANNOUNCED),
    (HG_SERVE, HUGE, HONEST, SOUND, "4.6"),
    (HG_SERVE, HUGE, TIMEOUT, NOT_REWOUND, "4.6"),
    *((HG_SERVE, BUNDLE_PUSH, fault, SOUND, "") for fault in (HONEST, *_ANNOUNCED, TIMEOUT)),
    *((HG_SERVE, POSTARGS_PUSH, fault, SOUND, "") for fault in (HONEST, *_ANNOUNCED)),
    (HG_SERVE, POSTARGS_PUSH, TIMEOUT, PARTS_NOT_REWOUND, ""),
    *((HG_SERVE, LARGEFILES_PUSH, fault, SOUND, "") for fault in (HONEST, *_ANNOUNCED, TIMEOUT)),
    *((GIFTLESS, SMALL, fault, SOUND, "") for fault in _ANNOUNCED),
    (GIFTLESS, HUGE, HONEST, SOUND, ""),
    (GIFTLESS, HUGE, TIMEOUT, NOT_REWOUND, ""),
)
REAL = tuple(
    Scenario(transport, operation, fault, False, course, server=server, since=since)
    for server, operation, fault, course, since in _REAL_TABLE
    for transport in ("http", "https")
)

# every patch that the courses know
KNOWN = frozenset({*FIRST, *FURTHER})


def expectation(
    row: Scenario,
    python: str,
    applied: tuple[str, ...],
    series: tuple[str, ...],
    absorbed: Collection[str],
    foreign: Sequence[Sequence[str]] | None = None,
) -> Expectation:
    """What must hold on a tree of a release in a Python ("3.8").  The release has ``absorbed`` some
    changes; the patches ``applied``, a prefix of ``series``, are on top (file names all).
    ``foreign`` are the patches of those stacks which share none with the table and take the place
    of the first of ours; None takes the series for one, if it is.

    Such a stack is held to this: whole, it does what the first of ours does; a part of it may still
    fail, but corrupts nothing.
    """
    if foreign is None:
        foreign = () if KNOWN.intersection(series) else (series,)
    in_force = {*applied, *absorbed}
    rewinds = 1 if REWIND in in_force else None
    for names in foreign if applied else ():
        missing = set(names).difference(applied)
        if not missing:
            in_force.update(FIRST)
        elif len(missing) < len(set(names)):
            return UNSTATED
    holds = row.course.at(in_force, python)
    return holds if holds.unsafe else replace(holds, rewinds=rewinds)
