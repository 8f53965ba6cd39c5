"""The package index: which releases of Mercurial it has, and where their sdists lie.

Which index is asked is the person's choice, never ours: HGPORT_INDEX_URL, else what pip is set up
to use (PIP_INDEX_URL or its configuration files), else the public one that pypi-simple knows.
Certificates and proxies come from the environment as for pip and requests.
"""

from __future__ import annotations

import ast
import functools
import os
import re
import sys
import threading
from typing import TYPE_CHECKING, NamedTuple

from hgport import __version__
from hgport.errors import OutsideError, UsageError
from hgport.model.release import Release, is_version, version_key
from hgport.process import run

if TYPE_CHECKING:
    from pypi_simple import DistributionPackage
    from requests import RequestException, Session

PROJECT = "mercurial"
# The first release with the lfs extension; nothing older is of interest here.
OLDEST = (4, 5, 0)
# seconds: to connect, and between two pieces of an answer
TIMEOUT = (20, 60)

_SDIST = re.compile(r"mercurial-([0-9.]+)\.tar\.gz")
# which object of urllib3's it was, in its version 1 and 2
_CONNECTION = re.compile(r"^(<[^>]*>|HTTPS?Connection(Pool)?\([^)]*\)): ")
_threads = threading.local()
_asking = threading.Lock()


class Published(NamedTuple):
    """An sdist on the index.

    ``version`` is as in the file's name, ``sha256`` is "" and ``size`` (bytes) None if the index
    does not say, ``yanked`` is why the index advises against it, or "".
    """

    version: str
    sdist: str
    sha256: str
    size: int | None
    url: str
    yanked: str


def published() -> list[Published]:
    """Every final release from 4.5 on that the index has, oldest first.

    Raises OutsideError if the index does not answer or HGPORT_OFFLINE forbids to ask, UsageError
    if its address is malformed.
    """
    refuse_if_offline(f"ask the index for {PROJECT}")
    return list(_published(address()))


def url_of(release: Release) -> str:
    """Where the index has the sdist of ``release``; the index is asked once per process.

    Raises OutsideError if it does not have it, or as ``published``.
    """
    refuse_if_offline(f"download {release.sdist}")
    with _asking:
        known = _published_once(address())
    for one in known:
        if one.sdist == release.sdist:
            return one.url
    raise OutsideError(
        f"the index has no {release.sdist}",
        "set HGPORT_INDEX_URL to another index, or put the file into the cache yourself",
    )


def size_of(one: Published) -> int:
    """The bytes of an sdist, which an index of HTML pages does not say and its server must be
    asked for.  Raises OutsideError if that does not tell either."""
    import requests

    if one.size is not None:
        return one.size
    try:
        headers = {"Accept-Encoding": "identity"}
        answer = session().head(one.url, headers=headers, timeout=TIMEOUT, allow_redirects=True)
        answer.raise_for_status()
        return int(answer.headers["Content-Length"])
    except requests.exceptions.RequestException as err:
        raise outside(f"ask for the size of {one.sdist}", err) from err
    except (KeyError, ValueError) as err:
        raise OutsideError(f"the index does not tell the size of {one.sdist}") from err


def refuse_if_offline(what: str) -> None:
    """Raise OutsideError if HGPORT_OFFLINE is set; ``what`` completes "cannot ..."."""
    if os.environ.get("HGPORT_OFFLINE", "0") not in ("", "0"):
        raise OutsideError(f"cannot {what}: HGPORT_OFFLINE forbids the network", "unset it")


def session() -> Session:
    """The HTTP session of this thread, which takes proxies and certificates as pip does."""
    made: Session | None = getattr(_threads, "session", None)
    if made is None:
        import requests

        made = _threads.session = requests.Session()
        made.verify = _certificates()
        made.headers["User-Agent"] = f"hgport/{__version__}"
    return made


def outside(what: str, err: RequestException) -> OutsideError:
    """The error for a request that failed; ``what`` completes "cannot ..."."""
    return OutsideError(
        f"cannot {what}: {_reason(err)}",
        "check the network; HGPORT_INDEX_URL or PIP_INDEX_URL may name another index",
    )


