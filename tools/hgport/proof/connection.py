"""One connection of the embedded server: requests in turn, until one side ends it, or the fault."""

from __future__ import annotations

import contextlib
import hashlib
import socket
import ssl
import struct
from typing import NoReturn, Protocol

import h11

from hgport.proof.evidence import Request
from hgport.proof.faults import (
    AFTER_BATCH,
    DRAIN,
    EARLY,
    END,
    HEADERS,
    LAST,
    MIDDLE,
    START,
)
from hgport.proof.services import Answer, Call, Services
from hgport.proof.strikes import Strikes, is_fit

_BLOCK = 65536
_CRAWL = 32768
# bytes of a request's head after which it is cut: more than its first line, less than any head
_IN_HEADERS = 128
# bytes of a body after which it is answered early
_EARLY = 65536
# what a response that is cut lacks, in bytes, and has at least
_LACKING = 32
# what a machine may need to let a client notice that it was hung up on, or send the next byte
_NOTICE_SECONDS = 10
_FAREWELL_SECONDS = 0.2
TICKS = 3  # a stall is so many silent waits in a row, so that one pause of the machine is none
# what a request's record says of a fault that its outcome does not tell
CRAWLED, CUT_SHORT = "read slowly", "the response was cut short"
ALTERED = "the content was altered"
# what else begins like a request is what spilled over from the one before
_METHODS = ("GET", "HEAD", "POST", "PUT")
_CHALLENGE = ("WWW-Authenticate", 'Basic realm="hgport"')


class Stalled(Exception):
    """The client has gone silent within a request."""


class Ended(Exception):
    """The connection is over."""


class Owner(Protocol):
    """What a connection needs of its server."""

    @property
    def closing(self) -> bool: ...

    def note(self, request: Request) -> None:
        """Take up a request that has begun."""

    def hang_up(self, half: socket.socket | None = None) -> None:
        """End every connection; of ``half`` only our side."""

    def pause(self, seconds: float) -> None:
        """Wait, but not once the server is closing."""

    def take_no_more(self) -> None:
        """Refuse further connections from now on."""


