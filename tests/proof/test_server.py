"""The server takes what clients send, records it, and tells a stall from slowness."""

from __future__ import annotations

import contextlib
import errno
import functools
import http.client
import json
import os
import selectors
import socket
import ssl
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from helpers_proof import batch, blob
from helpers_server import JSON, ask, dial, raw
from hgport import process
from hgport.errors import OutsideError
from hgport.proof import crew, faults
from hgport.proof.authority import HOST
from hgport.proof.faults import Fault, Random
from hgport.proof.server import Server, check_loopback

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


def soon_refused(server: Server) -> bool:
    """The same of a server that was told to hang up: whoever accepts has been woken, and may not
    have come to it yet."""
    until = time.monotonic() + 10
    while not refused(server) and time.monotonic() < until:
        time.sleep(0.01)
    return refused(server)


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


def test_whoever_waits_for_the_end_meets_no_thread_that_has_not_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    starting = threading.Event()
    start = threading.Thread.start

    def slowly(thread: threading.Thread) -> None:
        starting.set()
        time.sleep(0.3)
        start(thread)

    with Server(HONEST) as server:
        sock = socket.socket()
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", slowly)
            sock.connect(("127.0.0.1", server.port))
            sock.sendall(b"PUT /lfs/objects/x HTTP/1.1\r\nHost: x\r\n")
            sock.close()
            assert starting.wait(5)
            server.settle()
        assert [r.outcome for r in server.requests()] == ["cut"]


def test_the_record_has_those_that_nobody_has_taken_up_yet(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Slow(selectors.DefaultSelector):
        def select(self, timeout: float | None = None) -> Any:
            found = super().select(timeout)
            time.sleep(0.5)
            return found

    monkeypatch.setattr(selectors, "DefaultSelector", Slow)
    with Server(HONEST) as server:
        for _time in range(3):
            sock = raw(server)
            sock.sendall(b"PUT /lfs/objects/x HTTP/1.1\r\nHost: x\r\n")
            sock.close()
        server.settle()
        seen = [(r.connection, r.outcome) for r in server.requests()]
    assert seen == [(1, "cut"), (2, "cut"), (3, "cut")]


def test_the_wait_for_the_end_goes_on_for_those_that_come_meanwhile() -> None:
    with Server(HONEST, stall=30) as server, ThreadPoolExecutor(1) as pool:
        first = raw(server)
        first.sendall(b"PUT")
        settling = pool.submit(server.settle, 20)
        time.sleep(0.2)
        second = raw(server)
        second.sendall(b"PUT")
        first.close()
        time.sleep(0.2)
        assert not settling.done()
        second.close()
        settling.result()
        assert [r.outcome for r in server.requests()] == ["cut", "cut"]


def test_what_goes_wrong_in_a_thread_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(Server, "_serve", broken)
    with pytest.raises(LookupError, match="a bug"), Server(HONEST) as server:
        raw(server).close()
        server.settle()


def refusing(monkeypatch: pytest.MonkeyPatch, number: int, times: int) -> None:
    accept = socket.socket.accept
    left = [number] * times

    def failing(self: socket.socket) -> Any:
        taken = accept(self)
        if left:
            taken[0].close()
            raise OSError(left.pop(), os.strerror(number))
        return taken

    monkeypatch.setattr(socket.socket, "accept", failing)


@pytest.mark.parametrize("number", [errno.ECONNABORTED, errno.ENETDOWN, errno.EPROTO])
def test_a_connection_that_the_network_has_ended_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    refusing(monkeypatch, number, 1)
    with Server(HONEST) as server:
        raw(server).close()
        assert ask(dial(server), "PUT", "/lfs/objects/x", b"x") == 200
    assert [r.connection for r in server.requests()] == [1]


def test_a_connection_that_cannot_be_taken_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    refusing(monkeypatch, errno.EMFILE, 99)
    told = "cannot take a connection: Too many open files"
    with pytest.raises(OutsideError, match=told) as caught, Server(HONEST) as server:
        sock = raw(server)
        # nobody waits in vain
        with contextlib.suppress(ConnectionError):
            assert sock.recv(1) == b""
        sock.close()
        server.hang_up()
        assert soon_refused(server)
        server.settle()
    assert caught.value.hint is not None and "ulimit -n" in caught.value.hint


def test_the_port_stays_its_own() -> None:
    with Server(HONEST) as server:
        held = raw(server)
        server.hang_up()
        assert held.recv(1) == b""
        assert soon_refused(server)
        other = socket.socket()
        with pytest.raises(OSError), other:
            other.bind(("127.0.0.1", server.port))
        held.close()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", server.port))


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="no /proc here")
def test_nothing_stays_open(tls: bool) -> None:
    def cell(number: int) -> None:
        with Server(HONEST if number % 3 else Fault("gone", gone=faults.FROM_START), tls=tls) as it:
            if number % 3 == 0:
                return
            good, bad, silent = (
                socket.create_connection(("127.0.0.1", it.port), timeout=10) for _time in range(3)
            )
            bad.sendall(b"neither TLS nor HTTP")
            if number % 2:
                bad.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            bad.close()
            if tls:
                with pytest.raises(ssl.SSLError):
                    ssl.create_default_context().wrap_socket(good, server_hostname=HOST)
            good.close()
            if number % 4:
                it.settle(0.05)
        silent.close()

    cell(1)
    before, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    for number in range(30):
        cell(number)
    assert len(os.listdir("/proc/self/fd")) == before
    assert threading.active_count() == threads


