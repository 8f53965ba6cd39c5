"""``hgport export``: the series in the form that another tool or a distribution takes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from hgport.commands import completion, options
from hgport.engine import commits
from hgport.errors import UsageError
from hgport.model import project, ranges
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.output import say
from hgport.submit.export import bundle, forms, gitmail, patchdirs, writing
from hgport.submit.export.prepared import Prepared, prepare


@click.command("export")
@click.argument("release", metavar="RELEASE", shell_complete=completion.releases)
@click.argument("destination", metavar="DEST", type=options.NamedPath(path_type=Path))
@click.option("--format", "form", type=click.Choice(forms.NAMES), help="The form.")
@click.option("-u", "--user", metavar="USER", help="Whose patches those are that name nobody.")
@click.option(
    "-R",
    "--repository",
    "clone",
    type=options.NamedPath(path_type=Path),
    metavar="CLONE",
    help="With bundle: make it for this repository, which is only read.",
)
@click.option("--rev", metavar="REV", help="With -R: the revision to build on (the release's tag).")
@options.series
@options.over
def command(
    release: str,
    destination: Path,
    form: str | None,
    user: str | None,
    clone: Path | None,
    rev: str | None,
    series: Path | None,
    over: tuple[str, ...],
) -> int:
    """Write the patches for a release in the form that another tool takes.

    DEST is a directory, or with bundle and git a file; it must not exist.  The patches are written
    as they read for exactly that release, and what the release has already is left out.

    \b
    quilt    patches and series for quilt, or patch -p1
    mq       a patch queue, to be a repository's .hg/patches
    hg       patches as hg export writes them, for hg import
    bundle   for hg unbundle: changesets on the release's; with -R these
             alone, else with a changeset of the release's files below them
    git      a mailbox for git am
    debian   debian/patches (3.0 quilt) with DEP-3 headers
    rpm      patches, and what a spec file includes: Patch lines, %autosetup
    nix      patches, and an overlay for nixpkgs
    """
    if form is None:
        # click would say so on a line for each of them
        raise UsageError("say which form with --format", ", ".join(forms.NAMES))
    if clone is not None and form != "bundle":
        raise UsageError("-R goes with --format bundle only")
    if rev is not None and clone is None:
        raise UsageError("--rev goes with -R only")
    stack, catalogue = project.load(series, over)
    wanted = ranges.one(catalogue, release)
    if form == "bundle":
        return export_bundle(stack, catalogue, wanted, destination, user, clone, rev)
    return export(stack, catalogue, wanted, destination, form, user)


def export(
    stack: Stack,
    catalogue: Catalogue,
    release: Release,
    destination: Path,
    form: str,
    user: str | None = None,
) -> int:
    """Write ``destination`` in any form but bundle, say what it holds, and return the exit code."""
    prepared = _prepared(stack, catalogue, release, destination, form, user)
    names = [one.name for one in prepared.patches]
    if form == "git":
        writing.write_file(destination, gitmail.mailbox(prepared))
    else:
        files = forms.DIRECTORIES[form](prepared)
        names = patchdirs.listed_in(files)
        writing.write_directory(destination, files)
    _report(prepared, form, destination, names)
    return 0


def export_bundle(
    stack: Stack,
    catalogue: Catalogue,
    release: Release,
    destination: Path,
    user: str | None = None,
    clone: Path | None = None,
    revision: str | None = None,
) -> int:
    """Write a bundle, say what it holds, and return the exit code."""
    from hgport.report import downloads

    prepared = _prepared(stack, catalogue, release, destination, "bundle", user)
    if clone is not None:
        made = bundle.onto(prepared, catalogue, clone, revision)
    else:
        with downloads.shown() as progress:
            made = bundle.alone(prepared, catalogue, progress)
    writing.write_file(destination, made.data)
    _report(prepared, "bundle", destination, [one.name for one in prepared.patches])
    if made.base is None:
        say(f"it holds a changeset of the files of {release.version} too; with -R it need not")
    else:
        say(f"it is for repositories that have {made.base}")
    return 0


def _prepared(
    stack: Stack,
    catalogue: Catalogue,
    release: Release,
    destination: Path,
    form: str,
    user: str | None,
) -> Prepared:
    from hgport.report import downloads
    from hgport.report.stacks import serving

    commits.refuse_existing(destination)
    with downloads.shown() as progress:
        prepared = prepare(stack, catalogue, release, user, progress)
    say(f"{serving(stack, release.line)} for {release.version}, as {form}, into {destination}")
    return prepared


def _report(prepared: Prepared, form: str, destination: Path, names: Sequence[str]) -> None:
    from hgport.report import export as report

    say(*report.lines(prepared, form, destination, names))
    if form == "git":
        for name in gitmail.changed_subjects(prepared):
            say(f"{name}: git am shortens its subject, unless it is run with -k")
