"""Sending over SMTP, to a real server that misbehaves at every stage."""

from __future__ import annotations

import hashlib
import socket
import ssl
import time
from pathlib import Path

import pytest
import trustme

from helpers_smtp import DROP, STALL, USER, Fault, MailServer, mail, mails
from hgport.proof.authority import authority_pem, certificate
from hgport.submit.message import Message
from hgport.submit.sendsettings import Smtp
from hgport.submit.smtp import connected
from hgport.submit.transport import NotSent, Unsure
from hgport.submit.trust import Trust


@pytest.fixture
def cafile(tmp_path: Path) -> Path:
    (tmp_path / "authority.pem").write_bytes(authority_pem())
    return tmp_path / "authority.pem"


def deliver(settings: Smtp, messages: list[Message], steps: list[str] | None = None) -> list[str]:
    """Send the mails; what happened, a word each."""
    steps = [] if steps is None else steps
    with connected(settings, messages) as transport:
        for message in messages:
            transport.send(message, lambda: steps.append("last"))
            steps.append("sent")
    return steps


@pytest.mark.parametrize("tls", ["none", "starttls", "smtps"])
@pytest.mark.parametrize("login", [False, True])
def test_mails_arrive_as_they_are(tls: str, login: bool, cafile: Path) -> None:
    sent = mails(recipients=["list@example.org", "hidden@example.org"])
    with MailServer(tls=tls, login=login) as server:
        assert deliver(server.settings(cafile), sent) == ["last", "sent"] * 3
    assert server.connections == 1
    for message, got in zip(sent, server.received):
        assert got.data == message.data + b"\n"
        assert (got.sender, got.recipients) == (message.sender, message.recipients)
        assert (got.tls, got.login) == (tls != "none", USER if login else None)
    assert len(server.received) == 3


BEFORE = ["connect", "EHLO", "MAIL", "RCPT", "DATA"]


@pytest.mark.parametrize("stage", BEFORE)
@pytest.mark.parametrize("does", [DROP, STALL, "451 later please", "what?"])
def test_trouble_before_the_last_step(stage: str, does: str) -> None:
    steps: list[str] = []
    with MailServer(Fault(stage, does)) as server:
        started = time.monotonic()
        # a server that has no EHLO is asked for HELO
        if stage == "EHLO" and does not in (DROP, STALL):
            deliver(server.settings(answer=1), mails(1))
            return
        with pytest.raises(NotSent, match=r"^localhost port \d+: .+$") as caught:
            deliver(server.settings(answer=1), mails(1), steps)
    assert time.monotonic() - started < 5
    assert steps == [] and server.received == []
    told = {DROP: "it broke the connection", STALL: "it does not answer in time"}
    assert told.get(does, does.partition(" ")[2]) in str(caught.value)


@pytest.mark.parametrize(
    ("stage", "does"),
    [("STARTTLS", DROP), ("STARTTLS", STALL), ("STARTTLS", "454 not now")]
    + [("AUTH", DROP), ("AUTH", STALL)],
)
def test_trouble_before_the_first_mail(stage: str, does: str, cafile: Path) -> None:
    broken = MailServer(Fault(stage, does), tls="starttls", login=True)
    with broken as server, pytest.raises(NotSent):
        deliver(server.settings(cafile, answer=1), mails(1))
    assert server.received == [] and "MAIL" not in server.counts


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("does", [DROP, STALL, "what?", "25", "999 what", "9" * 10000])
def test_nobody_knows_what_became_of_it(does: str, keeps: bool) -> None:
    steps: list[str] = []
    with MailServer(Fault("end", does, 2, keeps)) as server, pytest.raises(Unsure):
        deliver(server.settings(answer=1, end=1), mails(3), steps)
    assert steps == ["last", "sent", "last"]
    assert len(server.received) == 1 + keeps


@pytest.mark.parametrize("does", ["451 try again", "554 5.7.1 spam\r\n"])
def test_a_mail_that_is_refused_at_its_end(does: str) -> None:
    steps: list[str] = []
    with MailServer(Fault("end", does, 2)) as server, pytest.raises(NotSent, match=does[:12]):
        deliver(server.settings(), mails(3), steps)
    assert steps == ["last", "sent", "last"]
    assert len(server.received) == 1