class Connection:
    """One connection: ``number`` counts them from 1; its socket has a time limit of one tick.

    ``authorization`` is the header that a 401 asks for.
    """

    def __init__(
        self,
        owner: Owner,
        number: int,
        sock: socket.socket,
        strikes: Strikes,
        services: Services,
        authorization: str,
    ) -> None:
        self._owner = owner
        self._number = number
        self._sock = sock
        self._strikes = strikes
        # what is in force for the request at hand
        self._fault = strikes.at_head
        self._services = services
        self._authorization = authorization
        self._http = h11.Connection(h11.SERVER)
        self._call = Call("", "", {}, None, {})
        self._begun = False
        self._received_head = 0

    def run(self) -> None:
        """Serve until the connection is over.  Raises Ended, Stalled or OSError."""
        number = 0
        while True:
            number += 1
            self._begun = False
            self._received_head = 0
            self._fault = self._strikes.at_head
            request = Request(self._number, number)
            if self._http.trailing_data[0]:
                self._begin(request)
            self._exchange(request)
            if self._http.our_state is not h11.DONE or self._http.their_state is not h11.DONE:
                return
            self._http.start_next_cycle()

    def _exchange(self, request: Request) -> None:
        try:
            self._read_head(request)
            talk = self._read_body(request)
            if request.status is None:
                self._respond(request, self._answer(talk))
        except Stalled:
            request.outcome = "stalled"
            raise
        except h11.RemoteProtocolError as err:
            self._unreadable(request, str(err))
        except ssl.SSLError as err:
            self._unreadable(request, f"TLS: {err.reason or err}")
        except OSError as err:
            if request.outcome == "open":
                request.outcome, request.detail = "cut", str(err)
            raise

    def _unreadable(self, request: Request, why: str) -> None:
        if request.outcome == "open":
            request.outcome, request.detail = "garbage", why
            with contextlib.suppress(OSError):
                self._turn_away(request)
        raise Ended

    def _turn_away(self, request: Request) -> None:
        """Answer what is no request, as every server does, and read whatever is still sent.  Else
        the connection would seem lost, and where the client is then would say what it does."""
        request.status = 400
        self._sock.sendall(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")
        socket.socket.shutdown(self._sock, socket.SHUT_WR)
        self._sock.settimeout(_NOTICE_SECONDS)
        while self._sock.recv(_BLOCK):
            pass

    # -- reading

    def _read_head(self, request: Request) -> None:
        head = self._event(request)
        assert isinstance(head, h11.Request)
        headers = {n.decode("ascii"): v.decode("latin-1") for n, v in head.headers}
        request.method, request.path = head.method.decode("ascii"), head.target.decode("latin-1")
        if request.method not in _METHODS:
            self._unreadable(request, f"no such method: {request.method[:20]}")
        self._call = Call.of(request.method, request.path, headers)
        if "content-length" in headers:
            request.announced = int(headers["content-length"])
        if self._call.is_transfer:
            request.object = self._call.object
        self._fault = self._strikes.on(self._call, request.number)

    def _read_body(self, request: Request) -> bytes:
        """Read the body, keeping the record up to date; cut and answer it where the fault says.

        Returns what the services need of it: all of a talk's, the arguments of a transfer's.
        """
        hasher, talk, preamble = hashlib.sha256(), bytearray(), self._call.preamble
        while True:
            self._strike(request)
            event = self._event(request)
            if not isinstance(event, h11.Data):
                break
            request.received += len(event.data)
            data = bytes(event.data)
            if self._call.is_transfer:
                arguments = max(0, preamble - len(talk))
                talk += data[:arguments]
                data = data[arguments:]
            else:
                talk += data
            hasher.update(data)
            request.sha256 = hasher.hexdigest()
        request.sha256 = hasher.hexdigest()
        return bytes(talk)

    def _strike(self, request: Request) -> None:
        """Do what the fault does at this place of a request."""
        fault, place = self._fault, request.received
        half = (request.announced or 0) // 2
        if fault.stalls is not None and place >= half:
            self._owner.pause(fault.stalls)
            self._reset(request)
        if place >= self._cut_at(request):
            self._reset(request)
        wanted = {HEADERS: 0, EARLY: _EARLY}.get(fault.answers_at)
        if wanted is not None and place >= wanted and self._refuses(request):
            self._refuse(request)
        if fault.crawls is not None and place:
            request.detail = CRAWLED
            self._owner.pause(fault.crawls)

    def _cut_at(self, request: Request) -> float:
        """How many bytes of this body are read before the connection is reset."""
        where, announced = self._fault.resets_at, request.announced or 0
        if where in (None, START, HEADERS):
            return float("inf")
        if isinstance(where, int):
            return where
        return {MIDDLE: announced // 2, LAST: announced - 1, END: announced}[str(where)]

    def _event(self, request: Request) -> h11.Event:
        """The next event, waiting for as much as it takes."""
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.ConnectionClosed):
                raise Ended
            if event is not h11.NEED_DATA:
                assert not isinstance(event, type)
                return event
            data = self._receive(request)
            if not data:
                self._client_left(request)
            self._begin(request)
            self._cut_head(request, len(data))
            self._http.receive_data(data)

    def _cut_head(self, request: Request, size: int) -> None:
        """Reset the connection if the fault does so in the head, which ``size`` more bytes of
        have come."""
        if self._http.their_state is h11.IDLE:
            self._received_head += size
            limit = self._head_limit(request)
            if limit is not None and self._received_head >= limit:
                self._reset(request)

    def _head_limit(self, request: Request) -> int | None:
        limit = {START: 1, HEADERS: _IN_HEADERS}.get(str(self._fault.resets_at))
        return limit if is_fit(self._fault, request.number) else None

    def _begin(self, request: Request) -> None:
        """Something of this request has come, so it is one."""
        if not self._begun:
            self._begun = True
            self._owner.note(request)

    def _client_left(self, request: Request) -> None:
        if self._begun and request.outcome == "open":
            request.outcome = "cut"
        raise Ended

    def _receive(self, request: Request) -> bytes:
        """Some bytes, or none if the client has closed.  Silence is a stall within a request
        only; between requests a client may think for as long as it likes."""
        silent = 0
        while True:
            try:
                return self._sock.recv(self._room(request))
            except socket.timeout:
                if self._owner.closing:
                    raise Ended from None
                silent += self._begun
                if silent == TICKS:
                    self._judge_silence(request)

    def _room(self, request: Request) -> int:
        """How many bytes may be read at once, so that no place of the fault is missed."""
        if self._http.their_state is h11.IDLE:
            limit = self._head_limit(request)
            if limit is not None:
                return max(1, limit - self._received_head)
            # what comes with the head may go beyond the place
            return _BLOCK if self._fault.resets_at is None else 1
        cut = self._cut_at(request)
        block = _BLOCK if self._fault.crawls is None else _CRAWL
        return int(max(1, min(block, cut - request.received)))

    def _judge_silence(self, request: Request) -> NoReturn:
        """Tell a client that waits for us from one that is slow to send: hung up on, the one
        leaves, and the other goes on sending."""
        self._owner.hang_up(half=self._sock)
        self._sock.settimeout(_NOTICE_SECONDS)
        # reset or silent, it sends no more; TLS takes an end without a farewell for an error
        with contextlib.suppress(OSError):
            if self._sock.recv(1):
                request.outcome, request.detail = "cut", "the client was slow, but not waiting"
                raise Ended
        raise Stalled

    # -- answering

    def _refuses(self, request: Request) -> bool:
        """Whether the fault answers this request with a status of its own, and has not yet."""
        if self._fault.status is None or request.status is not None:
            return False
        allowed = self._call.headers.get("authorization") == self._authorization
        return self._fault.status != 401 or not allowed

    def _refuse(self, request: Request) -> None:
        """Answer a request that has not come whole."""
        self._respond(request, self._refusal(), last=self._fault.rest != DRAIN)

    def _refusal(self) -> Answer:
        assert self._fault.status is not None
        return Answer(self._fault.status, b"this is what the scenario wants\n")

    def _answer(self, talk: bytes) -> Answer:
        # also where the body has ended before the place for an early answer
        if self._refuses(Request(0, 0)):
            return self._refusal()
        answer = self._services.answer(self._call, talk)
        if self._fault.cuts_response and len(answer.body) < 2 * _LACKING:
            return Answer(answer.status, answer.body.ljust(2 * _LACKING), answer.kind)
        if self._fault.alters_content:
            return Answer(answer.status, answer.body[::-1], answer.kind)
        return answer

    def _respond(self, request: Request, answer: Answer, *, last: bool = False) -> None:
        """Send a response; ``last`` says that nothing more is read, and the connection closed."""
        request.status = answer.status
        request.outcome = "answered"
        headers = [("Content-Length", str(len(answer.body))), ("Content-Type", answer.kind)]
        if answer.status == 401:
            headers.append(_CHALLENGE)
        elif answer.status == self._fault.status and self._fault.retry_after is not None:
            headers.append(("Retry-After", str(self._fault.retry_after)))
        if self._fault.gone == AFTER_BATCH and self._call.is_batch:
            self._owner.take_no_more()
            last = True
        if last or self._fault.closes_each:
            headers.append(("Connection", "close"))
        response = self._http.send(h11.Response(status_code=answer.status, headers=headers))
        # to HEAD belong the headers that GET would get, and no body
        body = b"" if request.method == "HEAD" else answer.body
        response += self._http.send(h11.Data(data=body))
        response += self._http.send(h11.EndOfMessage())
        if self._fault.cuts_response:
            request.detail = CUT_SHORT
        elif self._fault.alters_content:
            request.detail = ALTERED
        self._deliver(request, response, last)

    def _deliver(self, request: Request, response: bytes, last: bool) -> None:
        if self._fault.cuts_response:
            self._send(response[:-_LACKING])
            self._say_farewell()
            raise Ended
        if self._fault.resets_response:
            self._send(response[: len(response) // 2])
            self._reset(request)
        if self._fault.closes_idle:
            self._hold_back()
        self._send(response)
        if last:
            # The end of our side has to be there before the reset that whatever still comes will
            # get: a client that meets that reset can read the response none the less.
            socket.socket.shutdown(self._sock, socket.SHUT_WR)
        if last or self._fault.closes_idle:
            raise Ended

    def _send(self, response: bytes) -> None:
        # a tick is for silence, and a large response takes a client that is slow to read longer
        tick = self._sock.gettimeout()
        self._sock.settimeout(_NOTICE_SECONDS)
        self._sock.sendall(response)
        self._sock.settimeout(tick)

    def _say_farewell(self) -> None:
        """End TLS in good order, so that it is the response that is cut, and not the TLS."""
        if isinstance(self._sock, ssl.SSLSocket):
            self._sock.settimeout(_FAREWELL_SECONDS)
            # the client need not answer
            with contextlib.suppress(OSError, ValueError):
                self._sock.unwrap()

    def _hold_back(self) -> None:
        # The response then leaves in the packet that closes the connection, so the client never
        # sees the one before the other.  Without this the client may send before we have closed;
        # it is refused then, too, a moment later.
        if hasattr(socket, "TCP_CORK"):
            self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)

    def _reset(self, request: Request) -> NoReturn:
        request.outcome = "reset"
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Ended
