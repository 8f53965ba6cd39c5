"""How a person sends mail, as the person's own configuration of Mercurial has it.

    [email] method          smtp (the default), or a program like sendmail
    [smtp]  host, port, tls (none, starttls, smtps), username, password, local_hostname
    [web]   cacerts         the authorities that are trusted, instead of the system's
    [hostsecurity]          of the mail server's host: fingerprints, verifycertsfile, ciphers,
                            minimumprotocol
    [hgport] smtp-timeout   seconds that the server gets for an answer

The words mean what they mean to ``hg email``; what means nothing here is refused, never ignored.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from hgport.errors import UsageError
from hgport.submit.trust import Trust

# what read() wants to see of hg.persons_config
SECTIONS = ("email", "smtp", "web", "hostsecurity", "hostfingerprints", "hgport")

_TLS = {
    **dict.fromkeys(["", "none", "0", "no", "false", "off", "never"], "none"),
    **dict.fromkeys(["starttls", "1", "yes", "true", "on", "always"], "starttls"),
    "smtps": "smtps",
}
_SAID = {"none": "no TLS", "starttls": "STARTTLS", "smtps": "TLS"}
# what only a shell would understand
_SHELL = re.compile(r"[|&;<>()$`*?]")
# seconds: as RFC 5321 (4.5.3.2) has it for the end of the data, where to give up too early is to
# send twice; for all else half of it
_ANSWER, _END = 150, 600


@dataclass(frozen=True)
class Smtp:
    """A mail server.

    ``tls`` is "none", "starttls" or "smtps".  ``username`` "" is no login; ``password`` None is not
    known yet.  ``answer`` and ``end`` are the seconds that the server gets for an answer, and for
    the one after a mail's end.
    """

    host: str
    port: int
    tls: str = "none"
    username: str = ""
    password: str | None = field(default=None, repr=False)
    local_hostname: str | None = None
    trust: Trust = field(default_factory=Trust)
    answer: float = _ANSWER
    end: float = _END

    def __str__(self) -> str:
        login = f"login as {self.username}" if self.username else "no login"
        clear = ", password in clear" if self.username and self.tls == "none" else ""
        return f"{self.host} port {self.port} ({_SAID[self.tls]}, {login}{clear})"


@dataclass(frozen=True)
class Program:
    """A program that takes a mail as sendmail does: ``WORDS -f SENDER RECIPIENT...``."""

    words: tuple[str, ...]

    def __str__(self) -> str:
        return shlex.join(self.words)


def read(config: Mapping[str, str]) -> Smtp | Program:
    """What the configuration says (``section.key``: value).  Raises UsageError for what is missing
    or makes no sense, files and programs that are not there included."""
    method = config.get("email.method", "").strip() or "smtp"
    return _smtp(config) if method == "smtp" else _program(method)


def _program(method: str) -> Program:
    where = "[email] method in your hgrc"
    if _SHELL.search(method):
        raise UsageError(f"{where} is run without a shell: {method}", "put it into a script")
    try:
        words = shlex.split(method)
    except ValueError as err:
        raise UsageError(f"{where}: {err}: {method}") from None
    found = shutil.which(os.path.expanduser(words[0])) if words else None
    if found is None:
        raise UsageError(f"{where} names no program: {method}", "it is smtp, or like sendmail")
    return Program((found, *words[1:]))


def _smtp(config: Mapping[str, str]) -> Smtp:
    for key in ("host", "username", "local_hostname"):
        _plain(f"smtp.{key}", config.get(f"smtp.{key}", ""))
    host = config.get("smtp.host", "").strip()
    if not host:
        raise UsageError(
            "no mail server is known", "say [smtp] host = NAME in your hgrc, or [email] method"
        )
    told = config.get("smtp.tls", "").strip().lower()
    if told not in _TLS:
        raise UsageError(f"smtp.tls is none, starttls or smtps, not {told!r}")
    tls = _TLS[told]
    answer, end = _seconds(config.get("hgport.smtp-timeout", "").strip())
    return Smtp(
        host=host,
        port=_port(config.get("smtp.port", "").strip() or ("465" if tls == "smtps" else "25")),
        tls=tls,
        username=config.get("smtp.username", "").strip(),
        password=checked_password(config.get("smtp.password") or None),
        local_hostname=config.get("smtp.local_hostname", "").strip() or None,
        trust=Trust.read(config, host) if tls != "none" else Trust(),
        answer=answer,
        end=end,
    )


def _plain(key: str, value: str) -> None:
    if not re.fullmatch(r"[ -~]*", value):
        raise UsageError(f"{key} in your hgrc is no plain ASCII text: {value!r}")


def checked_password(password: str | None) -> str | None:
    """The password, if a mail server can be told it; else UsageError, which does not say it."""
    if password and not re.fullmatch(r"[ -~]+", password):
        raise UsageError("the password for the mail server is no plain ASCII text")
    return password


def _port(told: str) -> int:
    try:
        port = int(told) if told.isdecimal() else socket.getservbyname(told, "tcp")
    except OSError:
        port = 0
    if not 0 < port < 1 << 16:
        raise UsageError(f"smtp.port in your hgrc is no port: {told!r}")
    return port


def _seconds(told: str) -> tuple[float, float]:
    if not told:
        return _ANSWER, _END
    if not told.isdecimal() or not 0 < int(told) <= 3600:
        raise UsageError(f"hgport.smtp-timeout in your hgrc is 1 to 3600 seconds, not {told!r}")
    return int(told), int(told)
