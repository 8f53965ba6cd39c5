"""Port directories: which are needed, and that one is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers_engine import Project, file_diff, numbered, patch_bytes
from hgport.engine import ports
from hgport.errors import OutsideError, UsageError
from hgport.model import project
from hgport.model.stack import Stack

BASE = numbered(30)
CHANGED = numbered(30, line10="new 10")
ONE = patch_bytes(file_diff("f", BASE, CHANGED))
TWO = patch_bytes(file_diff("f", CHANGED, numbered(30, line10="new 10", line20="new 20")))
# as ONE, with less around it
NARROW = patch_bytes(file_diff("f", BASE, CHANGED, context=1))


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    result = Project(tmp_path)
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))
    monkeypatch.setenv("HGPORT_CACHE", str(result.cache))
    return result


def stack_of(made: Project, ported: dict[str, dict[str, bytes]] | None = None) -> Stack:
    made.release("5.2", {"f": BASE})
    made.write("5.2", {"one.patch": ONE}, ported)
    return project.load()[0]


def files(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


# writing


def test_a_new_port(made: Project) -> None:
    stack = stack_of(made)
    directory = ports.write_port(stack, "4.9", [("one.patch", ONE), ("sub/two.patch", TWO)])
    assert directory == made.root / "patches" / "4.9"
    assert files(directory) == {
        "series": b"one.patch\nsub/two.patch\n",
        "one.patch": ONE,
        "sub/two.patch": TWO,
    }
    (port,) = project.load()[0].ports
    assert (port.line, port.series.names) == ("4.9", ("one.patch", "sub/two.patch"))


def test_a_port_of_nothing(made: Project) -> None:
    directory = ports.write_port(stack_of(made), "5.4", [])
    assert directory is not None
    assert files(directory) == {"series": b""}


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_port_is_replaced_whole(
    made: Project, monkeypatch: pytest.MonkeyPatch, in_one_step: bool
) -> None:
    if not in_one_step:
        monkeypatch.setattr(ports, "_exchanged", lambda one, other: False)
    stack_of(made, {"4.9": {"one.patch": ONE, "two.patch": TWO}})
    where = made.root / "patches" / "4.9"
    (where / "series").write_bytes(b"# why\none.patch # here\ntwo.patch\n")
    (where / "NOTES").write_bytes(b"mine")
    stack = project.load()[0]
    assert ports.write_port(stack, "4.9", [("one.patch", NARROW)]) == where
    assert files(where) == {
        "series": b"# why\none.patch # here\n",
        "one.patch": NARROW,
        "NOTES": b"mine",
    }
    assert sorted(path.name for path in where.parent.iterdir()) == [
        "4.9",
        "one.patch",
        "releases.toml",
    ]


def test_what_is_there_already_is_left_alone(made: Project) -> None:
    stack_of(made, {"4.9": {"one.patch": ONE}})
    series = made.root / "patches" / "4.9" / "series"
    series.write_bytes(b"# why\n\none.patch\n")
    before = series.stat().st_mtime_ns, series.stat().st_ino
    assert ports.write_port(project.load()[0], "4.9", [("one.patch", ONE)]) is None
    assert (series.stat().st_mtime_ns, series.stat().st_ino) == before


def test_a_failure_leaves_the_old_port(made: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    stack = stack_of(made, {"4.9": {"one.patch": ONE}})
    where = made.root / "patches" / "4.9"
    before = files(where)
    # a directory lies where a patch is to be written
    (where / "two.patch").mkdir()
    with pytest.raises(OutsideError):
        ports.write_port(stack, "4.9", [("one.patch", NARROW), ("two.patch", TWO)])
    assert files(where) == before
    assert not [path for path in where.parent.iterdir() if path.name.startswith(".")]


def test_what_a_killed_run_put_aside_comes_back(made: Project) -> None:
    stack = stack_of(made, {"4.9": {"one.patch": ONE}})
    where = made.root / "patches" / "4.9"
    where.rename(where.with_name(".hgport-old-4.9"))
    assert ports.write_port(stack, "4.9", [("one.patch", NARROW)]) == where
    assert files(where)["one.patch"] == NARROW
    assert not where.with_name(".hgport-old-4.9").exists()


@pytest.mark.parametrize("name", ["series", "one.patch"])
def test_a_port_that_was_changed_meanwhile_stays(made: Project, name: str) -> None:
    stack = stack_of(made, {"4.9": {"one.patch": ONE}})
    where = made.root / "patches" / "4.9"
    (where / name).write_bytes(b"# news\n")
    for act in (
        lambda: ports.write_port(stack, "4.9", [("one.patch", NARROW)]),
        lambda: ports.remove_port(stack, "4.9"),
    ):
        with pytest.raises(UsageError, match=f"4.9/{name} was changed meanwhile"):
            act()
    assert (where / name).read_bytes() == b"# news\n"


def test_a_port_that_another_has_made_meanwhile_stays(made: Project) -> None:
    stack = stack_of(made)
    where = made.root / "patches" / "4.9"
    where.mkdir()
    (where / "series").write_bytes(b"one.patch\n")
    with pytest.raises(UsageError, match="was made meanwhile"):
        ports.write_port(stack, "4.9", [("one.patch", ONE)])
    assert files(where) == {"series": b"one.patch\n"}


def test_removing(made: Project) -> None:
    stack = stack_of(made, {"4.9": {"a/one.patch": ONE}, "4.8": {"one.patch": ONE}})
    (made.root / "patches" / "4.8" / "NOTES").write_bytes(b"mine")
    assert not ports.remove_port(stack, "4.9").exists()
    assert files(ports.remove_port(stack, "4.8")) == {"NOTES": b"mine"}
    assert project.load()[0].ports == ()


# which are needed


def test_served_lines(made: Project) -> None:
    made.release("5.1", {"f": numbered(30, line9="other")})
    made.release("5.2", {"f": BASE})
    made.release("5.3", {"f": b"more\n" + BASE})
    made.release("5.4", {"f": b"more\n" + BASE})
    made.release("5.4.1", {"f": numbered(30, line9="other")})
    made.release("5.5", {"g": b""})
    made.write("5.2", {"one.patch": ONE})
    stack, catalogue = project.load()
    served = [line for line in catalogue.lines if ports.is_served(stack, catalogue, line)]
    assert served == ["5.2", "5.3"]


def test_a_port_that_says_the_same_is_needless(made: Project) -> None:
    for version in ("5.0", "5.1", "5.2", "5.3", "5.4"):
        made.release(version, {"f": BASE if version < "5.4" else b"more\n" + BASE})
    other = patch_bytes(file_diff("f", BASE, numbered(30, line10="else")))
    worded = NARROW.replace(b"Why it", b"Why again it")
    made.write(
        "5.2",
        {"one.patch": ONE},
        {
            "5.0": {"one.patch": NARROW},
            "5.1": {"one.patch": other},
            "5.3": {"one.patch": NARROW},
            "5.4": {"one.patch": worded},
        },
    )
    stack, catalogue = project.load()
    # 5.0 is served by 5.1 when its own is gone, which is another change
    assert ports.needless(stack, catalogue) == ("5.3",)


def test_a_port_that_an_older_one_cannot_replace_is_needed(made: Project) -> None:
    made.release("5.2", {"f": BASE})
    made.release("5.3", {"f": BASE})
    made.release("5.3.1", {"f": numbered(30, line8="other")})
    made.write("5.2", {"one.patch": ONE}, {"5.3": {"one.patch": NARROW}})
    stack, catalogue = project.load()
    assert ports.needless(stack, catalogue) == ()


def test_all_of_our_own_ports_are_needed() -> None:
    stack, catalogue = project.load()
    assert len(stack.ports) > 5
    assert ports.needless(stack, catalogue) == ()


SEVEN = patch_bytes(file_diff("f", numbered(30, line7="other"), BASE), subject="below: seven")
TO_SEVEN = patch_bytes(file_diff("f", BASE, numbered(30, line7="low")), subject="below: seven")


@pytest.mark.parametrize("content, below", [(numbered(30, line7="other"), SEVEN), (BASE, TO_SEVEN)])
def test_a_port_that_another_ground_needs(made: Project, content: bytes, below: bytes) -> None:
    made.release("5.1", {"f": content})
    made.release("5.2", {"f": BASE})
    elsewhere = patch_bytes(file_diff("f", BASE, numbered(30, line25="low")))
    made.write("5.2", {"below.patch": elsewhere}, {"5.1": {"below.patch": below}})
    # which has less around it, and so applies both with what is below and without
    made.further("more", {"one.patch": ONE}, {"5.1": {"one.patch": NARROW}})
    for stack, catalogue in (
        project.load(over=["more"]),
        project.load(made.root / "patches/more/series"),
    ):
        assert ports.needless(stack, catalogue) == ()
    # and one that no ground needs goes
    (made.root / "patches/5.1/below.patch").write_bytes(elsewhere)
    if content == BASE:
        assert ports.needless(*project.load(over=["more"])) == ("5.1",)
