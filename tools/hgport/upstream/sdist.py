"""The cache of sdists: files that have the hash that the catalogue says, and nothing else.

``<cache>/sdists/NAME`` is whole, as it is renamed there after its hash was checked; ``NAME.part``
is what an interrupted download left, which the next one goes on with; ``NAME.lock`` keeps two
hgports from downloading the same file.  Sdists that were put there by hand are as good.
"""

from __future__ import annotations

import contextlib
import hashlib
import queue
import stat
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hgport.errors import OutsideError
from hgport.files import disk_errors, locked
from hgport.model.release import Release
from hgport.places import cache_dir

# what a download tells as it goes: bytes that are there, bytes of the whole
Progress = Callable[[int, int], None]
# the same for several downloads at once
ProgressOfMany = Callable[[Release, int, int], None]

# How many connections the index is asked for at once, at most.
MOST_JOBS = 2


def path_of(release: Release) -> Path:
    """Where the cache holds the sdist of ``release``, if it holds it."""
    return cache_dir() / "sdists" / release.sdist


def is_cached(release: Release) -> bool:
    """Whether a file of the right name and size is in the cache (its hash is checked on use)."""
    try:
        return _has_size(path_of(release), release)
    except OSError:
        return False


def fetch(release: Release, *, progress: Progress | None = None) -> Path:
    """The sdist of ``release`` in the cache, downloaded if need be, its hash just checked.

    A cached file with another hash is thrown away and downloaded again.  ``progress`` is called
    only if the cache lacks it, and told of the last byte when the hash is right.  Raises
    OutsideError for trouble with the network or the disk, for a download whose hash is wrong, and
    if HGPORT_OFFLINE forbids to download.
    """
    path = path_of(release)
    if _is_right(path, release):
        return path
    with locked(path.with_name(path.name + ".lock")):
        # whoever held the lock may have downloaded it
        if not _is_right(path, release):
            _replace(path, release, progress or _silent)
    return path


def fetch_all(
    releases: Iterable[Release], *, jobs: int = MOST_JOBS, progress: ProgressOfMany | None = None
) -> list[Path]:
    """The sdists of ``releases``, as ``fetch``, in order; at most ``jobs`` (and at most
    MOST_JOBS) are downloaded at once.

    After the first failure no further download starts.  Raises what ``fetch`` raises.
    """
    wanted = list(releases)
    missing = [release for release in wanted if not is_cached(release)]
    jobs = max(1, min(jobs, MOST_JOBS, len(missing)))
    found = _fetch_at_once(missing, jobs, progress) if jobs > 1 else {}
    for release in wanted:
        if release not in found:
            found[release] = fetch(release, progress=_for_one(release, progress))
    return [found[release] for release in wanted]


def _fetch_at_once(
    releases: list[Release], jobs: int, progress: ProgressOfMany | None
) -> dict[Release, Path]:
    found: dict[Release, Path] = {}
    todo: queue.SimpleQueue[Release] = queue.SimpleQueue()
    ended: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    for release in releases:
        todo.put(release)
    stop = threading.Event()

    def work() -> None:
        try:
            while not stop.is_set():
                release = todo.get_nowait()
                found[release] = fetch(release, progress=_for_one(release, progress))
        except queue.Empty:
            ended.put(None)
        except BaseException as err:
            ended.put(err)
        else:
            ended.put(None)

    # Daemons, so that ctrl-C need not wait for a server that has stalled; what they leave
    # is a part, which is always fit to be gone on with.
    for _ in range(jobs):
        threading.Thread(target=work, daemon=True).start()
    try:
        for _ in range(jobs):
            failure = ended.get()
            if failure is not None:
                raise failure
    finally:
        stop.set()
    return found


def _for_one(release: Release, progress: ProgressOfMany | None) -> Progress | None:
    if progress is None:
        return None
    told: ProgressOfMany = progress
    return lambda done, whole: told(release, done, whole)


def _silent(done: int, whole: int) -> None:
    """Nobody wants to know."""


def _is_right(path: Path, release: Release) -> bool:
    """Whether the file is there and has the hash."""
    try:
        return _has_size(path, release) and _sha256(path) == release.sha256
    except FileNotFoundError:
        return False
    except OSError as err:
        raise OutsideError(f"cannot read {path}: {err.strerror}") from err


def _has_size(path: Path, release: Release) -> bool:
    status = path.stat()
    return stat.S_ISREG(status.st_mode) and status.st_size == release.size


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Every OSError is the disk's here, as the network's are told apart from them before."""
    try:
        with disk_errors(f"write {path}"):
            yield
    except OSError as err:
        raise OutsideError(f"cannot write {path}: {err.strerror}") from err


def _replace(path: Path, release: Release, progress: Progress) -> None:
    """Download into the part, check it, and put it in the place of whatever is there."""
    from hgport.upstream import download, index

    part = path.with_name(path.name + ".part")
    for place in (path, part):
        if place.is_dir():
            raise OutsideError(f"cannot write {place}: it is a directory", "move it away")
    if path.exists():
        index.refuse_if_offline(_replacing(path))

    def told(done: int, whole: int) -> None:
        # the end is told when it is known to be one
        if done < whole:
            progress(done, whole)

    with _disk_errors(path), _explained(path, release):
        while True:
            resumed = download.into(part, release, told)
            if _is_right(part, release):
                break
            part.unlink()
            # what an earlier run left may be damaged: once more, from the start
            if not resumed:
                raise OutsideError(
                    f"{release.sdist} as downloaded is not the file that the catalogue names",
                    "its size or sha256 differs: the index, or something on the way, served "
                    "another",
                )
        part.replace(path)
    progress(release.size, release.size)


def _replacing(path: Path) -> str:
    return f"replace {path}, which is not the file that the catalogue names"


@contextlib.contextmanager
def _explained(path: Path, release: Release) -> Iterator[None]:
    """Have what goes wrong outside say for which file."""
    try:
        yield
    except OutsideError as err:
        if path.exists():
            what = _replacing(path)
        elif release.sdist not in err.message:
            what = f"download {release.sdist}"
        else:
            raise
        raise OutsideError(f"cannot {what}: {err.message}", err.hint) from err
