"""nginx is run with all that it writes in one place, and ends connections as it is told."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from hgport.errors import OutsideError
from hgport.proof import nginx
from hgport.proof.authority import authority_pem
from hgport.proof.faults import Fault
from hgport.proof.nginx import Front, KeepAlive
from programs import missing


class Handler(BaseHTTPRequestHandler):
    """Says where it thinks that it is."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        said = f"{self.headers['X-Forwarded-Proto']}://{self.headers['Host']}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def backend() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _needed() -> None:
    if nginx.find() is None:
        missing(f"no nginx found ({nginx.ADVICE})")


def dial(front: Front) -> http.client.HTTPConnection:
    scheme, _colon, port = front.url.rpartition(":")
    if scheme.startswith("https"):
        context = ssl.create_default_context(cadata=authority_pem().decode())
        return http.client.HTTPSConnection("localhost", int(port), timeout=10, context=context)
    return http.client.HTTPConnection("localhost", int(port), timeout=10)


def put(client: http.client.HTTPConnection, data: bytes = b"x") -> tuple[str, bool]:
    """What is answered, and whether the connection's end is announced."""
    client.request("PUT", "/objects/o", data)
    response = client.getresponse()
    return response.read().decode(), response.will_close


@pytest.mark.parametrize("tls", [False, True], ids=["http", "https"])
def test_it_passes_on_and_remembers(backend: str, tmp_path: Path, tls: bool) -> None:
    # in a configuration file these characters would mean something
    place = tmp_path / "a $b; {c}"
    data = bytes(range(256)) * 12000
    with nginx.front(place, backend, tls=tls, keep_alive=KeepAlive()) as front:
        client = dial(front)
        assert put(client, data) == (front.url, False)
        assert put(client, b"") == (front.url, False)
        client.close()
        front.finish()
        with pytest.raises(OSError):
            dial(front).connect()
    seen = [(r.connection, r.number, r.received, r.sha256) for r in front.record().requests]
    assert seen == [
        (1, 1, len(data), hashlib.sha256(data).hexdigest()),
        (1, 2, 0, hashlib.sha256(b"").hexdigest()),
    ]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_it_announces_the_last_of_so_many_requests(
    backend: str, tmp_path: Path, count: int
) -> None:
    keep_alive = nginx.keep_alive(Fault("x", most_requests=count))
    with nginx.front(tmp_path / "n", backend, tls=False, keep_alive=keep_alive) as front:
        client = dial(front)
        ends = [put(client)[1] for _request in range(count)]
        client.close()
    assert ends == [False] * (count - 1) + [True]


def test_it_does_not_announce_that_an_idle_connection_ends(backend: str, tmp_path: Path) -> None:
    keep_alive = nginx.keep_alive(Fault("x", most_idle=1))
    with nginx.front(tmp_path / "n", backend, tls=False, keep_alive=keep_alive) as front:
        client = dial(front)
        assert put(client) == (front.url, False)
        # it has hung up; nobody has asked for anything
        assert client.sock.recv(1) == b""
        client.close()


def test_a_client_that_is_silent_within_a_body_has_stalled(backend: str, tmp_path: Path) -> None:
    with nginx.front(
        tmp_path / "n", backend, tls=False, keep_alive=KeepAlive(), stall=0.2
    ) as front:
        client = dial(front)
        client.connect()
        client.sock.sendall(b"PUT /objects/o HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nshort")
        with contextlib.suppress(ConnectionResetError):
            while client.sock.recv(100):
                pass
        client.close()
        front.finish()
    assert front.record().stalled
    assert [(r.object, r.announced, r.outcome) for r in front.record().requests] == [
        ("o", 9, "stalled")
    ]


def children(pid: int) -> list[int]:
    """The processes that a process has started; its list of them is not read, since a system may
    lack it, or give an empty one."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # the name, in brackets, may hold anything; what follows is the state and the parent
            _name, _bracket, rest = stat.read_text().rpartition(")")
            if int(rest.split()[1]) == pid:
                found.append(int(stat.parent.name))
    return found


def test_it_writes_nowhere_else_and_leaves_nothing_running(backend: str, tmp_path: Path) -> None:
    with nginx.front(tmp_path / "n", backend, tls=True, keep_alive=KeepAlive()) as front:
        client = dial(front)
        # an answer comes from a worker, so there is one now
        assert put(client) == (front.url, False)
        client.close()
        pid = int((tmp_path / "n" / "nginx.pid").read_text())
        workers = children(pid)
        opened = {
            Path(f"/proc/{one}/fd/{link.name}").resolve()
            for one in (pid, *workers)
            for link in Path(f"/proc/{one}/fd").iterdir()
        }
    files = {path for path in opened if path.is_file()}
    assert files and all(path.is_relative_to(tmp_path) for path in files)
    assert workers and not any(Path(f"/proc/{one}").exists() for one in (pid, *workers))
    with pytest.raises(OSError):
        dial(front).connect()


def test_a_port_that_is_taken_meanwhile(
    backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = nginx._free_port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1]])
        monkeypatch.setattr(nginx, "_free_port", lambda: next(ports, None) or free())
        with nginx.front(tmp_path / "n", backend, tls=False, keep_alive=KeepAlive()) as front:
            assert put(dial(front))[0] == front.url


def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    wrong = nginx.front(tmp_path / "n", "http://", tls=False, keep_alive=KeepAlive())
    with pytest.raises(OutsideError, match="nginx does not start: .*no host in upstream"), wrong:
        pass


def test_without_nginx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(nginx, "_MORE_PLACES", ())
    assert nginx.find() is None
    front = nginx.front(tmp_path / "n", "http://x", tls=False, keep_alive=KeepAlive())
    with pytest.raises(OutsideError, match="no nginx found") as caught, front:
        pass
    assert caught.value.hint == nginx.ADVICE and "apt-get install" in nginx.ADVICE
