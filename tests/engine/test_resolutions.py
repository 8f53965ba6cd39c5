"""What people decided before, and its use."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgport.engine.records import FileRecord, Kind, Record, parse, write
from hgport.engine.resolutions import Memory, edits_between, keep
from hgport.errors import UsageError


def block(target: str, base: str = "b", patch: str = "p") -> bytes:
    text = f"<<<<<<< target\n{target}\n||||||| base\n{base}\n=======\n{patch}\n>>>>>>> patch\n"
    return text.encode()


PIECES = st.lists(
    st.sampled_from(
        [b"\n", b"a\n", b"b\n", b"c\n", b"d\r\n", block("t"), block("u"), b"<<<<<<< target\n"]
        + [b">>>>>>> patch\n", b"=======\n"]
    ),
    max_size=12,
)
TEXTS = st.builds(lambda ps, end: b"".join(ps) + end, PIECES, st.sampled_from([b"", b"end"]))
MAYBE = st.one_of(st.none(), TEXTS, TEXTS)


def record(
    line: str, before: bytes | None, after: bytes | None, path: str = "f", patch: str = "p"
) -> Record:
    return Record(line, patch, (FileRecord(path, edits_between(before, after)),))


def memory(*records: Record) -> Memory:
    return Memory(Path("resolutions"), records)


@given(MAYBE, MAYBE)
def test_what_was_decided_is_done_again(auto: bytes | None, final: bytes | None) -> None:
    made = record("5.1", auto, final)
    again = parse(write(made), "5.1", "p", "it")
    settled = memory(again).settle("5.1", "p", "f", auto)
    assert settled.content == final
    assert settled.notes == ()
    assert bool(settled.uses) == (auto != final)


@given(TEXTS, TEXTS, TEXTS)
def test_a_change_fits_or_nothing_is_done(auto: bytes, final: bytes, other: bytes) -> None:
    settled = memory(record("5.1", auto, final)).settle("5.1", "p", "f", other)
    changed = [use for use in settled.uses if use.kind is Kind.CHANGE]
    assert not (changed and settled.notes)


def test_another_line_has_the_same_conflict() -> None:
    known = memory(
        record("5.1", b"x\n" + block("t") + b"-\ny\n", b"x\nmine\n-\nz\n"),
        record("4.5", block("t"), b"older\n"),
    )
    settled = known.settle("5.0", "p", "f", b"other\n" + block("t") + block("u"))
    assert settled.content == b"other\nmine\n" + block("u")
    (use,) = settled.uses
    assert (use.record, use.note) == (Path("resolutions/5.1/p"), "")
    assert (use.before, use.after) == (block("t"), b"mine\n")
    assert known.settle("4.6", "p", "f", block("t")).content == b"older\n"
    assert known.settle("5.0", "other", "f", block("t")).uses == ()


def test_what_is_beyond_conflicts_stays_with_its_line() -> None:
    known = memory(record("5.1", b"x\n", b"y\n"))
    assert known.settle("5.1", "p", "f", b"x\n").content == b"y\n"
    for other in ("5.0", "p", "f"), ("5.1", "q", "f"), ("5.1", "p", "g"):
        assert known.settle(*other, b"x\n").content == b"x\n"


def test_another_file_is_noted() -> None:
    known = memory(record("5.1", block("t"), b"mine\n", path="old/f"))
    (use,) = known.settle("5.1", "p", "f", block("t")).uses
    assert use.note == "decided for another file, old/f"
    both = memory(
        Record(
            "5.1",
            "p",
            (
                FileRecord("a", edits_between(block("t"), b"of a\n")),
                FileRecord("f", edits_between(block("t"), b"of f\n")),
            ),
        )
    )
    assert both.settle("5.0", "p", "f", block("t")).content == b"of f\n"


def test_equal_conflicts_that_were_decided_differently() -> None:
    auto = block("t") + b"x\n" + block("t") + b"y\n"
    known = memory(record("5.1", auto, b"one\nx\ntwo\ny\n"))
    assert known.settle("5.1", "p", "f", auto).content == b"one\nx\ntwo\ny\n"
    # nobody can say which of the two it is
    assert known.settle("5.0", "p", "f", auto).content == auto


def test_what_does_not_fit_is_noted() -> None:
    known = memory(record("5.1", b"a\nb\nc\n", b"a\nB\nc\n"))
    for other in (b"a\nc\n", b"a\nb\nc\na\nb\nc\n", b"", None):
        settled = known.settle("5.1", "p", "f", other)
        assert (settled.content, settled.uses) == (other, ())
        (note,) = settled.notes
        assert "resolutions/5.1/p" in note and "does not fit any more" in note
    assert memory(record("5.1", b"a\n", None)).settle("5.1", "p", "f", b"b\n").content == b"b\n"


def test_the_description() -> None:
    edits = edits_between(b"one\n\nOld words.\n", b"one\n\nNew words.\n")
    known = memory(Record("5.1", "p", (), edits))
    assert known.description("5.1", "p", "one\n\nOld words.\n") == "one\n\nNew words.\n"
    assert known.description("5.0", "p", "one\n\nOld words.\n") == "one\n\nOld words.\n"
    assert known.describe("5.1", "p", b"else\n").notes != ()


def test_on_the_disk(tmp_path: Path) -> None:
    directory = tmp_path / "resolutions"
    empty = Memory.load(directory)
    assert empty.records == ()
    one, two = (record(line, b"a\n", line.encode(), patch="sub/p.patch") for line in ("5.1", "4.9"))
    written, known = keep(empty, "5.1", [one, Record("5.1", "q")])
    assert written == (directory / "5.1" / "sub" / "p.patch",)
    _written, known = keep(known, "4.9", [two])
    assert Memory.load(directory) == known == Memory(directory, (two, one))
    assert keep(known, "5.1", [one]) == ((), known)
    assert known.without("5.1").records == (two,)
    written, known = keep(known, "5.1", [])
    assert written == (directory / "5.1" / "sub" / "p.patch",)
    assert known.records == (two,)
    assert not (directory / "5.1").exists()


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    place = tmp_path / "resolutions" / "5.1" / "p.patch"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"file f\n<<<\n")
    with pytest.raises(UsageError) as caught:
        Memory.load(tmp_path / "resolutions")
    assert caught.value.message.startswith(f"{place}: line 2: ")
