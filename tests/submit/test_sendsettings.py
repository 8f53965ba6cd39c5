"""What a person's configuration says about sending."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hgport.engine import hg
from hgport.errors import UsageError
from hgport.proof.authority import authority_pem
from hgport.submit import sendsettings
from hgport.submit.sendsettings import Program, Smtp
from hgport.submit.trust import Trust

HOST = {"smtp.host": "mail.example.org"}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "mail.example.org port 25 (no TLS, no login)"),
        ({"smtp.tls": "starttls"}, "mail.example.org port 25 (STARTTLS, no login)"),
        ({"smtp.tls": "True"}, "mail.example.org port 25 (STARTTLS, no login)"),
        ({"smtp.tls": "off"}, "mail.example.org port 25 (no TLS, no login)"),
        ({"smtp.tls": "smtps"}, "mail.example.org port 465 (TLS, no login)"),
        ({"smtp.port": "587"}, "mail.example.org port 587 (no TLS, no login)"),
        ({"smtp.port": "submission"}, "mail.example.org port 587 (no TLS, no login)"),
        (
            {"smtp.username": "zoe", "smtp.password": "secret"},
            "mail.example.org port 25 (no TLS, login as zoe, password in clear)",
        ),
        (
            {"smtp.username": "zoe", "smtp.tls": "smtps"},
            "mail.example.org port 465 (TLS, login as zoe)",
        ),
    ],
)
def test_it_says_what_it_is(config: dict[str, str], said: str) -> None:
    assert str(sendsettings.read({**HOST, **config})) == said


def test_the_password_is_shown_nowhere() -> None:
    read = sendsettings.read({**HOST, "smtp.username": "zoe", "smtp.password": "secret"})
    assert isinstance(read, Smtp) and read.password == "secret"
    assert "secret" not in repr(read) + str(read)


def test_timeouts() -> None:
    read = sendsettings.read({**HOST, "hgport.smtp-timeout": "7"})
    assert isinstance(read, Smtp) and (read.answer, read.end) == (7, 7)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"smtp.host": ""}, "no mail server is known"),
        ({"smtp.host": "a\nb"}, "smtp.host"),
        ({"smtp.tls": "tls"}, "smtp.tls is none, starttls or smtps, not 'tls'"),
        ({"smtp.port": "0"}, "no port: '0'"),
        ({"smtp.port": "65536"}, "no port"),
        ({"smtp.port": "no-such-service"}, "no port"),
        ({"smtp.port": "-1"}, "no port"),
        ({"smtp.username": "a\r\nb"}, "smtp.username"),
        ({"smtp.username": "zoë"}, "smtp.username"),
        ({"smtp.local_hostname": "a\nMAIL FROM"}, "smtp.local_hostname"),
        ({"smtp.username": "a", "smtp.password": "geheim-ß"}, "the password"),
        ({"hgport.smtp-timeout": "0"}, "1 to 3600 seconds"),
        ({"hgport.smtp-timeout": "soon"}, "1 to 3600 seconds"),
        ({"email.method": "no-such-program -x"}, "names no program: no-such-program -x"),
        ({"email.method": "cat | sendmail"}, "without a shell"),
        ({"email.method": "cat 'a"}, "No closing quotation"),
        ({"email.method": "''"}, "names no program"),
        ({"smtp.tls": "smtps", "web.cacerts": "/nowhere.pem"}, "not there: /nowhere.pem"),
        ({"smtp.tls": "smtps", "hostsecurity.minimumprotocol": "ssl3"}, "no 'ssl3'"),
        ({"smtp.tls": "smtps", "hostsecurity.ciphers": "ROT13"}, "TLS cannot be had"),
        (
            {"smtp.tls": "smtps", "hostsecurity.mail.example.org:fingerprints": "md5:00"},
            "'md5:00' in your hgrc is no certificate's fingerprint",
        ),
        (
            {"smtp.tls": "smtps", "hostsecurity.mail.example.org:fingerprints": "sha256:00"},
            "no certificate's fingerprint",
        ),
        (
            {"smtp.tls": "smtps", "hostsecurity.mail.example.org:pin": "x"},
            "does not know hostsecurity.mail.example.org:pin",
        ),
    ],
)
def test_what_makes_no_sense(config: dict[str, str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        sendsettings.read({**HOST, **config})
    assert said in caught.value.message
    assert "geheim" not in caught.value.message


def test_a_file_of_authorities_that_holds_none(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("nothing")
    config = {**HOST, "smtp.tls": "smtps", "web.cacerts": str(tmp_path / "a.pem")}
    with pytest.raises(UsageError, match="TLS cannot be had with .*a.pem"):
        sendsettings.read(config)


def test_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("common.pem", "own.pem"):
        (tmp_path / name).write_bytes(authority_pem())
    config = {"web.cacerts": "~/common.pem", "hostsecurity.a:verifycertsfile": "$HOME/own.pem"}
    assert Trust.read(config, "a").cafile == tmp_path / "own.pem"
    assert Trust.read(config, "b").cafile == tmp_path / "common.pem"
    pins = {
        "hostsecurity.a:fingerprints": "sha256:" + ":".join(["AB"] * 32) + ", sha1:" + "0" * 40,
        "hostfingerprints.a": ":".join(["00"] * 20),
        "hostsecurity.minimumprotocol": "tls1.3",
    }
    read = Trust.read(pins, "a")
    assert read.fingerprints == ("sha256:" + "ab" * 32, "sha1:" + "0" * 40, "sha1:" + "0" * 40)
    assert read.protocol == "tls1.3"
    assert Trust.read(pins, "b").fingerprints == ()
    assert read.refuses(b"other") and read.refuses(None) and not Trust().refuses(b"any")


def test_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "post").write_text(f"#!{sys.executable}\n")
    (tmp_path / "post").chmod(0o755)
    read = sendsettings.read({"email.method": "~/post --account 'my own'"})
    assert read == Program((str(tmp_path / "post"), "--account", "my own"))


def test_it_reads_the_persons_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rc = tmp_path / "hgrc"
    rc.write_text(
        "[smtp]\nhost = mail.example.org\ntls = smtps\nusername = zoe\npassword = a = b\n"
        f"[hostsecurity]\nmail.example.org:fingerprints = sha1:{'0' * 40}\n"
    )
    monkeypatch.setenv("HGRCPATH", str(rc))
    read = sendsettings.read(hg.persons_config(*sendsettings.SECTIONS))
    trust = Trust(fingerprints=("sha1:" + "0" * 40,))
    assert read == Smtp("mail.example.org", 465, "smtps", "zoe", "a = b", trust=trust)
