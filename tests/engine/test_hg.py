"""Running hg without anybody's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest

from hgport.engine import hg
from hgport.errors import UsageError
from hgport.process import ProgramFailed
from hgport.submit.identity import Identity


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


def test_what_is_no_utf8_is_no_other_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rc = tmp_path / "rc"
    rc.write_bytes("[ui]\nusername = Zoë <z@x.org>\n".encode("latin-1"))
    monkeypatch.setenv("HGRCPATH", str(rc))
    told = hg.persons_config("ui")["ui.username"]
    assert told == "Zo\udceb <z@x.org>"
    with pytest.raises(UsageError, match="is no author's name"):
        Identity.parse(told)


def test_an_extension_that_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "noisy.py").write_text("print('hello')\n")
    rc = tmp_path / "rc"
    rc.write_text(f"[ui]\nusername = z\n[extensions]\nnoisy = {tmp_path}/noisy.py\n")
    monkeypatch.setenv("HGRCPATH", str(rc))
    with pytest.raises(UsageError, match="cannot be read: hg config prints something else"):
        hg.persons_config("ui")
