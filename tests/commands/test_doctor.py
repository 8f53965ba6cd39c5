"""``hgport doctor`` as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers_proof import catalogue, interpreter
from hgport import cli


def test_what_is_lacking_is_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("PYENV_ROOT", raising=False)
    assert cli.run(["doctor"]) == 3
    out = capsys.readouterr().out
    assert "4.9.1    2.7     " in out and "get it with: pyenv install 2.7" in out
    assert "LACKING: Python 2.7 for 4.5.3, " in out
    # what is not affected is looked at, and lacking only where it is asked for
    assert "\n7.2.4 " in out and "for 7.2.4" not in out
    assert cli.run(["doctor", "7.2"]) == 3
    assert " for 7.2.4" in capsys.readouterr().out


def test_a_range_that_can_be_proven_is_0(capsys: pytest.CaptureFixture[str]) -> None:
    python = interpreter(catalogue().release("7.2.4"))
    assert cli.run(["doctor", "7.2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["release"] for one in told["releases"]] == ["7.2.4"]
    assert told["releases"][0]["path"] == str(python.path)
    assert told["lacking"] == [] and told["index"]["asked"] is False


@pytest.mark.parametrize("args", [["5.2.9"], ["5.2", "5.3"], ["--nonsense"]])
def test_bad_input(args: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["doctor", *args]) == 2
    assert capsys.readouterr().err.startswith("hgport: ")
