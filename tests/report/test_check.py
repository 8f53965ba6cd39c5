"""What checking prints."""

from __future__ import annotations

from collections import Counter

from hgport.report.check import text, to_plain
from hgport.submit.check.finding import OF_RELEASES, Checked, Finding, Note

FOUND = [
    Finding("5.2.2", "patches/x.patch", "a.py", 12, "check-code", "too bad"),
    Finding("5.1.2", "patches/x.patch", "a.py", 12, "check-code", "too bad"),
    Finding("5.2.2", "patches/x.patch", "a.py", 2, "black", "worse"),
    Finding("5.2.2", None, None, None, "import-checker", "broke"),
    Finding(None, "patches/x.patch", None, 4, "description", "long"),
    Finding(None, "patches/x.patch", None, 4, "description", "long"),
]


def test_findings_in_order_each_once() -> None:
    told = text(Checked(FOUND, Counter({"patch": 1, "black": 3}), [], {"black": "26.1"}))
    assert told == [
        "[import-checker] broke (5.2.2)",
        "patches/x.patch:4: [description] long",
        "patches/x.patch:a.py:2: [black] worse (5.2.2)",
        "patches/x.patch:a.py:12: [check-code] too bad (5.1.2, 5.2.2)",
        "looked at patch: 1 patch, black 26.1: 3 files",
        "4 findings",
    ]


def test_what_was_not_looked_at() -> None:
    counts = Counter({"series": 1, "patch": 2})
    notes = [Note("no black", v) for v in ("4.5.3", "4.6.2", "4.7.2", "4.8.2")]
    checked = Checked([], counts, [*notes, notes[0]])
    assert text(checked) == [
        "looked at series: 1 series file, patch: 2 patches",
        "not looked at: no black (4.5.3 … 4.8.2, 4 releases)",
        "no finding",
    ]
    assert checked.exit_code == 0
    checked.notes.append(Note("Python 9", "4.5.3", lacks=True))
    assert text(checked)[-2:] == [
        "not looked at, for want of it: Python 9 (4.5.3)",
        "no finding, but this machine cannot look at everything",
    ]
    assert checked.exit_code == 3


def test_nothing_looked_at_is_a_failure() -> None:
    assert text(Checked()) == ["nothing was looked at"]
    assert Checked().exit_code == Checked(counts=Counter({"series": 1})).exit_code == 1


def test_files_alone_are_not_enough_where_releases_were_asked_for() -> None:
    checked = Checked(counts=Counter({"patch": 1, "apply": 1}), needed=OF_RELEASES)
    assert checked.exit_code == 1
    assert text(checked)[-1].endswith("on the releases nothing was looked at")
    checked.counts["check-commit"] = 1
    assert (checked.exit_code, text(checked)[-1]) == (0, "no finding")
    assert Checked().exit_code == Checked(counts=Counter({"series": 1})).exit_code == 1


def test_plain() -> None:
    plain = to_plain(Checked(FOUND[:1], Counter({"patch": 1})), None)
    assert plain["stacks"] == plain["patches"] == []
    assert plain["ok"] is False
    assert plain["looked_at"] == {"patch": 1}
    assert plain["findings"] == [
        {
            "release": "5.2.2",
            "patch": "patches/x.patch",
            "file": "a.py",
            "line": 12,
            "rule": "check-code",
            "message": "too bad",
        }
    ]
