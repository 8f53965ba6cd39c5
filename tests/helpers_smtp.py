"""A real mail server on loopback, which misbehaves at the place where a test wants it to."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from hgport.proof.authority import HOST, authority_pem, server_context
from hgport.submit.message import Message
from hgport.submit.sendsettings import Smtp
from hgport.submit.trust import Trust

USER, PASSWORD = "zoe", "open sesame"
DROP, STALL = "drop", "stall"


@dataclass(frozen=True)
class Fault:
    """What the server does the ``at``-th time (from 1, over all connections) that it comes to a
    stage: ``connect``, ``EHLO``, ``STARTTLS``, ``AUTH``, ``MAIL``, ``RCPT``, ``DATA``, ``body`` (a
    mail's first line), ``end`` (a mail's last; with ``keeps`` the mail has arrived then) or
    ``QUIT``.  ``does`` is DROP, STALL, or an answer.
    """

    stage: str
    does: str
    at: int = 1
    keeps: bool = False


@dataclass(frozen=True)
class Received:
    """A mail that arrived, with LF line ends; by whom it was handed in."""

    sender: str
    recipients: tuple[str, ...]
    data: bytes
    tls: bool
    login: str | None


class MailServer:
    """Serves while its block runs.

    ``tls`` is "none", "starttls" or "smtps"; ``login`` says that USER and PASSWORD are wanted.
    ``context`` has another certificate than the one that ``settings`` trusts.
    """

    def __init__(
        self,
        fault: Fault | None = None,
        *,
        tls: str = "none",
        login: bool = False,
        size: int = 1 << 26,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.received: list[Received] = []
        self.connections = 0
        # set when it has come to its fault
        self.struck = threading.Event()
        self.fault = fault
        self.counts: dict[str, int] = {}
        self.tls = tls
        self.login = login
        self.size = size
        self.port = 0
        self.context = (context or server_context()) if tls != "none" else None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> MailServer:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._serve(), self._loop).result(10)
        return self

    def __exit__(self, *_what: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _serve(self) -> None:
        implicit = self.context if self.tls == "smtps" else None
        server = await self._loop.create_server(
            lambda: _Protocol(self, self._loop), "127.0.0.1", 0, ssl=implicit
        )
        self.port = server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        mine = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in mine:
            task.cancel()
        await asyncio.gather(*mine, return_exceptions=True)

    def settings(self, cafile: Path | None = None, **more: Any) -> Smtp:
        """What a client needs; ``cafile`` holds the authority for TLS."""
        login = {"username": USER, "password": PASSWORD} if self.login else {}
        trust = Trust(cafile=cafile)
        return Smtp(HOST, self.port, **{"tls": self.tls, "trust": trust, **login, **more})

    def hgrc(self, path: Path, more: str = "") -> Path:
        """Write a person's configuration that sends by this server; ``more`` goes below it."""
        cacerts = path.with_name("authority.pem")
        cacerts.write_bytes(authority_pem())
        lines = ["[smtp]", f"host = {HOST}", f"port = {self.port}", f"tls = {self.tls}"]
        lines += [f"username = {USER}", f"password = {PASSWORD}"] if self.login else []
        path.write_text("\n".join([*lines, "[web]", f"cacerts = {cacerts}", more, ""]))
        return path

    def subjects(self) -> list[str]:
        """The first line of the body of each mail, in the order in which they arrived."""
        return [one.data.partition(b"\n\n")[2].split(b"\n")[0].decode() for one in self.received]


