"""What nginx writes down about each request, read as the evidence that it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from hgport.proof.evidence import Request
from hgport.proof.services import REPOSITORY, Call

# those headers with a command's arguments that are written down; what is transferred is named
# in the first bytes
_ARGUMENTS = tuple(f"x-hgarg-{number}" for number in range(1, 5))
_FIELDS = (
    ("connection", "connection"),
    ("number", "connection_requests"),
    ("method", "request_method"),
    ("uri", "request_uri"),
    ("status", "status"),
    ("backend", "upstream_status"),
    ("length", "request_length"),
    ("announced", "content_length"),
    *((name, "http_" + name.replace("-", "_")) for name in _ARGUMENTS),
    ("preamble", "http_x_hgargs_post"),
    ("body", "request_body_file"),
)
# for ``log_format`` with ``escape=json``: an object a line, of strings
FORMAT = "{" + ",".join(f'"{name}":"${variable}"' for name, variable in _FIELDS) + "}"

# what nginx says of a client that was silent for too long, or left
_TIMED_OUT, _LEFT = "408", ("400", "499")


@dataclass(frozen=True)
class Record:
    """The requests, by connection and number."""

    requests: tuple[Request, ...]

    @property
    def stalled(self) -> bool:
        """Whether a client went silent within a request."""
        return any(request.outcome == "stalled" for request in self.requests)


def read(log: Path) -> Record:
    """What stands in a log; a line that is just being written is left out."""
    try:
        text = log.read_text("utf-8", "replace")
    except FileNotFoundError:
        return Record(())
    whole = text[: text.rfind("\n") + 1]
    lines = [json.loads(line) for line in whole.splitlines()]
    heads = dict(_heads(lines))
    # it numbers its own connections in the same series
    numbers = sorted({int(line["connection"]) for line in lines})
    requests = [_request(line, numbers.index(int(line["connection"])) + 1, heads) for line in lines]
    return Record(tuple(sorted(requests, key=lambda one: (one.connection, one.number))))


def _heads(lines: list[dict[str, str]]) -> Iterator[tuple[str, int]]:
    """The length of the headers by method, as whole requests tell it, without the URI."""
    for line in lines:
        if line["body"] and not _is_short(line):
            body = int(line["announced"])
            yield line["method"], int(line["length"]) - body - len(line["uri"])


def _is_short(line: Mapping[str, str]) -> bool:
    """Whether the request ended before the whole of it had come.  A request that has reached the
    server behind had come whole."""
    return not line["backend"] and line["status"] in (_TIMED_OUT, *_LEFT)


def _request(line: Mapping[str, str], connection: int, heads: Mapping[str, int]) -> Request:
    announced = int(line["announced"]) if line["announced"] else None
    # to nginx the repository is all there is
    call = Call.of(line["method"], REPOSITORY + line["uri"], _headers(line))
    request = Request(
        connection,
        int(line["number"]),
        method=line["method"],
        path=call.path[len(REPOSITORY) :],
        object=_object(call),
        announced=announced,
    )
    if not _is_short(line):
        request.outcome, request.status = "answered", int(line["status"])
        body = Path(line["body"]).read_bytes() if line["body"] else b""
        request.received = len(body)
        request.sha256 = hashlib.sha256(body[int(line["preamble"] or 0) :]).hexdigest()
    elif not line["method"]:
        request.outcome = "garbage"
    else:
        request.outcome = "stalled" if line["status"] == _TIMED_OUT else "cut"
        request.received = _received(line, announced, heads)
    return request


def _received(line: Mapping[str, str], announced: int | None, heads: Mapping[str, int]) -> int:
    """How much came of a body that did not come whole.  Only headers and body together are
    counted; the headers of one method are all of one length."""
    if announced is None:
        return 0
    head = heads.get(line["method"], int(line["length"])) + len(line["uri"])
    return max(0, min(int(line["length"]) - head, announced - 1))


def _headers(line: Mapping[str, str]) -> Mapping[str, str]:
    return {name: line[name] for name in _ARGUMENTS if line[name]}


def _object(call: Call) -> str:
    """What is transferred, by the name that the protocol gives it; "" if nothing is."""
    carries = call.method == "PUT" if call.command is None else call.is_transfer
    return call.object if carries else ""
