"""The verdicts on a stack: every word of them, what disagrees, and how they are remembered."""

from __future__ import annotations

import concurrent.futures
import json
import shutil
import sys
from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport import process
from hgport.engine.matrix import Cell, Matrix
from hgport.engine.outcome import Outcome
from hgport.engine.verdicts import verdicts
from hgport.errors import UsageError
from hgport.model import project
from hgport.model.ranges import select

BASE = numbered(30)
ONE = patch_bytes(file_diff("f", BASE, numbered(30, line10="new 10")))
TWO = patch_bytes(file_diff("g", b"old\n", b"new\n"))
FILES = {"f": BASE, "g": b"old\n"}


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = Project(tmp_path)
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


def matrix(series: Path | None = None, *over: str, **options: int) -> Matrix:
    stack, catalogue = project.load(series, over)
    return verdicts(stack, catalogue, select(catalogue, "all"), **options)


def outcomes(found: Matrix, row: int = 0) -> list[str]:
    cells = [column.cells[row] for column in found.columns]
    return ["-" if cell is None else cell.outcome.value for cell in cells]


def test_ports_offsets_and_conflicts(made: Project) -> None:
    made.release("4.9", {"f": numbered(30, line9="4.9"), "g": b"old\n"})
    made.release("5.2", FILES)
    made.release("5.3", {**FILES, "f": b"x\n" + BASE})
    made.release("5.4", {"f": b"x\n", "g": b"old\n"})
    made.release("5.5", {"other": b""})
    ported = patch_bytes(
        file_diff("f", numbered(30, line9="4.9"), numbered(30, line9="4.9", line10="new"))
    )
    made.write(
        "5.2", {"1.patch": ONE, "2.patch": TWO}, {"4.9": {"1.patch": ported, "2.patch": TWO}}
    )
    found = matrix()
    assert outcomes(found) == ["clean", "clean", "offset", "conflict", "not affected"]
    assert outcomes(found, 1) == ["clean", "clean", "clean", "not tried", "not affected"]
    assert [column.ports for column in found.columns] == [("4.9",), *[(None,)] * 4]
    assert not found.is_right


def test_upstreamed_when_both_say_so(made: Project) -> None:
    made.release("5.2", FILES)
    made.release("5.4", {"f": b"upstream did this\n", "g": b"old\n"})
    made.absorbed("1.patch", "5.4", "f", "upstream did this")
    made.write("5.2", {"1.patch": ONE, "2.patch": TWO}, {"5.4": {"2.patch": TWO}})
    found = matrix()
    assert outcomes(found) == ["clean", "upstreamed"]
    assert outcomes(found, 1) == ["clean", "clean"]
    assert found.columns[1].cells[0] == Cell(
        "1.patch", Outcome.UPSTREAMED, since="5.4", changeset="0123456789ab"
    )
    assert found.is_right


def test_what_upstream_has_should_be_left_out_but_does_not_stop_the_rest(made: Project) -> None:
    made.release("5.2", FILES)
    made.release("5.4", {"f": b"upstream did this\n", "g": b"old\n"})
    made.absorbed("1.patch", "5.4", "f", "upstream did this")
    made.write("5.2", {"1.patch": ONE, "2.patch": TWO})
    found = matrix()
    assert outcomes(found) == ["clean", "upstreamed"]
    assert outcomes(found, 1) == ["clean", "clean"]
    cell = found.columns[1].cells[0]
    assert cell is not None
    assert cell.problems == ("upstream has it, yet the series still lists it",)


@pytest.mark.parametrize(
    "old, new, problem",
    [
        ("plain", "plain", "but f has no line 'upstream did this'"),
        ("upstream did this", "upstream did this", "since 5.4 only"),
    ],
)
def test_the_catalogue_and_the_content_disagree(
    made: Project, old: str, new: str, problem: str
) -> None:
    made.release("5.2", {**FILES, "f": BASE + old.encode() + b"\n"})
    made.release("5.4", {"f": new.encode() + b"\n", "g": b"old\n"})
    made.absorbed("1.patch", "5.4", "f", "upstream did this")
    made.write("5.2", {"1.patch": ONE, "2.patch": TWO}, {"5.4": {"2.patch": TWO}})
    found = matrix()
    cells = [column.cells[0] for column in found.columns]
    assert any(problem in text for cell in cells if cell for text in cell.problems)
    assert not found.is_right


def test_a_patch_that_is_there_by_content_alone_is_a_disagreement(made: Project) -> None:
    made.release("5.2", FILES)
    made.release("5.4", {**FILES, "f": numbered(30, line10="new 10")})
    made.write("5.2", {"1.patch": ONE})
    found = matrix()
    assert outcomes(found) == ["clean", "upstreamed"]
    assert not found.is_right
    # a stack that the catalogue does not know is not contradicted by it
    plain = made.root / "elsewhere"
    plain.mkdir()
    (plain / "series").write_text("1.patch\n")
    (plain / "1.patch").write_bytes(ONE)
    foreign = matrix(plain / "series")
    assert outcomes(foreign) == ["clean", "upstreamed"]
    assert foreign.is_right


