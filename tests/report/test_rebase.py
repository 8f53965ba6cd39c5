"""What was carried, as people and programs read it."""

from __future__ import annotations

import json

from helpers_carry import carried, order_of, real_order, release
from helpers_engine import file_diff, numbered, patch_bytes
from hgport.engine.carried import CarriedSeries
from hgport.engine.carrycache import carried as from_cache
from hgport.engine.records import Edit, FileRecord, Kind, Record, blocks
from hgport.engine.resolutions import Memory
from hgport.model.catalogue import Absorption
from hgport.report import rebase as report

BASE = numbered(30)
ONE = patch_bytes(file_diff("f", BASE, numbered(30, line5="new 5", line6="new 6", line25="new 25")))
TWO = patch_bytes(file_diff("new", None, b"n\n"))
OTHER = {"f": numbered(30, line5="other 5", line25="other 25")}


def made(version: str, target: dict[str, bytes], **more: object) -> CarriedSeries:
    return carried(order_of([ONE, TWO], version), {"f": BASE}, target, **more)  # type: ignore[arg-type]


def remembering(target: dict[str, bytes]) -> Memory:
    """A memory of how the first conflict with that target was resolved."""
    block = blocks(made("5.3", target).patches[0].files[0].content or b"")[0]
    lines = (*((b"-", line) for line in block.splitlines(keepends=True)), (b"+", b"both\n"))
    record = Record("5.2", "1.patch", (FileRecord("f", (Edit(Kind.CONFLICT, lines),)),))
    return Memory(order_of([ONE]).stack.top.directory, (record,))


def test_the_table() -> None:
    series = [made("5.4", OTHER), made("5.3", {"f": BASE}), made("5.5", {"f": BASE, "new": b"n\n"})]
    assert report.table(series, 100, served=[release("5.1")]).splitlines() == [
        "   5.1     5.3    5.4       5.5",
        "1  served  exact  conflict  exact",
        "2  served  exact  untried   upstream",
    ]
    assert report.summary(series) == "2 patches onto 3 releases: 1 conflict, 1 not tried"
    assert report.notes(series) == [
        "1 on 5.4: conflict in f line 5, 31",
        "2 on 5.5: the release has all of it, though the catalogue does not say so",
    ]


def test_a_narrow_table_folds() -> None:
    series = [made(version, {"f": BASE}) for version in ("5.3", "5.4", "5.5", "5.6")]
    assert report.table(series, 20).splitlines()[0].split() == ["5.3..5.6"]
    assert report.summary(series) == "2 patches onto 4 releases: no conflict"


def test_two_releases_of_a_line_are_told_apart() -> None:
    series = [made(version, {"f": BASE}) for version in ("5.3", "5.3.1")]
    assert report.table(series, 100).splitlines()[0].split() == ["5.3", "5.3.1"]


def test_who_absorbed_it() -> None:
    told = Absorption("1.patch", "5.3", "0123456789ab", "f", "upstream did it")
    order = order_of([ONE], "5.3.1", absorbed=[told])
    one = carried(order, {"f": BASE}, {"f": b"upstream did it\n"})
    assert report.notes([one]) == ["1 on 5.3.1: upstream since 5.3 (0123456789ab)"]
    assert report.explain(one) == [
        "5.3.1, from as a test has it",
        "1: upstreamed",
        "  upstream since 5.3 (0123456789ab)",
    ]
    plain = report.to_plain(one)["patches"][0]
    assert plain["absorbed_by"] == {"release": "5.3", "changeset": "0123456789ab"}


def test_what_a_patch_before_has_is_not_said_to_be_the_releases() -> None:
    one = carried(order_of([ONE, TWO, ONE]), {"f": BASE}, {"f": BASE})
    why = "1.patch, a patch before it, has it already."
    assert report.table([one], 100).splitlines()[3] == "3  repeated"
    assert report.notes([one]) == [f"3 on 5.3: {why}"]
    assert report.explain(one)[-2:] == ["3: repeated", f"  {why}"]
    assert report.to_plain(one)["patches"][2]["fate"] == "repeated"


