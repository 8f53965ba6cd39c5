"""How a process of hgport ends when it is told to."""

from __future__ import annotations

import shlex
import sys

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
