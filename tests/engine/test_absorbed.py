"""Which release was the first to have a patch."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport.engine.absorbed import first_with
from hgport.engine.carried import CarryOrder, Fate
from hgport.engine.carrycache import carried
from hgport.engine.origins import origin_of
from hgport.model import project

BASE = numbered(30)
ONE = patch_bytes(file_diff("f", BASE, numbered(30, line10="new 10")))
TWO = patch_bytes(
    file_diff("f", numbered(30, line10="new 10"), numbered(30, line10="new 10", line20="new 20"))
)
HAVING = {
    "4.9": numbered(30, line20="new 20"),
    "5.0": numbered(30, line20="new 20"),
    "5.2": BASE,
    "5.3": BASE,
    "5.3.1": b"more\n" + numbered(30, line10="new 10"),
    "5.4": numbered(30, line10="new 10", line11="more"),
}


@pytest.mark.parametrize(
    "target, patch, first",
    [
        ("5.4", "one.patch", "5.3.1"),
        ("5.3.1", "one.patch", "5.3.1"),
        ("5.3", "one.patch", None),
        ("5.4", "two.patch", None),
        ("5.0", "two.patch", "4.9"),
    ],
)
def test_the_first_that_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, patch: str, first: str | None
) -> None:
    made = Project(tmp_path)
    for version, content in HAVING.items():
        made.release(version, {"f": content})
    made.write("5.2", {"one.patch": ONE, "two.patch": TWO})
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    monkeypatch.setenv("HGPORT_CACHE", str(made.cache))
    stack, catalogue = project.load()
    release = catalogue.release(target)
    order = CarryOrder(stack, catalogue, origin_of(stack, catalogue, release), release)
    found = first_with(order, patch, carried)
    assert (found.version if found else None) == first
    fates = {one.patch.name: one.fate for one in carried(order).patches}
    assert (fates[patch] is Fate.UPSTREAMED) is (first is not None)