def test_what_the_release_has_though_nobody_says_so() -> None:
    one = made("5.3", {"f": BASE, "new": b"n\n"})
    silent = "  the release has all of it, though the catalogue does not say so"
    assert silent in report.explain(one)


def test_hunk_by_hunk() -> None:
    told = report.explain(made("5.3", OTHER))
    assert told[:3] == ["5.3, from as a test has it", "1: conflict", "  f: conflict at line 5, 31"]
    assert [line.partition(";")[0] for line in told[3:-1]] == [
        "    hunks 1 to 2, lines 5 to 25: conflict",
    ]
    assert told[-1] == "2: not tried"
    told = report.explain(made("5.3", {"f": b"more\n" + BASE}))
    assert told[-2:] == ["2: exact", "  new: added"]


def test_hunks_that_are_settled_otherwise_are_told_apart() -> None:
    told = report.explain(made("5.3", {"f": numbered(30, line25="new 25", line24="more")}))
    hunks = [line.strip().partition(";")[0] for line in told if "hunk" in line]
    assert len(hunks) == 2
    assert hunks[0] == "hunk 1, line 5: exact"
    assert hunks[1].startswith("hunk 2, line 25: ")


def test_what_is_remembered_is_shown_with_its_text() -> None:
    target = {"f": numbered(30, line5="other 5")}
    series = made("5.3", target, memory=remembering(target))
    told = report.explain(series)
    at = told.index("    remembered in patches/5.2/1.patch: conflict")
    assert told[at + 1 : at + 3] == ["      -<<<<<<< target", "      -other 5"]
    assert "      +both" in told
    assert report.table([series], 80).splitlines()[1] == "1  resolved"
    (use,) = report.to_plain(series)["patches"][0]["files"][0]["remembered"]
    assert (use["kind"], use["after"]) == ("conflict", "both\n")


def test_conflicts_that_are_left_are_where_the_text_has_them() -> None:
    """After the first of two is resolved, the second is elsewhere than the merge left it."""
    before, after = made("5.3", OTHER), made("5.3", OTHER, memory=remembering(OTHER))
    assert report.notes([before]) == ["1 on 5.3: conflict in f line 5, 31"]
    content = (after.patches[0].files[0].content or b"").splitlines()
    line = content.index(b"<<<<<<< target") + 1
    assert line < 31
    assert report.notes([after]) == [f"1 on 5.3: conflict in f line {line}"]


def test_a_conflict_of_a_whole_file_is_told_by_its_reason() -> None:
    series = made("5.3", {"g": b""})
    why = "the target has no f, nor a file that it can have become"
    assert report.notes([series]) == [f"1 on 5.3: conflict in f: {why}"]
    assert f"  f: vanished, in conflict at line 1; {why}" in report.explain(series)


def test_plain_data() -> None:
    plain = report.to_plain(made("5.3", OTHER))
    assert json.loads(json.dumps(plain)) == plain
    assert (plain["version"], plain["line"], plain["ok"]) == ("5.3", "5.3", False)
    assert plain["origin"] == {"port": None, "release": "5.2", "why": "as a test has it"}
    first, second = plain["patches"]
    assert (first["fate"], second["fate"]) == ("conflict", "not tried")
    (file,) = first["files"]
    assert file["conflict_lines"] == [5, 31]
    assert [(hunk["line"], hunk["step"]) for hunk in file["hunks"]] == [
        (5, "conflict"),
        (25, "conflict"),
    ]


def test_our_series_hunk_by_hunk() -> None:
    series = from_cache(real_order("5.1"))
    told = report.explain(series)
    assert told[0] == "5.1.2, from the top-level series on 5.2.2, the base"
    steps = ("exact", "format-aware", "lines", "already there")
    for carried_ in series.patches:
        for file in carried_.files:
            assert any(line.startswith(f"  {file.path}: ") for line in told)
    hunks = [line for line in told if line.startswith("    hunk")]
    assert len(hunks) > 10
    assert all(line.split(": ")[1].split(";")[0] in steps for line in hunks)
    assert any(": format-aware; " in line for line in hunks)
