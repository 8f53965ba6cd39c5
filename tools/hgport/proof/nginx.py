"""nginx, before a server that people use: found, and run with all that it writes in a directory.

It ends connections as it does everywhere: after so many requests, which it announces, or when
they have been idle for so long, which it does not.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hgport.errors import OutsideError
from hgport.process import Running, running
from hgport.proof import accesslog
from hgport.proof.authority import HOST, authority_pem, certificate
from hgport.proof.faults import Fault

ADVICE = (
    "Debian: apt-get install nginx-light; elsewhere the package is called nginx; 1.19.5 or later"
)

# where distributions put it, which not everybody has on PATH
_MORE_PLACES = ("/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin")
# seconds that it may take to start, and to end when it is told to finish what it has begun
_START, _FINISH = 20, 5
# times that a port may be taken by somebody else after we have found it free
_TRIES = 5
_PID, _LOG, _ERRORS = "nginx.pid", "access.log", "error.log"

# all paths are below the prefix, which may hold any character
_CONFIG = """\
daemon off;
worker_processes 1;
{user}pid {pid};
lock_file nginx.lock;
error_log {errors} info;
events {{
    worker_connections 128;
}}
http {{
    log_format evidence escape=json '{format}';
    access_log {log} evidence;
    client_body_temp_path bodies;
    proxy_temp_path proxied;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    # what has come of a body is kept, to be looked at
    client_body_in_file_only on;
    client_max_body_size 0;
    # a client that is silent for longer within a body has stalled
    client_body_timeout {stall}ms;
    keepalive_requests {requests};
    keepalive_timeout {idle}ms;
    server {{
        listen 127.0.0.1:{port}{secured};
        server_name {host};
        location / {{
            proxy_pass {backend};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-Proto $scheme;
            proxy_read_timeout 120s;
{trust}        }}
    }}
}}
"""
_SECURED = """ ssl;
        ssl_certificate certificate.pem;
        ssl_certificate_key certificate.pem"""
_TRUST = """\
            proxy_ssl_verify on;
            proxy_ssl_name {host};
            proxy_ssl_trusted_certificate authority.pem;
"""


@dataclass(frozen=True)
class KeepAlive:
    """When a connection is ended: after so many requests, or so many milliseconds without one."""

    requests: int = 1000
    idle: int = 75_000


def keep_alive(fault: Fault) -> KeepAlive:
    """What a row's fault makes of it."""
    default = KeepAlive()
    return KeepAlive(fault.most_requests or default.requests, fault.most_idle or default.idle)


def find() -> Path | None:
    """The program, from PATH or where it is usually installed; None if it is not there."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *_MORE_PLACES])
    found = shutil.which("nginx", path=path)
    return Path(found).absolute() if found else None


class Front:
    """A running nginx: its ``url``, and what it was asked for."""

    def __init__(self, program: Running, place: Path, url: str) -> None:
        self.url = url
        self._program = program
        self._place = place

    def finish(self) -> None:
        """Take no more connections, and wait until those that there are have ended; then the
        record is complete."""
        self._program.stop(signal.SIGQUIT, _FINISH)

    def record(self) -> accesslog.Record:
        """What it was asked for so far."""
        return accesslog.read(self._place / _LOG)


@contextlib.contextmanager
def front(
    place: Path, backend: str, *, tls: bool, keep_alive: KeepAlive, stall: float = 5
) -> Iterator[Front]:
    """Run nginx for the block before a server, whose URL without a path is ``backend``.

    ``place`` is a directory for all that it writes, made here.  ``stall`` is how long, in
    seconds, a client may be silent within a body before it is hung up on.  Raises OutsideError if
    there is no nginx, or none that starts.
    """
    program = find()
    if program is None:
        raise OutsideError("no nginx found", ADVICE)
    place.mkdir()
    _write_certificates(place)
    for _try in range(_TRIES):
        port = _free_port()
        config = _config(port, backend, tls, keep_alive, stall)
        (place / "nginx.conf").write_text(config)
        words: list[str | Path] = [
            program,
            "-p",
            place,
            "-c",
            place / "nginx.conf",
            "-e",
            place / _ERRORS,
        ]
        environment = {"PATH": os.defpath, "TZ": "UTC", "LC_ALL": "C"}
        log = place / "output"
        with running(words, cwd=place, env=environment, log=log) as started:
            if _is_up(started, place):
                yield Front(started, place, f"{'https' if tls else 'http'}://{HOST}:{port}")
                return
            said = _said(place)
            if "Address already in use" not in said:
                break
    raise OutsideError(f"nginx does not start: {_complaint(said)}", ADVICE)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _is_up(program: Running, place: Path) -> bool:
    """Whether it listens now, and can be told to end: a signal that comes earlier may be lost."""
    until = time.monotonic() + _START
    while program.alive() and time.monotonic() < until:
        if "start worker process" in _said(place):
            return True
        time.sleep(0.005)
    return False


def _said(place: Path) -> str:
    texts = (place / "output", place / _ERRORS)
    return "".join(path.read_text(errors="replace") for path in texts if path.exists())


def _complaint(said: str) -> str:
    """Why it did not start: the first grave thing that it said, else the last."""
    lines = said.splitlines() or ["it says nothing"]
    return next((line for line in lines if "[emerg]" in line), lines[-1])


def _write_certificates(place: Path) -> None:
    (place / "authority.pem").write_bytes(authority_pem())
    (place / "certificate.pem").write_bytes(certificate().private_key_and_cert_chain_pem.bytes())


def _config(port: int, backend: str, tls: bool, keep_alive: KeepAlive, stall: float) -> str:
    return _CONFIG.format(
        user=_user(),
        pid=_PID,
        log=_LOG,
        errors=_ERRORS,
        format=accesslog.FORMAT,
        stall=round(stall * 1000),
        requests=keep_alive.requests,
        idle=keep_alive.idle,
        host=HOST,
        port=port,
        secured=_SECURED if tls else "",
        backend=backend,
        trust=_TRUST.format(host=HOST) if backend.startswith("https") else "",
    )


def _user() -> str:
    """Let its worker stay who we are: started by root it would become somebody who may not write
    here; started by anyone else it has no choice."""
    return f"user {pwd.getpwuid(0).pw_name};\n" if os.geteuid() == 0 else ""
