"""A connection does wrong what its fault says, at its very place, and nothing else."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import socket
import ssl
import time

import pytest

from helpers_proof import batch, blob
from helpers_server import ask, client_context, dial, raw
from hgport.proof import faults
from hgport.proof.authority import HOST
from hgport.proof.connection import ALTERED
from hgport.proof.evidence import Request
from hgport.proof.faults import Fault
from hgport.proof.server import PASSWORD, USER, Server

HONEST = Fault("none")
OID, DATA = blob(3, 200_000)
PATH = f"/lfs/objects/{OID}"
# more than all buffers on the way hold
MUCH = 8 * 1024 * 1024
# long enough to be sure that nothing comes
_NOTHING = 0.15


@pytest.fixture(params=[False, True], ids=["http", "https"])
def tls(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def head(size: int, more: str = "") -> bytes:
    return f"PUT {PATH} HTTP/1.1\r\nHost: x\r\n{more}Content-Length: {size}\r\n\r\n".encode()


def put(sock: socket.socket, data: bytes) -> bytes:
    sock.sendall(head(len(data)) + data)
    return response(sock)


def response(sock: socket.socket) -> bytes:
    """The next response, whole."""
    seen = b""
    while b"\r\n\r\n" not in seen:
        more = sock.recv(1)
        assert more, f"the connection ended within {seen!r}"
        seen += more
    (size,) = (int(line.split(b":")[1]) for line in seen.splitlines() if b"ontent-Length" in line)
    while size:
        more = sock.recv(size)
        assert more
        seen, size = seen + more, size - len(more)
    return seen


def is_silent(sock: socket.socket) -> bool:
    """Whether nothing comes, neither a response nor the end."""
    sock.settimeout(_NOTHING)
    try:
        sock.recv(1)
    except socket.timeout:
        return True
    finally:
        sock.settimeout(10)
    return False


def is_reset(sock: socket.socket) -> bool:
    """Whether the connection ends at once, in no order; below TLS, of which new Pythons do not say
    how it ended."""
    with socket.socket(fileno=sock.detach()) as below:
        below.settimeout(10)
        try:
            while below.recv(4096):
                pass
        except ConnectionResetError:
            return True
    return False


def lost(client: http.client.HTTPConnection) -> None:
    """Send the upload, which comes to nothing."""
    with pytest.raises((OSError, http.client.HTTPException)):
        ask(client, "PUT", PATH, DATA)
    client.close()


# -- resets

PLACES = [(0, 0), (1, 1), (65536, 65536), (faults.MIDDLE, 100_000), (faults.LAST, 199_999)]


def is_cut(request: Request, received: int) -> bool:
    part = hashlib.sha256(DATA[:received]).hexdigest()
    seen = (request.outcome, request.status, request.announced, request.received, request.object)
    return seen == ("reset", None, 200_000, received, OID) and request.sha256 in (part, "")


@pytest.mark.parametrize(("place", "received"), PLACES)
def test_a_reused_connection_is_reset_in_a_body(
    tls: bool, place: faults.Where, received: int
) -> None:
    with Server(Fault("reset", resets_at=place), tls=tls) as server:
        client = dial(server)
        assert ask(client, "PUT", PATH, DATA) == 200
        assert ask(client, "POST", "/lfs/objects/batch", batch(OID)) == 200
        lost(client)
        assert ask(dial(server), "PUT", PATH, DATA) == 200
    first, _talk, cut, fresh = server.requests()
    assert (first.outcome, fresh.outcome, fresh.connection) == ("answered", "answered", 2)
    assert is_cut(cut, received) and (cut.connection, cut.number) == (1, 3)


@pytest.mark.parametrize(("place", "received"), PLACES)
def test_a_fresh_connection_is_reset_in_a_body(
    tls: bool, place: faults.Where, received: int
) -> None:
    with Server(Fault("reset", resets_at=place, resets_on=faults.FRESH), tls=tls) as server:
        lost(dial(server))
        client = dial(server)
        assert ask(client, "POST", "/lfs/objects/batch", batch(OID)) == 200
        assert ask(client, "PUT", PATH, DATA) == 200
    cut, _talk, reused = server.requests()
    assert is_cut(cut, received) and (reused.outcome, reused.number) == ("answered", 2)


def test_the_place_is_exact_where_head_and_body_come_at_once(tls: bool) -> None:
    oid, data = blob(1, 4096)
    with Server(Fault("reset", resets_at=faults.LAST), tls=tls) as server:
        sock = raw(server)
        put(sock, data)
        sock.sendall(head(4096) + data)
        assert is_reset(sock)
    assert [(r.received, r.outcome) for r in server.requests()] == [
        (4096, "answered"),
        (4095, "reset"),
    ]


@pytest.mark.parametrize(("place", "size"), [(faults.START, 1), (faults.HEADERS, 128)])
@pytest.mark.parametrize("fresh", [False, True], ids=["reused", "fresh"])
def test_a_head_is_cut(tls: bool, place: str, size: int, fresh: bool) -> None:
    with Server(
        Fault("reset", resets_at=place, resets_on=faults.FRESH if fresh else faults.REUSED),
        tls=tls,
        stall=5,
    ) as server:
        sock = raw(server)
        if not fresh:
            assert put(sock, DATA).startswith(b"HTTP/1.1 200")
        text = head(1000, f"Authorization: {'x' * 100}\r\n")
        assert b"\r\n" in text[:127] and b"\r\n\r\n" not in text[:129]
        sock.sendall(text[: size - 1])
        assert is_silent(sock)
        sock.sendall(text[size - 1 : size])
        assert is_reset(sock)
    cut = server.requests()[-1]
    assert (cut.outcome, cut.number, cut.method, cut.received) == ("reset", 2 - fresh, "", 0)


# -- answers before the end


@pytest.mark.parametrize(
    ("place", "size"),
    [(faults.HEADERS, 0), (faults.EARLY, 65536), (faults.END, 200_000)],
)
def test_an_answer_comes_at_its_place_and_the_rest_is_read(
    tls: bool, place: str, size: int
) -> None:
    with Server(Fault("403", status=403, answers_at=place), tls=tls, stall=5) as server:
        sock = raw(server)
        start = head(len(DATA)) + DATA
        size += len(head(len(DATA)))
        sock.sendall(start[: size - 1])
        assert is_silent(sock)
        sock.sendall(start[size - 1 : size])
        answer = response(sock)
        assert answer.startswith(b"HTTP/1.1 403") and b"close" not in answer.lower()
        sock.sendall(start[size:])
        # the connection is as good as before
        asked = batch(OID)
        sock.sendall(b"POST /lfs/objects/batch HTTP/1.1\r\nHost: x\r\n")
        sock.sendall(b"Content-Length: %d\r\n\r\n" % len(asked) + asked)
        assert response(sock).startswith(b"HTTP/1.1 200")
        sock.close()
        server.settle()
    refused, talk = server.requests()
    assert (refused.status, refused.received, refused.outcome) == (403, 200_000, "answered")
    assert (talk.connection, talk.number, talk.status) == (1, 2, 200)


def test_a_body_that_ends_before_the_place_is_refused_as_well() -> None:
    with Server(Fault("403", status=403, answers_at=faults.EARLY)) as server:
        assert put(raw(server), b"short").startswith(b"HTTP/1.1 403")


@pytest.mark.parametrize("place", [faults.HEADERS, faults.EARLY])
def test_who_is_hung_up_on_while_it_sends_can_read_why(place: str) -> None:
    fault = Fault("413", status=413, answers_at=place, rest=faults.HANG_UP)
    with Server(fault) as server:
        sock = raw(server)
        # not a reset: that is met by clients with another attempt
        with pytest.raises(BrokenPipeError):
            sock.sendall(head(MUCH) + bytes(MUCH))
        answer = response(sock)
        sock.close()
        server.settle()
    assert answer.startswith(b"HTTP/1.1 413") and b"connection: close" in answer.lower()
    (request,) = server.requests()
    assert (request.outcome, request.status, request.announced) == ("answered", 413, MUCH)
    assert request.received < MUCH


def test_who_is_hung_up_on_over_tls_learns_that_it_has_ended() -> None:
    fault = Fault("413", status=413, answers_at=faults.EARLY, rest=faults.HANG_UP)
    with Server(fault, tls=True) as server:
        sock = raw(server)
        # from 3.10 on Python says it in words of its own
        with pytest.raises((BrokenPipeError, ssl.SSLEOFError)):
            sock.sendall(head(MUCH) + bytes(MUCH))
        sock.close()
        server.settle()
    (request,) = server.requests()
    assert (request.outcome, request.status) == ("answered", 413)


def test_who_has_sent_all_before_it_is_hung_up_on_reads_why(tls: bool) -> None:
    fault = Fault("413", status=413, answers_at=faults.HEADERS, rest=faults.HANG_UP)
    with Server(fault, tls=tls) as server:
        sock = raw(server)
        sock.sendall(head(MUCH))
        assert response(sock).startswith(b"HTTP/1.1 413")
        sock.close()


def test_credentials_are_asked_for_early_and_taken(tls: bool) -> None:
    fault = Fault("401", status=401, answers_at=faults.HEADERS, rest=faults.HANG_UP)
    right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    with Server(fault, tls=tls) as server:
        sock = raw(server)
        sock.sendall(head(len(DATA)))
        assert b"WWW-Authenticate: Basic" in response(sock)
        sock.close()
        sock = raw(server)
        sock.sendall(head(len(DATA), f"Authorization: Basic {right}\r\n") + DATA)
        assert response(sock).startswith(b"HTTP/1.1 200")
        sock.close()
    assert [(r.connection, r.status, r.received) for r in server.requests()] == [
        (1, 401, 0),
        (2, 200, 200_000),
    ]


# -- slowness


def test_a_reader_that_stalls_resets_then(tls: bool) -> None:
    with Server(Fault("stalls", stalls=0.3), tls=tls) as server:
        client = dial(server)
        assert ask(client, "PUT", PATH, DATA) == 200
        started = time.monotonic()
        lost(client)
        assert time.monotonic() - started >= 0.3
    cut = server.requests()[1]
    assert cut.outcome == "reset" and 100_000 <= cut.received < 200_000


def test_a_slow_reader_reads_all(tls: bool) -> None:
    with Server(Fault("crawls", crawls=0.03), tls=tls) as server:
        client = dial(server)
        started = time.monotonic()
        assert ask(client, "POST", "/lfs/objects/batch", batch(OID)) == 200
        assert ask(client, "PUT", PATH, DATA) == 200
        # 32 KiB each time
        assert time.monotonic() - started >= 0.03 * 200_000 // 32768
        assert ask(client, "PUT", PATH, DATA) == 200
    assert [r.sha256 for r in server.requests()[1:]] == [OID, OID]


def test_a_client_that_waits_for_an_answer_is_lost(tls: bool) -> None:
    fault = Fault("end", resets_at=faults.END, resets_on=faults.ANY, times=1)
    with Server(fault, tls=tls, blobs={OID: DATA}) as server:
        for method, body in (("PUT", DATA), ("GET", b"")):
            sock = raw(server)
            asked = f"{method} {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
            sock.sendall(asked.encode() + body)
            if method == "PUT":
                assert is_reset(sock)
            else:
                # once for each object is enough
                assert response(sock).endswith(DATA)
                sock.close()
    cut, other = server.requests()
    assert (cut.outcome, cut.status, cut.received, cut.sha256) == ("reset", None, 200_000, OID)
    assert other.outcome == "answered"


# -- responses


@pytest.mark.parametrize("method", ["PUT", "GET"])
def test_a_response_is_cut_short_but_ends_in_good_order(tls: bool, method: str) -> None:
    with Server(Fault("cut", cuts_response=True), tls=tls, blobs={OID: DATA}) as server:
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        if tls:
            # one that is told when TLS does not end as it should
            sock = client_context().wrap_socket(
                sock, server_hostname=HOST, suppress_ragged_eofs=False
            )
        asked = f"{method} {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        sock.sendall(asked.encode())
        seen = b""
        while True:
            more = sock.recv(65536)
            if not more:
                break
            seen += more
        sock.close()
    announced = int(seen.lower().partition(b"content-length:")[2].split()[0])
    body = seen.partition(b"\r\n\r\n")[2]
    assert len(body) == announced - 32 and len(body) >= 32
    assert method == "PUT" or DATA.startswith(body)


def test_what_is_fetched_is_not_what_it_should_be(tls: bool) -> None:
    data = bytes(range(250)) * 4
    oid = hashlib.sha256(data).hexdigest()
    with Server(Fault("altered", alters_content=True), tls=tls, blobs={oid: data}) as server:
        sock = raw(server)
        sock.sendall(f"GET /lfs/objects/{oid} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        body = response(sock).partition(b"\r\n\r\n")[2]
        sock.close()
    assert len(body) == len(data) and body != data
    assert server.requests()[0].detail == ALTERED


def test_how_long_to_wait_is_said_with_the_status_only(tls: bool) -> None:
    with Server(Fault("429", status=429, retry_after=7), tls=tls) as server:
        sock = raw(server)
        answer = put(sock, DATA)
        assert answer.startswith(b"HTTP/1.1 429") and b"\r\nretry-after: 7\r\n" in answer.lower()
        asked = batch(OID)
        sock.sendall(b"POST /lfs/objects/batch HTTP/1.1\r\nHost: x\r\n")
        sock.sendall(b"Content-Length: %d\r\n\r\n" % len(asked) + asked)
        assert b"etry-" not in response(sock)
        sock.close()


@pytest.mark.parametrize(
    "fault",
    [
        Fault("batch", resets_at=faults.END, resets_on=faults.FRESH, target=faults.BATCH),
        Fault("batch", cuts_response=True, target=faults.BATCH),
    ],
)
def test_only_what_asks_for_actions_is_struck(tls: bool, fault: Fault) -> None:
    with Server(fault, tls=tls) as server:
        assert ask(dial(server), "PUT", PATH, DATA) == 200
        client = dial(server)
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(client, "POST", "/lfs/objects/batch", batch(OID))
        client.close()
    assert [r.object for r in server.requests()] == [OID, ""]


def test_each_connection_is_announced_to_end(tls: bool) -> None:
    with Server(Fault("close", closes_each=True), tls=tls) as server:
        sock = raw(server)
        assert b"connection: close" in put(sock, DATA).lower()
        assert sock.recv(1) == b""
        assert ask(dial(server), "PUT", PATH, DATA) == 200
    assert [r.connection for r in server.requests()] == [1, 2]


# -- what is struck

STRIKES = [
    Fault("middle", resets_at=faults.MIDDLE),
    Fault("last", resets_at=faults.LAST),
    Fault("fresh", resets_at=0, resets_on=faults.FRESH),
    Fault("early", status=403, answers_at=faults.HEADERS, rest=faults.HANG_UP),
    Fault("status", status=500),
    Fault("stalls", stalls=10),
    Fault("crawls", crawls=10),
    Fault("cut", cuts_response=True),
]


@pytest.mark.parametrize("fault", STRIKES, ids=lambda fault: fault.name)
def test_talk_is_never_struck(tls: bool, fault: Fault) -> None:
    with Server(fault, tls=tls, repository=True) as server:
        client = dial(server)
        for _time in range(2):
            assert ask(client, "POST", "/lfs/objects/batch", batch(OID)) == 200
            assert ask(client, "GET", "/repository?cmd=capabilities", b"") == 200
            assert ask(client, "POST", "/repository?cmd=known", b"x" * 100_000) == 200
    seen = {(r.connection, r.outcome, r.status, r.object) for r in server.requests()}
    assert seen == {(1, "answered", 200, "")} and len(server.requests()) == 6


def test_arguments_in_the_body_are_no_part_of_what_is_stored() -> None:
    arguments = b"heads=" + b"a" * 70_000
    with Server(HONEST, repository=True) as server:
        client = dial(server)
        headers = {"X-HgArgs-Post": str(len(arguments))}
        client.request("POST", "/repository?cmd=unbundle", arguments + DATA, headers)
        assert client.getresponse().read() == b"1\n"
    (request,) = server.requests()
    assert (request.sha256, request.object) == (OID, "unbundle")
    assert request.received == len(arguments) + len(DATA)


@pytest.mark.parametrize("target", ["/repository?cmd=batch", "//["])
def test_what_is_malformed_is_refused_and_the_connection_stays(target: str) -> None:
    with Server(HONEST, repository=True) as server:
        client = dial(server)
        assert ask(client, "POST", target, b"") in (400, 404)
        assert ask(client, "GET", "/repository?cmd=heads", b"") == 200


def test_a_method_that_is_none_is_what_spilled_over(tls: bool) -> None:
    with Server(HONEST, tls=tls) as server:
        sock = raw(server)
        sock.sendall(b"BREW /coffee HTTP/1.1\r\nHost: x\r\n\r\n")
        # whoever is still sending what belongs to it can do so, and then read what came of it
        sock.sendall(bytes(MUCH))
        answer = sock.recv(4096)
        with contextlib.suppress(ssl.SSLError):
            assert sock.recv(1) == b""
        sock.close()
    assert answer.startswith(b"HTTP/1.1 400") and b"connection: close" in answer.lower()
    (request,) = server.requests()
    assert (request.outcome, request.detail) == ("garbage", "no such method: BREW")
    assert request.status == 400


# -- proxies


def test_a_proxy_is_asked_for_whole_urls() -> None:
    with Server(Fault("proxy", proxy=True)) as server:
        assert ask(dial(server), "PUT", f"{server.url}{PATH}", DATA) == 200
    (request,) = server.requests()
    assert (request.object, request.sha256, request.outcome) == (OID, OID, "answered")


def tunnel(server: Server) -> http.client.HTTPConnection:
    client = http.client.HTTPSConnection(HOST, server.port, timeout=10, context=client_context())
    client.set_tunnel(HOST, server.port)
    return client


def test_a_proxy_opens_tunnels_for_tls() -> None:
    with Server(Fault("proxy", proxy=True), tls=True) as server:
        client = tunnel(server)
        for _time in range(2):
            assert ask(client, "PUT", PATH, DATA) == 200
        client.close()
    opened, *through = server.requests()
    assert (opened.connection, opened.number, opened.method) == (1, 0, "CONNECT")
    assert [(r.connection, r.number, r.sha256) for r in through] == [(1, 1, OID), (1, 2, OID)]


def test_a_fault_strikes_within_a_tunnel() -> None:
    with Server(Fault("proxy", proxy=True, resets_at=faults.MIDDLE), tls=True) as server:
        client = tunnel(server)
        assert ask(client, "PUT", PATH, DATA) == 200
        lost(client)
    assert is_cut(server.requests()[2], 100_000)


@pytest.mark.parametrize(
    "sent",
    [head(5) + b"12345", b"\x16\x03\x01\x02\x00\x01\x00", b"CONNECT x HTTP/1.1\r\n" + b"x" * 8192],
    ids=["a request", "TLS at once", "no end"],
)
def test_a_proxy_for_tls_refuses_what_is_no_connect(sent: bytes) -> None:
    with Server(Fault("proxy", proxy=True), tls=True) as server:
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        sock.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            assert sock.recv(1) == b""
        sock.close()
        # and takes the next
        client = tunnel(server)
        assert ask(client, "PUT", PATH, DATA) == 200
        client.close()
    assert [(r.connection, r.method) for r in server.requests()] == [(2, "CONNECT"), (2, "PUT")]


# -- others


def test_idle_close_ends_the_connection_with_the_response(tls: bool) -> None:
    oid, data = blob(1)
    with Server(Fault("close", closes_idle=True), tls=tls) as server:
        sock = raw(server)
        sock.sendall(b"PUT /lfs/objects/%s HTTP/1.1\r\nHost: x\r\n" % oid.encode())
        sock.sendall(b"Content-Length: 1000\r\n\r\n" + data)
        answer = b""
        while True:
            more = sock.recv(4096)
            if not more:
                break
            answer += more
        sock.close()
        # it does not refuse new connections
        assert ask(dial(server), "PUT", f"/lfs/objects/{oid}", data) == 200
    assert answer.startswith(b"HTTP/1.1 200") and b"close" not in answer.lower()
    assert [(r.connection, r.outcome) for r in server.requests()] == [
        (1, "answered"),
        (2, "answered"),
    ]


def test_challenge_reads_the_body_and_asks_for_credentials(tls: bool) -> None:
    oid, data = blob(1)
    right = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    wrong = base64.b64encode(b"somebody:else").decode()
    with Server(Fault("401", status=401), tls=tls) as server:
        client = dial(server)
        assert ask(client, "POST", "/lfs/objects/batch", batch(oid)) == 200
        assert ask(client, "PUT", f"/lfs/objects/{oid}", data) == 401
        for credentials, status in ((wrong, 401), (right, 200)):
            headers = {"Authorization": f"Basic {credentials}"}
            client.request("PUT", f"/lfs/objects/{oid}", data, headers)
            response = client.getresponse()
            response.read()
            assert response.status == status
            assert ("basic" in response.headers.get("WWW-Authenticate", "").lower()) == (
                status == 401
            )
    assert [r.status for r in server.requests()] == [200, 401, 401, 200]
    assert {r.sha256 for r in server.requests()[1:]} == {oid}


def test_what_spills_over_is_no_request(tls: bool) -> None:
    oid, data = blob(1)
    with Server(HONEST, tls=tls) as server:
        sock = raw(server)
        sock.sendall(b"PUT /lfs/objects/%s HTTP/1.1\r\nHost: x\r\n" % oid.encode())
        sock.sendall(b"Content-Length: 1000\r\n\r\n" + data + b"\0\1and the rest\r\n\r\n")
        while sock.recv(4096):
            pass
        sock.close()
    first, spilled = server.requests()
    assert (first.outcome, first.sha256) == ("answered", oid)
    assert (spilled.number, spilled.outcome, spilled.method) == (2, "garbage", "")


def test_broken_tls_is_recorded() -> None:
    with Server(HONEST, tls=True) as server:
        sock = raw(server)
        sock.sendall(b"PUT /lfs/objects/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort")
        below = socket.socket(fileno=sock.detach())
        below.sendall(b"not a record at all " * 10)
        below.settimeout(10)
        with contextlib.suppress(ConnectionResetError):
            while below.recv(4096):
                pass
        below.close()
    (request,) = server.requests()
    assert request.outcome == "garbage" and request.detail.startswith("TLS")
