"""The command line: help, errors, exit codes, and what it imports."""

from __future__ import annotations

import shlex
import signal
import sys
import tempfile
from pathlib import Path

import click
import pytest

from hgport import __version__, cli, process
from hgport.errors import HgportError, OutsideError, UsageError


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


@pytest.mark.parametrize("words", [["releases", "all"], ["--help"], ["--version"]])
def test_a_reader_that_has_seen_enough_is_no_failure(words: list[str]) -> None:
    code = (
        "import os, sys; reader, writer = os.pipe(); os.close(reader); os.dup2(writer, 1);"
        f"sys.argv = ['hgport', *{words}]; from hgport.start import main; main()"
    )
    told = process.run([sys.executable, "-c", code], allowed=None)
    assert (told.code, told.stderr) == (141, b"")


def test_output_to_a_full_disk_is_3() -> None:
    command = shlex.join([sys.executable, "-m", "hgport", "releases", "all"])
    told = process.run(["bash", "-c", f"{command} > /dev/full"], allowed=None)
    assert told.code == 3
    assert told.stderr == b"hgport: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_an_interruption_is_one_line_from_the_start(name: str) -> None:
    number = signal.Signals[name]
    # sent while the command line itself is being imported
    code = (
        "import builtins, os; real = builtins.__import__\n"
        "def slow(name, *rest):\n"
        f"    if name == 'click': os.kill(os.getpid(), {int(number)})\n"
        "    return real(name, *rest)\n"
        "builtins.__import__ = slow\n"
        "from hgport.start import main; main()"
    )
    told = process.run([sys.executable, "-c", code], allowed=None)
    assert told.code == 128 + number
    said = "interrupted" if name == "SIGINT" else f"ended by {name}"
    assert told.stderr.decode() == f"hgport: {said}\n"


def test_under_nohup_the_end_of_the_terminal_is_none() -> None:
    code = (
        "import os, signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from hgport import cli; real = cli.run\n"
        "def run(): os.kill(os.getpid(), signal.SIGHUP); return real(['--version'])\n"
        "cli.run = run\n"
        "from hgport.start import main; main()"
    )
    told = process.run([sys.executable, "-c", code], allowed=None)
    assert (told.code, told.stderr) == (0, b"")


def test_what_is_cleared_away_is_not_interrupted_by_more_of_the_same() -> None:
    code = (
        "import os, signal\n"
        "from hgport import cli\n"
        "def run():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGHUP)\n"
        "    finally:\n"
        "        os.kill(os.getpid(), signal.SIGHUP); os.kill(os.getpid(), signal.SIGTERM)\n"
        "        print('cleared away')\n"
        "cli.run = run\n"
        "from hgport.start import main; main()"
    )
    told = process.run([sys.executable, "-c", code], allowed=None)
    assert (told.code, told.stdout) == (129, b"cleared away\n")
    assert told.stderr == b"hgport: ended by SIGHUP\n"
