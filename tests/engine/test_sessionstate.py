"""The state file of unfinished rebases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hgport.engine.sessionstate import Resolved, State, Unfinished, Waiting
from hgport.errors import UsageError

ENTRY = Unfinished(
    "5.1.2",
    base="5.2",
    uses_memory=False,
    into="/x",
    again=True,
    digest="d" * 64,
    behind="",
    skipped=("a.patch",),
    resolved=(Resolved("b.patch", "1" * 40, "2" * 40, ("f", "caf\udce9")),),
    waiting=Waiting("c.patch", "2" * 40, "3" * 40, ("g",)),
)


def test_what_is_put_is_there(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.json"
    state = State.load(path)
    assert state.entries == {}
    state.put(ENTRY)
    state.put(Unfinished("4.9.1", behind="5.1.2"))
    again = State.load(path)
    assert again.entries == {"4.9.1": Unfinished("4.9.1", behind="5.1.2"), "5.1.2": ENTRY}
    assert list(again.entries) == ["4.9.1", "5.1.2"]
    again.drop("5.1.2")
    again.drop("5.1.2")
    assert list(State.load(path).entries) == ["4.9.1"]
    again.drop("4.9.1")
    assert not path.exists()


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"rebases": [{"version": "5.1"}]},
        {"rebases": [{"version": "../5.1", "waiting": None, "resolved": [], "skipped": []}]},
        {"rebases": [{"version": 5, "waiting": None, "resolved": [], "skipped": []}]},
        {"rebases": [{"version": "5.1", "waiting": 1, "resolved": [], "skipped": []}]},
        {"rebases": None},
    ],
)
def test_what_is_damaged_is_said(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "state.json"
    state = State.load(path)
    state.put(ENTRY)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(UsageError, match="state.json is damaged"):
        State.load(path)
