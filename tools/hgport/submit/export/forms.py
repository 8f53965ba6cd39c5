"""The forms in which a series can be exported."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hgport.submit.export.debian import debian
from hgport.submit.export.nix import nix
from hgport.submit.export.patchdirs import hg, mq, quilt
from hgport.submit.export.prepared import Prepared
from hgport.submit.export.rpm import rpm

# every form, in the order in which the help lists them
NAMES = ("quilt", "mq", "hg", "bundle", "git", "debian", "rpm", "nix")
# those that are a directory, and what makes its files by their paths there; the others are one file
DIRECTORIES: Mapping[str, Callable[[Prepared], dict[str, bytes]]] = {
    "quilt": quilt,
    "mq": mq,
    "hg": hg,
    "debian": debian,
    "rpm": rpm,
    "nix": nix,
}
