"""A git-lfs server that misbehaves in a stated way, and remembers what it was sent.

It listens on loopback, on a port that was free, in threads of this process.  It speaks the batch
and the basic transfer protocol of git-lfs, as far as uploads go, over http or https.  What it
does wrong is a ``Fault``; a fault comes from the server's own state (which request on which
connection, how many bytes), never from waiting, so that it comes every time.

What it saw is a list of ``Request``.  A client that announces a body and then sends nothing more
is a *stall*; the server says so through ``stalled`` and hangs up, so that nobody waits longer
than needed.  It hangs up its own side first: a client that waits for an answer leaves then, but
one that was merely slow goes on sending, and is no stall.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import hashlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

import h11

from hgport.proof.evidence import Request
from hgport.proof.scenarios import Fault

if TYPE_CHECKING:
    import trustme

HOST = "localhost"
USER, PASSWORD = "hgport", "loopback only"
_AUTHORIZATION = b"Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode())
_LFS_JSON = "application/vnd.git-lfs+json"
_BLOCK = 65536
# a machine that is slow to begin is no stall
_HANDSHAKE_SECONDS = 30
# what a machine may need to let a client notice that it was hung up on, or send the next byte
_NOTICE_SECONDS = 10
_TICKS = 3  # a stall is so many silent waits in a row, so that one pause of the machine is none


class _Stalled(Exception):
    """The client has gone silent within a request."""


class _Ended(Exception):
    """The connection is over."""


@functools.lru_cache(maxsize=1)
def authority() -> trustme.CA:
    """The certificate authority of this process, made when it is first asked for."""
    import trustme  # takes long, and http needs none of it

    return trustme.CA()


def authority_pem() -> bytes:
    """The authority's certificate, as the clients' ``web.cacerts`` wants it."""
    return authority().cert_pem.bytes()


@functools.lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert(HOST).configure_cert(context)
    return context


class Server:
    """A server for one client.  Use it in a ``with``; ``requests()`` is good after it, too.

    ``stall`` is how long, in seconds, a client may be silent within a request.
    """

    def __init__(self, fault: Fault, *, tls: bool = False, stall: float = 1.5) -> None:
        self.fault = fault
        self.stalled = threading.Event()
        self._context = _tls() if tls else None
        self._tick = stall / _TICKS
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._connections: dict[int, socket.socket] = {}
        self._threads: list[threading.Thread] = []
        self._closing = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self.port}/lfs"

    def __enter__(self) -> Server:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.hang_up()
        for thread in self._threads:
            thread.join()

    def requests(self) -> tuple[Request, ...]:
        """What came so far, by connection and number."""
        with self._lock:
            return tuple(sorted(self._requests, key=lambda r: (r.connection, r.number)))

    def settle(self, seconds: float = 5) -> None:
        """Wait, no longer than this, until every connection has ended.  After a client has left
        that makes the record complete."""
        until = time.monotonic() + seconds
        for thread in self._threads[1:]:
            thread.join(max(0.0, until - time.monotonic()))

    def hang_up(self, half: socket.socket | None = None) -> None:
        """End every connection, and take no more; of ``half`` only our side, so that it can still
        be read."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
            for sock in self._connections.values():
                # a TLS socket's own shutdown() would pull its state from under its reader
                with contextlib.suppress(OSError):
                    how = socket.SHUT_WR if sock is half else socket.SHUT_RDWR
                    socket.socket.shutdown(sock, how)
        # the one way to wake an accept() that works on every platform
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port)).close()

    # -- for the connections

    def note(self, request: Request) -> None:
        """Take up a request that has begun."""
        with self._lock:
            self._requests.append(request)

    @property
    def closing(self) -> bool:
        return self._closing

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with self._listener:
            for number in range(1, 1_000_000):
                sock, _peer = self._listener.accept()
                with self._lock:
                    if self._closing:
                        sock.close()
                        return
                    self._connections[number] = sock
                self._start(self._serve, number, sock)

    def _serve(self, number: int, sock: socket.socket) -> None:
        try:
            sock.settimeout(self._tick)
            if self._context is not None:
                sock = self._secured(number, sock)
            _Connection(self, number, sock, self.fault).run()
        except _Stalled:
            self.stalled.set()
            self.hang_up()
        except (_Ended, OSError):
            pass  # what there is to say stands in the requests
        finally:
            with self._lock:
                self._connections.pop(number, None)
            sock.close()

    def _secured(self, number: int, sock: socket.socket) -> ssl.SSLSocket:
        assert self._context is not None
        secured = self._context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        with self._lock:
            self._connections[number] = secured
        secured.settimeout(_HANDSHAKE_SECONDS)
        secured.do_handshake()
        secured.settimeout(self._tick)
        return secured


