"""``hgport releases``: list, update or fetch the releases of Mercurial."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from hgport.commands import completion, options
from hgport.errors import UsageError
from hgport.files import write_whole
from hgport.model.catalogue import Catalogue, updated
from hgport.model.patch import short_name
from hgport.model.ranges import select
from hgport.model.release import Release
from hgport.output import counted, say
from hgport.places import project_dir


@click.command("releases")
@click.argument("range_", metavar="[RANGE]", default="all", shell_complete=completion.ranges)
@options.json_output
@click.option("--update", is_flag=True, help="Add what the package index has to the catalogue.")
@click.option(
    "--fetch",
    metavar="RANGE",
    shell_complete=completion.ranges,
    help="Download the sdists of RANGE into the cache.",
)
@click.option(
    "--jobs",
    type=click.IntRange(1, 2),
    default=2,
    show_default=True,
    help="Downloads at once.",
)
def command(range_: str, as_json: bool, update: bool, fetch: str | None, jobs: int) -> int:
    """List, update or fetch the releases of Mercurial.

    RANGE is latest (the newest of each line), affected, all, a line (5.2), a release (5.2.2), all
    of a line (5.2.*) or two of them with .. between; commas join several.
    """
    if range_ != "all" and (update or fetch):
        raise UsageError("RANGE is what to list", "with --fetch it follows that word: --fetch 5.2")
    path = project_dir() / "patches" / "releases.toml"
    told: dict[str, Any] = {}
    if update:
        told.update(update_catalogue(path, quiet=as_json))
    catalogue = Catalogue.load(path)
    if fetch:
        told.update(fetch_releases(select(catalogue, fetch), jobs, quiet=as_json))
    if not update and not fetch:
        told = listed(catalogue, select(catalogue, range_))
        if not as_json:
            say(table(told["releases"]))
    if as_json:
        say(json.dumps(told, indent=2))
    return 0


def update_catalogue(path: Path, *, quiet: bool = False) -> dict[str, Any]:
    """Add to the catalogue at ``path`` what the index has; say what that was, unless ``quiet``.

    Returns the versions that were added and those whose advice changed.
    """
    from hgport.upstream.news import news

    data = path.read_bytes()
    catalogue = Catalogue.parse(data, str(path))
    found = news(catalogue)
    if found.added or found.yanked:
        changed = updated(data, [*found.added, *found.yanked])
        Catalogue.parse(changed, str(path))
        write_whole(path, changed)
    if not quiet:
        _say_news(found.added, found.yanked, catalogue)
    return {
        "added": [release.version for release in found.added],
        "yanked": {release.version: release.yanked for release in found.yanked},
    }


def _say_news(added: list[Release], yanked: list[Release], catalogue: Catalogue) -> None:
    for release in added:
        say(f"added {release.version} ({release.sdist})")
    for release in yanked:
        say(f"{release.version} is {_advice(release) or 'not advised against any more'}")
    if not added and not yanked:
        newest = catalogue.releases[-1].version if catalogue.releases else "none"
        say(f"nothing new: {len(catalogue.releases)} releases, the newest {newest}")


def fetch_releases(
    releases: Sequence[Release], jobs: int, *, quiet: bool = False
) -> dict[str, Any]:
    """Download the sdists that the cache lacks, or whose file there is damaged, and say so
    unless ``quiet``.

    Returns the path of every one by version.
    """
    from hgport.report.downloads import mebibytes, shown
    from hgport.upstream.sdist import fetch_all

    new: set[Release] = set()
    with shown() as progress:

        def tell(release: Release, done: int, whole: int) -> None:
            progress(release, done, whole)
            if done == whole:
                new.add(release)

        paths = fetch_all(releases, jobs=jobs, progress=tell)
    if not quiet:
        size = mebibytes(sum(release.size for release in new))
        what = counted(len(paths), "sdist", "sdists")
        say(f"{what} in {paths[0].parent}, {len(new)} of them new ({size})")
    return {"sdists": {release.version: str(p) for release, p in zip(releases, paths)}}


def listed(catalogue: Catalogue, releases: Iterable[Release]) -> dict[str, Any]:
    """What ``--json`` prints about these releases."""
    return {
        "base": catalogue.base,
        "affected": catalogue.affected,
        "releases": [_row(catalogue, release) for release in releases],
    }


def _row(catalogue: Catalogue, release: Release) -> dict[str, Any]:
    patches = dict.fromkeys(one.patch for one in catalogue.absorbed)
    in_force = filter(None, (catalogue.absorption(patch, release) for patch in patches))
    return {
        "version": release.version,
        "line": release.line,
        "sdist": release.sdist,
        "sha256": release.sha256,
        "size": release.size,
        "pythons": list(release.pythons),
        "yanked": release.yanked,
        "absorbed": [
            {"patch": one.patch, "release": one.release, "changeset": one.changeset}
            for one in in_force
        ],
    }


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The rows of ``listed`` as a table for people, one line each."""
    cells = [("RELEASE", "SDIST", "PYTHONS", "UPSTREAM HAS")]
    cells += [(r["version"], r["sdist"], " ".join(r["pythons"]), _remarks(r)) for r in rows]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    lines = ["  ".join(c.ljust(w) for c, w in zip(row, [*widths, 0])) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def _remarks(row: dict[str, Any]) -> str:
    remarks = [f"{short_name(one['patch'])} since {_since(one)}" for one in row["absorbed"]]
    return "; ".join([*remarks, f"yanked: {row['yanked']}"] if row["yanked"] else remarks)


def _since(absorbed: dict[str, Any]) -> str:
    changeset = absorbed["changeset"]
    return f"{absorbed['release']} ({changeset})" if changeset else str(absorbed["release"])


def _advice(release: Release) -> str:
    return release.yanked and f"yanked from the index: {release.yanked}"
