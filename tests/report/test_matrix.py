"""The table, its notes and its summary, as printed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hgport.engine.matrix import Cell, Column, Layer, Matrix
from hgport.engine.outcome import Outcome
from hgport.model.release import Release
from hgport.report import matrix as report

NAMES = ("keepalive-check.patch", "lfs-upload-through-httpsendfile.patch")


def column(version: str, port: str | None, *cells: Cell | Outcome | None) -> Column:
    made = tuple(
        Cell(name, cell) if isinstance(cell, Outcome) else cell for name, cell in zip(NAMES, cells)
    )
    return Column(Release(version, f"mercurial-{version}.tar.gz", "0" * 64, 1, ()), (port,), made)


GONE = Cell(NAMES[1], Outcome.UPSTREAMED, since="5.4", changeset="43eea17ae7b3")
CLEAN, OFFSET = Outcome.CLEAN, Outcome.OFFSET
LAYERS = (Layer(Path("/p/series"), "5.2", NAMES),)
GOOD = Matrix(
    LAYERS,
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
    LAYERS,
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


def stacked(upper: str = "/p/patches/more/series") -> Matrix:
    """A stack of one patch, and on it one of another, which has a port for other lines."""
    layers = (
        Layer(Path("/p/series"), "5.2", NAMES[:1]),
        Layer(Path(upper), "5.2", NAMES[1:]),
    )
    served = ((None, None), (None, "5.4"))
    columns = zip(served, GOOD.columns[2:4])
    return Matrix(layers, tuple(replace(column, ports=ports) for ports, column in columns))


def test_stacks_on_each_other_are_told_apart() -> None:
    assert report.table(stacked(), 80) == (
        "                                 5.2  5.3\n"
        "series\n"
        "keepalive-check                  ok   offset\n"
        "patches/more/series\n"
        "lfs-upload-through-httpsendfile  ok   port"
    )


def test_the_name_of_a_stack_is_cut_too() -> None:
    lines = report.table(stacked(f"/p/{'long' * 20}/series"), 45).splitlines()
    assert max(map(len, lines)) <= 45
    assert lines[3].endswith("…")


def test_the_name_of_a_stack_stands_in_each_table() -> None:
    assert report.table(stacked(), 34).count("\npatches/more/series\n") == 2


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


def test_upstreams_changeset_may_be_unknown() -> None:
    gone = replace(GONE, changeset=None)
    found = replace(GOOD, columns=(column("5.4.2", "5.4", OFFSET, gone),))
    assert report.notes(found) == ["lfs-upload-through-httpsendfile: upstream since 5.4"]


def test_what_a_patch_before_has_is_told() -> None:
    twice = Cell(NAMES[1], Outcome.REPEATED, "x has it", problems=("x has it",))
    found = replace(GOOD, columns=(column("5.2.2", None, CLEAN, twice),))
    assert report.notes(found) == ["lfs-upload-through-httpsendfile on 5.2.2: x has it"]
    assert report.summary(found) == "2 patches on 1 release: 1 disagreement"
    assert report.word(twice, None) == "repeated"
    left_out = replace(twice, problems=())
    found = replace(GOOD, columns=(column("5.2.2", None, CLEAN, left_out),))
    assert report.notes(found) == ["lfs-upload-through-httpsendfile on 5.2.2: x has it"]


def test_summaries() -> None:
    assert report.summary(GOOD) == "2 patches on 6 releases: all as it should be"
    assert report.summary(BAD) == "2 patches on 3 releases: 2 conflicts, 1 not tried, 1 absent"


def test_words() -> None:
    words = [report.word(cell, *c.ports) for c in BAD.columns for cell in c.cells]
    assert words == ["conflict", "untried", "conflict", "n/a", "-", "absent"]


def test_nothing_to_show() -> None:
    assert report.table(Matrix((), ()), 80) == ""
    assert report.summary(Matrix((), ())) == "0 patches on 0 releases: all as it should be"


def test_plain_form_for_json() -> None:
    plain = GOOD.to_plain()
    assert plain["patches"] == list(NAMES)
    last = plain["releases"][-1]
    assert (last["version"], last["line"], last["ports"]) == ("7.2.4", "7.2", ["5.4"])
    assert last["patches"][1]["absorbed_by"] == {"release": "5.4", "changeset": "43eea17ae7b3"}
    assert plain["ok"] is True
    assert BAD.to_plain()["ok"] is False


def test_plain_form_of_stacks_on_each_other() -> None:
    plain = stacked().to_plain()
    assert plain["stacks"] == [
        {"series": "/p/series", "base": "5.2", "patches": [NAMES[0]]},
        {"series": "/p/patches/more/series", "base": "5.2", "patches": [NAMES[1]]},
    ]
    assert plain["patches"] == list(NAMES)
    assert plain["releases"][1]["ports"] == [None, "5.4"]
