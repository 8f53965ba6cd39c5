"""A composed submission as JSON, and back; nothing else is taken for one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from helpers_submission import PATCH, small_submission, small_work
from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack
from hgport.submit import kept
from hgport.submit.compose import Composed


@pytest.fixture
def work(tmp_path: Path) -> tuple[Stack, Catalogue]:
    return small_work(tmp_path)


def composed(work: tuple[Stack, Catalogue]) -> Composed:
    patches = (("below/1.patch", PATCH), ("caf\udce9.patch", b"\xff"))
    return dataclasses.replace(small_submission(work), patches=patches)


def test_it_comes_back(work: tuple[Stack, Catalogue]) -> None:
    made = composed(work)
    told = json.loads(json.dumps(kept.to_json(made)))
    assert kept.from_json(told, *work, made.messages) == made


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(
            ("patches", [[name, ""]])
            for name in ("/etc/x", "../x", "a/../../x", "", ".", "a\nb", ".hg/hgrc", 5, None)
        ),
        ("patches", [["1.patch", "?"]]),
        ("patches", [["1.patch"]]),
        ("patches", 5),
        *(("version", value) for value in (0, -1, "1", 1.5, True, None)),
        *(("digest", value) for value in ("", "x" * 64, "ab" * 31, "../" * 21 + "x", 5)),
        *(("settings", value) for value in ({}, [], 5, {"to": [5]})),
        ("release", []),
        ("date", "today"),
        ("diffstats", []),
        ("diffstats", {"x": ""}),
        ("cover", 5),
    ],
)
def test_what_is_not_of_its_making(work: tuple[Stack, Catalogue], key: str, value: Any) -> None:
    made = composed(work)
    told = json.loads(json.dumps(kept.to_json(made)))
    for wrong in ({**told, key: value}, {k: v for k, v in told.items() if k != key}):
        with pytest.raises(ValueError):
            kept.from_json(wrong, *work, made.messages)


def test_a_release_that_is_none(work: tuple[Stack, Catalogue]) -> None:
    made = composed(work)
    with pytest.raises(UsageError, match="4.0"):
        kept.from_json({**kept.to_json(made), "release": "4.0"}, *work, made.messages)
