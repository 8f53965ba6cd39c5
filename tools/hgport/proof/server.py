"""A server that misbehaves in a stated way, and remembers what it was sent.

It listens on loopback, on a port that was free, in threads of this process.  What it answers is
``services``' to say; what it does wrong is a ``Fault``, of which ``strikes`` says when it is in
force, and which ``connection`` obeys: by its own state (which request on which connection, how many
bytes), hardly ever by waiting, so that a fault comes every time.

What it saw is a list of ``Request``.  A client that announces a body and then sends nothing more
is a *stall*; the server says so through ``stalled`` and hangs up, so that nobody waits longer
than needed.  It hangs up its own side first: a client that waits for an answer leaves then, but
one that was merely slow goes on sending, and is no stall.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType

from hgport.errors import OutsideError
from hgport.proof.authority import HOST, authority_pem, server_context
from hgport.proof.connection import TICKS, Connection, Ended, Stalled
from hgport.proof.evidence import Request
from hgport.proof.faults import FROM_START, Fault, Random
from hgport.proof.services import LFS, REPOSITORY, Services
from hgport.proof.strikes import Strikes

USER, PASSWORD = "hgport", "loopback only"
_AUTHORIZATION = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
# a machine that is slow to begin is no stall
_HANDSHAKE_SECONDS = 30
# what loopback may take to let two sockets of this process find each other
_LOOPBACK_SECONDS = 10
# of a connection that has ended before it was taken up, as accept(2) says
_LEFT = {
    errno.ECONNABORTED,
    errno.EHOSTDOWN,
    errno.EHOSTUNREACH,
    errno.ENETDOWN,
    errno.ENETUNREACH,
    errno.ENOPROTOOPT,
    errno.EOPNOTSUPP,
    errno.EPROTO,
    # some systems do not know it
    getattr(errno, "ENONET", errno.EPROTO),
}
# a proxy's request line and headers, at most
TUNNEL = "CONNECT"
_CONNECT_BYTES = 8192
# as on a network: loopback's own would let a client pour a megabyte before anybody reads
_SEGMENT, _BUFFER = 1460, 65536
_AUTH = f"""\
[auth]
server.prefix = {HOST}:{{port}}
server.schemes = http https
server.username = {USER}
server.password = {PASSWORD}
"""


def check_loopback() -> None:
    """Raises OutsideError unless a client on this machine reaches a server on it."""
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = HOST, listener.getsockname()[1]
            socket.create_connection(address, timeout=_LOOPBACK_SECONDS).close()
    except OSError as err:
        raise OutsideError(
            f"nothing can connect to {HOST} (127.0.0.1) here: {err.strerror or err}",
            "a proof runs servers there; where there is no network: ip link set lo up",
        ) from err


class Server:
    """A server for one client, a ``host.Host``, that does one thing wrong, or some by chance.  Use
    it in a ``with``.

    ``blobs``, by sha256 (hex), can be downloaded; ``repository`` says that it takes pushes, and
    ``post_arguments`` that Mercurial's commands are to carry their arguments in the body;
    ``stall`` is how long, in seconds, a client may be silent within a request.
    """

    def __init__(
        self,
        fault: Fault | Random,
        *,
        tls: bool = False,
        blobs: Mapping[str, bytes] | None = None,
        repository: bool = False,
        post_arguments: bool = False,
        stall: float = 1.2,
    ) -> None:
        self._strikes = Strikes(fault)
        self._standing = fault.standing
        self.stalled = threading.Event()
        self._context = server_context() if tls else None
        self._tick = stall / TICKS
        self._lock = threading.Lock()
        self._requests: list[Request] = []
        self._connections: dict[int, socket.socket] = {}
        # of connections; all of them but those that have ended
        self._threads: list[threading.Thread] = []
        self._taken = 0
        self._acceptor: threading.Thread | None = None
        # what a thread has died of, which nobody foresaw
        self._trouble: BaseException | None = None
        self._closing = threading.Event()
        self._deaf = threading.Event()
        # what wakes whoever waits for connections: to dial would take a loopback that works
        self._waker, self._woken = socket.socketpair()
        self._listener = socket.socket()
        self._bind()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://{HOST}:{self.port}"
        self.repository_url = self.url + REPOSITORY if repository else None
        self._services = Services(self.url, blobs or {}, post_arguments)

    @property
    def lfs_url(self) -> str:
        return self.url + LFS

    @property
    def authority(self) -> bytes:
        return authority_pem()

    @property
    def config(self) -> str:
        proxy = f"[http_proxy]\nhost = {HOST}:{self.port}\nalways = True\n"
        return _AUTH.format(port=self.port) + (proxy if self._standing.proxy else "")

    def __enter__(self) -> Server:
        # the port stays ours: who dials it is refused as long as nobody listens
        if self._standing.gone != FROM_START:
            self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._listener.setblocking(False)
            self._listener.listen()
            self._acceptor = self._started(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self.hang_up()
        # nobody begins a connection after this one
        if self._acceptor is not None:
            self._acceptor.join()
        for thread in self._alive():
            thread.join()
        for sock in (self._listener, self._waker, self._woken):
            sock.close()
        if self._trouble is not None and error is None:
            raise self._trouble

    def requests(self) -> tuple[Request, ...]:
        """What came so far, by connection and number."""
        with self._lock:
            return tuple(sorted(self._requests, key=lambda r: (r.connection, r.number)))

    def settle(self, seconds: float = 5) -> None:
        """Wait, no longer than this, until every connection has ended.  After a client has left
        that makes the record complete.  Raises OutsideError if one cannot be taken up."""
        until = time.monotonic() + seconds
        while True:
            alive = self._alive()
            left = until - time.monotonic()
            if not alive or left <= 0:
                return
            alive[0].join(left)

    def _alive(self) -> list[threading.Thread]:
        """The threads of connections that have not ended, also of those that nobody has taken up
        yet."""
        with self._lock:
            self._take_up()
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            return list(self._threads)

    def hang_up(self, half: socket.socket | None = None) -> None:
        """End every connection, and take no more; of ``half`` only our side, so that it can still
        be read."""
        with self._lock:
            if self.closing:
                return
            self._closing.set()
            for sock in self._connections.values():
                # a TLS socket's own shutdown() would pull its state from under its reader
                with contextlib.suppress(OSError):
                    how = socket.SHUT_WR if sock is half else socket.SHUT_RDWR
                    socket.socket.shutdown(sock, how)
        self._waker.send(b".")

    def kept(self) -> None:
        """Nothing is kept, but what came of each upload stands in its request."""

    # -- for the connections

    def note(self, request: Request) -> None:
        """Take up a request that has begun."""
        with self._lock:
            self._requests.append(request)

    @property
    def closing(self) -> bool:
        return self._closing.is_set()

    def pause(self, seconds: float) -> None:
        """Wait, but not once the server is closing."""
        self._closing.wait(seconds)

    def take_no_more(self) -> None:
        """Refuse further connections from now on."""
        self._deaf.set()
        self._waker.send(b".")
        if self._acceptor is not None:
            self._acceptor.join()

    # -- the threads

    def _bind(self, port: int = 0) -> None:
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", port))

    def _started(self, target: Callable[..., None], *args: object) -> threading.Thread:
        thread = threading.Thread(target=self._guarded, args=(target, args), daemon=True)
        thread.start()
        return thread

    def _guarded(self, target: Callable[..., None], args: Iterable[object]) -> None:
        try:
            target(*args)
        except BaseException as err:
            # what was seen is not all that happened, so it must not count
            self._trouble = self._trouble or err

    def _accept(self) -> None:
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._listener, selectors.EVENT_READ)
                selector.register(self._woken, selectors.EVENT_READ)
                while not self._refusing:
                    selector.select()
                    with self._lock:
                        self._take_up()
        finally:
            with self._lock:
                self._listen_no_more()

    @property
    def _refusing(self) -> bool:
        return self.closing or self._deaf.is_set()

    def _listen_no_more(self) -> None:
        self._deaf.set()
        try:
            # Who waits, and has sent nothing yet, is hung up on in good order.  The end of the
            # listener would reset them, as is whoever has sent what nobody has read.
            for sock in self._waiting():
                sock.close()
        finally:
            self._listener.close()
            # The port stays ours, or a client that dials it again might find another cell's
            # server.
            with contextlib.suppress(OSError):
                self._listener = socket.socket()
                self._bind(self.port)

    def _take_up(self) -> None:
        """Begin the connections that wait for it.  Whoever calls has the lock, so that nobody sees
        a connection without its thread, or a thread that has not begun."""
        if self._acceptor is None or self._refusing:
            return
        for sock in self._waiting():
            self._taken += 1
            self._connections[self._taken] = sock
            self._threads.append(self._started(self._serve, self._taken, sock))

    def _waiting(self) -> Iterator[socket.socket]:
        """Accept whoever has dialled.  Raises OutsideError if this process can take nobody."""
        while True:
            try:
                yield self._listener.accept()[0]
            except BlockingIOError:
                return
            except OSError as err:
                if err.errno not in _LEFT:
                    raise OutsideError(
                        f"a server of a proof cannot take a connection: {err.strerror or err}",
                        "are too many files open? (ulimit -n; fewer jobs need fewer)",
                    ) from err

    def _serve(self, number: int, sock: socket.socket) -> None:
        try:
            sock.settimeout(_HANDSHAKE_SECONDS)
            if self._context is not None:
                if self._standing.proxy:
                    _open_tunnel(sock)
                    self.note(Request(number, 0, TUNNEL, outcome="answered"))
                sock = self._secured(number, sock, self._context)
                sock.do_handshake()
            sock.settimeout(self._tick)
            Connection(self, number, sock, self._strikes, self._services, _AUTHORIZATION).run()
        except Stalled:
            self.stalled.set()
            self.hang_up()
        except (Ended, OSError):
            pass  # what there is to say stands in the requests
        finally:
            with self._lock:
                self._connections.pop(number).close()

    def _secured(self, number: int, sock: socket.socket, context: ssl.SSLContext) -> ssl.SSLSocket:
        # with the lock: the plain socket is an empty shell from here on, of no use to hang up on
        with self._lock:
            secured = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
            self._connections[number] = secured
            return secured


def _open_tunnel(sock: socket.socket) -> None:
    """Take a CONNECT, as a proxy does, which leads to this very server.  Raises OSError."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        # byte for byte: what follows belongs to the tunnel
        byte = sock.recv(1)
        if not byte or len(head) > _CONNECT_BYTES or not b"CONNECT ".startswith(head[:8]):
            raise ConnectionAbortedError("no CONNECT to a proxy")
        head += byte
    sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
