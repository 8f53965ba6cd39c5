"""The releases' own tests of their source, before and after patches, for real."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from helpers_check import KEEPALIVE, VERSION, adding, real_files, small
from helpers_engine import file_diff, patch_bytes
from helpers_proof import interpreter
from hgport.model.catalogue import Catalogue
from hgport.model.patch import Patch
from hgport.submit.check import modes, suite, suiterun
from hgport.submit.check.filetools import Unheard
from hgport.submit.check.finding import Checked
from hgport.submit.check.subject import Bench, Subject
from hgport.upstream import tree

# quick ones, of which one fails before any patch, and one is skipped
TESTS = "test-check-[sj]*.t"
NEW = "tests/test-check-shnew.t"
REQUIRE = '#require test-repo\n\n  $ . "$TESTDIR/helpers-testrepo.sh"\n  $ cd "$TESTDIR"/..\n'
ALWAYS = f"{REQUIRE}  $ testrepohg files 'glob:*'\n  nothing\n"


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, run_cache: Path) -> Iterator[Path]:
    """Where the small release's project and cache are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HGPORT_CACHE", str(run_cache))
        files = {**real_files(every=True), "tests/test-check-shalways.t": ALWAYS.encode()}
    root = tmp_path_factory.mktemp("suite") / "project"
    small(root, files).write(VERSION, {})
    yield root


@pytest.fixture
def files(room: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    monkeypatch.setenv("HGPORT_CACHE", str(room / "cache"))
    place = tree.pristine(_catalogue(room).release(VERSION))
    names = (KEEPALIVE, "tests/test-check-shalways.t")
    return {name: (place / name).read_bytes() for name in names}


def _catalogue(room: Path) -> Catalogue:
    return Catalogue.load(room / "patches" / "releases.toml")


def _subject(room: Path, *patches: Patch) -> Subject:
    catalogue = _catalogue(room)
    release = catalogue.release(VERSION)
    stages: list[dict[str, bytes | None]] = [{}]
    for patch in patches:
        new = {change.path: patch.body for change in patch.files}
        stages.append({**stages[-1], **new})
    labels = tuple(patch.name for patch in patches)
    # what is in the files that the patches make is no matter here, but is another each time
    return Subject(
        release,
        catalogue,
        patches,
        labels,
        {},
        tuple(stages),
        modes.executable([], patches),
        tree.pristine(release),
        interpreter(release, "3.8"),
        ("3.8",),
    )


def _looked(room: Path, *patches: Patch, tests: str = TESTS) -> Checked:
    with Bench(_subject(room, *patches)) as bench:
        return suite.look(bench, 1, tests)


def test_what_passes_and_what_fails_alike(room: Path, files: dict[str, bytes]) -> None:
    good = Patch.parse("x.patch", adding(KEEPALIVE, files[KEEPALIVE], "\nx = 1\n"))
    found = _looked(room, good)
    assert found.findings == []
    assert found.counts == {"test-check": 2}
    (note,) = found.notes
    assert note.text.startswith("test-check-jshint.t: missing feature: ")
    assert not note.lacks


def test_what_newly_fails_or_fails_otherwise(room: Path, files: dict[str, bytes]) -> None:
    """A script with a wrong first line, which lies where there may be no new file."""
    script = patch_bytes(file_diff("new.py", None, b"#!/usr/bin/python\nx = 1\n"))
    found = _looked(room, Patch.parse("x.patch", script))
    said = {(one.rule, one.message) for one in found.findings}
    assert len(said) == 2, said
    shbang, always = sorted(message for _rule, message in said)[::-1]
    assert shbang.startswith("test-check-shbang.t newly failing: "), said
    assert always.startswith("test-check-shalways.t fails otherwise: "), said
    assert "new.py" in always
    # and it is remembered
    assert {
        (one.rule, one.message) for one in _looked(room, Patch.parse("x.patch", script)).findings
    } == said


def test_a_test_of_a_patchs_own(room: Path, files: dict[str, bytes]) -> None:
    text = f"{REQUIRE}  $ grep -n '^x = 1' mercurial/keepalive.py /dev/null\n"
    own = Patch.parse("x.patch", patch_bytes(file_diff(NEW, None, text.encode())))
    bad = Patch.parse("y.patch", adding(KEEPALIVE, files[KEEPALIVE], "x = 1\n"))
    found = _looked(room, own, bad)
    (one,) = found.findings
    line = files[KEEPALIVE].count(b"\n") + 1
    assert (one.patch, one.file) == ("y.patch", KEEPALIVE)
    assert one.line == line
    assert one.message.startswith("test-check-shnew.t newly failing: ")


def test_which_patch_it_is(room: Path, files: dict[str, bytes]) -> None:
    """That is named also where the test names a file alone, or nothing at all."""
    name = KEEPALIVE.encode()
    on = b"diff --git a/%s b/%s\nold mode 100644\nnew mode 100755\n" % (name, name)
    text = f"{REQUIRE}  $ test -x {KEEPALIVE} && exit 3\n  [1]\n"
    patches = [
        patch_bytes(file_diff(NEW, None, text.encode())),
        adding(KEEPALIVE, files[KEEPALIVE], "x = 1\n"),
        patch_bytes(on),
        adding("x.txt", None, "x\n"),
    ]
    named = [Patch.parse(f"{number}.patch", data) for number, data in enumerate(patches)]
    found = _looked(room, *named, tests="test-check-[es][xh][en]*.t")
    where = {one.message.partition(".t ")[0]: (one.patch, one.file) for one in found.findings}
    assert where == {
        "test-check-execute": ("2.patch", KEEPALIVE),
        "test-check-shnew": ("2.patch", None),
    }, found.findings
    assert all("[1]" not in one.message for one in found.findings)


def test_what_a_patch_says_is_asked_of_few(room: Path, files: dict[str, bytes]) -> None:
    """Others need not run again, and cannot here."""
    data = adding(KEEPALIVE, files[KEEPALIVE], "\nx = 1\n")
    first = _subject(room, Patch.parse("x.patch", data))
    other = _subject(room, Patch.parse("x.patch", data.replace(b"topic: ", b"theme: ")))
    assert first.content(1) != other.content(1)
    nothing = replace(other.python, path=Path("/bin/false"))
    with Bench(first) as bench:
        found = suite.look(bench, 1, TESTS)
    with Bench(replace(other, python=nothing)) as bench:
        assert suite.look(bench, 1, TESTS) == found
        with pytest.raises(Unheard):
            suite.look(bench, 1, "test-check-commit.t")


def test_a_suite_that_breaks(room: Path, files: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "run-tests.py").write_text("print('no venv here')\n")
    python = interpreter(_catalogue(room).release(VERSION), "3.8")
    with pytest.raises(Unheard, match="made no report: no venv here"):
        suiterun.run(tmp_path, python, ["test-check-shbang.t"], 1)
