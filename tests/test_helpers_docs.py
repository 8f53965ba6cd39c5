"""What types a document's commands sees what is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from helpers_docs import Command, Outcome, assert_as_shown, commands, is_as_shown, run

DOCUMENT = """# Title

Text with `code`, and

    $ one \\
      --more        # said
    first

    second
    $ two

```
$ three
out
```
    no command
"""


def test_commands_are_found() -> None:
    assert commands(DOCUMENT) == [
        Command("one \\\n  --more        # said", ("first", "", "second"), 5),
        Command("two", (), 10),
        Command("three", ("out",), 13),
    ]


@pytest.mark.parametrize(
    ("shown", "printed", "right"),
    [
        (["a"], ["a"], True),
        (["a"], ["a", "b"], False),
        (["a", "b"], ["a"], False),
        (["a", "…"], ["a", "b", "c"], True),
        (["a", "…", "c"], ["a", "c"], True),
        (["a", "…", "c"], ["a", "b"], False),
        (["a … c"], ["a (b) c"], True),
        (["a … c"], ["a", "c"], False),
        ([], ["a"], True),
    ],
)
def test_what_is_shown_is_compared(shown: list[str], printed: list[str], right: bool) -> None:
    assert is_as_shown(shown, printed) is right


def test_they_are_typed_into_one_shell(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    room = tmp_path / "room"
    room.mkdir()
    texts = ["cd d && x=1", "echo $x; pwd; read y", "echo to both >&2; false"]
    typed = [Command(text, (), 1) for text in texts]
    found = run(typed, tmp_path, {"PATH": os.environ["PATH"]}, room)
    assert [one.code for one in found] == [0, 1, 1]
    assert [one.printed for one in found] == [(), ("1", str(tmp_path / "d")), ("to both",)]


@pytest.mark.parametrize("outcome", [Outcome(1, ("a",)), Outcome(0, ("b",))])
def test_a_wrong_outcome_is_one(outcome: Outcome) -> None:
    with pytest.raises(AssertionError, match="line 7: x"):
        assert_as_shown(Command("x", ("a",), 7), outcome)