def test_a_patch_that_an_earlier_one_has_is_not_called_upstreams(made: Project) -> None:
    made.release("5.2", FILES)
    made.release("5.4", {**FILES, "f": numbered(30, line10="new 10")})
    series = made.write("5.2", {"1.patch": ONE, "2.patch": TWO, "3.patch": ONE})
    found = matrix()
    # where the release itself has it, it is as before
    assert outcomes(found) == ["clean", "upstreamed"]
    assert outcomes(found, 2) == ["repeated", "upstreamed"]
    cell = found.columns[0].cells[2]
    assert cell is not None
    assert cell.problems == ("1.patch, a patch before it, has every hunk of it",)
    # also in a stack that the catalogue does not know
    plain = made.root / "elsewhere"
    plain.mkdir()
    for path in (series, *(made.root / "patches").glob("*.patch")):
        shutil.copy(path, plain)
    foreign = matrix(plain / "series")
    assert outcomes(foreign, 2) == ["repeated", "upstreamed"]
    assert [cell.is_right for cell in foreign.columns[0].cells if cell] == [True, True, False]
    assert all(cell.is_right for cell in foreign.columns[1].cells if cell)


def test_a_port_that_leaves_a_patch_out_for_no_reason(made: Project) -> None:
    made.release("5.2", FILES)
    made.release("5.3", FILES)
    made.write("5.2", {"1.patch": ONE, "2.patch": TWO}, {"5.3": {"2.patch": TWO}})
    found = matrix()
    assert outcomes(found) == ["clean", "absent"]
    assert not found.is_right


def test_a_patch_of_a_port_alone(made: Project) -> None:
    made.release("5.2", FILES)
    made.release("5.3", FILES)
    made.write("5.2", {"1.patch": ONE}, {"5.3": {"1.patch": ONE, "more.patch": TWO}})
    found = matrix()
    assert outcomes(found, 1) == ["-", "clean"]
    assert found.is_right


def test_fuzz_is_part_of_what_is_remembered(made: Project) -> None:
    made.release("5.2", {"f": BASE.replace(b"line 7\n", b"x\n")})
    made.write("5.2", {"1.patch": ONE})
    assert outcomes(matrix()) == ["conflict"]
    assert outcomes(matrix(fuzz=1)) == ["fuzz"]
    assert outcomes(matrix()) == ["conflict"]


def test_a_path_through_a_file_of_the_release(made: Project) -> None:
    made.release("5.2", {"tests": b"a file\n"})
    made.write("5.2", {"1.patch": patch_bytes(file_diff("tests/t", None, b"x\n"))})
    with pytest.raises(UsageError, match="goes through 'tests'"):
        matrix()


def test_a_directory_of_the_release_where_a_patch_makes_a_file(made: Project) -> None:
    made.release("5.2", FILES)
    made.release("5.3", {**FILES, "new/file": b""})
    new = patch_bytes(file_diff("new", None, b"x\n"))
    made.write("5.2", {"1.patch": new, "2.patch": TWO})
    for _again in range(2):
        found = matrix()
        assert outcomes(found) == ["clean", "conflict"]
        assert outcomes(found, 1) == ["clean", "not tried"]
        cell = found.columns[1].cells[0]
        assert cell is not None
        assert cell.message == "new is a directory there"


def test_directories_are_remembered_and_damaged_ones_read_again(made: Project) -> None:
    made.release("5.3", {**FILES, "new/er/file": b""})
    made.write("5.3", {"1.patch": patch_bytes(file_diff("new", None, b"x\n"))})
    assert outcomes(matrix()) == ["conflict"]
    (memory,) = (made.cache / "directories").iterdir()
    good = memory.read_bytes()
    for damaged in (good[:-1], b"", b"x" + good):
        memory.write_bytes(damaged)
        for path in (made.cache / "verdicts").glob("*.json"):
            path.unlink()
        assert outcomes(matrix()) == ["conflict"]
        assert memory.read_bytes() == good


def test_a_patch_for_none_of_the_releases_is_not_right(made: Project) -> None:
    made.release("5.2", FILES)
    made.release("5.3", {"f": BASE})
    typo = patch_bytes(file_diff("typo/f", BASE, numbered(30, line10="new 10")))
    made.write("5.2", {"1.patch": typo, "2.patch": TWO})
    found = matrix()
    assert outcomes(found) == ["not affected"] * 2
    assert outcomes(found, 1) == ["clean", "not affected"]
    assert found.nowhere == ("1.patch",)
    assert not found.is_right


