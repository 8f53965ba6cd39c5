"""Standard output that cannot be written to, and verbs that are not quite right."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from hgport import cli, process


@pytest.mark.parametrize(
    ("words", "where", "why"),
    [
        ("--help", ">&-", "it is closed"),
        ("releases all", ">&-", "it is closed"),
        ("releases all --json", ">&-", "it is closed"),
        ("--help", "> /dev/full", "No space left on device"),
        ("releases all", "> /dev/full", "No space left on device"),
        ("releases all --json", "> /dev/full", "No space left on device"),
    ],
)
def test_an_output_that_takes_nothing_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, where: str, why: str
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = f"{shlex.join([sys.executable, '-m', 'hgport'])} {words} {where}"
    told = process.run(["bash", "-c", command], allowed=None)
    said = f"hgport: cannot write to standard output: {why}\n"
    assert (told.code, told.stderr.decode()) == (3, said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("where", ["2>&-", "2> /dev/full"])
@pytest.mark.parametrize(
    ("words", "code"), [("status 5.2.2", 0), ("status nope", 2), ("status --nonsense", 2)]
)
def test_nobody_need_read_what_went_wrong(words: str, where: str, code: int) -> None:
    command = f"{shlex.join([sys.executable, '-m', 'hgport'])} {words} {where}"
    told = process.run(["bash", "-c", command], allowed=None)
    assert (told.code, bool(told.stdout)) == (code, not code)


@pytest.mark.parametrize(
    ("word", "near"), [("aply", "apply"), ("STATUS", "status"), ("range_diff", "range-diff")]
)
def test_a_near_verb_is_offered(capsys: pytest.CaptureFixture[str], word: str, near: str) -> None:
    assert cli.run([word]) == 2
    said = capsys.readouterr().err
    assert said == f"hgport: No such command {word!r}. Did you mean {near!r}?\n"
