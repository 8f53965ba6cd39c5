"""What a server, or a disk, can do wrong."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Union

# places in a request
START = "start"  # nothing of it has been read
HEADERS = "headers"  # in the middle of its headers
EARLY = "early"  # a part of the body has been read
MIDDLE = "middle"
LAST = "last byte"  # all of the body has come, but for its last byte
END = "end"  # all of the body has come
Where = Union[str, int]  # an int is so many bytes into the body

# ways to leave the rest of a request that was answered before it had come
DRAIN, HANG_UP = "drain", "hang up"
# connections that are reset: those that have carried a request before, those that have not, all
REUSED, FRESH, ANY = "reused", "fresh", "any"
# what is struck: requests that carry a blob or a bundle, those that ask for lfs actions, or both
TRANSFERS, BATCH, BOTH = "transfers", "batch", "both"
# since when nobody listens any more
FROM_START, AFTER_BATCH = "from the start", "after the batch request"


@dataclass(frozen=True)
class Fault:
    """What goes wrong.  Several may be combined; none is an honest server and a quiet disk.

    All but the first two strike *transfers* only, unless ``target`` says otherwise: requests that
    carry a blob or a bundle.  (A cut in or before the headers cannot know, and strikes every
    request on a reused connection.)
    """

    name: str
    # it lets the client keep the connection, and closes it with the response
    closes_idle: bool = False
    # it says that it closes each connection after the response, so every request comes on a new one
    closes_each: bool = False
    # it resets the connection at this place of a request, if it is one of these connections
    resets_at: Where | None = None
    resets_on: str = REUSED
    # it answers with this status; 401 only as long as no credentials come.  Not the batch request,
    # because Mercurial sends what it was asked for once with every later request.
    status: int | None = None
    # it adds to that how many seconds the client should wait
    retry_after: int | None = None
    # at this place; the rest of the request is read, or the connection closed, one side first
    answers_at: str = END
    rest: str = DRAIN
    # it stops reading in the middle, and resets the connection after so many seconds
    stalls: float | None = None
    # it reads slowly: so many seconds for each 32 KiB
    crawls: float | None = None
    # it closes the connection in the middle of the response
    cuts_response: bool = False
    # it resets the connection in the middle of the response
    resets_response: bool = False
    # what can be downloaded is as long as it should be, and not the same
    alters_content: bool = False
    # which requests it strikes, and how often those for one and the same object; None is always
    target: str = TRANSFERS
    times: int | None = None
    # nobody listens any more
    gone: str | None = None
    # the blobs on the client's disk "shrink", "grow" or "vanish" between the opening of the first
    # and its first read
    disk: str | None = None
    # it is reached through a proxy: CONNECT for https
    proxy: bool = False
    # of a real server's front: it ends a connection after so many requests, which it announces, or
    # when that has been idle for so many milliseconds, which it does not
    most_requests: int | None = None
    most_idle: int | None = None

    @property
    def standing(self) -> Fault:
        """What of it is there whatever is asked for, and in requests that it does not strike."""
        return Fault(
            self.name,
            closes_idle=self.closes_idle,
            closes_each=self.closes_each,
            gone=self.gone,
            proxy=self.proxy,
        )


_KINDS = (
    Fault("idle close", closes_idle=True),
    Fault("reset before the body", resets_at=0, resets_on=ANY),
    Fault("reset in mid-body", resets_at=MIDDLE, resets_on=ANY),
    Fault("reset one byte before the end", resets_at=LAST, resets_on=ANY),
    Fault("reset after the body", resets_at=END, resets_on=ANY),
    Fault("response cut short", cuts_response=True),
    Fault("reader is slow", crawls=0.002),
)


@dataclass(frozen=True)
class Random:
    """Faults that come by chance, the same for the same ``seed``: the batch request and each
    attempt to transfer an object is struck with a probability of ``chance``, by one fault of
    several kinds.  No object is struck more than ``most`` times in a row.

    What strikes an attempt depends on the seed, the object and the number of the attempt alone, so
    it makes no difference in which order the requests of several connections come.
    """

    seed: int
    chance: float = 0.2
    most: int = 3

    @property
    def standing(self) -> Fault:
        """What is there whatever is asked for: nothing."""
        return Fault(f"random faults, seed {self.seed}", target=BOTH)

    def draw(self, name: str, attempt: int) -> Fault:
        """What strikes an attempt, counted from 1, to transfer an object."""
        # a text as seed gives the same everywhere, a tuple does not
        draw = random.Random(f"{self.seed} {name} {attempt}")
        return draw.choice(_KINDS) if draw.random() < self.chance else self.standing
