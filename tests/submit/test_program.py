"""Sending by a program like sendmail."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from helpers_smtp import mail
from hgport.submit import transport
from hgport.submit.program import ProgramTransport
from hgport.submit.sendsettings import Program
from hgport.submit.transport import NotSent, Unsure


def script(tmp_path: Path, text: str) -> Program:
    (tmp_path / "post.py").write_text(text)
    return Program((sys.executable, str(tmp_path / "post.py"), "--quiet"))


def test_it_gets_the_mail(tmp_path: Path) -> None:
    keeps = "import json, sys\njson.dump([sys.argv[1:], sys.stdin.read()], open({!r}, 'w'))\n"
    program = script(tmp_path, keeps.format(str(tmp_path / "kept")))
    message = mail(recipients=["a@example.org", "$(b);'@example.org"])
    steps: list[str] = []
    with transport.opened(program, [message]) as opened:
        opened.send(message, lambda: steps.append("last"))
    words, text = json.loads((tmp_path / "kept").read_text())
    assert words == ["--quiet", "-f", message.sender, *message.recipients]
    assert text.encode() == message.data
    assert steps == ["last"]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("import sys; sys.exit('the spool is full')", NotSent, "code 1: the spool is full"),
        ("raise SystemExit(67)", NotSent, "ended with code 67: it printed nothing"),
        ("raise SystemExit(75)", Unsure, "ended with code 75"),
        ("import os; os.kill(os.getpid(), 9)", Unsure, "ended with code -9"),
        ("import time; time.sleep(99)", Unsure, "ran out of time"),
    ],
)
def test_it_fails(tmp_path: Path, text: str, error: type[Exception], said: str) -> None:
    program = ProgramTransport(script(tmp_path, text), seconds=1)
    with pytest.raises(error, match=said):
        program.send(mail(), lambda: None)


@pytest.mark.parametrize(
    ("code", "error"),
    [(1, Unsure), (67, Unsure), (75, Unsure), (64, NotSent), (126, NotSent), (127, NotSent)],
)
def test_it_may_be_about_one_of_them(tmp_path: Path, code: int, error: type[Exception]) -> None:
    """A mail to two that one of them is refused may have gone to the other."""
    program = ProgramTransport(script(tmp_path, f"raise SystemExit({code})"))
    with pytest.raises(error, match=f"ended with code {code}"):
        program.send(mail(recipients=["a@example.org", "b@example.org"]), lambda: None)


def test_it_is_not_there() -> None:
    with pytest.raises(NotSent, match="cannot run /nowhere/sendmail"):
        ProgramTransport(Program(("/nowhere/sendmail",))).send(mail(), lambda: None)
