"""Which files the releases' own tests look at."""

from __future__ import annotations

import pytest

from helpers_proof import catalogue
from hgport.model.release import Release
from hgport.submit.check import selection
from hgport.upstream.contents import Contents

NEWEST = [catalogue().newest(line) for line in catalogue().lines]
CODE, IMPORTS, FORMAT = (
    "tests/test-check-code.t",
    "tests/test-check-module-imports.t",
    "tests/test-check-format.t",
)
SCRIPT = "contrib/check-import"


@pytest.fixture(scope="module")
def texts(run_cache: object) -> dict[str, dict[str, str]]:
    """The tests of each release by version and path, "" where there is none."""
    with pytest.MonkeyPatch.context() as patch, Contents() as contents:
        patch.setenv("HGPORT_CACHE", str(run_cache))
        found = contents.read_many(NEWEST, [CODE, IMPORTS, FORMAT, SCRIPT])
    return {
        version: {path: (data or b"").decode() for path, data in files.items()}
        for version, files in found.items()
    }


@pytest.mark.parametrize("release", NEWEST, ids=lambda r: r.version)
def test_every_release_says_what_it_wants_checked(
    release: Release, texts: dict[str, dict[str, str]]
) -> None:
    mine = texts[release.version]
    assert "mercurial/thirdparty" in selection.excluded(mine[CODE])
    words = selection.command(mine[SCRIPT] or mine[IMPORTS])
    assert words is not None
    assert words[0] in ("locate", "files")
    assert words[1] == 'set:**.py or grep(r"^#!.*?python")'
    assert words[2].endswith("tests/**.t")
    assert words.count("-X") > 10
    assert all(word and word[0] not in ">|\\" for word in words)
    if mine[FORMAT]:
        assert "mercurial/thirdparty" in selection.excluded(mine[FORMAT])


def test_what_is_left_out() -> None:
    paths = selection.excluded("$ hg locate -X a/b -X 'c/d.py' -X e/ | tool")
    assert paths == {"a/b", "c/d.py", "e"}
    assert [selection.is_left_out(p, paths) for p in ("a/b", "a/b/c", "a/bc", "c/d.py", "e/f")] == [
        True,
        True,
        False,
        True,
        True,
    ]


def test_what_is_python() -> None:
    assert selection.is_python("a.py", b"")
    assert selection.is_python("hg", b"#!/usr/bin/env python3\n")
    assert not selection.is_python("x.t", b"  $ python\n#!python\n")


@pytest.mark.parametrize("text", ["", "  $ ls | tool\n", "hg files 'a | tool\n"])
def test_a_test_that_lists_nothing(text: str) -> None:
    assert selection.command(text) is None
