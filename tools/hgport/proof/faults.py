"""What a server, or a disk, can do wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

# places in a request
START = "start"  # nothing of it has been read
HEADERS = "headers"  # in the middle of its headers
EARLY = "early"  # a part of the body has been read
MIDDLE = "middle"
LAST = "last byte"  # all of the body has come, but for its last byte
END = "end"
Where = Union[str, int]  # an int is so many bytes into the body

# ways to leave the rest of a request that was answered before it had come
DRAIN, HANG_UP = "drain", "hang up"


@dataclass(frozen=True)
class Fault:
    """What goes wrong.  Several may be combined; none is an honest server and a quiet disk.

    All but the first two strike *transfers* only: requests that carry a blob or a bundle.  (A cut
    in or before the headers cannot know, and strikes every request on a reused connection.)
    """

    name: str
    # it lets the client keep the connection, and closes it with the response
    closes_idle: bool = False
    # it says that it closes each connection after the response, so every request comes on a new one
    closes_each: bool = False
    # it resets the connection at this place of a request, on a connection that has carried one
    # before, or on one that has not
    resets_at: Where | None = None
    resets_fresh: bool = False
    # it answers with this status; 401 only as long as no credentials come.  Not the batch request,
    # because Mercurial sends what it was asked for once with every later request.
    status: int | None = None
    # at this place; the rest of the request is read, or the connection closed, one side first
    answers_at: str = END
    rest: str = DRAIN
    # it stops reading in the middle, and resets the connection after so many seconds
    stalls: float | None = None
    # it reads slowly: so many seconds for each 32 KiB
    crawls: float | None = None
    # it closes the connection in the middle of the response
    cuts_response: bool = False
    # the blobs on the client's disk "shrink", "grow" or "vanish" between the opening of the first
    # and its first read
    disk: str | None = None
    # it is reached through a proxy: CONNECT for https
    proxy: bool = False
    # of a real server's front: it ends a connection after so many requests, which it announces, or
    # when that has been idle for so many milliseconds, which it does not
    most_requests: int | None = None
    most_idle: int | None = None
