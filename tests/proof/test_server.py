"""The server does wrong what its fault says, and nothing else, and records what came."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable

import pytest

from helpers_proof import batch, blob
from hgport.proof.authority import HOST, authority_pem
from hgport.proof.faults import Fault
from hgport.proof.server import PASSWORD, USER, Server

HONEST = Fault("none")
JSON = {"Content-Type": "application/vnd.git-lfs+json"}

Dial = Callable[[Server], http.client.HTTPConnection]


@pytest.fixture(params=[False, True], ids=["http", "https"])
def tls(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def client_context() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority_pem().decode())


def dial(server: Server) -> http.client.HTTPConnection:
    """A client; no request of it opens a second connection by itself."""
    if server.url.startswith("https"):
        client: http.client.HTTPConnection = http.client.HTTPSConnection(
            HOST, server.port, timeout=10, context=client_context()
        )
    else:
        client = http.client.HTTPConnection(HOST, server.port, timeout=10)
    client.connect()
    client.auto_open = 0
    return client


def raw(server: Server) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    if server.url.startswith("https"):
        return client_context().wrap_socket(sock, server_hostname=HOST)
    return sock


def ask(client: http.client.HTTPConnection, method: str, path: str, body: bytes) -> int:
    client.request(method, path, body, JSON)
    response = client.getresponse()
    response.read()
    return response.status


def test_an_honest_server_takes_uploads_on_one_connection(tls: bool) -> None:
    (one, data_one), (two, data_two) = blob(1), blob(2)
    with Server(HONEST, tls=tls) as server:
        client = dial(server)
        client.request("POST", "/lfs/objects/batch", batch(one, two), JSON)
        answer = json.loads(client.getresponse().read())
        hrefs = [item["actions"]["upload"]["href"] for item in answer["objects"]]
        statuses = [
            ask(client, "PUT", href[href.index("/lfs") :], data)
            for href, data in zip(hrefs, (data_one, data_two))
        ]
        client.close()
    assert statuses == [200, 200]
    assert hrefs == [f"{server.lfs_url}/objects/{oid}" for oid in (one, two)]
    seen = [(r.connection, r.number, r.method, r.sha256, r.outcome) for r in server.requests()]
    assert seen[1:] == [(1, 2, "PUT", one, "answered"), (1, 3, "PUT", two, "answered")]
    assert [r.announced for r in server.requests()][1:] == [1000, 1000]
    assert not server.stalled.is_set()


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


@pytest.mark.parametrize("count", [0, 1, 65536, 199_999])
def test_reset_cuts_an_upload_on_a_reused_connection_only(tls: bool, count: int) -> None:
    oid, data = blob(3, 200_000)
    with Server(Fault("reset", resets_at=count), tls=tls) as server:
        client = dial(server)
        assert ask(client, "PUT", f"/lfs/objects/{oid}", data) == 200
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(client, "PUT", f"/lfs/objects/{oid}", data)
        assert ask(dial(server), "PUT", f"/lfs/objects/{oid}", data) == 200
    first, cut, fresh = server.requests()
    assert (first.outcome, fresh.outcome, fresh.connection) == ("answered", "answered", 2)
    assert (cut.outcome, cut.status, cut.announced) == ("reset", None, 200_000)
    assert count <= cut.received < 200_000


def test_a_reset_counts_bytes_of_the_body_exactly() -> None:
    oid, data = blob(3, 200_000)
    with Server(Fault("reset", resets_at=65536)) as server:
        client = dial(server)
        ask(client, "PUT", f"/lfs/objects/{oid}", data)
        with pytest.raises((OSError, http.client.HTTPException)):
            ask(client, "PUT", f"/lfs/objects/{oid}", data)
    cut = server.requests()[1]
    assert cut.received == 65536
    assert cut.sha256 == hashlib.sha256(data[:65536]).hexdigest()


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


def test_a_body_that_stops_short_is_a_stall(tls: bool) -> None:
    with Server(HONEST, tls=tls, stall=0.3) as server:
        sock = raw(server)
        sock.sendall(b"PUT /lfs/objects/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort")
        # whoever waits for an answer is told that none will come
        with contextlib.suppress(ssl.SSLError):
            assert sock.recv(100) == b""
        sock.close()
        assert server.stalled.wait(5)
    (request,) = server.requests()
    assert (request.outcome, request.announced, request.received) == ("stalled", 100, 5)


def test_a_client_that_is_slow_within_a_body_is_no_stall(tls: bool) -> None:
    with Server(HONEST, tls=tls, stall=0.3) as server:
        sock = raw(server)
        sock.sendall(b"PUT /lfs/objects/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort")
        time.sleep(1)
        sock.sendall(b"more")
        server.settle()
        sock.close()
    assert not server.stalled.is_set()
    (request,) = server.requests()
    assert (request.outcome, request.detail) == ("cut", "the client was slow, but not waiting")


def test_a_head_that_stops_short_is_a_stall_without_a_body() -> None:
    with Server(HONEST, stall=0.3) as server:
        sock = raw(server)
        sock.sendall(b"PUT /lfs/objects/x HTTP/1.1\r\nHost:")
        assert sock.recv(100) == b""
        sock.close()
        assert server.stalled.wait(5)
    (request,) = server.requests()
    assert (request.outcome, request.announced, request.method) == ("stalled", None, "")


def test_a_client_may_think_between_requests(tls: bool) -> None:
    oid, data = blob(1)
    with Server(HONEST, tls=tls, stall=0.1) as server:
        client = dial(server)
        assert ask(client, "PUT", f"/lfs/objects/{oid}", data) == 200
        assert not server.stalled.wait(0.5)
        assert ask(client, "PUT", f"/lfs/objects/{oid}", data) == 200
    assert [r.number for r in server.requests()] == [1, 2]


def test_a_client_that_leaves_in_the_middle_is_recorded(tls: bool) -> None:
    with Server(HONEST, tls=tls, stall=10) as server:
        sock = raw(server)
        sock.sendall(b"PUT /lfs/objects/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort")
        # below TLS, which would want to say goodbye
        socket.socket.shutdown(sock, socket.SHUT_WR)
        with contextlib.suppress(ssl.SSLError):
            assert sock.recv(100) == b""
        sock.close()
        server.settle()
    assert [(r.outcome, r.received) for r in server.requests()] == [("cut", 5)]


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


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/lfs/objects/batch", b"no json", 422),
        ("POST", "/lfs/objects/batch", b"{}", 422),
        ("POST", "/elsewhere", b"{}", 404),
        ("GET", "/lfs/objects/x", b"", 404),
    ],
)
def test_what_it_does_not_know(method: str, path: str, body: bytes, status: int) -> None:
    with Server(HONEST) as server:
        assert ask(dial(server), method, path, body) == status


def test_it_is_gone_after_the_block() -> None:
    with Server(HONEST) as server:
        sock = raw(server)
        assert sock.getpeername()[0] == "127.0.0.1"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", server.port), timeout=1)
    assert sock.recv(10) == b""
    sock.close()


def test_a_client_without_our_authority_refuses_it() -> None:
    with Server(HONEST, tls=True) as server:
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        with pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(sock, server_hostname=HOST)
        sock.close()
    assert server.requests() == ()
