"""The versions of the servers that people use, which are part of what a row on one tells."""

from __future__ import annotations

import functools
import os
from pathlib import Path

from hgport.errors import HgportError
from hgport.process import run
from hgport.proof import giftless, nginx
from hgport.proof.scenarios import GIFTLESS

_SECONDS = 20
# with what it stands on
_OF_GIFTLESS = """
import importlib.metadata, platform, ssl
print(platform.python_version(), ssl.OPENSSL_VERSION)
for name in ("giftless", "flask", "werkzeug", "pyjwt"):
    print(name, importlib.metadata.version(name))
"""


@functools.cache
def of_server(server: str) -> tuple[str, ...]:
    """What the programs that a row on this server needs say of their versions; "" for one that is
    not there.  ``hg serve`` is the release's own, of which the front alone is to be told.

    The programs are asked once in a process.
    """
    front = _said(nginx.find(), "-V")
    if server != GIFTLESS:
        return (front,)
    return front, _said(giftless.find(), "-I", "-c", _OF_GIFTLESS)


def _said(program: Path | None, *args: str) -> str:
    if program is None:
        return ""
    try:
        said = run([program, *args], env={"PATH": os.defpath}, timeout=_SECONDS)
    except HgportError:
        return ""  # it is said where it is run
    return (said.stdout + said.stderr).decode("utf-8", "replace")
