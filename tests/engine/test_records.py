"""The text of what a person decided."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgport.engine.records import Edit, FileRecord, Kind, Record, blocks, parse, units, write
from hgport.errors import UsageError

BLOCK = b"<<<<<<< target\na\n||||||| base\nb\n=======\nc\n>>>>>>> patch\n"
PATHS = st.text("ab/é", min_size=1, max_size=4).filter(
    lambda p: all(p.split("/")) and not p.startswith("/")
)
# what a record's own grammar is made of as well
LINE = st.sampled_from(
    [b"\n", b"x\n", b"- y\n", b"+\n", b"# z\n", b"file f\n", b"conflict\n", b"\\ No newline\n"]
    + [b"caf\xe9\r\n", b"description\n", b"\\ No newline at end of file\n"]
)
TEXT = st.builds(
    lambda lines, end: [*lines, end] if end else lines,
    st.lists(LINE, max_size=4),
    st.sampled_from([b"", b"end", b" "]),
)


def marked(mark: bytes, lines: list[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((mark, line) for line in lines)


def conflict(sides: list[list[bytes]], after: list[bytes]) -> Edit:
    marks = [b"<<<<<<< target\n", b"||||||| base\n", b"=======\n"]
    lines = [line for mark, side in zip(marks, sides) for line in [mark, *side]]
    block = [*lines, b">>>>>>> patch\n"]
    return Edit(Kind.CONFLICT, marked(b"-", block) + marked(b"+", after))


WHOLE_LINES = st.lists(LINE, max_size=3)
CONFLICTS = st.builds(
    conflict, st.lists(WHOLE_LINES, min_size=3, max_size=3), TEXT  # type: ignore[arg-type]
)
CHANGES = st.builds(
    lambda above, old, new: Edit(
        Kind.CHANGE, marked(b" ", above) + marked(b"-", old) + marked(b"+", new)
    ),
    WHOLE_LINES,
    TEXT,
    TEXT.filter(bool),
)
EDITS = st.one_of(
    st.lists(st.one_of(CONFLICTS, CHANGES), max_size=3).map(tuple),
    TEXT.map(lambda lines: (Edit(Kind.NEW, marked(b"+", lines)),)),
    TEXT.map(lambda lines: (Edit(Kind.GONE, marked(b"-", lines)),)),
)
FILES = st.dictionaries(PATHS, EDITS, max_size=3).map(
    lambda files: tuple(FileRecord(path, edits) for path, edits in files.items())
)


WHOLES = st.one_of(
    st.just((None, "")),
    st.tuples(TEXT.map(b"".join).filter(bool), st.one_of(st.just(""), PATHS)),
)


@given(FILES, st.lists(CHANGES, max_size=2).map(tuple), st.booleans(), WHOLES)
def test_what_is_written_is_read(
    files: tuple[FileRecord, ...],
    description: tuple[Edit, ...],
    dropped: bool,
    whole: tuple[bytes | None, str],
) -> None:
    record = Record("5.1", "p.patch", files, description, dropped, *whole)
    assert parse(write(record), "5.1", "p.patch", "it") == record


def test_it_reads_like_a_diff() -> None:
    record = Record(
        "5.1",
        "p.patch",
        (
            FileRecord(
                "d/f",
                (
                    conflict([[b"a\n"], [b"b\n"], [b"c\n"]], [b"both\n"]),
                    Edit(Kind.CHANGE, ((b" ", b"x\n"), (b"-", b"y\n"), (b"+", b"z"))),
                ),
            ),
        ),
    )
    assert write(record).decode().splitlines() == [
        "# What a person decided about p.patch on 5.1, kept by hgport for the next rebase.",
        "# A conflict is replaced wherever this patch meets it again; " "all else is for 5.1 only.",
        "",
        "file d/f",
        "conflict",
        "-<<<<<<< target",
        "-a",
        "-||||||| base",
        "-b",
        "-=======",
        "-c",
        "->>>>>>> patch",
        "+both",
        "change",
        " x",
        "-y",
        "+z",
        "\\ No newline at end of file",
    ]


@pytest.mark.parametrize(
    "text, line, said",
    [
        (b"nonsense\n", 1, "'nonsense' is nothing"),
        (b"# fine\n\nfile ../f\n", 3, "leaves the tree"),
        (b"file \n", 1, "is empty"),
        (b"file f\nfile f\n", 2, "f is there twice"),
        (b"change\n-a\n", 1, "a change of no file"),
        (b"file f\nchange\n a\n", 2, "changes nothing"),
        (b"file f\nchange\n", 2, "changes nothing"),
        (b"file f\nconflict\n-a\n+b\n", 2, "from marker to marker"),
        (b"file f\nconflict\n-<<<<<<< target\n-a\n+b\n", 2, "from marker to marker"),
        (b"file f\nconflict\n a\n", 3, "a line that starts with ' ' here"),
        (b"file f\nnew\n-a\n", 3, "a line that starts with '-' here"),
        (b"file f\nnew\n+a\nchange\n-b\n", 4, "has no other changes"),
        (b"file f\nchange\n-b\ngone\n-a\n", 4, "has no other changes"),
        (b"file f\nchange\n-b\n\n+a\n", 5, "'+a' is nothing"),
        (b"file f\nchange\n-b\n\\ No newline at end of file\n-c\n", 2, "only the last line"),
        (b"file f\nchange\n-b", 3, "is cut short"),
        (b"file f\n\\ No newline at end of file\n", 2, "is nothing"),
        (b"\xff\xfe\n", 1, "is nothing"),
        (b"patch last\n", 1, "first, or after another"),
        (b"patch after ../x\n", 1, "leaves the tree"),
        (b"patch first\nchange\n-a\n", 2, "where a patch is expected"),
        (b"patch first\n", 2, "where a patch is expected"),
        (b"patch first\nnew\n+a\npatch first\n", 4, "a second patch"),
    ],
)
def test_what_is_damaged_is_named(text: bytes, line: int, said: str) -> None:
    with pytest.raises(UsageError, match=f"^resolutions/5.1/p: line {line}: ") as caught:
        parse(text, "5.1", "p", "resolutions/5.1/p")
    assert said in caught.value.message


@given(st.lists(st.sampled_from(BLOCK.splitlines(keepends=True) + [b"x\n"]), max_size=20))
def test_units_are_the_text(lines: list[bytes]) -> None:
    text = b"".join(lines)
    assert b"".join(units(text)) == text


def test_conflicts_are_wholes() -> None:
    assert blocks(b"x\n" + BLOCK + b"y\n" + BLOCK[:-1]) == [BLOCK, BLOCK[:-1]]
    assert blocks(BLOCK.replace(b"\n", b"\r\n")) == [BLOCK.replace(b"\n", b"\r\n")]
    # an underlining in a side is no marker where it stands
    odd = BLOCK.replace(b"a\n", b"a\n=======\n")
    assert blocks(odd) == [odd]
    for lacking in (b"||||||| base\n", b"=======\n", b">>>>>>> patch\n"):
        assert blocks(BLOCK.replace(lacking, b"")) == []
    assert blocks(b"<<<<<<< target\nlost\n" + BLOCK) == [BLOCK]
