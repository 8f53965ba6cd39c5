"""``hgport apply``: a release with its patches, as changesets or as a plain tree."""

from __future__ import annotations

from pathlib import Path

import click

from hgport.commands import completion, options
from hgport.engine import commits
from hgport.engine.outcome import Outcome, PatchResult
from hgport.errors import UsageError
from hgport.model import project, ranges
from hgport.output import say

_SAID = {
    Outcome.APPLIED: "left out: the release has it already",
    Outcome.NOT_AFFECTED: "left out: the release has none of its files",
}


@click.command("apply")
@click.argument("release", metavar="RELEASE", shell_complete=completion.releases)
@click.option(
    "--into",
    type=options.NamedPath(path_type=Path),
    metavar="DIR",
    help="Make this directory: a repository of the release and its patches.",
)
@click.option(
    "--as",
    "form",
    type=click.Choice(["hg", "tree"]),
    help="What DIR is to be: a repository (hg), or the patched files alone (tree).",
)
@click.option(
    "-R",
    "--repository",
    "clone",
    type=options.NamedPath(path_type=Path),
    metavar="CLONE",
    help="Add the changesets to this repository; what is checked out stays.",
)
@click.option("--rev", metavar="REV", help="With -R: the revision to build on (the release's tag).")
@click.option("-u", "--user", metavar="USER", help="The author of the changesets.")
@options.series
@options.over
@options.fuzz
def command(
    release: str,
    into: Path | None,
    form: str | None,
    clone: Path | None,
    rev: str | None,
    user: str | None,
    series: Path | None,
    over: tuple[str, ...],
    fuzz: int,
) -> int:
    """Apply the series to a release, one changeset a patch.

    Give either --into or -R.  Either everything is made, or nothing.
    """
    if clone is not None and (into or form):
        raise UsageError("-R does not go with --into and --as")
    if rev is not None and clone is None:
        raise UsageError("--rev goes with -R only")
    stack, catalogue = project.load(series, over)
    order = commits.Order(stack, catalogue, ranges.one(catalogue, release), user, fuzz)
    if clone is not None:
        return apply_in_clone(order, clone, rev)
    if into is None:
        raise UsageError("say where to: --into DIR or -R CLONE")
    return apply_into(order, into, as_tree=form == "tree")


def apply_into(order: commits.Order, destination: Path, *, as_tree: bool = False) -> int:
    """Make ``destination``, say what was made, and return the exit code."""
    from hgport.report import downloads
    from hgport.upstream.tree import pristine

    commits.refuse_existing(destination)
    _announce(order, str(destination))
    with downloads.shown() as progress:
        source = pristine(order.release, progress)
    make = commits.into_tree if as_tree else commits.into_repository
    _report(make(order, source, destination))
    return 0


def apply_in_clone(order: commits.Order, clone: Path, revision: str | None) -> int:
    """Add the changesets to ``clone``, say which they are, and return the exit code."""
    _announce(order, f"{order.release.version if revision is None else revision} in {clone}")
    _report(commits.into_clone(order, clone, revision))
    return 0


def _announce(order: commits.Order, where: str) -> None:
    from hgport.report.stacks import serving

    series = serving(order.stack, order.release.line)
    say(f"{series} for {order.release.version}, into {where}")


def _report(made: commits.Made) -> None:
    for result in made.result.results:
        say(f"{_what(made, result)} {result.patch.subject or result.patch.name}")


def _what(made: commits.Made, result: PatchResult) -> str:
    changeset = made.changesets.get(result.patch.name)
    if changeset is not None:
        return changeset[:12]
    if result.repeats:
        return f"left out: {result.repeats} has it already:"
    return _SAID.get(result.outcome, "applied:")
