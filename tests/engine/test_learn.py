"""What is remembered of a port, and its regeneration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes, write_stack
from helpers_rebase import BOTH, OLD, ONE, PATCHES, THREE, TWO, port, project
from hgport.engine.carry import CarryOrder, carry
from hgport.engine.learn import learn, regenerate, tend
from hgport.engine.origins import origin_of
from hgport.engine.records import Kind
from hgport.engine.resolutions import memory_of
from hgport.errors import HgportError
from hgport.model import project as model


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    return project(tmp_path / "project", monkeypatch)


def write(made: Project, ports: dict[str, dict[str, bytes]]) -> None:
    """Add port directories."""
    write_stack(made.root, PATCHES, ports)


def taught(line: str) -> tuple[str, ...]:
    """Learn, and say which records were written or removed."""
    stack, catalogue = model.load()
    top = stack.top.directory / "resolutions"
    return tuple(str(path.relative_to(top)) for path in learn(stack, catalogue, line))


def same(line: str) -> bool:
    """Whether a port comes out as it is."""
    stack, catalogue = model.load()
    (one,) = [port for port in stack.ports if port.line == line]
    return regenerate(stack, catalogue, one, memory_of(stack)).is_same


def test_a_conflict_is_learned_once(made: Project) -> None:
    write(made, {"5.1": port()})
    assert not same("5.1")
    assert taught("5.1") == ("5.1/2.patch",)
    assert same("5.1")
    assert taught("5.1") == ()
    stack, _catalogue = model.load()
    (record,) = memory_of(stack).records
    (edit,) = record.edits("f")
    assert edit.kind is Kind.CONFLICT
    assert edit.after == b"upstream and patched ten\n"


def test_what_comes_by_itself_leaves_no_record(made: Project) -> None:
    assert taught("5.3") == ()
    stack, catalogue = model.load()
    target = catalogue.release("5.3")
    order = CarryOrder(stack, catalogue, origin_of(stack, catalogue, target), target)
    write(made, {"5.3": dict(carry(order).port)})
    assert taught("5.3") == ()
    assert same("5.3")


def test_a_patch_that_is_left_out(made: Project) -> None:
    write(made, {"5.1": {ONE: PATCHES[ONE]}})
    assert taught("5.1") == ("5.1/2.patch", "5.1/3.patch")
    assert same("5.1")
    assert taught("5.1") == ()


def test_a_patch_that_is_repeated_is_not_left_out_by_anybody(made: Project) -> None:
    again = {**PATCHES, "again.patch": PATCHES[ONE]}
    write_stack(made.root, again, {"5.1": {ONE: PATCHES[ONE]}})
    assert taught("5.1") == ("5.1/2.patch", "5.1/3.patch")


def test_all_that_a_person_can_change(made: Project) -> None:
    second = patch_bytes(
        file_diff("f", OLD["f"], numbered(30, line10="mine", line20="also mine")),
        file_diff("i", None, b"of 5.1\nalone"),
        subject="two: second, otherwise",
    )
    third = patch_bytes(
        file_diff("h", numbered(20), numbered(20, line3="third", line15="more")),
        subject="three: third",
    )
    write(made, {"5.1": {TWO: second, THREE: third}})
    assert taught("5.1") == ("5.1/1.patch", "5.1/2.patch", "5.1/3.patch")
    assert same("5.1")
    assert taught("5.1") == ()
    # the person thinks better of it
    write(made, {"5.1": port()})
    assert taught("5.1") == ("5.1/1.patch", "5.1/2.patch", "5.1/3.patch")
    assert same("5.1")
    assert [record.patch for record in memory_of(model.load()[0]).records] == [TWO]


def test_a_port_made_from_another(made: Project) -> None:
    write(made, {"5.1": port(), "5.0": port(numbered(30, line10="ten", line11="eleven"))})
    assert set(taught("5.1")) == {"5.1/2.patch", "5.0/2.patch"}
    assert same("5.1") and same("5.0")
    # what 5.0 has beyond 5.1 changes with 5.1
    write(made, {"5.1": port(numbered(30, line10="ten"))})
    assert set(taught("5.1")) == {"5.1/2.patch", "5.0/2.patch"}
    assert same("5.1") and same("5.0")
    write(made, {"5.1": port(), "5.0": port()})
    assert set(taught("5.1")) == {"5.1/2.patch", "5.0/2.patch"}
    assert [record.line for record in memory_of(model.load()[0]).records] == ["5.1"]
    assert same("5.0")


def test_a_touched_port_is_seen(made: Project) -> None:
    write(made, {"5.1": port()})
    taught("5.1")
    write(made, {"5.1": port(BOTH.replace(b"and", b"or"))})
    stack, catalogue = model.load()
    found = regenerate(stack, catalogue, stack.ports[0], memory_of(stack))
    (difference,) = found.differences
    assert difference.patch == TWO
    assert b"+upstream or patched ten" in (difference.found or b"")
    assert b"+upstream and patched ten" in (difference.made or b"")
    series = made.root / "patches" / "5.1" / "series"
    write(made, {"5.1": port()})
    series.write_text(f"{TWO}\n{ONE}\n{THREE}\n")
    stack, catalogue = model.load()
    found = regenerate(stack, catalogue, stack.ports[0], memory_of(stack))
    assert found.differences == () and found.reordered and not found.is_same


def test_a_port_that_does_not_apply(made: Project) -> None:
    write(made, {"5.1": {**port(), TWO: PATCHES[TWO]}})
    with pytest.raises(HgportError, match="2.patch of the port for 5.1 does not apply to its own"):
        taught("5.1")


EXTRA = patch_bytes(file_diff("u", None, b"plain\n"), subject="utf: plain")
OWN = {ONE: PATCHES[ONE], "utf-plain.patch": EXTRA, TWO: port()[TWO], THREE: PATCHES[THREE]}


def test_a_patch_that_only_a_port_has(made: Project) -> None:
    write(made, {"5.1": OWN, "5.0": port()})
    assert set(taught("5.1")) == {"5.1/2.patch", "5.1/utf-plain.patch", "5.0/utf-plain.patch"}
    assert same("5.1") and same("5.0")
    assert taught("5.1") == ()
    stack, catalogue = model.load()
    record = memory_of(stack).record("5.1", "utf-plain.patch")
    assert (record.whole, record.after) == (EXTRA, ONE)
    # without memory nothing but it is known
    assert [r.patch for r in memory_of(stack).nothing().records] == ["utf-plain.patch"]
    # a person drops it again
    write(made, {"5.1": port()})
    assert set(taught("5.1")) == {"5.1/utf-plain.patch", "5.0/utf-plain.patch"}
    assert same("5.1") and same("5.0")


def test_what_leaves_a_port_stays_in_those_made_from_it(made: Project) -> None:
    write(made, {"5.1": port(), "5.0": port()})
    taught("5.1")
    write(made, {"5.1": {name: port()[name] for name in (ONE, TWO)}})
    stack, catalogue = model.load()
    learn(stack, catalogue, "5.1", dependents=False)
    assert same("5.1") and not same("5.0")
    records, told = tend(stack, catalogue, stack.ports[1], list(PATCHES))
    assert [path.name for path in records] == [THREE]
    assert told == ("3.patch stays in the port for 5.0 as its own.",)
    assert same("5.0")
    assert memory_of(stack).record("5.0", THREE).whole == PATCHES[THREE]


def test_what_a_port_lacks_of_a_change_is_nobodys_decision(made: Project) -> None:
    write(made, {"5.1": port(), "5.0": port()})
    taught("5.1")
    write(made, {"5.1": OWN})
    stack, catalogue = model.load()
    learn(stack, catalogue, "5.1", dependents=False)
    records, told = tend(stack, catalogue, stack.ports[1], list(PATCHES))
    assert records == () and len(told) == 1
    assert told[0].startswith("The port for 5.0 is made from this one, and is not what comes of it")
    assert not same("5.0")
    assert not memory_of(stack).is_dropped("5.0", "utf-plain.patch")


def test_a_port_in_another_order(made: Project) -> None:
    write(made, {"5.1": {name: port()[name] for name in (TWO, THREE, ONE)}})
    taught("5.1")
    assert same("5.1")
    assert taught("5.1") == ()


def test_a_stack_of_which_no_base_is_known(made: Project) -> None:
    write(made, {"5.1": port()})
    stack, catalogue = model.load()
    foreign = replace(stack, base=None)
    assert learn(foreign, catalogue, "5.1") == ()
    (record,) = learn(foreign, catalogue, "5.1", base="5.2")
    assert record.name == TWO
