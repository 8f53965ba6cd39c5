"""What was seen of a cell: by the server, request by request, and of the client."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass
class Request:
    """One request as the server saw it.

    ``connection`` counts the connections from 1, ``number`` the requests on that connection from
    1; ``object`` names what a transfer carries, "" if it is none; ``announced`` is the
    Content-Length, ``received`` the body's bytes that came, ``sha256`` the hash in hex of what
    there is to be stored in them; ``status`` is what was answered, None if nothing was.
    ``outcome`` is one of

    - ``answered``: the whole body came and got a response
    - ``reset``: the server cut the connection, as its fault says
    - ``stalled``: the client sent no more, with the body incomplete and the connection open
    - ``cut``: the client ended the connection with the request incomplete
    - ``garbage``: what came is no HTTP, for example what spilled over from an earlier body
    - ``open``: not ended yet
    """

    connection: int
    number: int
    method: str = ""
    path: str = ""
    announced: int | None = None
    received: int = 0
    sha256: str = ""
    status: int | None = None
    outcome: str = "open"
    detail: str = ""
    object: str = ""


@dataclass(frozen=True)
class Attempt:
    """One time that the client sent a file-like body: to which URL, a body of which class, and how
    often it was rewound and read.  It is not read where the headers could not be sent."""

    url: str
    body: str
    rewinds: int
    reads: int


@dataclass(frozen=True)
class Evidence:
    """What was seen of one cell.

    ``stalled``: the client went silent within a request, and was hung up on.  ``timed_out``: it was
    ended because its time was up.  ``output`` is the end of what it printed, errors last;
    ``seconds`` how long it ran.  ``wanted`` are the sha256 (hex) of what was to be stored, ``kept``
    those of all objects that the server holds in the end, None where the requests say it.
    The rest was seen within the client: ``attempts``, each time that it began to send a file-like
    body; ``changed``, the blobs that were made to shrink, grow or vanish; ``leaked``, the files of
    the cell that were open when it ended, None if it did not get so far.
    """

    requests: tuple[Request, ...]
    exit_code: int
    output: str
    stalled: bool
    timed_out: bool
    seconds: float
    wanted: tuple[str, ...] = ()
    kept: tuple[str, ...] | None = None
    attempts: tuple[Attempt, ...] = ()
    changed: tuple[str, ...] = ()
    leaked: tuple[str, ...] | None = None

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Evidence:
        """The inverse of ``to_json``.  Raises TypeError or KeyError for what it never made."""
        requests = tuple(Request(**one) for one in data["requests"])
        attempts = tuple(Attempt(**one) for one in data["attempts"])
        lists = {
            name: None if data[name] is None else tuple(data[name])
            for name in ("wanted", "kept", "changed", "leaked")
        }
        return cls(**{**data, **lists, "requests": requests, "attempts": attempts})
