"""The certificate authority of this process, by which its servers are known to its clients."""

from __future__ import annotations

import functools
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme

# what every server here is called, and its certificate is for
HOST = "localhost"


@functools.lru_cache(maxsize=1)
def authority() -> trustme.CA:
    """The authority, made when it is first asked for."""
    import trustme  # takes long, and http needs none of it

    return trustme.CA()


def authority_pem() -> bytes:
    """The authority's certificate, as the clients' ``web.cacerts`` wants it."""
    return authority().cert_pem.bytes()


@functools.lru_cache(maxsize=1)
def certificate() -> trustme.LeafCert:
    """The certificate of every server, and its key."""
    return authority().issue_cert(HOST)


@functools.lru_cache(maxsize=1)
def server_context() -> ssl.SSLContext:
    """What a server in this process secures its connections with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate().configure_cert(context)
    return context
