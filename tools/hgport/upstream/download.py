"""Bring an sdist over HTTP, going on where an earlier attempt stopped.

Nothing here judges what came: the caller checks the hash.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from hgport.errors import OutsideError
from hgport.model.release import Release
from hgport.upstream import index

if TYPE_CHECKING:
    from requests import Response

ATTEMPTS = 4
# seconds before the second attempt, doubled before each further one
PAUSE = 0.5
# bytes: what a cut or ctrl-C loses of a download at most
_PIECE = 1 << 14
_CONTENT_RANGE = re.compile(r"bytes ([0-9]+)-")


class Cut(Exception):
    """The connection ended too early, or the server has trouble: worth another attempt."""


def into(part: Path, release: Release, progress: Callable[[int, int], None]) -> bool:
    """Make ``part`` hold as many bytes as ``release.size`` says, keeping those that it has.

    Returns whether it kept any.  Raises OutsideError if the network fails for good (what has
    come stays in ``part``), OSError if the disk does.
    """
    url = index.url_of(release)
    start = _bytes_of(part)
    if start > release.size:
        part.unlink()
        start = 0
    pause = PAUSE
    for left in reversed(range(ATTEMPTS)):
        try:
            if _bytes_of(part) != release.size:
                _go_on(part, url, release, progress)
            return start > 0
        except Cut as cut:
            if not left:
                raise OutsideError(
                    f"cannot download {release.sdist}: {cut}", "run it again to go on from there"
                ) from cut
            time.sleep(pause)
            pause *= 2
    raise AssertionError("unreachable")


def _bytes_of(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0


def _go_on(part: Path, url: str, release: Release, progress: Callable[[int, int], None]) -> None:
    """One request; raises Cut unless ``part`` is complete after it."""
    import requests

    try:
        with _ask(url, _bytes_of(part)) as response:
            done = _start_of(response)
            with part.open("ab" if done else "wb") as out:
                progress(done, release.size)
                for piece in _pieces(response, release.size - done):
                    out.write(piece)
                    done += len(piece)
                    progress(done, release.size)
    except requests.exceptions.RequestException as err:
        if _is_passing(err):
            raise Cut(index.outside("", err).message.partition(": ")[2]) from err
        raise index.outside(f"download {release.sdist}", err) from err
    if done < release.size:
        raise Cut(f"the connection ended after {done} of {release.size} bytes")


def _ask(url: str, start: int) -> Response:
    # identity: some servers would unzip a .tar.gz on the way
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    response = index.session().get(url, headers=headers, stream=True, timeout=index.TIMEOUT)
    if start and (response.status_code == 416 or _start_of(response) not in (0, start)):
        # what we have does not fit this file, or the server's idea of a range is not ours
        response.close()
        return _ask(url, 0)
    response.raise_for_status()
    return response


def _start_of(response: Response) -> int:
    """The first byte that the answer brings: 0 if the server knows no ranges, -1 if it does not
    say."""
    if response.status_code != 206:
        return 0
    match = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    return int(match[1]) if match else -1


def _pieces(response: Response, most: int) -> Iterator[bytes]:
    """The body as it is on the wire, but never more than it should be (``most`` bytes and one,
    so that a longer file is seen to be one)."""
    left = most + 1
    while left > 0:
        piece = _read(response, min(_PIECE, left))
        if not piece:
            return
        left -= len(piece)
        yield piece


def _read(response: Response, size: int) -> bytes:
    import urllib3

    try:
        piece: bytes = response.raw.read(size, decode_content=False)
    except (urllib3.exceptions.HTTPError, OSError) as err:
        raise Cut(f"the connection broke ({type(err).__name__})") from err
    return piece


def _is_passing(err: Exception) -> bool:
    import requests

    if isinstance(err, requests.exceptions.HTTPError):
        return err.response is not None and err.response.status_code in (429, 500, 502, 503, 504)
    return isinstance(
        err,
        (
            requests.exceptions.ConnectionError,
            requests.exceptions.Timeout,
            requests.exceptions.ChunkedEncodingError,
        ),
    )