class _Connection:
    """One connection: requests in turn, until one side ends it."""

    def __init__(self, server: Server, number: int, sock: socket.socket, fault: Fault) -> None:
        self._server = server
        self._number = number
        self._sock = sock
        self._fault = fault
        self._http = h11.Connection(h11.SERVER)
        self._begun = False
        self._authorized = False
        self._body = bytearray()

    def run(self) -> None:
        """Serve until the connection is over.  Raises _Ended, _Stalled or OSError."""
        number = 0
        while True:
            number += 1
            self._begun = False
            self._body.clear()
            request = Request(self._number, number)
            if self._http.trailing_data[0]:
                self._begin(request)
            self._exchange(request)
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    def _exchange(self, request: Request) -> None:
        try:
            self._read(request)
            self._answer(request)
        except _Stalled:
            request.outcome = "stalled"
            raise
        except h11.RemoteProtocolError as err:
            self._unreadable(request, str(err))
        except ssl.SSLError as err:
            self._unreadable(request, f"TLS: {err.reason or err}")
        except OSError as err:
            request.outcome, request.detail = "cut", str(err)
            raise

    def _unreadable(self, request: Request, why: str) -> None:
        if request.outcome == "open":
            request.outcome, request.detail = "garbage", why
        raise _Ended

    # -- reading

    def _read(self, request: Request) -> None:
        """Read one request whole, keeping its record up to date; cut it where the fault says."""
        head = self._event(request)
        assert isinstance(head, h11.Request)
        request.method = head.method.decode("ascii")
        request.path = head.target.decode("latin-1")
        headers = dict(head.headers)
        if b"content-length" in headers:
            request.announced = int(headers[b"content-length"])
        self._authorized = headers.get(b"authorization") == _AUTHORIZATION
        hasher = hashlib.sha256()
        while True:
            if request.received >= self._cut_at(request):
                self._reset(request)
            event = self._event(request)
            if not isinstance(event, h11.Data):
                break
            request.received += len(event.data)
            hasher.update(event.data)
            request.sha256 = hasher.hexdigest()
            if request.method == "POST":
                self._body += event.data
        request.sha256 = hasher.hexdigest()

    def _cut_at(self, request: Request) -> float:
        cut = self._fault.reset_reused_after
        reused_upload = request.number > 1 and request.method == "PUT"
        return cut if cut is not None and reused_upload else float("inf")

    def _event(self, request: Request) -> h11.Event:
        """The next event, waiting for as much as it takes."""
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.ConnectionClosed):
                raise _Ended
            if event is not h11.NEED_DATA:
                assert not isinstance(event, type)
                return event
            data = self._receive(request)
            if not data:
                self._client_left(request)
            self._begin(request)
            self._http.receive_data(data)

    def _begin(self, request: Request) -> None:
        """Something of this request has come, so it is one."""
        if not self._begun:
            self._begun = True
            self._server.note(request)

    def _client_left(self, request: Request) -> None:
        if self._begun:
            request.outcome = "cut"
        raise _Ended

    def _receive(self, request: Request) -> bytes:
        """Some bytes, or none if the client has closed.  Silence is a stall within a request
        only; between requests a client may think for as long as it likes."""
        room = max(1, min(_BLOCK, self._cut_at(request) - request.received))
        silent = 0
        while True:
            try:
                return self._sock.recv(int(room))
            except socket.timeout:
                if self._server.closing:
                    raise _Ended from None
                silent += self._begun
                if silent == _TICKS:
                    self._judge_silence(request)

    def _judge_silence(self, request: Request) -> NoReturn:
        """Tell a client that waits for us from one that is slow to send: hung up on, the one
        leaves, and the other goes on sending."""
        self._server.hang_up(half=self._sock)
        self._sock.settimeout(_NOTICE_SECONDS)
        # reset or silent, it sends no more; TLS takes an end without a farewell for an error
        with contextlib.suppress(OSError):
            if self._sock.recv(1):
                request.outcome, request.detail = "cut", "the client was slow, but not waiting"
                raise _Ended
        raise _Stalled

    # -- answering

    def _answer(self, request: Request) -> None:
        if self._fault.challenge and request.method == "PUT" and not self._authorized:
            self._respond(request, 401, b"", ("WWW-Authenticate", 'Basic realm="hgport"'))
        elif request.method == "POST" and request.path.endswith("/objects/batch"):
            self._respond(request, *self._batch(), ("Content-Type", _LFS_JSON))
        elif request.method == "PUT":
            self._respond(request, 200, b"")
        else:
            self._respond(request, 404, b"")

    def _batch(self) -> tuple[int, bytes]:
        """The status and the body that ask for every object to be uploaded."""
        base = self._server.url
        try:
            wanted = [
                {**item, "actions": {"upload": {"href": f"{base}/objects/{item['oid']}"}}}
                for item in json.loads(self._body)["objects"]
            ]
        except (ValueError, KeyError, TypeError) as err:
            return 422, json.dumps({"message": f"no batch request: {err!r}"}).encode()
        return 200, json.dumps({"transfer": "basic", "objects": wanted}).encode()

    def _respond(self, request: Request, status: int, body: bytes, *more: tuple[str, str]) -> None:
        request.status, request.outcome = status, "answered"
        headers = [("Content-Length", str(len(body))), *more]
        response = self._http.send(h11.Response(status_code=status, headers=headers))
        response += self._http.send(h11.Data(data=body)) + self._http.send(h11.EndOfMessage())
        if self._fault.close_after_response:
            self._hold_back()
        self._sock.sendall(response)
        if self._fault.close_after_response:
            raise _Ended

    def _hold_back(self) -> None:
        # The response then leaves in the packet that closes the connection, so the client never
        # sees the one before the other.  Without this the client may send before we have closed;
        # it is refused then, too, a moment later.
        if hasattr(socket, "TCP_CORK"):
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    def _reset(self, request: Request) -> None:
        request.outcome = "reset"
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise _Ended
