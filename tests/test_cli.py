"""The command line: help, errors, exit codes, and what it imports."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click
import pytest

from hgport import __version__, cli, process
from hgport.errors import ConflictStop, HgportError, OutsideError, UsageError


def hgport(*words: str) -> process.Finished:
    return process.run([sys.executable, "-m", "hgport", *words], allowed=None)


def verb_raises(raised: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    def command() -> None:
        raise raised

    monkeypatch.setattr(cli.LazyGroup, "get_command", lambda *_args: command)


def test_help_lists_every_verb() -> None:
    told = hgport("--help")
    assert told.code == 0
    for verb, what in cli.VERBS.items():
        assert f"  {verb}".encode() in told.stdout
        assert what.encode() in told.stdout


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_explains_itself(verb: str) -> None:
    told = hgport(verb, "--help")
    assert told.code == 0
    assert told.stdout.startswith(f"Usage: hgport {verb}".encode())


def test_help_imports_nothing_slow() -> None:
    code = (
        "import sys; from hgport.cli import run; run(['--help']);"
        "print(sorted({'mercurial', 'rich', 'requests', 'pypi_simple', 'trustme', 'sqlite3'}"
        " & set(sys.modules)), file=sys.stderr)"
    )
    assert process.run([sys.executable, "-c", code]).stderr == b"[]\n"


def test_version() -> None:
    assert hgport("--version").stdout == f"hgport, version {__version__}\n".encode()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], b"Usage: hgport"),
        (["statsu"], b"hgport: No such command 'statsu'."),
        (["status", "--nonsense"], b"hgport: No such option"),
        (["status", "5.2", "5.3"], b"hgport: Got unexpected extra argument (5.3)"),
    ],
)
def test_a_wrong_command_is_2(words: list[str], says: bytes) -> None:
    told = hgport(*words)
    assert told.code == 2
    assert says in told.stdout + told.stderr
    assert b"Traceback" not in told.stderr


@pytest.mark.parametrize(
    ("raised", "code"),
    [
        (HgportError("it is not so"), 1),
        (UsageError("what is that"), 2),
        (OutsideError("no network"), 3),
        (ConflictStop("over to you"), 4),
        (KeyboardInterrupt(), 130),
    ],
)
def test_an_error_is_one_line_and_its_code(
    raised: BaseException,
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    verb_raises(raised, monkeypatch)
    assert cli.run(["status"]) == code
    # click ends the line that a terminal's ^C stands on
    assert capsys.readouterr().err.lstrip() == f"hgport: {str(raised) or 'interrupted'}\n"


@pytest.mark.parametrize("raised", [ZeroDivisionError("by zero"), EOFError("cut")])
def test_a_bug_is_one_line_and_a_report(
    raised: Exception,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    verb_raises(raised, monkeypatch)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert cli.run(["status"]) == 1
    (report,) = tmp_path.iterdir()
    told = f"unexpected {type(raised).__name__}: {raised} (this is a bug in hgport; see {report})"
    assert capsys.readouterr().err.strip() == f"hgport: {told}"
    text = report.read_text()
    assert f"hgport {__version__}\n" in text
    assert "\nmercurial " in text
    assert text.endswith(f"{type(raised).__name__}: {raised}\n")


def test_a_hint_follows_the_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    verb_raises(UsageError("no release 5.22", "did you mean 5.2.2?"), monkeypatch)
    assert cli.run(["status"]) == 2
    assert capsys.readouterr().err == "hgport: no release 5.22 (did you mean 5.2.2?)\n"


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    told = process.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m hgport releases all | head -n 1"],
        allowed=None,
    )
    assert told.stderr == b""
    assert told.code == 0
    assert told.stdout.count(b"\n") == 1
