"""Show downloads as they go: bars on a terminal, one plain line for each file elsewhere."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hgport.model.release import Release

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from hgport.upstream.sdist import ProgressOfMany


@contextlib.contextmanager
def shown() -> Iterator[ProgressOfMany]:
    """Yield what ``sdist.fetch_all`` and ``Contents`` take as ``progress``; all goes to standard
    error.  Nothing is shown, nor imported, before the first download tells something."""
    show = _Bars() if sys.stderr.isatty() else _Lines()
    try:
        yield show.tell
    finally:
        show.end()


def mebibytes(count: int) -> str:
    """A number of bytes as people read it: "7.0 MiB"."""
    return f"{count / (1 << 20):.1f} MiB"


class _Lines:
    def tell(self, release: Release, done: int, whole: int) -> None:
        # which is told when the file was found to be the right one
        if done == whole:
            # one write, so that two threads do not mix their lines
            sys.stderr.write(f"fetched {release.sdist} ({mebibytes(whole)})\n")

    def end(self) -> None:
        """Nothing to put away."""


class _Bars:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.progress: Progress | None = None
        self.tasks: dict[str, TaskID] = {}

    def tell(self, release: Release, done: int, whole: int) -> None:
        with self.lock:
            progress = self.progress = self.progress or _started()
            if release.sdist not in self.tasks:
                self.tasks[release.sdist] = progress.add_task(release.sdist, total=whole)
        progress.update(self.tasks[release.sdist], completed=done)

    def end(self) -> None:
        if self.progress is not None:
            self.progress.stop()


def _started() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    name, speed = TextColumn("{task.description}"), TransferSpeedColumn()
    progress = Progress(name, BarColumn(), DownloadColumn(), speed, console=Console(stderr=True))
    progress.start()
    return progress
