"""``hgport doctor``: what this machine can prove, and what it lacks."""

from __future__ import annotations

import click

from hgport.commands import completion, options
from hgport.model import project
from hgport.model.ranges import select
from hgport.output import say
from hgport.proof.doctor import examine
from hgport.report import doctor as report


@click.command("doctor")
@click.argument("releases", metavar="[RANGE]", required=False, shell_complete=completion.ranges)
@click.option("--online", is_flag=True, help="Ask the package index whether it answers, too.")
@options.json_output
def command(releases: str | None, online: bool, as_json: bool) -> int:
    """Show what this machine can prove, what it lacks, and how to get that.

    For each release of RANGE (the newest of each line if none is given) it names the Pythons that
    would run it.  Nothing is downloaded, and nobody is asked without --online.

    Exits with 0 if every release of RANGE (the affected ones if none is given) can be proven with
    the embedded server, else with 3.  What is used only if present makes no difference.
    """
    return doctor(releases, online=online, as_json=as_json)


def doctor(releases: str | None = None, *, online: bool = False, as_json: bool = False) -> int:
    """Print what this machine can prove and return the exit code."""
    _stack, catalogue = project.load()
    wanted = select(catalogue, releases or "latest")
    found = examine(catalogue, wanted, every=releases is not None, online=online)
    if as_json:
        import json

        say(json.dumps(report.to_plain(found), indent=2))
    else:
        say(*report.text(found))
    return 3 if found.lacking else 0
