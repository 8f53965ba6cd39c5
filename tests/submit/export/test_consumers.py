"""Every export is taken by the program that it is made for, and the trees are all the same."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers_consumers import CONSUMERS, Place, content
from hgport.cli import run
from hgport.engine import hg
from hgport.engine.apply import apply_series
from hgport.model import project
from hgport.upstream import sdist, tree

VERSION = "5.2.2"
STACK, CATALOGUE = project.load()
RELEASE = CATALOGUE.release(VERSION)


@pytest.fixture(scope="module")
def unbundled(run_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A repository made of a bundle that stands alone; the release's changeset is tagged there."""
    room = tmp_path_factory.mktemp("bundle")
    with pytest.MonkeyPatch.context() as patched:
        # the tests' own isolation is made for each of them, later
        patched.setenv("HGPORT_CACHE", str(run_cache))
        patched.setenv("HGRCPATH", os.devnull)
        assert run(["export", VERSION, "--format", "bundle", str(room / "bundle")]) == 0
        hg.run("init", room / "hg")
        hg.run("unbundle", room / "bundle", cwd=room / "hg")
        hg.run("tag", "--local", "-r", "0", VERSION, cwd=room / "hg")
        yield room / "hg"


def wanted() -> dict[str, tuple[bool, bytes]]:
    """The release with our patches, applied in memory."""
    found = content(tree.pristine(RELEASE))
    patches = STACK.for_line(RELEASE.line).series.patches
    files = apply_series(lambda path: found[path][1] if path in found else None, patches).files
    assert len(found) > 2000 and len(files) > 3
    for path, data in files.items():
        assert data is not None
        found[path] = (path in found and found[path][0], data)
    return found


def assert_is(place: Path) -> None:
    found, expected = content(place), wanted()
    assert found.keys() == expected.keys()
    assert [path for path in expected if found[path] != expected[path]] == []


@pytest.mark.parametrize("form", ["quilt", "git", "debian", "rpm", "nix"])
def test_the_release_becomes_the_same(form: str, tmp_path: Path) -> None:
    export = tmp_path / "export"
    assert run(["export", VERSION, "--format", form, str(export)]) == 0
    where = sdist.path_of(RELEASE), tree.pristine(RELEASE)
    assert_is(CONSUMERS[form](Place(tmp_path, VERSION, *where, tmp_path), export))


def test_it_does_in_a_repository(unbundled: Path, tmp_path: Path) -> None:
    hg.run("update", "-q", "tip", cwd=unbundled)
    assert_is(unbundled)
    for form in ("mq", "hg"):
        room = tmp_path / form
        room.mkdir()
        assert run(["export", VERSION, "--format", form, str(room / "export")]) == 0
        place = Place(room, VERSION, room, room, unbundled)
        assert_is(CONSUMERS[form](place, room / "export"))
