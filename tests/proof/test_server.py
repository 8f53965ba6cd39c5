"""The server takes what clients send, records it, and tells a stall from slowness."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import time

import pytest

from helpers_proof import batch, blob
from helpers_server import JSON, ask, dial, raw
from hgport.proof.authority import HOST
from hgport.proof.faults import Fault
from hgport.proof.server import Server

HONEST = Fault("none")


@pytest.fixture(params=[False, True], ids=["http", "https"])
def tls(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


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