def address() -> str:
    """The index's address, "" for the one that pypi-simple knows."""
    told = os.environ.get("HGPORT_INDEX_URL") or os.environ.get("PIP_INDEX_URL")
    return told or _pip_setting("index-url") or ""


def _certificates() -> bool | str:
    if os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE"):
        return True  # requests takes these by itself
    return os.environ.get("PIP_CERT") or _pip_setting("cert") or True


def _pip_setting(name: str) -> str:
    return _pip_settings().get(f"install.{name}") or _pip_settings().get(f"global.{name}") or ""


@functools.cache
def _pip_settings() -> dict[str, str]:
    """What ``pip config list`` prints: lines such as ``global.index-url='https://...'``."""
    listed = run([sys.executable, "-m", "pip", "config", "list"], allowed=None, timeout=60)
    found: dict[str, str] = {}
    for line in listed.stdout.decode("utf-8", "replace").splitlines():
        name, _equals, value = line.partition("=")
        try:
            found[name] = str(ast.literal_eval(value))
        except (ValueError, SyntaxError):
            continue  # a warning of pip's, no setting
    return found


@functools.cache
def _published_once(url: str) -> tuple[Published, ...]:
    return tuple(_published(url))


def _published(url: str) -> list[Published]:
    found: dict[tuple[int, int, int], Published] = {}
    for package in _packages(url):
        one = _final_sdist(package)
        if one is not None:
            found.setdefault(version_key(one.version), one)
    return [found[key] for key in sorted(found)]


def _packages(url: str) -> list[DistributionPackage]:
    import pypi_simple
    import requests

    try:
        client = pypi_simple.PyPISimple(url or pypi_simple.PYPI_SIMPLE_ENDPOINT, session=session())
        return client.get_project_page(PROJECT, timeout=TIMEOUT).packages
    except pypi_simple.NoSuchProjectError as err:
        raise OutsideError(
            f"the index has no project {PROJECT}", "set HGPORT_INDEX_URL to one that has"
        ) from err
    except (requests.exceptions.MissingSchema, requests.exceptions.InvalidURL) as err:
        raise UsageError(f"{url!r} is no address of an index", "see HGPORT_INDEX_URL") from err
    except requests.exceptions.InvalidSchema as err:
        raise UsageError(
            f"the index {url!r} is not on http or https", "set HGPORT_INDEX_URL"
        ) from err
    except _no_page() as err:
        raise OutsideError(f"the index answers what is no index page: {_line(err)}") from err
    except requests.exceptions.RequestException as err:
        raise outside("ask the index", err) from err


def _no_page() -> tuple[type[Exception], ...]:
    import pypi_simple
    import requests

    other = pypi_simple.UnsupportedContentTypeError, pypi_simple.UnsupportedRepoVersionError
    # requests' own InvalidJSONError is a RequestException as well, ValueError pydantic's
    return (requests.exceptions.InvalidJSONError, *other, ValueError)


def _final_sdist(package: DistributionPackage) -> Published | None:
    match = _SDIST.fullmatch(package.filename)
    if match is None or not is_version(match[1]) or version_key(match[1]) < OLDEST:
        return None
    digests = package.digests or {}
    sha256, yanked = digests.get("sha256", ""), _yanked(package)
    return Published(match[1], package.filename, sha256, package.size, package.url, yanked)


def _yanked(package: DistributionPackage) -> str:
    if not package.is_yanked:
        return ""
    # anybody's words: one line of what can be printed
    words = "".join(c if c.isprintable() else " " for c in package.yanked_reason or "").split()
    return " ".join(words) or "no reason given"


def _reason(err: RequestException) -> str:
    """The innermost cause, on one line: requests wraps it in several layers of its own."""
    if err.response is not None:
        return f"it answers {err.response.status_code} {err.response.reason}".rstrip()
    inner: BaseException = err
    while True:
        cause = getattr(inner, "reason", None) or next(
            (arg for arg in inner.args if isinstance(arg, BaseException)), None
        )
        if not isinstance(cause, BaseException):
            return _line(inner)
        inner = cause


def _line(err: BaseException) -> str:
    text = _CONNECTION.sub("", " ".join(str(err).split()))
    return text[:200] or type(err).__name__
