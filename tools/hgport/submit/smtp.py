"""Send mails over one SMTP connection."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence

from hgport.output import printable
from hgport.submit.message import Message
from hgport.submit.sendsettings import Smtp
from hgport.submit.transport import NotSent, Unsure

_SECONDS_TO_LEAVE = 5


@contextlib.contextmanager
def connected(settings: Smtp, messages: Sequence[Message]) -> Iterator[SmtpTransport]:
    """A connection to a mail server that takes mails of this size, logged in if the settings say
    so.  Raises NotSent for what goes wrong before the block."""
    with _explained(settings):
        client = _dial(settings)
    try:
        with _explained(settings):
            _greet(client, settings)
            _refuse_big(client, messages)
        yield SmtpTransport(client, settings)
        _take_leave(client)
    finally:
        client.close()


def _take_leave(client: smtplib.SMTP) -> None:
    # all has been said; what the server says to this changes nothing
    if client.sock is not None:
        client.sock.settimeout(_SECONDS_TO_LEAVE)
    with contextlib.suppress(smtplib.SMTPException, OSError):
        client.quit()


@contextlib.contextmanager
def _explained(settings: Smtp) -> Iterator[None]:
    """Turn whatever a server does before a mail's last step into NotSent."""
    try:
        yield
    except (smtplib.SMTPException, OSError, ValueError) as err:
        raise NotSent(f"{settings.host} port {settings.port}: {_words(err)}") from err


def _words(err: Exception) -> str:
    """What went wrong, on one line."""
    if isinstance(err, smtplib.SMTPRecipientsRefused):
        told = [f"{who} is refused: {_reply(*said)}" for who, said in err.recipients.items()]
        return "; ".join(told)
    if isinstance(err, smtplib.SMTPResponseException):
        return _reply(err.smtp_code, err.smtp_error)
    if _timed_out(err):
        return "it does not answer in time"
    if isinstance(err, ssl.SSLCertVerificationError):
        return f"its certificate is not good: {err.verify_message}"
    if isinstance(err, smtplib.SMTPServerDisconnected):
        return "it broke the connection"
    return _line(getattr(err, "strerror", None) or str(err) or type(err).__name__)


def _timed_out(err: Exception) -> bool:
    # smtplib turns some of these into a broken connection
    return any("timed out" in str(one) for one in (err, err.__context__))


def _reply(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return _line(f"{code} {text}" if code > 0 else f"what it answers is no SMTP: {text}")


def _line(text: str) -> str:
    """What a server says, as one line that is not too long."""
    return printable(text)[:300]


def _dial(settings: Smtp) -> smtplib.SMTP:
    where = (settings.host, settings.port, settings.local_hostname)
    if settings.tls == "smtps":
        context = settings.trust.context()
        return smtplib.SMTP_SSL(*where, timeout=settings.answer, context=context)
    return smtplib.SMTP(*where, timeout=settings.answer)


def _greet(client: smtplib.SMTP, settings: Smtp) -> None:
    if settings.tls == "smtps":
        _see_certificate(client, settings)
    client.ehlo_or_helo_if_needed()
    if settings.tls == "starttls":
        if not client.has_extn("starttls"):
            raise NotSent(f"{settings.host} port {settings.port} has no STARTTLS")
        code, words = client.starttls(context=settings.trust.context())
        if code != 220:
            raise smtplib.SMTPResponseException(code, words)
        _see_certificate(client, settings)
        client.ehlo_or_helo_if_needed()
    if settings.username:
        _log_in(client, settings)


def _see_certificate(client: smtplib.SMTP, settings: Smtp) -> None:
    assert isinstance(client.sock, ssl.SSLSocket)
    if settings.trust.refuses(client.sock.getpeercert(binary_form=True)):
        where = f"{settings.host} port {settings.port}"
        raise NotSent(f"{where}: its certificate is none of those that your hgrc pins")


def _log_in(client: smtplib.SMTP, settings: Smtp) -> None:
    try:
        client.login(settings.username, settings.password or "")
    except smtplib.SMTPNotSupportedError:
        where = f"{settings.host} port {settings.port}"
        raise NotSent(f"{where} has no login, without which it is not to be used") from None
    except smtplib.SMTPAuthenticationError as err:
        words = _reply(err.smtp_code, err.smtp_error)
        where = f"{settings.host} port {settings.port}"
        raise NotSent(f"{where} refuses the login of {settings.username}: {words}") from None


def _refuse_big(client: smtplib.SMTP, messages: Sequence[Message]) -> None:
    most = client.esmtp_features.get("size", "")
    if not most.isdecimal() or not int(most):
        return
    for message in messages:
        size = len(_on_the_wire(message.data))
        if size > int(most):
            raise NotSent(
                f"the server takes mails of up to {most} bytes; {message.subject!r} has {size}"
            )


def _on_the_wire(data: bytes) -> bytes:
    """A mail as RFC 5321 wants it, without the dot that ends it."""
    ended = data if data.endswith(b"\n") else data + b"\n"
    return re.sub(rb"(?m)^\.", b"..", ended.replace(b"\n", b"\r\n"))


class SmtpTransport:
    """A connection that mails are sent over; ``connected`` makes one."""

    def __init__(self, client: smtplib.SMTP, settings: Smtp) -> None:
        self._client = client
        self._settings = settings

    def send(self, message: Message, last_step: Callable[[], None]) -> None:
        """As Transport.send.  A mail that one recipient is refused goes to nobody."""
        data = _on_the_wire(message.data)
        with _explained(self._settings):
            self._envelope(message, len(data))
            code, words = self._client.docmd("DATA")
            if code != 354:
                raise smtplib.SMTPDataError(code, words)
            self._client.send(data)
        # a server may deliver a mail when it has seen the dot, and never before
        last_step()
        code, words = self._end()
        if 400 <= code < 600:
            with _explained(self._settings):
                raise smtplib.SMTPDataError(code, words)
        if not 200 <= code < 300:
            raise Unsure(f"{self._settings.host}: {_reply(code, words)}")

    def _envelope(self, message: Message, size: int) -> None:
        options = [f"size={size}"] if self._client.has_extn("size") else []
        code, words = self._client.mail(message.sender, options)
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, words, message.sender)
        refused = {}
        for address in message.recipients:
            code, words = self._client.rcpt(address)
            if code not in (250, 251):
                refused[address] = (code, words)
            if code == 421:
                break
        if refused:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._client.rset()
            raise smtplib.SMTPRecipientsRefused(refused)

    def _end(self) -> tuple[int, bytes]:
        """Send the dot; the answer to it."""
        client = self._client
        assert client.sock is not None
        client.sock.settimeout(self._settings.end)
        try:
            client.send(b".\r\n")
            answer = client.getreply()
            client.sock.settimeout(self._settings.answer)
        except (smtplib.SMTPException, OSError) as err:
            # an answer that is too long to read included
            words = _words(err)
            raise Unsure(f"{self._settings.host} port {self._settings.port}: {words}") from err
        return answer
