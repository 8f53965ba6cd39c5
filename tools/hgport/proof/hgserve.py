"""``hg serve`` of the release under test, for a repository of its own."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from hgport.proof.authority import certificate
from hgport.proof.scenarios import Operation
from hgport.proof.world import Ground, Hg, write_config

# seconds that a slow machine may need to start it
_START = 60
_LISTENING = re.compile(rb"listening at http.*\(bound to .*:(\d+)\)")


@contextlib.contextmanager
def serving(
    ground: Ground, repository: Path, home: Path, operation: Operation, *, tls: bool
) -> Iterator[str]:
    """Serve ``repository`` for the block, with the ground's unpatched tree and on loopback; gives
    the URL.

    Anybody may push.  ``home`` is a directory for its configuration and all else that it writes;
    ``operation`` says which extensions it has.  Raises HgportError if it does not start.
    """
    home.mkdir()
    write_config(home, operation.kind, _config(home, operation, tls))
    hg = Hg(ground.interpreter.path, ground.tree)
    words: list[str | Path] = ["serve", "--repository", repository]
    with hg.beside(words, cwd=home, home=home, log=home / "serve.log") as program:
        port = program.port("hg serve", _LISTENING, _START)
        yield f"{'https' if tls else 'http'}://127.0.0.1:{port}"


def _config(home: Path, operation: Operation, tls: bool) -> str:
    secured = ""
    if tls:
        # it makes the URLs of blobs of its own scheme, so that has to be the front's
        (home / "certificate.pem").write_bytes(certificate().private_key_and_cert_chain_pem.bytes())
        secured = f"certificate = {home / 'certificate.pem'}\n"
    return f"""\
[lfs]
usercache = {home / "usercache"}
[largefiles]
usercache = {home / "usercache"}
[experimental]
httppostargs = {operation.post_arguments}
[web]
address = 127.0.0.1
port = 0
push_ssl = False
allow-push = *
{secured}"""


def bundled(ground: Ground, repository: Path, home: Path) -> tuple[str, ...]:
    """The sha256 (hex) of a bundle of all that a repository holds, of the oldest kind and
    uncompressed, which is the same wherever it is made; nothing of a repository that is empty."""
    hg = functools.partial(Hg(ground.interpreter.path, ground.tree), cwd=repository, home=home)
    if not hg(["log", "-r", "tip", "-T", "{node}"]).stdout.strip(b"0"):
        return ()
    made = home / "bundle"
    hg(["bundle", "-q", "--all", "-t", "none-v1", made])
    return (hashlib.sha256(made.read_bytes()).hexdigest(),)
