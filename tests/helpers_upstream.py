"""Small sdists made on the spot, and a real index on the loopback that serves them."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import random
import tarfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from hgport.model.release import Release


def tar_gz(members: list[tuple[tarfile.TarInfo, bytes]]) -> bytes:
    """The bytes of a gzipped tar of exactly these members, whatever they are."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info, data in members:
            tar.addfile(info, io.BytesIO(data))
    return gzip.compress(out.getvalue(), mtime=0)


def noise(length: int) -> bytes:
    """Bytes that do not compress, the same in every process of a test run."""
    return random.Random(length).randbytes(length)


def plain(name: str, data: bytes = b"", mode: int = 0o644) -> tuple[tarfile.TarInfo, bytes]:
    """A regular file as a member."""
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = len(data), mode, 1_500_000_000
    return info, data


def special(name: str, kind: bytes, link: str = "") -> tuple[tarfile.TarInfo, bytes]:
    """A member of any other type: link, directory, device, fifo."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, 0o755
    return info, b""


def sdist_of(version: str, files: Mapping[str, bytes], executable: tuple[str, ...] = ()) -> bytes:
    """The bytes of an sdist as the project publishes them."""
    top = f"mercurial-{version}"
    return tar_gz(
        [special(top, tarfile.DIRTYPE)]
        + [plain(f"{top}/{p}", d, 0o755 if p in executable else 0o644) for p, d in files.items()]
    )


def release_of(version: str, sdist: bytes) -> Release:
    """The release as a catalogue would name it."""
    digest = hashlib.sha256(sdist).hexdigest()
    return Release(version, f"mercurial-{version}.tar.gz", digest, len(sdist), ("3.9",))


def cached(cache: Path, version: str, sdist: bytes) -> Release:
    """Put an sdist into a cache."""
    release = release_of(version, sdist)
    (cache / "sdists").mkdir(parents=True, exist_ok=True)
    (cache / "sdists" / release.sdist).write_bytes(sdist)
    return release


@dataclass
class Index:
    """How the index behaves, and what it was asked."""

    files: dict[str, bytes] = field(default_factory=dict)  # by file name
    hashes: dict[str, str] = field(default_factory=dict)  # to be told instead of the right ones
    yanked: dict[str, str] = field(default_factory=dict)
    html: bool = False
    ranges: bool = True
    broken: int = 0  # answer so many requests for files with 503
    cuts: list[int] = field(default_factory=list)  # end each answer in turn after so many bytes
    slow: float = 0  # seconds before each piece of a file
    page: bytes | None = None  # the project's page, if not the right one
    url: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)  # (file name, Range) in order
    pages: int = 0
    at_once: int = 0
    most_at_once: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def told_hash(self, name: str) -> str:
        return self.hashes.get(name) or hashlib.sha256(self.files[name]).hexdigest()

    def json_page(self) -> bytes:
        files = [
            {
                "filename": name,
                "url": f"/files/{name}",
                "hashes": {"sha256": self.told_hash(name)},
                "size": len(data),
                "yanked": self.yanked.get(name, False),
            }
            for name, data in self.files.items()
        ]
        page = {"meta": {"api-version": "1.1"}, "name": "mercurial", "versions": [], "files": files}
        return json.dumps(page).encode()

    def html_page(self) -> bytes:
        links = [f'<a href="/files/{n}#sha256={self.told_hash(n)}">{n}</a>' for n in self.files]
        return f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>".encode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    index: Index

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._head(200, len(self.index.files[self.path.rpartition("/")[2]]), {})

    def do_GET(self) -> None:
        index = self.index
        if self.path.rstrip("/") == "/simple/mercurial":
            index.pages += 1
            body = index.html_page() if index.html else index.json_page()
            kind = "text/html" if index.html else "application/vnd.pypi.simple.v1+json"
            body = body if index.page is None else index.page
            self._head(200, len(body), {"Content-Type": kind})
            self.wfile.write(body)
        elif self.path.rpartition("/")[2] in index.files:
            with index.lock:
                index.at_once += 1
                index.most_at_once = max(index.most_at_once, index.at_once)
            try:
                self._file(self.path.rpartition("/")[2])
            finally:
                with index.lock:
                    index.at_once -= 1
        else:
            self._head(404, 0, {})

    def _head(self, status: int, length: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(length)}.items():
            self.send_header(name, value)
        self.end_headers()

    def _file(self, name: str) -> None:
        index, data = self.index, self.index.files[name]
        wanted = self.headers.get("Range", "")
        index.asked.append((name, wanted))
        if index.broken:
            index.broken -= 1
            return self._head(503, 0, {})
        start = int(wanted[len("bytes=") : -1]) if wanted and index.ranges else 0
        if start >= len(data) > 0:
            return self._head(416, 0, {})
        told = f"bytes {start}-{len(data) - 1}/{len(data)}"
        self._head(
            206 if start else 200, len(data) - start, {"Content-Range": told} if start else {}
        )
        end = start + index.cuts.pop(0) if index.cuts else len(data)
        for place in range(start, min(end, len(data)), 4096):
            time.sleep(index.slow)
            self.wfile.write(data[place : min(place + 4096, end)])
        if end < len(data):
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
        return None


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is nothing to print about."""


@contextmanager
def served(index: Index) -> Iterator[Index]:
    """Serve the index on the loopback for the block; its address is ``index.url``."""
    handler = type("Handler", (_Handler,), {"index": index})
    server = _Server(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    index.url = f"http://127.0.0.1:{server.server_address[1]}/simple/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()
