"""Each content is asked of once, and nothing that a tool says is lost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from hgport.submit.check.filetools import Unheard, ask
from hgport.submit.check.remark import Remark


class Reader:
    """A tool that says what is in each file, as one of another name if it is told to."""

    rule = "reader"

    def __init__(self, name: str, says: str | None = None) -> None:
        # as of any tool of check-code's module
        self.identity: Sequence[str] = ["code", name]
        self.says = says
        self.given: list[list[str]] = []

    def look(self, directory: Path, paths: Sequence[str]) -> list[Remark]:
        self.given.append(list(paths))
        return [Remark(self.says or p, 1, (directory / p).read_text()) for p in paths]


def test_each_content_is_asked_of_once(tmp_path: Path) -> None:
    tool = Reader(str(tmp_path))
    contents = [("a", b"1"), ("a", b"2"), ("b/c", b"1"), ("b", b"3"), ("-x", b"4")]
    for _time in range(2):
        found = ask(tool, contents)
        assert {one: r[0].message.encode() for one, r in found.items()} == {
            one: one[1] for one in contents
        }
    # no path twice, and none that is a file and a directory, at a time
    assert tool.given == [["-x", "a", "b/c"], ["a", "b"]]


def test_a_tool_that_speaks_of_another_file(tmp_path: Path) -> None:
    with pytest.raises(Unheard, match="speaks of 'z'"):
        ask(Reader(str(tmp_path), "z"), [("a", b"1")])
