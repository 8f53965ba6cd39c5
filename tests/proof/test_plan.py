"""Which cells a proof has, what stands for each, and what this machine cannot prove."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from helpers_imports import PACKAGE, imported
from helpers_proof import catalogue
from hgport.errors import UsageError
from hgport.model import project
from hgport.model.ranges import select
from hgport.model.release import line_key
from hgport.model.stack import Port, Stack
from hgport.places import project_dir
from hgport.proof import followups, plan
from hgport.proof.courses import (
    CLOSE,
    CONSOLIDATE,
    FIRST,
    NOT_REWOUND,
    REFUSE,
    RETRY,
    REWIND,
    Course,
)
from hgport.proof.expectations import HANG
from hgport.proof.interpreters import Interpreter
from hgport.proof.plan import Gap, Plan
from hgport.proof.scenarios import SCENARIOS, Scenario

STACK, CATALOGUE = project.load()


def made(text: str, *pythons: str, asked: tuple[str, ...] = (), upto: str | None = None) -> Plan:
    """The plan for a range on a machine with these Pythons."""
    found = {v: Interpreter(v, Path(f"/python{v}"), f"{v}.1; OpenSSL 3") for v in pythons}
    demanded = plan.demands(CATALOGUE, select(CATALOGUE, text), asked)
    return plan.make(STACK, CATALOGUE, demanded, found, upto=upto)


def test_an_affected_release_is_proven_in_every_python() -> None:
    whole = made("5.2", "2.7", "3.8")
    subjects = list(whole.by_subject())
    assert [(s.interpreter.version, len(s.patches)) for s in subjects] == [
        (v, count) for v in ("2.7", "3.8") for count in range(4)
    ]
    assert [s.whole for s in subjects[:4]] == [False, False, False, True]
    assert len(whole.cells) == 2 * 4 * len(SCENARIOS)
    assert whole.gaps == ()


def test_a_later_release_is_proven_in_the_first_python_that_there_is() -> None:
    release = select(CATALOGUE, "5.4")[0]
    first = release.pythons[0]
    assert {c.subject.interpreter.version for c in made("5.4", *release.pythons).cells} == {first}
    if len(release.pythons) > 1:
        others = release.pythons[1:]
        assert {c.subject.interpreter.version for c in made("5.4", *others).cells} == {others[0]}


def test_what_has_the_last_patch_goes_without_it() -> None:
    subjects = made("5.4", *select(CATALOGUE, "5.4")[0].pythons).by_subject()
    assert [s.applied for s in subjects] == [(), (REFUSE,), (REFUSE, REWIND)]
    assert [s.whole for s in subjects] == [False, False, True]


def test_a_missing_interpreter_is_a_gap() -> None:
    whole = made("4.9,5.0,5.2", "3.8")
    assert {(c.subject.release.line, c.subject.interpreter.version) for c in whole.cells} == {
        ("5.2", "3.8")
    }
    gaps = {gap.pythons: [release.line for release in gap.releases] for gap in whole.gaps}
    assert gaps == {("2.7",): ["4.9", "5.0", "5.2"], ("3.7",): ["5.0"]}


def test_the_gap_of_a_later_release_names_all_that_would_do() -> None:
    release = select(CATALOGUE, "7.2")[0]
    assert made("7.2").gaps == (Gap(release.pythons, (release,)),)


def test_only_the_pythons_that_were_asked_for() -> None:
    assert {c.subject.interpreter.version for c in made("5.2", "2.7", asked=("2.7",)).cells} == {
        "2.7"
    }
    assert made("4.9,5.2", "3.8", asked=("3.8",)).gaps == ()
    with pytest.raises(UsageError, match=r"none .* known to run on Python 3\.1") as caught:
        made("5.2", "3.1", asked=("3.1",))
    assert caught.value.hint is not None and "2.7, 3.8" in caught.value.hint


def test_each_asked_python_is_of_use() -> None:
    with pytest.raises(UsageError, match=r"known to run on Python 9\.9"):
        made("affected", "3.8", asked=("3.8", "9.9"))
    release = select(CATALOGUE, "7.2")[0]
    two = release.pythons[:2]
    cells = made("7.2", *two, asked=two).cells
    assert {cell.subject.interpreter.version for cell in cells} == set(two)
    # what was asked for, and is not there, is a gap
    assert made("7.2", two[0], asked=two).gaps == (Gap(two[1:], (release,)),)


def test_what_was_not_asked_for_is_left_out() -> None:
    wanted = select(CATALOGUE, "4.9,5.2,7.2")
    first, second, third = wanted
    assert plan.left_out(CATALOGUE, wanted, ()) == ()
    assert plan.left_out(CATALOGUE, wanted, ("2.7",)) == (
        Gap(("3.8",), (second,)),
        Gap(third.pythons, (third,)),
    )
    assert plan.left_out(CATALOGUE, wanted, ("3.8", third.pythons[-1])) == (
        Gap(("2.7",), (first, second)),
    )


@pytest.mark.parametrize("asked", [(), ("3.8",)])
def test_a_release_that_no_python_is_known_for_is_a_gap(asked: tuple[str, ...]) -> None:
    bare = dataclasses.replace(CATALOGUE.release("5.2"), pythons=())
    demanded = plan.demands(CATALOGUE, [bare, CATALOGUE.release("5.2.2")], asked)
    found = {"3.8": Interpreter("3.8", Path("/python3.8"), "3.8.1; OpenSSL 3")}
    assert Gap((), (bare,)) in plan.make(STACK, CATALOGUE, demanded, found).gaps


def test_what_the_release_has_counts_under_any_series(tmp_path: Path) -> None:
    # the catalogue tells what the release itself does, whoever's patches are put on it
    (tmp_path / "own.patch").write_text("--- a/hg\n+++ b/hg\n@@ -1,1 +1,1 @@\n-x\n+y\n")
    (tmp_path / "series").write_text("own.patch\n")
    stack, _catalogue = project.load(tmp_path / "series")
    release = select(CATALOGUE, "5.4")[0]
    demanded = plan.demands(CATALOGUE, [release], ())
    found = {v: Interpreter(v, Path(v), v) for v in release.pythons}
    mended = [row for row in SCENARIOS if row.course is NOT_REWOUND]
    cells = plan.make(stack, CATALOGUE, demanded, found, rows=mended).cells
    assert {cell.expected.name for cell in cells} == {"stored"}


def _port(stack: Stack, line: str, *names: str) -> Stack:
    """The stack with another port for a line, which has those of the patches."""
    patches = tuple(p for p in stack.for_line(line).series.patches if p.name in names)
    series = dataclasses.replace(stack.top, patches=patches)
    others = [port for port in stack.ports if port.line != line]
    ports = sorted([*others, Port(line, series)], key=lambda port: line_key(str(port.line)))
    return dataclasses.replace(stack, ports=tuple(ports))


def _ends(stack: Stack, line: str, upto: str | None = None) -> list[set[str]]:
    """What must come, in each state of the patches, of the rows that show the bug."""
    release = CATALOGUE.newest(line)
    demanded = [(release, release.pythons[:1])]
    found = {v: Interpreter(v, Path(v), v) for v in release.pythons}
    rows = [row for row in SCENARIOS if row.course is NOT_REWOUND]
    made = plan.make(stack, CATALOGUE, demanded, found, upto=upto, rows=rows)
    return [{cell.expected.name for cell in cells} for cells in made.by_subject().values()]


def test_a_port_that_lacks_a_patch_is_held_to_the_whole_series() -> None:
    assert _ends(STACK, "5.3") == [{"hang"}, {"refused"}, {"stored"}, {"stored"}]
    part = _port(STACK, "5.3", REFUSE)
    assert plan.lacking(part, CATALOGUE, CATALOGUE.newest("5.3")) == (REWIND, CONSOLIDATE)
    assert _ends(part, "5.3") == [{"hang"}, {"stored"}]
    # as far as it is asked for it is whole
    assert plan.lacking(part, CATALOGUE, CATALOGUE.newest("5.3"), REFUSE) == ()
    assert _ends(part, "5.3", REFUSE) == [{"hang"}, {"refused"}]
    assert _ends(_port(STACK, "5.3"), "5.3") == [{"stored"}]


def test_what_upstream_has_is_not_lacking() -> None:
    for line in CATALOGUE.lines:
        assert plan.lacking(STACK, CATALOGUE, CATALOGUE.newest(line)) == ()
    none = _port(STACK, "5.4")
    assert plan.lacking(none, CATALOGUE, CATALOGUE.newest("5.4")) == (REFUSE, REWIND)


def test_an_empty_port_of_another_series_is_held_to_what_ours_does() -> None:
    other = dataclasses.replace(STACK.top.patches[0], name="other.patch")
    top = dataclasses.replace(STACK.top, patches=(other,))
    stack = _port(Stack(top, (), "5.2"), "5.3")
    assert _ends(stack, "5.2") == [{"hang"}, {"stored"}]
    assert _ends(stack, "5.3") == [{"stored"}]
    assert plan.lacking(stack, CATALOGUE, CATALOGUE.newest("5.3")) == ()


def _both(text: str, *pythons: str) -> Plan:
    """The plan for the follow-ups on top of ours, on a machine with these Pythons."""
    stack, known = project.load(None, ["followups"])
    demanded = plan.demands(known, select(known, text), ())
    found = {v: Interpreter(v, Path(f"/python{v}"), f"{v}.1; OpenSSL 3") for v in pythons}
    return plan.make(stack, known, demanded, found, rows=followups.rows(stack.names))


def test_stacks_on_each_other_are_proven_patch_by_patch() -> None:
    whole = _both("5.2", "3.8")
    subjects = whole.by_subject()
    assert [s.applied for s in subjects] == [(*FIRST, CLOSE, RETRY)[:n] for n in range(6)]
    assert [s.whole for s in subjects] == [False] * 5 + [True]
    rows = [{cell.row for cell in cells} for cells in subjects.values()]
    # all with everything; without a patch all but those in which anything may happen
    assert rows[-1] == set(followups.EVERY)
    assert rows[0] == {r for r in followups.EVERY if not (r.follows_up and r.workers)}
    for subject, some in zip(list(subjects)[1:-1], rows[1:-1]):
        assert some == {
            row
            for row in followups.EVERY
            if subject.applied[-1] in row.course.patches
            and not (row.follows_up and row.workers and CLOSE not in subject.applied)
        }
    assert {cell.expected.name for cell in subjects[list(subjects)[-1]]} == {
        "stored",
        "failed",
        "given up",
        "refused",
    }


def test_the_follow_ups_alone() -> None:
    stack, known = project.load(project_dir() / "patches" / "followups")
    release = known.release("5.2.2")
    found = {"3.8": Interpreter("3.8", Path("/python3.8"), "3.8.1; OpenSSL 3")}
    rows = [row for row in followups.EVERY if row.course is NOT_REWOUND]
    in_workers = [
        row
        for row in followups.EVERY
        if row.workers and dataclasses.replace(row.course, until=None, reason="") == NOT_REWOUND
    ]
    cells = plan.make(stack, known, [(release, ("3.8",))], found, rows=[*rows, *in_workers]).cells
    assert {c.subject.applied for c in cells} == {(), (CLOSE,), (CLOSE, RETRY)}
    # each without the other: what is not rewound hangs, with workers, too
    told = {(c.row.workers, len(c.subject.applied), c.expected.name) for c in cells}
    assert told >= {(True, 1, "hang"), (True, 2, "hang"), (False, 0, "hang"), (False, 2, "hang")}
    assert not any("stored" in one for one in told)


def test_a_later_line_is_proven_in_one_python_of_each_kind() -> None:
    every = [f"3.{minor}" for minor in range(7, 14)]
    subjects = list(_both("5.2,5.4,7.2", "2.7", *every).by_subject())
    told = dict.fromkeys((s.release.line, s.interpreter.version) for s in subjects)
    assert list(told) == [
        ("5.2", "2.7"),
        ("5.2", "3.8"),
        ("5.4", "3.8"),
        ("5.4", "3.10"),
        ("5.4", "2.7"),
        ("7.2", "3.11"),
    ]


def test_a_layer_that_lacks_a_patch_is_found() -> None:
    stack, known = project.load(None, ["followups"])
    release = known.release("5.3.2")
    assert plan.lacking(stack, known, release) == ()
    part = dataclasses.replace(_port(stack, "5.3", CLOSE), under=stack.under)
    assert plan.lacking(part, known, release) == (RETRY,)
    assert plan.lacking(part, known, release, CLOSE) == ()


def test_no_further_than_a_patch() -> None:
    subjects = made("5.2", "3.8", asked=("3.8",), upto=REFUSE).by_subject()
    assert [s.applied for s in subjects] == [(), (REFUSE,)]
    upto_last = made("5.4", *select(CATALOGUE, "5.4")[0].pythons, upto=CONSOLIDATE).by_subject()
    assert [s.applied for s in upto_last][-1] == (REFUSE, REWIND)
    short = REFUSE.partition(".")[0]
    assert made("5.2", "3.8", asked=("3.8",), upto=short) == made(
        "5.2", "3.8", asked=("3.8",), upto=REFUSE
    )
    with pytest.raises(UsageError, match="no patch nothing"):
        made("5.2", "3.8", upto="nothing")


def test_every_cell_has_a_key_of_its_own() -> None:
    cells = made("affected", "2.7", "3.7", "3.8").cells
    assert len({cell.key for cell in cells}) == len(cells) >= 52 * 8


def test_what_goes_into_a_key() -> None:
    cell = made("5.2", "3.8", asked=("3.8",)).cells[-1]
    subject, patch = cell.subject, cell.subject.patches[0]

    def key(**changed: object) -> str:
        return plan._key(dataclasses.replace(subject, **changed), cell.row)  # type: ignore[arg-type]

    rest = subject.patches[1:]
    assert key() == cell.key
    other = dataclasses.replace(patch, body=patch.body + b"\n")
    changed = [
        key(release=dataclasses.replace(subject.release, sha256="0" * 64)),
        key(interpreter=dataclasses.replace(subject.interpreter, full="3.8.2; OpenSSL 3")),
        key(patches=(other, *rest)),
        key(patches=rest),
        plan._key(subject, dataclasses.replace(cell.row, workers=not cell.row.workers)),
        plan._key(subject, dataclasses.replace(cell.row, transport="gopher")),
        plan._key(subject, dataclasses.replace(cell.row, server="another")),
        plan._key(subject, SCENARIOS[0]),
    ]
    assert len({cell.key, *changed}) == len(changed) + 1
    # where an interpreter lies and what a patch says about itself make no difference
    assert key(interpreter=dataclasses.replace(subject.interpreter, path=Path("/x"))) == cell.key
    assert key(patches=(dataclasses.replace(patch, description="x"), *rest)) == cell.key
    # and what must come of a row is judged anew each time
    assert plan._key(subject, dataclasses.replace(cell.row, course=Course(HANG))) == cell.key
    assert plan._key(subject, dataclasses.replace(cell.row, quick=not cell.row.quick)) == cell.key


def test_a_row_is_left_out_where_it_makes_no_sense() -> None:
    plain = SCENARIOS[0]
    late = dataclasses.replace(plain, since="5.0")
    wanted = select(CATALOGUE, "4.9,5.0,5.2")
    demanded = plan.demands(CATALOGUE, wanted, ("2.7",))
    found = {"2.7": Interpreter("2.7", Path("/python2.7"), "2.7.18; OpenSSL 1")}

    def lines(*rows: Scenario) -> set[str]:
        cells = plan.make(STACK, CATALOGUE, demanded, found, rows=rows).cells
        return {cell.subject.release.line for cell in cells if cell.row is rows[-1]}

    assert lines(plain) == {"4.9", "5.0", "5.2"}
    assert lines(plain, late) == {"5.0", "5.2"}
    assert plan.without_rows(wanted, [plain, late]) == ()
    assert plan.without_rows(wanted, [late]) == (wanted[0],)


def test_the_cells_of_each_subject() -> None:
    whole = made("5.2", "2.7", "3.8")
    by_subject = whole.by_subject()
    assert [cell for cells in by_subject.values() for cell in cells] == list(whole.cells)
    # also where they were put together otherwise
    mixed = Plan(whole.cells[::2] + whole.cells[1::2], ()).by_subject()
    assert {s: set(c.key for c in cells) for s, cells in mixed.items()} == {
        s: set(c.key for c in cells) for s, cells in by_subject.items()
    }


def test_all_code_that_makes_a_tree_and_runs_a_cell_goes_into_a_key() -> None:
    reached: set[Path] = set()
    fresh = {
        PACKAGE / name for name in ("proof/cell.py", "engine/apply.py", "upstream/contents.py")
    }
    while fresh:
        reached |= fresh
        fresh = {other for module in fresh for other in imported(module)} - reached
    names = {str(path.relative_to(PACKAGE)) for path in reached}
    tables = {f"proof/{one}.py" for one in ("scenarios", "followups", "courses", "expectations")}
    in_key_by_value = {*tables, "proof/interpreters.py"}
    # whatever these do, an sdist has the hash that is in the key, or is refused
    checked = {f"upstream/{one}.py" for one in ("sdist", "download", "index")}
    said = {"errors.py", "output.py"}
    neither_bytes_nor_time = {*said, "places.py", "sqlitecache.py", "model/release.py"}
    assert names - in_key_by_value - checked - neither_bytes_nor_time <= set(plan._HARNESS)
    assert "mercurial" in plan._STANDS_ON


def test_no_row_is_stated_by_the_release_but_by_what_it_has() -> None:
    # the same table serves every release: the expectation changes where the catalogue says so
    absorbed = [r for r in catalogue().releases if catalogue().absorption(CONSOLIDATE, r)]
    assert {r.line for r in absorbed}.isdisjoint(r.line for r in select(CATALOGUE, "affected"))
