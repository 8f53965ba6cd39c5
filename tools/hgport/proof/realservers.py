"""Servers that people use, as what a cell's client talks to: behind nginx, which ends connections
as it does everywhere.

``hg serve`` is that of the release under test, and gets blobs, bundles and largefiles; giftless
gets blobs only, and the client pushes the rest to the repository beside it.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType

from hgport.proof import giftless, hgserve, nginx
from hgport.proof.accesslog import Record
from hgport.proof.authority import authority_pem
from hgport.proof.evidence import Request
from hgport.proof.scenarios import BUNDLE, GIFTLESS, HG_SERVE, LARGEFILES, LFS, Scenario
from hgport.proof.world import Ground

_REPOSITORY = "peer"


class RealServer:
    """A server behind nginx, for one client; a ``host.Host``."""

    config = ""

    def __init__(
        self,
        row: Scenario,
        place: Path,
        backend: contextlib.AbstractContextManager[str],
        kept: Callable[[], Iterable[str]],
        *,
        lfs_path: str | None = None,
        is_repository: bool = False,
    ) -> None:
        self.stalled = threading.Event()
        # known once it runs
        self.repository_url: str | None = None
        self._tls = row.transport == "https"
        self._keep_alive = nginx.keep_alive(row.fault)
        self._place = place
        self._backend = backend
        self._kept = kept
        self._lfs_path = lfs_path
        self._is_repository = is_repository
        self._running = contextlib.ExitStack()
        self._front: nginx.Front | None = None

    def __enter__(self) -> RealServer:
        with contextlib.ExitStack() as stack:
            url = stack.enter_context(self._backend)
            self._front = stack.enter_context(
                nginx.front(self._place / "nginx", url, tls=self._tls, keep_alive=self._keep_alive)
            )
            if self._is_repository:
                self.repository_url = self._front.url
            self._running = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._running.close()

    @property
    def lfs_url(self) -> str | None:
        if self._lfs_path is None or self._front is None:
            return None
        return self._front.url + self._lfs_path

    @property
    def authority(self) -> bytes | None:
        return authority_pem() if self._tls else None

    def _record(self) -> Record:
        return Record(()) if self._front is None else self._front.record()

    def requests(self) -> tuple[Request, ...]:
        return self._record().requests

    def settle(self) -> None:
        """Wait until the client's connections have ended; then take no more.  A stall is known
        from here on."""
        if self._front is not None:
            self._front.finish()
        if self._record().stalled:
            self.stalled.set()

    def kept(self) -> tuple[str, ...]:
        return tuple(sorted(self._kept()))


def lacking(server: str) -> str | None:
    """How to get what this machine lacks to run rows on a server; None if it lacks nothing."""
    if nginx.find() is None:
        return f"nginx: {nginx.ADVICE}"
    if server == GIFTLESS and giftless.find() is None:
        return f"giftless: {giftless.ADVICE}"
    return None


def host(ground: Ground, place: Path, row: Scenario) -> RealServer:
    """The server of a row, for a cell in ``place``, where the empty repository ``peer`` is.

    Entering it raises OutsideError where something is missing, HgportError where a server does
    not start.
    """
    return {HG_SERVE: _hg_serve, GIFTLESS: _giftless}[row.server](ground, place, row)


def _hg_serve(ground: Ground, place: Path, row: Scenario) -> RealServer:
    repository, home = place / _REPOSITORY, place / "server"
    kind = row.operation.kind
    tls = row.transport == "https"
    backend = hgserve.serving(ground, repository, home, row.operation, tls=tls)
    stores = {LFS: ".hg/store/lfs/objects", LARGEFILES: ".hg/largefiles"}

    def kept() -> Iterable[str]:
        if kind in stores:
            yield from _hashes(repository / stores[kind])
        if kind in (BUNDLE, LARGEFILES):
            yield from hgserve.bundled(ground, repository, home)

    lfs_path = "/.git/info/lfs" if kind == LFS else None
    return RealServer(row, place, backend, kept, lfs_path=lfs_path, is_repository=True)


def _giftless(ground: Ground, place: Path, row: Scenario) -> RealServer:
    home = place / "server"
    storage = home / "storage"
    return RealServer(
        row,
        place,
        giftless.serving(home, storage),
        lambda: _hashes(storage),
        lfs_path=giftless.PATH,
    )


def _hashes(directory: Path) -> Iterable[str]:
    """The sha256 (hex) of every file below a directory, whatever it is called."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return (hashlib.sha256(path.read_bytes()).hexdigest() for path in files)
