"""What a Debian source package (3.0 quilt) wants: ``debian/patches`` with DEP-3 headers."""

from __future__ import annotations

from hgport.engine.headers import header_of
from hgport.errors import HgportError
from hgport.submit import dep3
from hgport.submit.export import diffs, names, patchdirs
from hgport.submit.export.prepared import Prepared, Ready


def debian(prepared: Prepared) -> dict[str, bytes]:
    """The files of ``debian/`` that have to do with patches.

    Raises HgportError for a patch that leaves a file empty, which dpkg-source would remove.
    """
    for one in prepared.patches:
        _refuse_empty(one)
    named = names.kept([one.name for one in prepared.patches], ["series"])
    patches = {
        named[one.name]: diffs.checked(one, _header(one) + diffs.for_patch(one), "debian")
        for one in prepared.patches
    }
    found = {f"debian/patches/{name}": data for name, data in patchdirs.listed(patches).items()}
    return {"debian/source/format": b"3.0 (quilt)\n", **found}


def _refuse_empty(one: Ready) -> None:
    for edit in one.edits:
        if edit.new == b"":
            raise HgportError(
                f"{one.name} makes {edit.path}, an empty file, which dpkg-source never keeps"
            )


def _header(one: Ready) -> bytes:
    own = dep3.kept_fields(header_of(one.source))
    known = {name.lower() for name, _value in own}
    made = [field for field in _fields(one) if field[0].lower() not in known]
    return dep3.written(one.said, own + made)


def _fields(one: Ready) -> list[dep3.Field]:
    """What the catalogue knows of where a patch comes from and where it went."""
    if one.absorbed is None:
        forwarded = [] if one.sent is None else [("Forwarded", "yes" if one.sent else "no")]
        return [("Origin", "other"), *forwarded]
    change = f", commit:{one.absorbed.changeset}" if one.absorbed.changeset else ""
    return [
        ("Origin", f"backport{change}"),
        ("Forwarded", "not-needed"),
        ("Applied-Upstream", f"{one.absorbed.release}{change}"),
    ]
