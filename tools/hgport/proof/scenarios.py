"""The table of scenarios: what is done, over what, against which fault, and what must come of it.

A new scenario is a new row of ``SCENARIOS``; a new kind of misbehaviour is a field of ``Fault``,
which ``server`` obeys; a new kind of upload is an ``Operation``, which ``cell`` carries out.

What must come of a scenario depends on which changes the tree under test has in force, be it from
a patch of the series or from upstream itself.  A row states it as a *course*: what holds without
any of them, and what holds from each named patch on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

REFUSE = "keepalive-refuse-a-request-body-of-the-wrong-length.patch"
REWIND = "keepalive-rewind-a-request-body-before-sending-it.patch"
CONSOLIDATE = "lfs-upload-through-httpsendfile.patch"


@dataclass(frozen=True)
class Fault:
    """What the server does wrong.  Several may be combined; none is an honest server."""

    name: str
    # it lets the client keep the connection, and closes it with the response
    close_after_response: bool = False
    # it resets a connection that has carried a request before, so many bytes into an upload
    reset_reused_after: int | None = None
    # it asks for credentials to upload, once it has read the whole body; not for the batch
    # request, because Mercurial sends what it was asked for once with every later request
    challenge: bool = False


@dataclass(frozen=True)
class Operation:
    """What the client does: commit so many blobs of so many bytes, then run a command."""

    name: str
    blobs: int
    size: int


@dataclass(frozen=True)
class Expectation:
    """What must hold after a run, each part checked on its own by ``judge``.

    In every case no upload may be taken for whole that is not, and nothing may spill from one
    request into the next.  ``hangs``: the server waits for the rest of a body while the client
    waits for the server.  ``exit_code``: None is any.  ``message``: a regular expression that what
    the client prints must match.  ``stored``: every blob arrives once.  ``attempts``: the most
    uploads of one blob that may be begun.  ``seconds``: the most that the command may take.
    """

    name: str
    hangs: bool = False
    exit_code: int | None = None
    message: str = ""
    stored: bool = False
    attempts: int | None = None
    seconds: float | None = None


HANG = Expectation("hang", hangs=True)
# a limit against hangs that the server cannot see; what is refused takes a fraction of a second
REFUSED = Expectation(
    "refused",
    exit_code=255,
    # before 4.9 lfs did not put its name to it
    message=r"(?m)^abort: (?:LFS )?error: request body ended after \d+ of the expected \d+ bytes",
    attempts=2,
    seconds=20,
)
STORED = Expectation("stored", exit_code=0, stored=True, attempts=2, seconds=30)
# for a part of somebody else's series, which this table knows nothing of
UNSTATED = Expectation("not corrupt")


@dataclass(frozen=True)
class Course:
    """What must hold ``at_first``, and what from each patch on, in the order of the series."""

    at_first: Expectation
    since: tuple[tuple[str, Expectation], ...] = ()

    def at(self, in_force: Collection[str]) -> Expectation:
        """What must hold where the changes of these patches are in force."""
        holds = self.at_first
        for patch, expectation in self.since:
            if patch in in_force:
                holds = expectation
        return holds

    @property
    def shows_bug(self) -> bool:
        """Whether an unpatched tree must fail."""
        return self.at_first.hangs


@dataclass(frozen=True)
class Scenario:
    """One row.

    ``transport`` is "http" or "https", ``workers`` whether lfs may use its workers, ``server`` what
    it is done against, ``quick`` whether it is one of the handful that give a first answer.
    """

    transport: str
    operation: Operation
    fault: Fault
    workers: bool
    course: Course
    server: str = "embedded"
    quick: bool = False

    @property
    def name(self) -> str:
        """What tells it from the other rows."""
        workers = ", workers" if self.workers else ""
        return f"{self.operation.name}, {self.transport}, {self.fault.name}{workers}"


LFS_PUSH = Operation("lfs push", blobs=8, size=512 * 1024)

HONEST = Fault("no fault")
IDLE_CLOSE = Fault("idle close", close_after_response=True)
RESET = Fault("reset after 64 KiB", reset_reused_after=64 * 1024)
CHALLENGE = Fault("401 after the body", challenge=True)

# what needs no change of ours
SOUND = Course(STORED)
# what goes wrong because a body is not rewound before it is sent again
NOT_REWOUND = Course(HANG, ((REFUSE, REFUSED), (REWIND, STORED), (CONSOLIDATE, STORED)))

SCENARIOS = (
    Scenario("http", LFS_PUSH, HONEST, False, SOUND, quick=True),
    Scenario("https", LFS_PUSH, HONEST, False, SOUND, quick=True),
    Scenario("http", LFS_PUSH, IDLE_CLOSE, False, NOT_REWOUND, quick=True),
    Scenario("https", LFS_PUSH, IDLE_CLOSE, False, NOT_REWOUND, quick=True),
    Scenario("http", LFS_PUSH, RESET, False, NOT_REWOUND, quick=True),
    Scenario("https", LFS_PUSH, RESET, False, NOT_REWOUND, quick=True),
    Scenario("http", LFS_PUSH, CHALLENGE, False, NOT_REWOUND, quick=True),
    Scenario("https", LFS_PUSH, CHALLENGE, False, NOT_REWOUND, quick=True),
)
# the same against servers that people use
REAL: tuple[Scenario, ...] = ()

# every patch that the courses know
KNOWN = frozenset(patch for row in SCENARIOS for patch, _holds in row.course.since)


def expectation(
    row: Scenario, applied: tuple[str, ...], series: tuple[str, ...], absorbed: Collection[str]
) -> Expectation:
    """What must hold on a tree of a release that has ``absorbed`` some changes, with the patches
    ``applied``, a prefix of ``series`` (file names all).

    A series that shares no patch with the table is held to this: whole, it mends everything; a
    part of it may still fail, but corrupts nothing.
    """
    if applied and not KNOWN.intersection(series):
        return STORED if applied == series else UNSTATED
    return row.course.at({*applied, *absorbed})
