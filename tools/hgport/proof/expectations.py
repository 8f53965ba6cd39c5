"""What can come of a run, in words and in all that is checked."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Expectation:
    """What must hold after a run, each part checked on its own by ``judge``.

    In every case, but where ``unsafe``, no upload may be taken for whole that is not, and nothing
    may spill from one request into the next, unless it ``corrupts``: then it must.  The client may
    not end in a traceback unless it ``crashes``, and none of its files may be open then.
    ``hangs``: the server waits for the rest of a body while the client waits for the server.
    ``exit_code``: None is any.  ``message``: a regular expression that what the client prints must
    match.  ``stored``: every blob arrives, as often as ``copies`` says.  ``attempts``: the most
    transfers of one blob that may be begun; ``tries``: how many there must be of one of them, or of
    the batch request, at the least, None where nobody is there to count.  ``rewinds``: how often a
    body is rewound for each attempt that reads it.  ``seconds``: the most that the command may
    take.
    """

    name: str
    hangs: bool = False
    unsafe: bool = False
    corrupts: bool = False
    crashes: bool = False
    exit_code: int | None = None
    message: str = ""
    stored: bool = False
    copies: int = 1
    attempts: int | None = None
    tries: int | None = None
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
# for a part of somebody else's series, which this table knows nothing of
UNSTATED = Expectation("not corrupt")


def failed(message: str, attempts: int = 2) -> Expectation:
    """An upload or download that ends at once, with a message."""
    return Expectation(
        "failed", exit_code=255, message=_ABORT + message, attempts=attempts, seconds=20
    )


# the first attempt, and those which lfs.retry allows by default
_TRIES = 1 + 5
# one more on a connection that was used before
_MOST = _TRIES + 1
GIVEN_UP = replace(failed(rf"after {_TRIES} attempts", _MOST), name="given up", tries=_TRIES)
UNHEARD = replace(GIVEN_UP, tries=None)
# broken on a connection that was used before, then on a fresh one
STORED_LATE = replace(STORED, attempts=3)
# the response was lost, so nobody knew
STORED_AGAIN = replace(STORED, copies=2)
# the blobs on disk have changed, which is seen as late as the body is sent, or when the connection
# is lost over that, before it is sent again
CHANGED = replace(
    REFUSED,
    message=_ABORT + r"(request body (ended|is longer)|detected corrupt lfs object)",
)
# what was read is no answer
CRASHED = Expectation("failed", message=r"IncompleteRead", crashes=True)
# From 3.10 to 3.12 Python says of a broken TLS connection that it ended, in words of its own, which
# Mercurial does not take for a broken pipe; lfs stumbles over the error's lack of a reason, and a
# push of a bundle over its lack of a number (either a traceback), and largefiles shows it.
TLS_ENDED = Expectation(
    "failed",
    message=_ABORT
    + r"EOF occurred in violation of protocol"
    + r"|TypeError: %b requires a bytes|IndexError: tuple index",
    crashes=True,
    attempts=2,
    seconds=20,
)
# where nothing was answered, it may be told as in any other Python, too
TLS_LOST = replace(
    TLS_ENDED,
    message=TLS_ENDED.message
    + r"|bad HTTP status line|Connection reset by peer"
    + r"|Response length|corrupt remote lfs object",
    attempts=_MOST,
)