# stacks on each other


def on_top(made: Project, patches: dict[str, bytes], **ports: dict[str, bytes]) -> None:
    """Patch 1 changes line 10 of f on 5.2 and 5.3, and the stack ``more`` comes on top of it."""
    made.release("5.2", FILES)
    made.release("5.3", {"f": b"x\n" + BASE, "g": b"old\n"})
    made.write("5.2", {"1.patch": ONE})
    made.further("more", patches, {line.replace("_", "."): p for line, p in ports.items()})


AFTER = patch_bytes(
    file_diff("f", numbered(30, line10="new 10"), numbered(30, line10="new 10", line11="11"))
)


def test_a_stack_on_top_is_judged_on_what_the_lower_one_leaves(made: Project) -> None:
    on_top(made, {"2.patch": AFTER})
    found = matrix(None, "more")
    assert found.names == ("1.patch", "2.patch")
    assert [layer.names for layer in found.layers] == [("1.patch",), ("2.patch",)]
    assert outcomes(found, 0) == outcomes(found, 1) == ["clean", "offset"]
    assert found.is_right
    # by itself it does not fit
    assert outcomes(matrix(made.root / "patches/more")) == ["conflict"] * 2


def test_each_stack_has_ports_of_its_own(made: Project) -> None:
    below = b"x\n" + numbered(30, line10="new 10")
    other = patch_bytes(file_diff("f", below, below.replace(b"line 11\n", b"11\n")))
    on_top(made, {"2.patch": AFTER}, **{"5_3": {"2.patch": other}})
    found = matrix(None, "more")
    assert [column.ports for column in found.columns] == [(None, None), (None, "5.3")]
    assert outcomes(found, 1) == ["clean", "clean"]


def test_what_does_not_apply_below_is_not_tried_above(made: Project) -> None:
    on_top(made, {"2.patch": TWO})
    (made.root / "patches/1.patch").write_bytes(ONE.replace(b"line 9", b"line x"))
    found = matrix(None, "more")
    assert outcomes(found) == ["conflict"] * 2
    assert outcomes(found, 1) == ["not tried"] * 2


def test_what_the_lower_stack_does_already_is_no_good_news(made: Project) -> None:
    on_top(made, {"2.patch": ONE})
    found = matrix(None, "more")
    assert outcomes(found) == ["clean", "offset"]
    assert outcomes(found, 1) == ["repeated"] * 2
    assert not found.is_right


def test_a_port_may_leave_out_what_the_lower_stack_does(made: Project) -> None:
    on_top(made, {"2.patch": ONE, "3.patch": TWO}, **{"5_2": {"3.patch": TWO}})
    cell = matrix(None, "more").columns[0].cells[1]
    assert cell == Cell(
        "2.patch", Outcome.REPEATED, "a patch of a stack below has every hunk of it"
    )
    assert cell.is_right


def test_upstream_may_have_a_patch_of_the_upper_stack(made: Project) -> None:
    made.release("5.4", {"f": b"upstream did this\n" + BASE, "g": b"old\n"})
    made.absorbed("2.patch", "5.4", "f", "upstream did this")
    on_top(made, {"2.patch": AFTER, "3.patch": TWO}, **{"5_4": {"3.patch": TWO}})
    found = matrix(None, "more")
    assert outcomes(found, 1) == ["clean", "offset", "upstreamed"]
    assert outcomes(found, 2) == ["clean"] * 3
    cell = found.columns[2].cells[1]
    assert cell is not None
    assert (cell.since, cell.problems) == ("5.4", ())
    assert found.is_right


def test_a_port_of_the_upper_stack_that_leaves_a_patch_out_for_no_reason(made: Project) -> None:
    on_top(made, {"2.patch": AFTER, "3.patch": TWO}, **{"5_3": {"3.patch": TWO}})
    assert outcomes(matrix(None, "more"), 1) == ["clean", "absent"]


def test_what_the_lower_stack_makes_is_there_for_the_upper_one(made: Project) -> None:
    made.release("5.2", FILES)
    made.release("5.3", FILES)
    made.write("5.2", {"1.patch": patch_bytes(file_diff("new", None, b"a\n"))})
    change = patch_bytes(file_diff("new", b"a\n", b"b\n"))
    made.further("more", {"2.patch": change, "3.patch": TWO}, {"5.3": {"3.patch": TWO}})
    # so a port that leaves the change out has no reason
    assert outcomes(matrix(None, "more"), 1) == ["clean", "absent"]


