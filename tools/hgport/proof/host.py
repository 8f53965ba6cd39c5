"""What a cell's client talks to: the embedded server, or a real one."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Protocol

from hgport.proof.evidence import Request


class Host(Protocol):
    """A server for one client.  Entering it starts it, leaving it ends it; what it saw can be
    asked for afterwards, too.

    ``lfs_url`` is what the client gets as ``lfs.url``, None for what Mercurial makes of the
    repository's; ``repository_url`` where it pushes to, None for the repository beside it;
    ``authority`` what to trust (PEM); ``config`` more for the client's configuration.
    ``stalled`` is set once the client has gone silent within a request.
    """

    stalled: threading.Event
    repository_url: str | None

    @property
    def lfs_url(self) -> str | None: ...

    @property
    def authority(self) -> bytes | None: ...

    @property
    def config(self) -> str: ...

    def __enter__(self) -> Host: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None: ...

    def requests(self) -> tuple[Request, ...]:
        """What came, by connection and number."""

    def settle(self) -> None:
        """Wait, not long, until what the client has begun is over; it has left."""

    def kept(self) -> tuple[str, ...] | None:
        """The sha256 (hex) of every object held in the end; None if the requests say it."""