@pytest.mark.parametrize("does", [DROP, STALL])
def test_a_break_in_the_middle_of_a_mail(does: str) -> None:
    """Too big for the buffers between the two, so the dot cannot have been said."""
    steps: list[str] = []
    big = mail(body=b"a line\n" * 5_000_000)
    with MailServer(Fault("body", does)) as server, pytest.raises(NotSent):
        deliver(server.settings(answer=1), [big], steps)
    assert steps == []


@pytest.mark.parametrize("does", [DROP, STALL, "500 no"])
def test_a_farewell_that_fails_is_nothing(does: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hgport.submit.smtp._SECONDS_TO_LEAVE", 0.2)
    with MailServer(Fault("QUIT", does)) as server:
        deliver(server.settings(), mails(1))
    assert len(server.received) == 1


def test_a_refused_recipient_keeps_the_mail_from_all() -> None:
    two = ["good@example.org", "bad@example.org"]
    strict = MailServer(Fault("RCPT", "550 5.1.1 who\x1b[2J is that", 2))
    with strict as server, pytest.raises(NotSent) as caught:
        deliver(server.settings(), mails(1, two))
    assert str(caught.value).endswith("bad@example.org is refused: 550 5.1.1 who [2J is that")
    assert server.received == []


def test_a_mail_that_is_too_big_is_seen_before_the_first_goes() -> None:
    messages = [mail(0), mail(1, b"x" * 900 + b"\n")]
    told = r"up to 900 bytes; '\[PATCH 1\] subject' has 9\d\d"
    with MailServer(size=900) as server, pytest.raises(NotSent, match=told):
        deliver(server.settings(), messages)
    assert server.received == []


def test_a_wrong_password(cafile: Path) -> None:
    strict = MailServer(tls="smtps", login=True)
    with strict as server, pytest.raises(NotSent, match="login of zoe: 535 ") as caught:
        deliver(server.settings(cafile, password="guessed it"), mails(1))
    assert "guessed" not in str(caught.value)
    assert server.received == []


def test_a_login_that_the_server_does_not_have() -> None:
    with MailServer() as server, pytest.raises(NotSent, match="has no login"):
        deliver(server.settings(username="a", password="b"), mails(1))
    assert server.received == []


def test_starttls_that_the_server_does_not_have(cafile: Path) -> None:
    with MailServer() as server, pytest.raises(NotSent, match="has no STARTTLS"):
        deliver(server.settings(cafile, tls="starttls"), mails(1))
    assert server.received == []


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
@pytest.mark.parametrize("host", ["localhost", "elsewhere.example.org"])
def test_a_certificate_that_is_not_good(tls: str, host: str, tmp_path: Path, cafile: Path) -> None:
    """Of an authority that nobody knows, or for another host."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    if host != "localhost":
        cafile.write_bytes(authority.cert_pem.bytes())
    wrong = MailServer(tls=tls, login=True, context=context)
    with wrong as server, pytest.raises(NotSent, match="its certificate is not good"):
        deliver(server.settings(cafile), mails(1))
    assert "AUTH" not in server.counts and server.received == []


@pytest.mark.parametrize("tls", ["starttls", "smtps"])
def test_a_certificate_that_is_pinned(tls: str) -> None:
    der = ssl.PEM_cert_to_DER_cert(certificate().cert_chain_pems[0].bytes().decode())
    good = "sha256:" + hashlib.sha256(der).hexdigest()
    other = "sha256:" + "0" * 64
    with MailServer(tls=tls, login=True) as server:
        deliver(server.settings(trust=Trust(fingerprints=(other, good))), mails(1))
        with pytest.raises(NotSent, match="none of those that your hgrc pins"):
            deliver(server.settings(trust=Trust(fingerprints=(other,))), mails(1))
    assert len(server.received) == 1


def test_smtps_where_there_is_none(cafile: Path) -> None:
    with MailServer() as server, pytest.raises(NotSent, match=r"^localhost port \d+: \S+"):
        deliver(server.settings(cafile, tls="smtps", answer=1), mails(1))


def test_no_server() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
        with pytest.raises(NotSent, match="Connection refused"):
            deliver(Smtp("127.0.0.1", port), mails(1))
    with pytest.raises(NotSent, match="nowhere.invalid port 25: "):
        deliver(Smtp("nowhere.invalid", 25), mails(1))
