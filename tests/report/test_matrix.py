"""The table, its notes and its summary, as printed."""

from __future__ import annotations

import pytest

from hgport.engine.matrix import Cell, Column, Matrix
from hgport.engine.outcome import Outcome
from hgport.model.release import Release
from hgport.report import matrix as report

NAMES = ("keepalive-check.patch", "lfs-upload-through-httpsendfile.patch")


def column(version: str, port: str | None, *cells: Cell | Outcome | None) -> Column:
    made = tuple(
        Cell(name, cell) if isinstance(cell, Outcome) else cell for name, cell in zip(NAMES, cells)
    )
    return Column(Release(version, f"mercurial-{version}.tar.gz", "0" * 64, 1, ()), port, made)


GONE = Cell(NAMES[1], Outcome.UPSTREAMED, since="5.4", changeset="43eea17ae7b3")
CLEAN, OFFSET = Outcome.CLEAN, Outcome.OFFSET
GOOD = Matrix(
    NAMES,
    (
        column("4.8.2", "4.5", CLEAN, CLEAN),
        column("4.9.1", "4.5", CLEAN, CLEAN),
        column("5.2.2", None, CLEAN, CLEAN),
        column("5.3.2", None, OFFSET, CLEAN),
        column("5.4.2", "5.4", OFFSET, GONE),
        column("7.2.4", "5.4", OFFSET, GONE),
    ),
)
BAD = Matrix(
    NAMES,
    (
        column(
            "5.2.2",
            None,
            Cell(NAMES[0], Outcome.CONFLICT, "f hunk 2 (line 22)"),
            Outcome.NOT_TRIED,
        ),
        column(
            "5.2.3",
            None,
            Cell(NAMES[0], Outcome.CONFLICT, "f hunk 2 (line 22)"),
            Outcome.NOT_AFFECTED,
        ),
        column("5.4", "5.4", None, Cell(NAMES[1], Outcome.ABSENT, problems=("it is lacking",))),
    ),
)


def test_a_wide_table() -> None:
    assert report.table(GOOD, 120) == (
        "                                 4.8   4.9   5.2  5.3     5.4       7.2\n"
        "keepalive-check                  port  port  ok   offset  offset    offset\n"
        "lfs-upload-through-httpsendfile  port  port  ok   ok      upstream  upstream"
    )


def test_a_narrow_table_shares_columns() -> None:
    assert report.table(GOOD, 75) == (
        "                                 4.8..4.9  5.2  5.3     5.4..7.2\n"
        "keepalive-check                  port      ok   offset  offset\n"
        "lfs-upload-through-httpsendfile  port      ok   ok      upstream"
    )


def test_a_narrower_table_cuts_names() -> None:
    assert report.table(GOOD, 57) == (
        "                          4.8..4.9  5.2  5.3     5.4..7.2\n"
        "keepalive-check           port      ok   offset  offset\n"
        "lfs-upload-through-http…  port      ok   ok      upstream"
    )


@pytest.mark.parametrize("width", [1, 20, 40, 45, 80, 200])
def test_every_release_is_in_every_width(width: int) -> None:
    text = report.table(GOOD, width)
    for heading in ("4.8", "4.9", "5.2", "5.3", "5.4", "7.2"):
        assert heading in text
    if width >= 40:
        assert max(map(len, text.splitlines())) <= width


def test_two_releases_of_a_line_are_told_apart() -> None:
    assert report.headings(BAD.columns) == ["5.2.2", "5.2.3", "5.4"]


def test_notes() -> None:
    assert report.notes(GOOD) == [
        "lfs-upload-through-httpsendfile: upstream since 5.4 (43eea17ae7b3)"
    ]
    assert report.notes(BAD) == [
        "keepalive-check on 5.2.2..5.2.3: conflict in f hunk 2 (line 22)",
        "lfs-upload-through-httpsendfile on 5.4: it is lacking",
    ]


def test_summaries() -> None:
    assert report.summary(GOOD) == "2 patches on 6 releases: all as it should be"
    assert report.summary(BAD) == "2 patches on 3 releases: 2 conflicts, 1 not tried, 1 absent"


def test_words() -> None:
    words = [report.word(cell, c.port) for c in BAD.columns for cell in c.cells]
    assert words == ["conflict", "untried", "conflict", "n/a", "-", "absent"]


def test_nothing_to_show() -> None:
    assert report.table(Matrix((), ()), 80) == ""
    assert report.summary(Matrix((), ())) == "0 patches on 0 releases: all as it should be"


def test_plain_form_for_json() -> None:
    plain = GOOD.to_plain()
    assert plain["patches"] == list(NAMES)
    last = plain["releases"][-1]
    assert (last["version"], last["line"], last["port"]) == ("7.2.4", "7.2", "5.4")
    assert last["patches"][1]["absorbed_by"] == {"release": "5.4", "changeset": "43eea17ae7b3"}
    assert plain["ok"] is True
    assert BAD.to_plain()["ok"] is False
