"""The XML is well-formed and complete, whatever a program printed."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hgport.errors import OutsideError, UsageError
from hgport.report import junit
from hgport.report.junit import Case

# surrogates and control characters included
TEXT = st.text(st.characters(exclude_categories=()))
CASES = st.builds(
    Case, TEXT, TEXT, st.floats(0, 1e6), failure=st.none() | TEXT, skipped=st.none() | TEXT
)
REPLACED = "\ufffd"


def readable(text: str) -> str:
    """What XML can say of a text."""
    text = re.sub("\r\n?", "\n", text)
    fine = {"\t", "\n"}
    return "".join(
        (
            c
            if c in fine
            or (ord(c) > 31 and not 0xD800 <= ord(c) < 0xE000 and c not in "\ufffe\uffff")
            else REPLACED
        )
        for c in text
    )


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(CASES, max_size=4), TEXT)
def test_any_text_is_read_as_it_was_written(tmp_path: Path, cases: list[Case], suite: str) -> None:
    path = tmp_path / "out.xml"
    junit.write(path, suite, cases)
    (read,) = ElementTree.parse(path).getroot()
    assert read.get("name") == readable(suite)
    assert [(one.get("classname"), one.get("name")) for one in read] == [
        (readable(case.classname), readable(case.name)) for case in cases
    ]
    for one, case in zip(read, cases):
        for tag, told in (("failure", case.failure), ("skipped", case.skipped)):
            found = one.find(tag)
            assert (found is None) == (told is None)
            if found is not None and told is not None:
                assert (found.text or "") == readable(told)
                assert found.get("message") == readable(told).split("\n")[0]


def test_the_whole_document(tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    path.write_text("of another run")
    cases = [
        Case("5.2.2.2.7.unpatched", "lfs push", 1.25),
        Case("5.2.2.2.7.+1", "lfs push", 0.5, failure="it hung\nabort: <\x1b>"),
        Case("4.9.1.2.7", "every scenario", 0, skipped="no Python 2.7"),
    ]
    junit.write(path, "hgport test", cases)
    assert path.read_text() == """\
<?xml version='1.0' encoding='utf-8'?>
<testsuites>
  <testsuite name="hgport test" tests="3" failures="1" errors="0" skipped="1" time="1.750">
    <testcase classname="5.2.2.2.7.unpatched" name="lfs push" time="1.250" />
    <testcase classname="5.2.2.2.7.+1" name="lfs push" time="0.500">
      <failure message="it hung">it hung
abort: &lt;\ufffd&gt;</failure>
    </testcase>
    <testcase classname="4.9.1.2.7" name="every scenario" time="0.000">
      <skipped message="no Python 2.7">no Python 2.7</skipped>
    </testcase>
  </testsuite>
</testsuites>
"""


def test_a_place_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    junit.check(tmp_path / "out.xml")
    assert not (tmp_path / "out.xml").exists()
    with pytest.raises(UsageError, match="it is a directory"):
        junit.check(tmp_path)
    with pytest.raises(UsageError, match="there is no directory"):
        junit.check(tmp_path / "missing" / "out.xml")
    with pytest.raises(UsageError, match="/dev/null: it is no ordinary file"):
        junit.check(Path("/dev/null"))
    junit.check(tmp_path / "out.xml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no /proc here")
def test_a_directory_that_takes_no_files_of_anybody_is_said_at_once() -> None:
    with pytest.raises(UsageError, match="cannot write /proc/x: No such file or directory"):
        junit.check(Path("/proc/x"))


def test_a_disk_that_refuses(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutsideError, match="cannot write"):
        junit.write(tmp_path / "file" / "out.xml", "x", [])
