"""Running hg without anybody's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from hgport.engine import hg
from hgport.errors import UsageError
from hgport.process import ProgramFailed


def test_no_configuration_leaks_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rc = tmp_path / "hgrc"
    rc.write_text("[hooks]\npre-log = exit 1\n[defaults]\nlog = --broken\n")
    monkeypatch.setenv("HGRCPATH", str(rc))
    monkeypatch.setenv("LANGUAGE", "de")
    hg.run("init", cwd=tmp_path)
    (tmp_path / ".hg" / "hgrc").write_text(rc.read_text())
    assert hg.run("log", cwd=tmp_path).stdout == b""
    assert b"hooks" not in hg.run("config", cwd=tmp_path).stdout


def test_a_failure_tells_command_and_reason(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed) as caught:
        hg.run("log", cwd=tmp_path)
    assert "log ended with code 255" in caught.value.message
    assert "no repository found" in caught.value.message


def test_extra_environment(tmp_path: Path) -> None:
    hg.run("init", cwd=tmp_path)
    (tmp_path / "f").write_text("x")
    hg.run("commit", "-A", "-m", "x", cwd=tmp_path, extra={"HGUSER": "somebody"})
    assert hg.run("log", "-T", "{user}", cwd=tmp_path).stdout == b"somebody"


def test_the_persons_own_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rc = tmp_path / "rc"
    rc.write_text("[smtp]\nhost = mail.example.org\nport = 25\n[ui]\nusername = Zoë <z@x.org>\n")
    monkeypatch.setenv("HGRCPATH", str(rc))
    assert hg.persons_config("smtp", "email") == {
        "smtp.host": "mail.example.org",
        "smtp.port": "25",
    }
    assert hg.persons_config("ui")["ui.username"] == "Zoë <z@x.org>"
    rc.write_text("")
    assert hg.persons_config("smtp") == {}
    rc.write_text("what is this\n")
    with pytest.raises(UsageError, match="cannot be read"):
        hg.persons_config("smtp")