class _Protocol(SMTP):
    """One connection."""

    def __init__(self, owner: MailServer, loop: asyncio.AbstractEventLoop) -> None:
        self._owner = owner
        with warnings.catch_warnings():
            # a login without TLS is what some tests want
            warnings.simplefilter("ignore")
            super().__init__(
                self,
                loop=loop,
                hostname=HOST,
                data_size_limit=owner.size,
                tls_context=owner.context if owner.tls == "starttls" else None,
                require_starttls=owner.tls == "starttls",
                auth_required=owner.login,
                # without it, a login is offered to everybody
                auth_require_tls=owner.tls == "starttls" or not owner.login,
                authenticator=self._authenticate_user,
            )

    @staticmethod
    def _authenticate_user(
        _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: Any
    ) -> AuthResult:
        wanted = LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=data == wanted, handled=False, auth_data=data)

    async def _strikes(self, stage: str) -> bool:
        """Do what the fault says, if this is its stage; whether it was."""
        owner, fault = self._owner, self._owner.fault
        owner.counts[stage] = owner.counts.get(stage, 0) + 1
        if fault is None or fault.stage != stage or owner.counts[stage] != fault.at:
            return False
        owner.struck.set()
        if fault.does == DROP:
            assert self.transport is not None
            self.transport.abort()
        elif fault.does == STALL:
            await asyncio.sleep(3600)
        else:
            await self.push(fault.does)
        return True

    async def _handle_client(self) -> None:
        self._owner.connections += 1
        with contextlib.suppress(ConnectionError):
            if await self._strikes("connect"):
                if self.transport is not None:
                    self.transport.close()
                return
            await super()._handle_client()

    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._strikes("EHLO"):
            await super().smtp_EHLO(hostname)

    async def smtp_STARTTLS(self, arg: str) -> None:
        if not await self._strikes("STARTTLS"):
            await super().smtp_STARTTLS(arg)

    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._strikes("AUTH"):
            await super().smtp_AUTH(arg)

    async def smtp_MAIL(self, arg: str | None) -> None:
        if not await self._strikes("MAIL"):
            await super().smtp_MAIL(arg)

    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._strikes("RCPT"):
            await super().smtp_RCPT(arg)

    async def smtp_QUIT(self, arg: str) -> None:
        if not await self._strikes("QUIT"):
            await super().smtp_QUIT(arg)

    async def smtp_DATA(self, arg: str) -> None:
        if await self._strikes("DATA"):
            return
        fault = self._owner.fault
        if fault is not None and fault.stage == "body":
            await self.push("354 go on")
            await self._reader.readuntil(b"\r\n")
            await self._strikes("body")
            return
        await super().smtp_DATA(arg)

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:
        owner, fault = self._owner, self._owner.fault
        data = envelope.original_content or b""
        assert b"\n" not in data.replace(b"\r\n", b"")
        mail = Received(
            envelope.mail_from or "",
            tuple(envelope.rcpt_tos),
            data.replace(b"\r\n", b"\n"),
            session.ssl is not None or owner.tls == "smtps",
            session.auth_data.login.decode() if session.authenticated else None,
        )
        at = owner.counts.get("end", 0) + 1
        here = fault is not None and (fault.stage, fault.at) == ("end", at)
        if not here or (fault is not None and fault.keeps):
            owner.received.append(mail)
        if await self._strikes("end"):
            # what was to be said has been
            raise asyncio.CancelledError
        return "250 it is stored"


def mails(count: int = 3, recipients: Sequence[str] = ("list@example.org",)) -> list[Message]:
    """An introduction and the patches after it, so many in all; the body's first line is the
    number."""
    return [mail(number, recipients=recipients) for number in range(count)]


def mail(
    number: int = 1, body: bytes = b"", recipients: Sequence[str] = ("list@example.org",)
) -> Message:
    """A mail of which ``body`` is what follows its first line, the number."""
    subject = f"[PATCH {number}] subject"
    message_id = f"<{number}@example.org>"
    head = f"From: a@example.org\nSubject: {subject}\nMessage-Id: {message_id}\n\n{number}\n"
    data = head.encode() + (body or b".a dot\n..two\nFrom here\n\nlast")
    return Message(number, subject, message_id, "a@example.org", tuple(recipients), data)
