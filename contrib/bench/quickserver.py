"""A git-lfs server that costs as little as can be, so that what is measured is the client.

It runs in a process of its own, answers each request as soon as it has come, and keeps the blobs in
memory; whether they are what was announced is looked at when somebody asks for it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

_BLOCK = 65536
_HEAD_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OBJECTS = "/lfs/objects"
_SEGMENTS = 128


@dataclass(frozen=True)
class QuickServer:
    """One that runs; ``quick_server`` starts it.  It takes uploads only."""

    port: int
    asking: Connection

    def url(self, port: int | None = None) -> str:
        """What a client is to have as ``lfs.url``; ``port`` is that of something before it."""
        return f"http://localhost:{port or self.port}/lfs"

    def taken(self) -> dict[str, bool]:
        """By name, each blob that was stored since this was last asked, and whether it is
        intact, and was stored once."""
        self.asking.send(None)
        return dict(self.asking.recv())


@contextlib.contextmanager
def quick_server() -> Iterator[QuickServer]:
    """A server for the block, on a port of loopback that was free."""
    ours, its = multiprocessing.Pipe()
    listener = socket.create_server(("127.0.0.1", 0), backlog=_SEGMENTS)
    port: int = listener.getsockname()[1]
    process = multiprocessing.get_context("fork").Process(
        target=_serve, args=(listener, its, ours), daemon=True
    )
    process.start()
    listener.close()
    try:
        yield QuickServer(port, ours)
    finally:
        process.terminate()
        process.join()


def _serve(listener: socket.socket, asked: Connection, asking: Connection) -> None:
    # else we would never see that who asks is gone
    asking.close()
    stored: list[tuple[str, bytes]] = []
    threading.Thread(target=_accept, args=(listener, stored), daemon=True).start()
    with contextlib.suppress(EOFError):
        while True:
            asked.recv()
            # before it is told: what comes then is of the next
            judged = _judged(stored)
            stored.clear()
            asked.send(judged)


def _judged(stored: list[tuple[str, bytes]]) -> dict[str, bool]:
    found: dict[str, bool] = {}
    for name, data in stored:
        found[name] = name not in found and hashlib.sha256(data).hexdigest() == name
    return found


def _accept(listener: socket.socket, stored: list[tuple[str, bytes]]) -> None:
    while True:
        sock, _peer = listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_talk, args=(sock, stored), daemon=True).start()


def _talk(sock: socket.socket, stored: list[tuple[str, bytes]]) -> None:
    with sock, contextlib.suppress(OSError):
        rest = b""
        while True:
            head, end, rest = _until_head_ends(sock, rest)
            if not end:
                return
            length = _LENGTH.search(head)
            body, rest = _body(sock, rest, int(length[1]) if length else 0)
            method, target = head.split(b" ", 2)[:2]
            sock.sendall(_answer(head, method, target.decode("latin-1"), body, stored))


def _until_head_ends(sock: socket.socket, data: bytes) -> tuple[bytes, bytes, bytes]:
    while _HEAD_END not in data:
        more = sock.recv(_BLOCK)
        if not more:
            break
        data += more
    return data.partition(_HEAD_END)


def _body(sock: socket.socket, begun: bytes, length: int) -> tuple[bytes, bytes]:
    """The body, of which some has come, and what came after it.  Raises OSError if it does not
    come whole."""
    if len(begun) >= length:
        return begun[:length], begun[length:]
    body = bytearray(length)
    body[: len(begun)] = begun
    view, place = memoryview(body), len(begun)
    while place < length:
        count = sock.recv_into(view[place:])
        if not count:
            raise ConnectionAbortedError("the body ended early")
        place += count
    return bytes(body), b""


def _answer(
    head: bytes, method: bytes, target: str, body: bytes, stored: list[tuple[str, bytes]]
) -> bytes:
    if method == b"PUT":
        stored.append((target.rpartition("/")[2], body))
        return _response("200 OK")
    if target == f"{_OBJECTS}/batch":
        return _response("200 OK", _batch(head, body))
    # git-lfs asks for locks, and goes on without
    return _response("404 Not Found")


def _batch(head: bytes, body: bytes) -> bytes:
    """Every object is to be uploaded, to where the client came."""
    host = re.search(rb"\r\nhost: *([^\r]+)", head, re.IGNORECASE)
    assert host is not None
    base = f"http://{host[1].decode('ascii')}{_OBJECTS}"
    wanted = [
        {**item, "actions": {"upload": {"href": f"{base}/{item['oid']}"}}}
        for item in json.loads(body)["objects"]
    ]
    return json.dumps({"transfer": "basic", "objects": wanted}).encode()


def _response(status: str, body: bytes = b"") -> bytes:
    kind = "Content-Type: application/vnd.git-lfs+json\r\n" if body else ""
    head = f"HTTP/1.1 {status}\r\n{kind}Content-Length: {len(body)}\r\n\r\n"
    return head.encode("ascii") + body