def test_a_client_that_only_asks_gets_the_headers() -> None:
    with Server(HONEST, repository=True) as server:
        client = dial(server)
        for _time in range(2):
            client.request("HEAD", "/repository?cmd=capabilities")
            answer = client.getresponse()
            assert int(str(answer.getheader("content-length"))) > 0
            assert answer.read() == b""
        client.close()
    assert [(r.method, r.outcome) for r in server.requests()] == [("HEAD", "answered")] * 2


def test_a_client_that_is_slow_to_read_is_waited_for(tls: bool) -> None:
    oid, data = blob(1, 32 * 1024 * 1024)
    with Server(HONEST, tls=tls, blobs={oid: data}, stall=0.3) as server:
        client = dial(server)
        client.request("GET", f"/lfs/objects/{oid}")
        answer = client.getresponse()
        time.sleep(1)
        assert answer.read() == data
        client.close()


# as in a sandbox that builds packages
NO_LOOPBACK = """
import threading, time
from hgport.errors import OutsideError
from hgport.proof.faults import AFTER_BATCH, Fault
from hgport.proof.server import Server, check_loopback
for fault in (Fault("none"), Fault("gone", gone=AFTER_BATCH)):
    with Server(fault) as server:
        server.take_no_more()
try:
    check_loopback()
except OutsideError as err:
    print(err.exit_code, err.message)
"""


def test_a_machine_without_loopback_is_told_so_and_nothing_hangs() -> None:
    program = [sys.executable, "-c", NO_LOOPBACK]
    alone = ["unshare", "--user", "--map-root-user", "--net"]
    try:
        process.run([*alone, "true"], timeout=20)
    except (OutsideError, process.ProgramFailed):
        pytest.skip("unshare is not there, or not permitted")
    told = process.run([*alone, *program], timeout=60, allowed=None)
    assert not told.timed_out
    assert told.code == 0, told.stderr
    assert told.stdout.startswith(b"3 nothing can connect to localhost (127.0.0.1) here: ")


def test_an_end_needs_no_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_args: object, **_more: object) -> None:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    with Server(HONEST) as server:
        assert server.requests() == ()
    with pytest.raises(OutsideError, match="here: Network is unreachable") as caught:
        check_loopback()
    assert caught.value.hint is not None and "ip link set lo up" in caught.value.hint
    # before anybody is hired
    with pytest.raises(OutsideError, match="nothing can connect"):
        crew.local_crew(1)
