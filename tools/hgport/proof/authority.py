"""The certificate authority of this process, by which its servers are known to its clients."""

from __future__ import annotations

import functools
import ssl
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme

# what every server here is called, and its certificate is for
HOST = "localhost"


# two threads that ask at once would get two authorities
_lock = threading.Lock()


def authority_pem() -> bytes:
    """The authority's certificate, as the clients' ``web.cacerts`` wants it."""
    return _made()[0].cert_pem.bytes()


def certificate() -> trustme.LeafCert:
    """The certificate of every server, and its key."""
    return _made()[1]


def server_context() -> ssl.SSLContext:
    """What a server in this process secures its connections with."""
    return _made()[2]


def _made() -> tuple[trustme.CA, trustme.LeafCert, ssl.SSLContext]:
    with _lock:
        return _make()


@functools.lru_cache(maxsize=1)
def _make() -> tuple[trustme.CA, trustme.LeafCert, ssl.SSLContext]:
    import trustme  # takes long, and http needs none of it

    authority = trustme.CA()
    leaf = authority.issue_cert(HOST)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(context)
    return authority, leaf, context
