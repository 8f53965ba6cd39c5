"""``hgport refresh``: take amended changesets back into the port."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hgport.commands import completion, options
from hgport.engine import refresh as engine
from hgport.errors import HgportError, UsageError
from hgport.model import project
from hgport.output import say

if TYPE_CHECKING:
    from hgport.model.catalogue import Catalogue
    from hgport.model.stack import Stack


@click.command("refresh")
@click.argument("directory", metavar="DIR", type=click.Path(path_type=Path))
@options.series
@options.over
@click.option(
    "--line",
    metavar="LINE",
    shell_complete=completion.lines,
    help="Write the port of this line, which may be a new one.",
)
@click.option(
    "--drop-missing", is_flag=True, help="Drop the patches that have no changeset in DIR."
)
@click.option("-y", "--yes", is_flag=True, help="Answer every question with yes.")
def command(
    directory: Path,
    series: Path | None,
    over: tuple[str, ...],
    line: str | None,
    drop_missing: bool,
    yes: bool,
) -> int:
    """Take the changesets checked out in DIR back into the port that they came from.

    DIR is a repository as hgport apply makes it, or a clone with changesets on a release's tag.
    Patches keep their names, and their headers where a changeset says the same; new changesets
    become patches named by their subject.  Either everything is written, or nothing.  With --with
    STACK it is that stack's port which is written; the changesets of the series come first in DIR.
    """
    from hgport.commands.rebase_asked import with_stacks

    stack, catalogue = project.load(series, over)
    named = functools.partial(with_stacks, series=series, over=over)
    drop = drop_missing or yes
    try:
        return refresh(directory, stack, catalogue, line=line, drop=drop, named=named)
    except HgportError as err:
        err.hint = named(err.hint) if err.hint else err.hint
        raise


def refresh(
    directory: Path,
    stack: Stack,
    catalogue: Catalogue,
    *,
    line: str | None = None,
    drop: bool = False,
    named: Callable[[str], str] = str,
) -> int:
    """Refresh the port, say what became of each patch, and return the exit code.

    ``drop`` allows to drop patches without asking; ``named`` has the commands of a text name the
    stacks.
    """
    from hgport.engine.grounds import estranged
    from hgport.proof.compilers import compiler
    from hgport.report.downloads import shown
    from hgport.report.session import record

    with shown() as progress:
        plan = engine.plan(directory, stack, catalogue, line, progress)
    say(f"{plan.series} from {directory}, on {plan.release.version}")
    if plan.dropped and not drop:
        _ask(plan.dropped)
    engine.write(plan, stack)
    say(*(f"{one.word}: {one.patch.name}" for one in plan.taken))
    say(*(f"dropped: {name}" for name in plan.dropped), *plan.notes)
    if not plan.changes:
        say("nothing to write: the port is what the changesets are")
        return 0
    written = type(stack).load(stack.top.path, stack.base, stack.under)
    with shown() as progress:
        records, told = engine.remember(plan, written, catalogue, progress, compiler)
        strange = estranged(stack, written, catalogue, progress)
    say(*(record(path) for path in records))
    say(*map(named, told), *strange)
    return 0


def _ask(dropped: tuple[str, ...]) -> None:
    """Have the person say that these patches are to be dropped; UsageError if they do not."""
    names = ", ".join(dropped)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(f"no changeset is there for {names}", "drop with --drop-missing")
    if not click.confirm(f"There is no changeset for {names}. Drop from the series?"):
        raise UsageError(f"{names} not dropped; nothing was written")
