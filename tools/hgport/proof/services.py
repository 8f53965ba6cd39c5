"""What an honest server answers: git-lfs with its basic transfer, and Mercurial's wire protocol as
far as a push of an unbundled changegroup, or of largefiles, goes.

Both are spoken at ``/lfs`` and ``/repository``.  A request is a *transfer* if it carries a blob or
a bundle, and *talk* otherwise.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, urlsplit

LFS, REPOSITORY = "/lfs", "/repository"
_LFS_JSON = "application/vnd.git-lfs+json"
_HG = "application/mercurial-0.1"
_CAPABILITIES = "batch branchmap httpheader=1024 known largefiles=serve pushkey unbundle=HG10UN"
_NULL = b"0" * 40
# the header that says how many bytes of the body are arguments
_POSTED = "x-hgargs-post"
# largefiles' word for: this one is missing
_MISSING = b"2\n"


@dataclass(frozen=True)
class Call:
    """A request's head: ``headers`` by lower-case name, ``command`` and ``arguments`` of
    Mercurial's protocol, None and nothing for git-lfs's."""

    method: str
    path: str
    headers: Mapping[str, str]
    command: str | None
    arguments: Mapping[str, str]

    @classmethod
    def of(cls, method: str, target: str, headers: Mapping[str, str]) -> Call:
        """From the request line, whose target may be a whole URL, as a proxy gets it."""
        try:
            url = urlsplit(target)
        except ValueError:  # no URL, so nothing is there
            return cls(method, target, headers, None, {})
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        command = query.pop("cmd", None) if url.path.startswith(REPOSITORY) else None
        query.update(parse_qsl(_sent_in(headers), keep_blank_values=True))
        return cls(method, url.path, headers, command, query)

    @property
    def is_transfer(self) -> bool:
        """Whether this carries what is to be stored, or fetched."""
        if self.command is not None:
            return self.command in ("unbundle", "putlfile")
        return self.method in ("PUT", "GET") and self.path.startswith(LFS)

    @property
    def is_batch(self) -> bool:
        """Whether this asks where lfs's objects are to be sent, or come from."""
        return self.method == "POST" and self.path == f"{LFS}/objects/batch"

    @property
    def preamble(self) -> int:
        """How many bytes of the body are arguments of the command."""
        return int(self.headers.get(_POSTED, "0")) if self.is_sound else 0

    @property
    def is_sound(self) -> bool:
        """Whether it can be told where the arguments in the body end."""
        return re.fullmatch("[0-9]{1,9}", self.headers.get(_POSTED, "0")) is not None

    @property
    def object(self) -> str:
        """What is transferred, by the name that the protocol gives it."""
        if self.command == "putlfile":
            return self.arguments.get("sha", "")
        return self.command or self.path.rpartition("/")[2]


def _sent_in(headers: Mapping[str, str]) -> str:
    """The arguments that headers carry, X-HgArg-1 and on, as one query."""
    names = [f"x-hgarg-{number}" for number in range(1, len(headers) + 1)]
    return "".join(headers.get(name, "") for name in names)


@dataclass(frozen=True)
class Answer:
    """A response: its status, its body, and its type."""

    status: int
    body: bytes = b""
    kind: str = "text/plain"


@dataclass(frozen=True)
class Services:
    """An honest server at ``url``, which has ``blobs`` (by sha256 in hex) to be downloaded."""

    url: str
    blobs: Mapping[str, bytes]
    post_arguments: bool = False

    def answer(self, call: Call, talk: bytes) -> Answer:
        """The response to a whole request; ``talk`` is its body, unless it was a transfer."""
        if call.command is not None:
            try:
                return self._mercurial(call, talk)
            except (KeyError, ValueError) as err:
                return Answer(400, f"no {call.command} request: {err!r}\n".encode())
        if call.is_batch:
            return self._batch(talk)
        if call.method == "PUT" and call.is_transfer:
            return Answer(200)
        if call.method == "GET" and call.object in self.blobs:
            return Answer(200, self.blobs[call.object], "application/octet-stream")
        return Answer(404)

    def _batch(self, body: bytes) -> Answer:
        """Every object asked about is to be uploaded, or can be downloaded."""
        try:
            asked = json.loads(body)
            action, base = asked["operation"], f"{self.url}{LFS}/objects"
            wanted = [
                {**item, "actions": {action: {"href": f"{base}/{item['oid']}"}}}
                for item in asked["objects"]
            ]
            text = json.dumps({"transfer": "basic", "objects": wanted})
        except (ValueError, KeyError, TypeError, RecursionError) as err:
            text = json.dumps({"message": f"no batch request: {err!r}"})
            return Answer(422, text.encode(), _LFS_JSON)
        return Answer(200, text.encode(), _LFS_JSON)

    def _mercurial(self, call: Call, talk: bytes) -> Answer:
        if not call.is_sound:
            raise ValueError(f"{call.headers[_POSTED]!r} bytes of arguments")
        posted = parse_qsl(talk[: call.preamble].decode("ascii"), keep_blank_values=True)
        arguments = {**call.arguments, **dict(posted)}
        if call.command == "batch":
            answers = [self._in_batch(one) for one in arguments["cmds"].split(";")]
            return Answer(200, b";".join(answers), _HG)
        body = self._command(str(call.command), arguments)
        return Answer(404) if body is None else Answer(200, body, _HG)

    def _in_batch(self, one: str) -> bytes:
        name, _space, rest = one.partition(" ")
        arguments = dict(pair.split("=", 1) for pair in rest.split(",") if pair)
        answer = self._command(name, arguments) or b""
        for character, escaped in ((b":", b":c"), (b",", b":o"), (b";", b":s"), (b"=", b":e")):
            answer = answer.replace(character, escaped)
        return answer

    def _command(self, name: str, arguments: Mapping[str, str]) -> bytes | None:
        """The answer of an empty repository that publishes."""
        if name == "capabilities":
            more = " httppostargs" if self.post_arguments else ""
            return (_CAPABILITIES + more).encode()
        if name == "known":
            return b"0" * len(arguments.get("nodes", "").split())
        if name == "listkeys":
            return b"publishing\tTrue" if arguments.get("namespace") == "phases" else b""
        return _FIXED.get(name)


_FIXED = {
    "branchmap": b"",
    "heads": _NULL + b"\n",
    "lheads": _NULL + b"\n",
    "pushkey": b"1\n",
    "putlfile": b"0\n",
    "statlfile": _MISSING,
    "unbundle": b"1\n",
}
