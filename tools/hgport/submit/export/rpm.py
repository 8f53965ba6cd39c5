"""What a spec file includes: ``Patch`` lines, and the ``%autosetup`` that applies them."""

from __future__ import annotations

from collections.abc import Iterable

from hgport.submit.export import names, patchdirs
from hgport.submit.export.prepared import Prepared

# a spec file's own patches come first, as %autosetup applies them by number
_FIRST = 1001
_PREAMBLE = "patches.inc"
_PREP = "prep.inc"


def rpm(prepared: Prepared) -> dict[str, bytes]:
    """Patches and two files to be included, all of which go beside the other sources."""
    named = names.plain([one.name for one in prepared.patches], ["series", _PREAMBLE, _PREP])
    patches = patchdirs.kept_patches(prepared, named, "rpm")
    setup = f"%autosetup -p1 -n mercurial-{prepared.release.version}\n"
    return {**patchdirs.listed(patches), _PREAMBLE: _lines(patches), _PREP: setup.encode()}


def _lines(patches: Iterable[str]) -> bytes:
    lines = (f"Patch{number}: {name}\n" for number, name in enumerate(patches, _FIRST))
    return "".join(lines).encode()
