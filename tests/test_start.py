"""How a process of hgport ends when it is told to."""

from __future__ import annotations

import os
import shlex
import sys

import pytest

from hgport import process


def test_an_end_is_one_also_where_nothing_can_be_shown_any_more() -> None:
    # as of a terminal that is gone
    code = (
        "import os, signal, sys\n"
        "from hgport import cli\n"
        "def run():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGHUP)\n"
        "    finally:\n"
        "        print('progress', file=sys.stderr, flush=True)\n"
        "cli.run = run\n"
        "from hgport.start import main; main()"
    )
    command = shlex.join([sys.executable, "-c", code])
    assert process.run(["bash", "-c", f"{command} 2> /dev/full"], allowed=None).code == 129


@pytest.mark.parametrize(("number", "code"), [("SIGHUP", 129), ("SIGTERM", 143), ("SIGINT", 130)])
def test_an_end_is_one_also_where_the_output_is_lost(number: str, code: int) -> None:
    program = (
        "import os, signal, sys\n"
        "from hgport import cli\n"
        "def run():\n"
        "    sys.stdout.write('half a table')\n"
        f"    os.kill(os.getpid(), signal.{number})\n"
        "cli.run = run\n"
        "from hgport.start import main; main()"
    )
    command = shlex.join([sys.executable, "-c", program])
    # or nothing would be left to be shown
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    ended = process.run(["bash", "-c", f"{command} > /dev/full"], env=env, allowed=None)
    assert ended.code == code
    assert len(ended.stderr.splitlines()) == 1 and ended.stderr.startswith(b"hgport: ")


def test_what_clears_away_under_nohup_ignores_what_we_do() -> None:
    asked = "import signal; print(signal.getsignal(signal.SIGHUP).name)"
    program = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from hgport import cli, process\n"
        "def run():\n"
        "    try:\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "    finally:\n"
        f"        told = process.run([sys.executable, '-c', {asked!r}]).stdout\n"
        "        print(told.decode().strip())\n"
        "cli.run = run\n"
        "from hgport.start import main; main()"
    )
    ended = process.run([sys.executable, "-c", program], allowed=None)
    assert (ended.code, ended.stdout) == (143, b"SIG_IGN\n")
