"""An overlay of nixpkgs that gives its Mercurial the patches."""

from __future__ import annotations

from collections.abc import Iterable

from hgport.submit.export import names, patchdirs
from hgport.submit.export.prepared import Prepared

_OVERLAY = "overlay.nix"
_TEXT = """\
# Mercurial {version} with patches.  They are for that version alone, so any other is an error.
final: prev: {{
  mercurial = prev.mercurial.overrideAttrs (old:
    if prev.mercurial.version != "{version}" then
      throw "these patches are for Mercurial {version}, not ${{prev.mercurial.version}}"
    else {{
      patches = (old.patches or [ ]) ++ [
{patches}
      ];
    }});
}}
"""


def nix(prepared: Prepared) -> dict[str, bytes]:
    """Patches, and ``overlay.nix``, which names them by their paths beside it."""
    named = names.plain([one.name for one in prepared.patches], ["series", _OVERLAY])
    patches = patchdirs.kept_patches(prepared, named, "nix")
    return {
        **patchdirs.listed(patches),
        _OVERLAY: _overlay(prepared.release.version, patches).encode(),
    }


def _overlay(version: str, patches: Iterable[str]) -> str:
    return _TEXT.format(version=version, patches="\n".join(f"        ./{p}" for p in patches))
