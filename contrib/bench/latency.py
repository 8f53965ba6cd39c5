"""A relay that makes loopback as far away as a server elsewhere: all that goes through it arrives
later, by half of the latency in each direction.

It delays; it does not slow down: whatever is under way is so at the same time, so what is sent in
one go arrives in one go.  A connection costs one latency before its first byte, as the handshake of
TCP does.  Bandwidth, loss and the slow start of TCP are left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import socket
import threading
from collections import deque
from collections.abc import Iterator
from typing import cast


@contextlib.contextmanager
def latency(port: int, seconds: float) -> Iterator[int]:
    """For the block, a port on loopback that is so many seconds (there and back) away from another
    one.  The relay is a process of its own; without latency there is none."""
    if not seconds:
        yield port
        return
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    relay = multiprocessing.get_context("fork").Process(
        target=_relay, args=(listener, port, seconds), daemon=True
    )
    relay.start()
    own: int = listener.getsockname()[1]
    listener.close()
    try:
        yield own
    finally:
        relay.terminate()
        relay.join()


def _relay(listener: socket.socket, port: int, seconds: float) -> None:
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    asyncio.run(_run(listener, port, seconds))


def _leave_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


async def _run(listener: socket.socket, port: int, seconds: float) -> None:
    loop = asyncio.get_running_loop()

    async def open_far_side(near: _Side) -> None:
        _transport, far = await loop.create_connection(
            lambda: _Side(seconds / 2), "127.0.0.1", port
        )
        near.lead_to(far)
        far.lead_to(near)

    def accepted() -> _Side:
        near = _Side(seconds / 2, first=seconds)
        near.opening = loop.create_task(open_far_side(near))
        return near

    server = await loop.create_server(accepted, sock=listener)
    await server.serve_forever()


class _Side(asyncio.Protocol):
    """One end of a relayed connection: what is read here is written to the other end ``delay``
    seconds later, the first of it ``first`` seconds later still; an empty block ends it."""

    def __init__(self, delay: float, first: float = 0) -> None:
        self._loop = asyncio.get_running_loop()
        self._delay, self._first = delay, first
        self._not_before = 0.0
        self._under_way: deque[tuple[float, bytes]] = deque()
        self._transport: asyncio.Transport | None = None
        self._other: _Side | None = None
        self.opening: asyncio.Task[None] | None = None

    def lead_to(self, other: _Side) -> None:
        self._other = other
        if self._under_way:
            self._wait()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._not_before = self._loop.time() + self._first + self._delay

    def data_received(self, data: bytes) -> None:
        due = max(self._loop.time() + self._delay, self._not_before)
        self._under_way.append((due, data))
        if len(self._under_way) == 1 and self._other is not None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self.data_received(b"")

    def _wait(self) -> None:
        self._loop.call_at(self._under_way[0][0], self._deliver)

    def _deliver(self) -> None:
        assert self._other is not None and self._other._transport is not None
        now = self._loop.time()
        while self._under_way and self._under_way[0][0] <= now:
            _due, data = self._under_way.popleft()
            if data:
                self._other._transport.write(data)
            else:
                self._other._transport.close()
        if self._under_way:
            self._wait()
