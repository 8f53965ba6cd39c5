"""The table of scenarios: what is done, over what, against which fault, and what must come of it.

A new scenario is a new row of ``SCENARIOS``; a new kind of misbehaviour is a field of ``Fault``,
which ``server`` obeys; a new kind of upload is an ``Operation``, which ``cell`` carries out.

What must come of a scenario depends on which changes the tree under test has in force, be it from
a patch of the series or from upstream itself.  A row states it as a *course*: what holds without
any of them, and what holds from each named patch on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from hgport.model.release import line_key
from hgport.proof import faults
from hgport.proof.faults import Fault

REFUSE = "keepalive-refuse-a-request-body-of-the-wrong-length.patch"
REWIND = "keepalive-rewind-a-request-body-before-sending-it.patch"
CONSOLIDATE = "lfs-upload-through-httpsendfile.patch"


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
class Expectation:
    """What must hold after a run, each part checked on its own by ``judge``.

    In every case, but where ``unsafe``, no upload may be taken for whole that is not, and nothing
    may spill from one request into the next, unless it ``corrupts``: then it must.  The client may
    not end in a traceback unless it ``crashes``, and none of its files may be open then.
    ``hangs``: the server waits for the rest of a body while the client waits for the server.
    ``exit_code``: None is any.  ``message``: a regular expression that what the client prints must
    match.  ``stored``: every blob arrives, once.  ``attempts``: the most transfers of one blob
    that may be begun.  ``rewinds``: how often a body is rewound for each attempt that reads it.
    ``seconds``: the most that the command may take.
    """

    name: str
    hangs: bool = False
    unsafe: bool = False
    corrupts: bool = False
    crashes: bool = False
    exit_code: int | None = None
    message: str = ""
    stored: bool = False
    attempts: int | None = None
    rewinds: int | None = None
    seconds: float | None = None


_ABORT = r"(?m)^abort: .*"
HANG = Expectation("hang", hangs=True, attempts=2, seconds=45)
# a limit against hangs that the server cannot see; what is refused takes a fraction of a second
REFUSED = Expectation(
    "refused",
    exit_code=255,
    message=_ABORT + r"request body ended after \d+ of the expected \d+ bytes",
    attempts=2,
    seconds=20,
)
STORED = Expectation("stored", exit_code=0, stored=True, attempts=2, seconds=30)
TOO_LONG = replace(REFUSED, message=_ABORT + r"request body is longer than the expected \d+ bytes")
# anything may happen, a hang that the server cannot see among it
UNSAFE = Expectation("unsafe", unsafe=True)
SPILL = Expectation("spill", corrupts=True, attempts=2, seconds=30)
# From 3.10 on Python says of a broken TLS connection that it ended, in words of its own, which
# Mercurial does not take for a broken pipe; lfs stumbles over the error's lack of a reason, and a
# push of a bundle over its lack of a number.
TLS_ENDED = Expectation(
    "failed",
    message=_ABORT + r"|TypeError: %b requires a bytes|IndexError: tuple index",
    crashes=True,
    attempts=2,
    seconds=20,
)
# for a part of somebody else's series, which this table knows nothing of
UNSTATED = Expectation("not corrupt")


def _fails(message: str) -> Expectation:
    """An upload or download that ends at once, with a message."""
    return Expectation("failed", exit_code=255, message=_ABORT + message, attempts=2, seconds=20)


@dataclass(frozen=True)
class Course:
    """What must hold ``at_first``, and what from each patch on, in the order of the series.

    ``upstream`` is a line, and what holds in it and in later ones whatever is patched; ``python``
    the same of a Python.  ``reason``: why the last of it is not that everything is stored.
    """

    at_first: Expectation
    since: tuple[tuple[str, Expectation], ...] = ()
    upstream: tuple[str, Expectation] | None = None
    python: tuple[str, Expectation] | None = None
    reason: str = ""

    def at(self, in_force: Collection[str], line: str, python: str) -> Expectation:
        """What must hold in a release of a line, in a Python, where the changes of these patches
        are in force."""
        if self.python is not None and line_key(python) >= line_key(self.python[0]):
            return self.python[1]
        if self.upstream is not None and line_key(line) >= line_key(self.upstream[0]):
            return self.upstream[1]
        holds = self.at_first
        for patch, expectation in self.since:
            if patch in in_force:
                holds = expectation
        return holds

    @property
    def shows_bug(self) -> bool:
        """Whether an unpatched tree must fail."""
        return self.at_first.hangs or self.at_first.corrupts


@dataclass(frozen=True)
class Scenario:
    """One row.

    ``transport`` is "http" or "https", ``workers`` whether lfs may use its workers, ``server`` what
    it is done against, ``quick`` whether it is one of the handful that give a first answer,
    ``since`` the oldest line that it can be done with, "" for every one.
    """

    transport: str
    operation: Operation
    fault: Fault
    workers: bool
    course: Course
    server: str = EMBEDDED
    quick: bool = False
    since: str = ""

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

# what needs no change of ours
SOUND = Course(STORED)
# what goes wrong because a body is not rewound before it is sent again
NOT_REWOUND = Course(HANG, ((REFUSE, REFUSED), (REWIND, STORED), (CONSOLIDATE, STORED)))
# the same for bodies of several parts, which upstream's own change leaves alone
PARTS_NOT_REWOUND = Course(HANG, ((REFUSE, REFUSED), (REWIND, STORED)))
# the client's disk is at fault, so the best that can come of it is a clear end
SHRUNK = Course(HANG, ((REFUSE, REFUSED),), reason="the blob is not what was committed any more")
GROWN = Course(SPILL, ((REFUSE, TOO_LONG),), reason="the blob is not what was committed any more")
VANISHED = Course(_fails(r"No such file or directory"), reason="the blobs are gone")
# no release sends a transfer again whose connection was new
LOST = Course(
    _fails(r"Connection reset by peer"),
    reason="no release retries a transfer that broke on a fresh connection; a follow-up will",
)
# workers are forks, and before 6.3 all of them write to the connection that they inherit
FORKED = Course(
    UNSAFE,
    upstream=("6.3", STORED),
    reason="before 6.3 workers share a connection; a follow-up will close it before they start",
)


CUT_SHORT = Course(
    _fails(r"corrupt remote lfs object|Response length"),
    reason="the server cut it short; no release tries again",
)


def _denied(status: int) -> Course:
    return Course(_fails(rf"HTTP Error {status}"), reason="the server refuses, for good")


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
    (LARGE, FORBIDDEN, _denied(403), False),
    (LARGE, TOO_LARGE, _denied(413), False),
    (LARGE, ERROR, _denied(500), False),
    (LARGE, UNAVAILABLE, _denied(503), False),
    (LARGE, STALLED_READER, NOT_REWOUND, False),
    (LARGE, SLOW_READER, SOUND, False),
    (LARGE, CUT_RESPONSE, NOT_REWOUND, False),
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
    (BUNDLE_PUSH, TOO_LARGE, _denied(413), False),
    # but not once it is one of several parts
    (POSTARGS_PUSH, HONEST, SOUND, False),
    (POSTARGS_PUSH, IDLE_CLOSE, PARTS_NOT_REWOUND, False),
    (POSTARGS_PUSH, RESET_MIDDLE, PARTS_NOT_REWOUND, False),
    (POSTARGS_PUSH, CHALLENGE, PARTS_NOT_REWOUND, False),
    (POSTARGS_PUSH, CHALLENGE_EARLY, PARTS_NOT_REWOUND, False),
    (POSTARGS_PUSH, TOO_LARGE, _denied(413), False),
    (LARGEFILES_PUSH, HONEST, SOUND, False),
    (LARGEFILES_PUSH, IDLE_CLOSE, SOUND, False),
    (LARGEFILES_PUSH, RESET_MIDDLE, SOUND, False),
    (LARGEFILES_PUSH, CHALLENGE, SOUND, False),
    (LARGEFILES_PUSH, TOO_LARGE, _denied(413), False),
    (LARGEFILES_PUSH, SHRINKS, SHRUNK, False),
    (LARGEFILES_PUSH, GROWS, GROWN, False),
    # a control: nothing of ours is about downloads
    (LFS_DOWNLOAD, HONEST, SOUND, False),
    (LFS_DOWNLOAD, IDLE_CLOSE, SOUND, False),
    (LFS_DOWNLOAD, RESET_START, SOUND, False),
    (LFS_DOWNLOAD, ERROR, _denied(500), False),
    (LFS_DOWNLOAD, CUT_RESPONSE, CUT_SHORT, False),
    # more blobs than workers, so that each worker uses its connection again
    (SMALL, HONEST, FORKED, True),
    (SMALL, IDLE_CLOSE, FORKED, True),
    (SMALL, RESET_MIDDLE, FORKED, True),
    (LARGE, HONEST, FORKED, True),
)
# a first answer in a moment
_QUICK = {
    (SMALL, HONEST),
    (SMALL, IDLE_CLOSE),
    (LARGE, RESET_MIDDLE),
    (LARGE, CHALLENGE),
}


def _over(transport: str, fault: Fault, course: Course) -> Course:
    """The course over a transport: TLS that breaks while the client sends is told in a way that
    Mercurial does not understand, in a new Python."""
    if transport == "https" and (fault.rest == faults.HANG_UP or fault.resets_on == faults.FRESH):
        reason = course.reason or "Python 3.10 and later hide a broken pipe under TLS"
        return replace(course, python=("3.10", TLS_ENDED), reason=reason)
    return course


SCENARIOS = tuple(
    Scenario(
        transport,
        operation,
        fault,
        workers,
        _over(transport, fault, course),
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
KNOWN = frozenset(patch for row in SCENARIOS for patch, _holds in row.course.since)


def expectation(
    row: Scenario,
    line: str,
    python: str,
    applied: tuple[str, ...],
    series: tuple[str, ...],
    absorbed: Collection[str],
) -> Expectation:
    """What must hold on a tree of a release of a line, in a Python ("3.8").  The release has
    ``absorbed`` some changes; the patches ``applied``, a prefix of ``series``, are on top (file
    names all).

    A series that shares no patch with the table is held to this: whole, it does what ours does; a
    part of it may still fail, but corrupts nothing.
    """
    if applied and not KNOWN.intersection(series):
        return row.course.at(KNOWN, line, python) if applied == series else UNSTATED
    in_force = {*applied, *absorbed}
    holds = row.course.at(in_force, line, python)
    return replace(holds, rewinds=1) if REWIND in in_force and not holds.unsafe else holds
