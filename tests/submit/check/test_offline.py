"""The files of a stack: each defect is a finding, and hides no other."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers_engine import file_diff, patch_bytes, write_stack, write_tree
from hgport.errors import UsageError
from hgport.model import project
from hgport.model.project import Place
from hgport.model.ranges import select
from hgport.submit.check.offline import Looked, look, split

DIFF = file_diff("f", b"a\n", b"b\n")
GOOD = patch_bytes(DIFF, subject="topic: do it")


def looked(series: Path, base: str | None = None) -> list[tuple[str | None, int | None, str, str]]:
    found = look([Place(series, base)]).checked.findings
    return [(one.patch, one.line, one.rule, one.message) for one in found]


def test_a_stack_without_a_flaw(tmp_path: Path) -> None:
    series = write_stack(
        tmp_path, {"topic-do-it.patch": GOOD}, {"4.9": {"topic-do-it.patch": GOOD}}
    )
    result = look([Place(series, "5.2.2")])
    assert result.checked.findings == []
    assert dict(result.checked.counts) == {
        "series": 2,
        "patch": 2,
        "header": 2,
        "description": 2,
        "diff": 2,
    }
    assert result.stack is not None
    assert [port.line for port in result.stack.ports] == ["4.9"]


def test_our_own_stack_has_none() -> None:
    result = look(project.find()[0])
    assert result.checked.findings == []
    assert result.checked.counts["patch"] > 20


@pytest.mark.parametrize(
    ("change", "line", "rule", "why"),
    [
        (lambda p: p.replace(b"# HG changeset patch\n", b""), 1, "header", "the form of hg export"),
        (
            lambda p: p.replace(b"# User A Person <person@example.org>\n", b""),
            1,
            "header",
            "no # User",
        ),
        (lambda p: p.replace(b" <person@example.org>", b""), 2, "header", "no mail address"),
        (lambda p: p.replace(b"# Date 1600000000 -7200\n", b""), 1, "header", "no # Date"),
        (
            lambda p: p.replace(b"# Date", b"# User x <x@y>\n# Date"),
            1,
            "header",
            "there are 2 # User",
        ),
        (
            lambda p: p.replace(b"topic: do", b"# Node ID 0123\n# Parent  0\ntopic: do"),
            5,
            "header",
            "no use for",
        ),
        (lambda p: p.replace(b"A Person", b"A Pers\xf6n"), 2, "header", "not in UTF-8"),
        (lambda p: p.replace(b"Why it", b"Why \xf6 it"), 7, "header", "not in UTF-8"),
        (lambda p: p.replace(b"1600000000 -7200", b"yesterday"), 3, "header", "is no date"),
        (lambda p: p.replace(b"\n", b"\r\n"), 1, "header", "end with carriage returns"),
        (lambda p: p.replace(b"topic: do it", b"topic: do it."), 5, "description", "a period"),
        (
            lambda p: p.replace(b"topic: do it", b"topic: do it\nmore"),
            6,
            "description",
            "not empty",
        ),
        (lambda p: p.replace(b"Why it", b"\nWhy it"), 7, "description", "one empty line is"),
        (lambda p: p.replace(b"Why it", b"From it"), 7, "description", "an mbox"),
        (lambda p: p.replace(b"Why it", b"# x\nWhy it"), 7, "description", "a header of hg export"),
        (lambda p: p.replace(b"+b\n", b"+b \n"), 14, "diff", "white space at the end of f:1"),
        (lambda p: p.replace(b"+b\n", b"+b\r\n"), 14, "diff", "a carriage return to f:1"),
        (
            lambda p: p.replace(b"+b\n", b"+b\n\\ No newline at end of file\n"),
            14,
            "diff",
            "without a line end",
        ),
        (lambda p: p[:-1], 14, "diff", "the patch's last line has no end"),
        (lambda p: p.replace(b"diff --git a/f b/f\n", b""), 9, "diff", "not in git's form"),
        (
            lambda p: p.replace(b"--- a/f", b"index 012345..6789ab 100644\n--- a/f"),
            10,
            "diff",
            "git's index line",
        ),
        (lambda p: p.replace(b"@@ -1 +1 @@", b"@@ -1,7 +1 @@"), 12, "patch", "do not add up"),
        (lambda p: p.replace(b"b/f", b"b/../f").replace(b"a/f", b"a/../f"), 9, "patch", ".."),
        (lambda p: p[: p.index(b"diff")], None, "patch", "it holds no diff"),
        (lambda p: b"", None, "patch", "it is empty"),
    ],
)
def test_a_patch_with_a_flaw(
    tmp_path: Path, change: object, line: int | None, rule: str, why: str
) -> None:
    assert callable(change)
    bad = change(GOOD)
    assert bad != GOOD
    series = write_stack(tmp_path, {"topic-do-it.patch": GOOD, "x.patch": bad}, {})
    found = looked(series)
    wanted = [one for one in found if one[:3] == ("patches/x.patch", line, rule) and why in one[3]]
    assert wanted, found
    assert all(one[0] == "patches/x.patch" for one in found)


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("x.patch\nx.patch\n", 2, "x.patch is already listed in line 1"),
        ("x\u202ey.patch\nx\u202ey.patch\n", 2, r"'x\u202ey.patch' is already listed in line 1"),
        ("x.patch -p0\n", 1, "option -p0 of x.patch is not supported"),
        ("x.patch\n../y.patch\n", 2, "'../y.patch'"),
        ("x.patch\r\n", 1, "carriage return"),
        ("x.patch \n", 1, "ends with white space"),
        (" x.patch\n", 1, "begins with white space"),
        ("x.patch", 1, "the last line has no end"),
        ("x.patch\n\n", 2, "an empty line"),
        ("\ufeffx.patch\n", 1, "a byte order mark"),
        ("# none\n", None, "it lists no patch"),
    ],
)
def test_a_series_file_with_a_flaw(tmp_path: Path, text: str, line: int | None, why: str) -> None:
    series = write_stack(tmp_path, {"x.patch": GOOD}, {})
    series.write_bytes(text.encode())
    found = looked(series)
    assert [one for one in found if one[:3] == ("series", line, "series") and why in one[3]], found


def test_files_that_are_not_listed_or_not_there(tmp_path: Path) -> None:
    series = write_stack(tmp_path, {"x.patch": GOOD, "y.patch": GOOD}, {"4.9": {"x.patch": GOOD}})
    (tmp_path / "patches" / "04.9").mkdir()
    (tmp_path / "patches" / "04.9" / "series").write_text("")
    series.write_text("x.patch\nz.patch\nx\u202ez.patch\n")
    (tmp_path / "patches" / "cover.md").write_text("# no patch\n")
    (tmp_path / "patches" / "4.8").mkdir()
    assert looked(series) == [
        ("patches/y.patch", None, "series", "the series does not list it"),
        ("series", 2, "patch", "there is no patch z.patch"),
        ("series", 3, "patch", r"there is no patch 'x\u202ez.patch'"),
        ("patches/04.9/series", None, "series", "04.9 is no line of releases"),
        ("patches/4.8/series", None, "series", "the port has no series file"),
    ]


def test_a_patch_that_is_no_file_of_the_stack(tmp_path: Path) -> None:
    series = write_stack(tmp_path, {"x.patch": GOOD}, {})
    patches = tmp_path / "patches"
    (patches / "link.patch").symlink_to("x.patch")
    os.mkfifo(patches / "fifo.patch")
    series.write_text("x.patch\nlink.patch\nfifo.patch\n")
    link = f"link.patch leads through a symbolic link, {patches / 'link.patch'}"
    assert [one for one in looked(series) if one[2] == "patch"] == [
        ("series", 2, "patch", link),
        ("series", 3, "patch", "fifo.patch is no regular file"),
    ]


def test_what_hides_nothing_else(tmp_path: Path) -> None:
    bad = GOOD.replace(b"1600000000 -7200", b"yesterday").replace(b"do it", b"do it.")
    series = write_stack(tmp_path, {"x.patch": bad}, {})
    assert [one[1:3] for one in looked(series)] == [(3, "header"), (5, "description")]
    (tmp_path / "patches" / "x.patch").write_bytes(
        GOOD.replace(b"do it", b"do it.")
        .replace(b" <person@example.org>", b"")
        .replace(b"\n", b"\r\n")
    )
    said = [one for one in looked(series) if one[2] in ("header", "description")]
    assert [one[1:3] for one in said] == [(1, "header"), (2, "header"), (5, "description")], said


def test_a_series_that_serves_no_line(tmp_path: Path) -> None:
    ports = {name: {"topic-do-it.patch": GOOD} for name in ("5.1.2", "foo")}
    series = write_stack(tmp_path, {"topic-do-it.patch": GOOD}, ports)
    no_line = "is no line of releases, so the series serves none"
    named = f"5.1.2 {no_line}; ports are named by line: 5.1"
    release = ("patches/5.1.2/series", None, "series", named)
    assert looked(series, "5.2.2") == [
        release,
        ("patches/foo/series", None, "series", f"foo {no_line}"),
    ]
    # what else lies beside somebody's series is theirs
    assert looked(series) == [release]


def test_a_port_that_is_broken_hides_no_other(tmp_path: Path) -> None:
    wrong = GOOD.replace(b"do it", b"do it.")
    series = write_stack(
        tmp_path, {"x.patch": GOOD}, {"4.9": {"x.patch": b"no patch"}, "5.3": {"x.patch": wrong}}
    )
    assert [one[0] for one in looked(series)] == ["patches/4.9/x.patch", "patches/5.3/x.patch"]
    result: Looked = look([Place(series, "5.2.2")])
    assert result.broken == {tmp_path / "patches/4.9/series"}
    releases = select(project.find()[1], "5.0..5.4")
    sound, notes = split(result, releases)
    assert [one.line for one in sound] == ["5.2", "5.3", "5.4"]
    assert [one.release for one in notes] == ["5.0.2", "5.1.2"]


def test_a_name_is_its_subject_where_names_are(tmp_path: Path) -> None:
    series = write_stack(tmp_path, {"x.patch": GOOD}, {})
    assert looked(series) == []
    assert looked(series, "5.2.2") == [
        ("patches/x.patch", None, "patch", "its subject makes its name topic-do-it.patch")
    ]


def test_no_series_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no series file"):
        look([Place(tmp_path / "series", None)])


def test_what_tests_expect_to_be_printed_may_end_with_blanks(tmp_path: Path) -> None:
    new = b"  $ echo 'a '\n  a \n  $ trailing \n"
    series = write_stack(tmp_path, {"x.patch": patch_bytes(file_diff("t/x.t", None, new))}, {})
    (found,) = looked(series)
    assert found[3] == "adds white space at the end of t/x.t:3"


@pytest.mark.parametrize(
    ("path", "text", "mode", "why"),
    [
        ("x.py", b"x = 1\n", b"100755", "makes x.py: it is executable, but has no '#!' line"),
        ("x.py", b"#!/usr/bin/python\n", b"100644", "makes x.py: a Python script that is not"),
        ("x.py", b"#!/usr/bin/python\n", b"100755", None),
        ("x", b"x\n", b"100644", None),
    ],
)
def test_the_mode_of_a_new_file(
    tmp_path: Path, path: str, text: bytes, mode: bytes, why: str | None
) -> None:
    diff = file_diff("a.txt", None, b"a\n") + file_diff(path, None, text)
    before, _, after = diff.rpartition(b"100644")
    series = write_stack(tmp_path, {"x.patch": patch_bytes(before + mode + after)}, {})
    found = looked(series)
    assert [(one[1], one[2]) for one in found] == ([(16, "diff")] if why else [])
    assert all(why in one[3] for one in found if why)


def test_a_file_with_carriage_returns_may_keep_them(tmp_path: Path) -> None:
    diff = file_diff("x.bat", b"a\r\nb\r\n", b"a\r\nc\r\n")
    series = write_stack(tmp_path, {"x.patch": patch_bytes(diff)}, {})
    assert looked(series) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(st.sampled_from(range(len(GOOD))), max_size=4), st.binary(max_size=6))
def test_any_damage_is_found_out_or_harmless(tmp_path: Path, places: list[int], put: bytes) -> None:
    bad = GOOD
    for place in places:
        bad = bad[:place] + put + bad[place + len(put) :]
    series = write_stack(tmp_path, {"x.patch": bad}, {})
    for path, _line, _rule, why in looked(series):
        assert path == "patches/x.patch"
        assert why and "\n" not in why


# several stacks


def further(root: Path, name: str, patches: dict[str, bytes], *lines: str) -> Place:
    """A further stack of the project in ``root``, with the same in ports."""
    directory = root / "patches" / name
    for place in (directory, *(directory / line for line in lines)):
        write_tree(place, {**patches, "series": "".join(f"{n}\n" for n in patches).encode()})
    return Place(directory / "series", "5.2.2")


def write_project(root: Path) -> Place:
    (root / "patches").mkdir()
    (root / "patches/releases.toml").write_text("")
    return Place(write_stack(root, {"topic-do-it.patch": GOOD}, {}), "5.2.2")


OTHER = patch_bytes(file_diff("f", b"b\n", b"c\n"), subject="topic: do more")


def test_the_stacks_that_lie_on_each_other_are_read(tmp_path: Path) -> None:
    lowest = write_project(tmp_path)
    more = further(tmp_path, "more", {"topic-do-more.patch": OTHER}, "5.3")
    result = look([lowest, more])
    assert result.checked.findings == []
    assert result.checked.counts["patch"] == 3
    assert result.stack is not None
    assert result.stack.names == ("topic-do-it.patch", "topic-do-more.patch")
    assert [port.line for port in result.stack.ports] == ["5.3"]


def test_a_further_stack_is_looked_at_where_it_is_not_asked_for(tmp_path: Path) -> None:
    lowest = write_project(tmp_path)
    wrong = OTHER.replace(b"do more", b"do more.")
    more = further(tmp_path, "more", {"topic-do-more.patch": wrong})
    for places in ([lowest], [lowest, more]):
        result = look(places)
        assert [(one.patch, one.line, one.rule) for one in result.checked.findings] == [
            ("patches/more/topic-do-more.patch", 5, "description")
        ]
        assert result.stack is not None
        assert len(result.stack.layers) == len(places)
    # but not beside somebody else's series
    assert look([Place(lowest.path, None)]).checked.findings == []


def test_a_further_stack_by_itself(tmp_path: Path) -> None:
    write_project(tmp_path)
    more = further(tmp_path, "more", {"x.patch": OTHER}, "5.3")
    said = [(one.patch, one.message) for one in look([more]).checked.findings]
    name = "its subject makes its name topic-do-more.patch"
    assert said == [("x.patch", name), ("5.3/x.patch", name)]


def test_stacks_that_have_a_patch_in_common(tmp_path: Path) -> None:
    lowest = write_project(tmp_path)
    more = further(tmp_path, "more", {"topic-do-it.patch": GOOD}, "5.3")
    why = "it has topic-do-it.patch, and so has series; each stack has names of its own"
    for places in ([lowest], [lowest, more]):
        found = look(places).checked.findings
        assert [(one.patch, one.message) for one in found] == [("patches/more/series", why)]
    # what cannot go together is not put to a release's tools
    sound, notes = split(look([lowest, more]), select(project.find()[1], "5.2..5.3"))
    assert (sound, len(notes)) == ([], 2)
    assert len(split(look([lowest]), select(project.find()[1], "5.2..5.3"))[0]) == 2


def test_a_broken_port_of_an_upper_stack(tmp_path: Path) -> None:
    lowest = write_project(tmp_path)
    more = further(tmp_path, "more", {"topic-do-more.patch": OTHER}, "5.3")
    (more.path.parent / "5.3/topic-do-more.patch").write_bytes(b"no patch")
    result = look([lowest, more])
    assert result.broken == {more.path.parent / "5.3/series"}
    sound, notes = split(result, select(project.find()[1], "5.2..5.4"))
    assert [one.line for one in sound] == ["5.2"]
    assert [one.release for one in notes] == ["5.3.2", "5.4.2"]


def test_what_is_not_below_the_series_is_named_whole(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "theirs").mkdir()
    own = Place(write_stack(tmp_path / "own", {"x.patch": GOOD}, {}), None)
    theirs = Place(write_stack(tmp_path / "theirs", {"y.patch": b"no patch"}, {}), None)
    assert [one.patch for one in look([own, theirs]).checked.findings] == [
        f"{tmp_path}/theirs/patches/y.patch"
    ]
