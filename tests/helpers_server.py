"""Clients of the embedded server that do just what a test says."""

from __future__ import annotations

import http.client
import socket
import ssl

from hgport.proof.authority import HOST, authority_pem
from hgport.proof.server import Server

JSON = {"Content-Type": "application/vnd.git-lfs+json"}


def client_context() -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority_pem().decode())


def dial(server: Server) -> http.client.HTTPConnection:
    """A client; no request of it opens a second connection by itself."""
    if server.url.startswith("https"):
        client: http.client.HTTPConnection = http.client.HTTPSConnection(
            HOST, server.port, timeout=10, context=client_context()
        )
    else:
        client = http.client.HTTPConnection(HOST, server.port, timeout=10)
    client.connect()
    client.auto_open = 0
    return client


def raw(server: Server) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    if server.url.startswith("https"):
        return client_context().wrap_socket(sock, server_hostname=HOST)
    return sock


def ask(client: http.client.HTTPConnection, method: str, path: str, body: bytes) -> int:
    client.request(method, path, body, JSON)
    response = client.getresponse()
    response.read()
    return response.status
