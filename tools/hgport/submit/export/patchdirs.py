"""Directories of patches and a series: for quilt, for mq, and for ``hg import``."""

from __future__ import annotations

from collections.abc import Mapping

from hgport.engine import headers
from hgport.errors import UsageError
from hgport.submit.export import diffs, names
from hgport.submit.export.prepared import Prepared, Ready

_SERIES = "series"
# what mq keeps for itself beside the patches
_OF_MQ = (_SERIES, "status", "guards")


def quilt(prepared: Prepared) -> dict[str, bytes]:
    """Patches as GNU patch takes them; their headers are the series' own."""
    return listed(kept_patches(prepared, names.kept(_names(prepared), [_SERIES]), "quilt"))


def mq(prepared: Prepared) -> dict[str, bytes]:
    """The patches of a patch queue."""
    named = names.plain(_names(prepared), _OF_MQ)
    return listed({named[one.name]: _exported(one, "mq") for one in prepared.patches})


def hg(prepared: Prepared) -> dict[str, bytes]:
    """Patches as ``hg export`` writes them.  Raises UsageError for one without an author."""
    named = names.kept(_names(prepared), [_SERIES])
    for one in prepared.patches:
        need_author(one)
    return listed({named[one.name]: _exported(one, "hg") for one in prepared.patches})


def kept_patches(prepared: Prepared, named: Mapping[str, str], form: str) -> dict[str, bytes]:
    """The patches under other names, in order, as GNU patch takes them, with their own headers
    where these say what is to be said.  ``form`` is what errors call the form."""
    found = {}
    for one in prepared.patches:
        same = headers.says(one.source, one.said)
        top = headers.header_of(one.source) if same else headers.rewritten(one.source, one.said)
        found[named[one.name]] = diffs.checked(one, top + diffs.for_patch(one), form)
    return found


def listed(patches: Mapping[str, bytes]) -> dict[str, bytes]:
    """Patches, and the series file that lists them in this order."""
    series = "".join(f"{name}\n" for name in patches)
    return {**patches, _SERIES: series.encode("utf-8", "surrogateescape")}


def listed_in(files: Mapping[str, bytes]) -> list[str]:
    """The names in the series file of a directory that was made by ``listed``, wherever in it that
    is; in order."""
    # the last, since a patch may be called so too
    series = [data for path, data in files.items() if path.rpartition("/")[2] == _SERIES][-1]
    return series.decode("utf-8", "surrogateescape").split("\n")[:-1]


def need_author(ready: Ready) -> None:
    """Raise UsageError for a patch that names no author."""
    if not ready.said.user:
        raise UsageError(
            f"{ready.name} names no author", "say whose patches they are with --user 'NAME <MAIL>'"
        )


def _exported(one: Ready, form: str) -> bytes:
    top = headers.fresh(one.said)
    if not one.said.user:
        top = top.replace(b"# User \n", b"", 1)
    return diffs.checked(one, top + diffs.whole(one), form)


def _names(prepared: Prepared) -> list[str]:
    return [one.name for one in prepared.patches]
