"""giftless, a git-lfs server that people use: found, and run with its storage in a directory."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path

from hgport.errors import HgportError, OutsideError, UsageError
from hgport.places import project_dir
from hgport.process import run, running

# what git-lfs calls a repository's blobs; giftless takes any repository
PATH = "/hgport/repository.git/info/lfs"

ADVICE = (
    "get it, in the checkout, with: python3 -m venv build/giftless && "
    "build/giftless/bin/pip install --require-hashes -r contrib/ci/giftless.txt; "
    "or set HGPORT_GIFTLESS to a Python or a virtual environment that has it, "
    "and a PyJWT before 2.10"
)
# its tokens for uploads by anybody name nobody, and newer PyJWTs refuse these
_PROBE = """
import flask, giftless, jwt
key = "k" * 32
jwt.decode(jwt.encode({"sub": None}, key, algorithm="HS256"), key, algorithms=["HS256"])
"""
_PROBE_SECONDS = 20
# seconds that a slow machine may need to start it
_START = 60
_RUNNING = re.compile(rb"Running on http://127\.0\.0\.1:(\d+)\s")


def find() -> Path | None:
    """A Python that has a giftless that works: the one that ``$HGPORT_GIFTLESS`` names, or that of
    the virtual environment that it names; without it our own, or that of the virtual environment
    ``build/giftless`` in the checkout.  None if there is none."""
    told = os.environ.get("HGPORT_GIFTLESS")
    places = (Path(told),) if told else (Path(sys.executable), *_made_as_advised())
    return _first_of(tuple(place.absolute() for place in places))


# every cell asks for it, and a Python that imports giftless takes as long as half a cell
@functools.cache
def _first_of(places: tuple[Path, ...]) -> Path | None:
    for place in places:
        program = place / "bin" / "python" if place.is_dir() else place
        if _has_giftless(program):
            return program
    return None


def _made_as_advised() -> Iterator[Path]:
    # not every hgport has a checkout
    with contextlib.suppress(UsageError):
        yield project_dir() / "build" / "giftless"


def _has_giftless(program: Path) -> bool:
    if not program.exists():
        return False
    try:
        run([program, "-I", "-c", _PROBE], env={"PATH": os.defpath}, timeout=_PROBE_SECONDS)
    except (HgportError, OSError):
        return False
    return True


@contextlib.contextmanager
def serving(home: Path, storage: Path) -> Iterator[str]:
    """Serve blobs from the directory ``storage`` for the block, on loopback; gives the URL
    without a path.  Anybody may read and write.

    ``home`` is a directory for its configuration and all else that it writes, made here.  Raises
    OutsideError if there is no giftless, HgportError if it does not start.
    """
    program = find()
    if program is None:
        raise OutsideError("no Python with giftless found", ADVICE)
    home.mkdir()
    config = home / "giftless.json"
    # its configuration is YAML, of which JSON is a part
    config.write_text(json.dumps(_config(storage)))
    # not as a module of the directory that it runs in, nor with what the person set up for Python
    flask: list[str | Path] = [program, "-I", "-m", "flask", "--app", "giftless.wsgi_entrypoint"]
    words = [*flask, "run", "--host", "127.0.0.1", "--port", "0"]
    log = home / "giftless.log"
    with running(words, cwd=home, env=_environment(home, config), log=log) as started:
        yield f"http://127.0.0.1:{started.port('giftless', _RUNNING, _START)}"


def _config(storage: Path) -> dict[str, object]:
    return {
        "AUTH_PROVIDERS": ["giftless.auth.allow_anon:read_write"],
        "LEGACY_ENDPOINTS": False,
        "TRANSFER_ADAPTERS": {"basic": {"options": {"storage_options": {"path": str(storage)}}}},
        "PRE_AUTHORIZED_ACTION_PROVIDER": {"options": {"private_key": secrets.token_hex(32)}},
        # the URLs of blobs are to be those of the server before it
        "MIDDLEWARE": [
            {"class": "werkzeug.middleware.proxy_fix:ProxyFix", "kwargs": {"x_proto": 1}}
        ],
    }


def _environment(home: Path, config: Path) -> dict[str, str]:
    return {
        "GIFTLESS_CONFIG_FILE": str(config),
        "HOME": str(home),
        "LC_ALL": "C.UTF-8",
        "PATH": os.defpath,
        "TMPDIR": str(home),
        "TZ": "UTC",
        # both would read files named .env in directories above
        "FLASK_SKIP_DOTENV": "1",
        "PYTHON_DOTENV_DISABLED": "1",
    }
