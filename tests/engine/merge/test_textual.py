"""Texts that are no Python, as lines or as the commands of a transcript."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from helpers_merge import source
from hgport.engine.merge import textual

TRANSCRIPT = source("""
    A test

      $ cat > a << EOF
      > one
      >
      > EOF
      $ hg up
      1 files updated
      > no more of a command
      [1]
    The end
    """)


def test_a_transcript_is_cut_into_commands_and_what_they_say() -> None:
    units = textual.cut("tests/test-a.t", TRANSCRIPT).units
    assert [(u.kind, u.line, u.text.count(b"\n")) for u in units] == [
        ("line", 1, 1),
        ("line", 2, 1),
        ("command", 3, 2),
        ("output", 5, 1),
        ("output", 6, 1),
        ("command", 7, 1),
        ("output", 8, 1),
        ("output", 9, 1),
        ("output", 10, 1),
        ("line", 11, 1),
    ]


def test_the_input_of_a_command_is_part_of_it() -> None:
    data = TRANSCRIPT.replace(b"  >\n", b"  > \n")
    units = textual.cut("tests/test-a.t", data).units
    assert [u.line for u in units if u.kind == "command"] == [3, 7]
    assert units[2].last == 6 and units[2].key == units[2].text


def test_any_other_text_is_lines() -> None:
    units = textual.cut("tests/test-a.txt", TRANSCRIPT).units
    assert {u.kind for u in units} == {"line"}
    assert [u.line for u in units] == list(range(1, 12))


def test_a_carriage_return_by_itself_ends_no_line() -> None:
    assert [u.text for u in textual.cut("a.c", b"a\rb\r\nc").units] == [b"a\rb\r\n", b"c"]


@given(st.text("a$> \n\r\x0c", max_size=30), st.sampled_from(["a.t", "a.c"]))
def test_nothing_is_lost(text: str, path: str) -> None:
    data = text.encode()
    found = textual.cut(path, data)
    assert found.data == data
    assert [u.line for u in found.units] == _lines(found.units)


def _lines(units: tuple[textual.Unit, ...]) -> list[int]:
    found, line = [], 1
    for unit in units:
        found.append(line)
        line += unit.text.count(b"\n")
    return found
