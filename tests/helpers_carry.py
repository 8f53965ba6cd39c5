"""Carrying between trees that are dictionaries, and on real releases."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from hgport.engine.carried import CarriedSeries, CarryOrder, Remembering
from hgport.engine.carry import Decided, Nothing, carry_trees
from hgport.engine.merge.merge import Compiles
from hgport.engine.origins import Origin, origin_of
from hgport.model import project
from hgport.model.catalogue import Absorption, Catalogue
from hgport.model.patch import Patch
from hgport.model.release import Release
from hgport.model.series import Series
from hgport.model.stack import Port, Stack

Files = Mapping[str, bytes]


class FilesTree:
    """A tree of these files, some of which are executable."""

    def __init__(self, files: Files, executable: Collection[str] = ()) -> None:
        self.files = dict(files)
        self.executable = executable

    def read(self, path: str) -> bytes | None:
        return self.files.get(path)

    def is_executable(self, path: str) -> bool:
        return path in self.executable

    def is_directory(self, path: str) -> bool:
        return any(name.startswith(f"{path}/") for name in self.files)

    def names(self) -> Collection[str]:
        return self.files.keys()

    def read_all(self, paths: Collection[str]) -> dict[str, bytes | None]:
        return {path: self.files.get(path) for path in paths}


def release(version: str) -> Release:
    """A release of which there is no more than the version."""
    return Release(version, f"mercurial-{version}.tar.gz", "0" * 64, 1, ("3.9",))


def order_of(
    patches: Sequence[bytes],
    target: str = "5.3",
    base: str = "5.2",
    absorbed: Sequence[Absorption] = (),
    fuzz: int = 0,
) -> CarryOrder:
    """Carry these patches, 1.patch and on, from one version to another."""
    parsed = tuple(Patch.parse(f"{n}.patch", data) for n, data in enumerate(patches, start=1))
    series = Series(Path("series"), Path("patches"), b"", parsed)
    both = tuple(sorted((release(base), release(target)), key=lambda one: one.key))
    catalogue = Catalogue(base, "5.2..5.2", both, tuple(absorbed))
    origin = Origin(Port(None, series), release(base), "as a test has it")
    return CarryOrder(Stack(series, (), base), catalogue, origin, release(target), fuzz)


def carried(
    order: CarryOrder,
    base: Files | FilesTree,
    target: Files | FilesTree,
    *,
    given: Mapping[str, Mapping[str, bytes | None]] | None = None,
    skipped: Collection[str] = (),
    memory: Remembering | None = None,
    compiles: Compiles | None = None,
) -> CarriedSeries:
    """Carry between two trees."""
    trees = [one if isinstance(one, FilesTree) else FilesTree(one) for one in (base, target)]
    decided = Decided(given or {}, skipped, memory or Nothing(), compiles)
    return carry_trees(order, trees[0], trees[1], decided)


def real_order(line: str, base: str | None = None) -> CarryOrder:
    """Carry the project's own series to the newest release of a line."""
    stack, catalogue = project.load()
    target = catalogue.newest(line)
    return CarryOrder(stack, catalogue, origin_of(stack, catalogue, target, base), target)
