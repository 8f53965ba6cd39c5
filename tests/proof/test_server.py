"""The server takes what clients send, records it, and tells a stall from slowness."""

from __future__ import annotations

import contextlib
import functools
import http.client
import json
import socket
import ssl
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers_proof import batch, blob
from helpers_server import JSON, ask, dial, raw
from hgport.proof import faults
from hgport.proof.authority import HOST
from hgport.proof.faults import Fault, Random
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


def refused(server: Server) -> bool:
    with contextlib.suppress(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=10).close()
        return False
    return True


def test_nobody_listens() -> None:
    with Server(Fault("gone", gone=faults.FROM_START)) as server:
        assert refused(server)
    assert server.requests() == ()


def test_nobody_listens_any_more(tls: bool) -> None:
    with Server(Fault("gone", gone=faults.AFTER_BATCH), tls=tls) as server:
        assert ask(dial(server), "PUT", "/lfs/objects/x", b"x") == 200
        client = dial(server)
        client.request("POST", "/lfs/objects/batch", batch("x"), JSON)
        answer = client.getresponse()
        assert refused(server)
        assert answer.status == 200 and answer.getheader("connection") == "close"
        answer.read()


def test_several_connections_at_once_meet_what_comes_by_chance(tls: bool) -> None:
    blobs = dict(blob(number, 20_000) for number in range(24))

    def push(server: Server, oid: str) -> int:
        for attempt in range(1, 10):
            with contextlib.suppress(OSError, http.client.HTTPException):
                client = dial(server)
                try:
                    assert ask(client, "PUT", f"/lfs/objects/{oid}", blobs[oid]) == 200
                    return attempt
                finally:
                    client.close()
        raise AssertionError("struck for ever")

    told = []
    for _time in range(2):
        with Server(Random(3, chance=0.6), tls=tls) as server, ThreadPoolExecutor(4) as pool:
            told.append(list(pool.map(functools.partial(push, server), blobs)))
        whole = {r.sha256 for r in server.requests() if r.outcome == "answered"}
        assert whole == set(blobs) and not server.stalled.is_set()
        assert {r.outcome for r in server.requests()} == {"answered", "reset"}
    assert told[0] == told[1] and max(told[0]) == 4


def test_a_client_without_our_authority_refuses_it() -> None:
    with Server(HONEST, tls=True) as server:
        sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        with pytest.raises(ssl.SSLError):
            ssl.create_default_context().wrap_socket(sock, server_hostname=HOST)
        sock.close()
    assert server.requests() == ()
