"""What the table of scenarios states, and how each of its rows came out."""

from __future__ import annotations

import re

from helpers_face import CATALOGUE, MENDED, ROWS, STACK, made, proven, row, verdicts
from hgport.proof.courses import Course
from hgport.proof.expectations import HANG, STORED
from hgport.proof.scenarios import SCENARIOS
from hgport.report import rows

COURSE = ["hang", "refused", "stored", "stored"]


def cells(line: str) -> list[str]:
    return re.split("  +", line)


def test_listed() -> None:
    table = [
        row("no fault", quick=True),
        row("idle close", "https", MENDED),
        row("no fault", workers=True, course=Course(HANG)),
        row("cut", server="hg serve"),
        row("cut", course=Course(HANG, in_new=STORED, reason="it is so")),
    ]
    head, *lines, note, count = rows.listed(STACK, CATALOGUE, table)
    about = ["transport", "operation", "fault", "workers", "server", "quick"]
    assert cells(head) == [*about, "unpatched", "+1", "+2", "+3", "except", "why"]
    assert [cells(line) for line in lines] == [
        ["http", "push", "no fault", "-", "embedded", "quick", *["stored"] * 4, "-", "-"],
        ["https", "push", "idle close", "-", "embedded", "-", *COURSE, "-", "-"],
        ["http", "push", "no fault", "workers", "embedded", "-", *["hang"] * 4, "-", "-"],
        ["http", "push", "cut", "-", "hg serve", "-", *["stored"] * 4, "-", "-"],
        [
            "http",
            "push",
            "cut",
            "-",
            "embedded",
            "-",
            *["hang"] * 4,
            "stored in Python 3.10 to 3.12",
            "1",
        ],
    ]
    assert lines[1].startswith(
        "https      push       idle close  -        embedded  -      hang   "
    )
    assert (note, count) == ("1: it is so", "5 scenarios")
    # what is the same in every row is said once
    assert rows.listed(STACK, CATALOGUE, table[:1])[-1] == "1 scenario, server: embedded"


def test_listed_as_plain_data() -> None:
    told = rows.listed_plain(STACK, CATALOGUE, [row("idle close", "https", MENDED, quick=True)])
    assert told["patches"] == list(STACK.names)
    (one,) = told["scenarios"]
    assert (one["transport"], one["fault"], one["quick"]) == ("https", "idle close", True)
    assert one["unpatched"] == "hang"
    assert one["from"] == dict(zip(STACK.names, ["refused", "stored", "stored"]))


def test_every_row_of_ours_is_listed() -> None:
    lines = rows.listed(STACK, CATALOGUE, SCENARIOS)
    assert lines[-1] == f"{len(SCENARIOS)} scenarios, server: embedded"
    assert len(rows.listed_plain(STACK, CATALOGUE, SCENARIOS)["scenarios"]) == len(SCENARIOS)


def test_a_line_for_each_scenario() -> None:
    whole = made("5.2,5.3")
    lines = rows.by_scenario(proven(verdicts(whole)))
    assert [cells(line) for line in lines[:4]] == [
        ["scenario", "unpatched", "+1", "+2", "+3"],
        ["push, http, no fault", *["stored"] * 4],
        ["push, https, no fault", *["stored"] * 4],
        ["push, http, idle close", *COURSE],
    ]
    assert lines[2] == "push, https, no fault    stored     stored   stored  stored"
    assert len(rows.by_scenario(proven(verdicts(whole)))) == 1 + len(ROWS)


def test_releases_that_differ_are_counted() -> None:
    # the later one has the last patch, and so its effect
    whole = made("5.2,5.3,5.4")
    line = rows.by_scenario(proven(verdicts(whole)))[3]
    assert cells(line)[1:] == ["2 hang, 1 stored", "2 refused, 1 stored", "stored", "stored"]
    later = rows.by_scenario(proven(verdicts(made("5.4"))))
    assert cells(later[3])[1:] == ["stored", "stored", "stored", "upstream"]


def test_what_is_wrong_stands_out() -> None:
    whole = made("5.2")
    line = rows.by_scenario(proven(verdicts(whole, 2)))[3]
    assert cells(line)[1:] == ["WRONG", *COURSE[1:]]
    both = made("5.2,5.3")
    line = rows.by_scenario(proven(verdicts(both, 2)))[3]
    assert "  1 of 2 WRONG  " in line


def test_a_part_of_the_series() -> None:
    part = [v for v in verdicts(made("5.2")) if not v.cell.subject.patches]
    assert cells(rows.by_scenario(proven(part))[1])[1:] == ["stored", "-", "-", "-"]


def test_servers_are_told_apart() -> None:
    both = [row("cut"), row("cut", server="giftless")]
    lines = rows.by_scenario(proven(verdicts(made("5.2", both))))
    assert [cells(line)[0] for line in lines] == [
        "scenario",
        "push, http, cut",
        "push, http, cut, giftless",
    ]