def test_the_lower_stack_makes_it_in_the_order_of_its_port(made: Project) -> None:
    ten, twenty = (numbered(30, **{line: "new"}) for line in ("line10", "line20"))
    first, second = (patch_bytes(file_diff("f", BASE, made)) for made in (ten, twenty))
    made.release("5.2", FILES)
    made.release("5.3", FILES)
    lower = {"1.patch": first, "2.patch": second}
    made.write("5.2", lower, {"5.3": dict(reversed(lower.items()))})
    upper = {"3.patch": first, "4.patch": TWO}
    made.further("more", upper, {"5.3": {"4.patch": TWO}})
    assert outcomes(matrix(None, "more"), 2) == ["repeated"] * 2


def test_a_stack_that_is_none_of_the_catalogues_may_lie_on_one_that_is(made: Project) -> None:
    on_top(made, {"2.patch": AFTER})
    mine = made.root / "mine"
    mine.mkdir()
    (mine / "series").write_text("3.patch\n")
    (mine / "3.patch").write_bytes(AFTER)
    found = matrix(None, "more", str(mine))
    assert outcomes(found, 2) == ["repeated"] * 2
    assert not found.is_right


def test_each_way_to_put_stacks_together_is_remembered_for_itself(made: Project) -> None:
    on_top(made, {"2.patch": AFTER})
    for _again in range(2):
        assert outcomes(matrix()) == ["clean", "offset"]
        assert outcomes(matrix(None, "more"), 1) == ["clean", "offset"]
        assert outcomes(matrix(made.root / "patches/more")) == ["conflict"] * 2
    (made.root / "patches/1.patch").write_bytes(ONE.replace(b"new 10", b"other"))
    assert outcomes(matrix(None, "more"), 1) == ["conflict"] * 2


# remembering


def test_changed_code_is_asked_anew(
    made: Project, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every module that a verdict comes through counts, wherever it stands."""
    from hgport.engine import verdicts as module

    copy = tmp_path_factory.mktemp("code") / "hgport"
    shutil.copytree(Path(module.hgport.__file__).parent, copy)
    monkeypatch.setattr(module.hgport, "__file__", str(copy / "__init__.py"))
    seen = {module._code_hash()}
    for name in ("model/patch.py", "model/header.py", "engine/outcome.py", "upstream/unpack.py"):
        with (copy / name).open("a") as out:
            out.write("# changed\n")
        seen.add(module._code_hash())
    assert len(seen) == 5


def simple(made: Project) -> None:
    made.release("5.2", FILES)
    made.write("5.2", {"1.patch": ONE})


def test_a_second_run_imports_no_mercurial(made: Project) -> None:
    simple(made)
    code = (
        "import sys; from hgport.cli import run; code = run(['status']);"
        "assert code == 0, code; print([m for m in sys.modules if m.startswith('mercurial')])"
    )
    first, second = (process.run([sys.executable, "-c", code]).stdout.decode() for _ in range(2))
    assert "mercurial.patch" in first
    assert second.splitlines()[-1] == "[]"


def test_a_changed_patch_is_judged_anew(made: Project) -> None:
    simple(made)
    assert outcomes(matrix()) == ["clean"]
    (made.root / "patches" / "1.patch").write_bytes(ONE.replace(b"line 7", b"line x"))
    assert outcomes(matrix()) == ["conflict"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "sealed nonsense"])
def test_damaged_memory_is_judged_anew(made: Project, damage: str) -> None:
    simple(made)
    good = matrix()
    (path,) = (made.cache / "verdicts").glob("*.json")
    data = path.read_bytes()
    if damage == "cut":
        path.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        path.write_bytes(data.replace(b"clean", b"fuzzy"))
    else:
        from hgport.engine.verdicts import _sealed

        entries = json.loads(data.partition(b"\n")[2])
        path.write_bytes(_sealed({key: [{"patch": "1.patch"}] for key in entries}))
    assert matrix() == good
    assert path.read_bytes() == data


def test_a_cache_that_cannot_be_written_costs_a_word(
    made: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    simple(made)
    (made.cache / "verdicts").write_text("no directory")
    assert outcomes(matrix()) == ["clean"]
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "verdicts are not remembered" in said


def test_two_at_once(made: Project) -> None:
    simple(made)
    words = [sys.executable, "-m", "hgport", "status"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        said = [done.stdout for done in pool.map(process.run, [words, words])]
    assert said[0] == said[1]
    assert outcomes(matrix()) == ["clean"]


def test_only_the_newest_are_kept(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    simple(made)
    monkeypatch.setattr("hgport.engine.verdicts._KEPT", 2)
    for fuzz in range(4):
        matrix(fuzz=fuzz)
    assert len(list((made.cache / "verdicts").glob("*.json"))) == 2


def test_cells_come_back_from_plain(made: Project) -> None:
    made.release("5.2", {"f": b"x\n"})
    made.write("5.2", {"1.patch": ONE})
    (cell,) = matrix().columns[0].cells
    assert cell is not None
    assert cell.hunks
    assert Cell.from_plain(json.loads(json.dumps(cell.to_plain()))) == cell
