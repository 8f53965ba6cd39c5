"""What was merged, as black writes it, in files that are formatted by it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers_merge import EXPRESSIONS, cut, source, unit
from hgport.engine.merge import blacken

CLEAN = source("""
    import os


    @decorated
    def f(repo, ui):
        x = 1
        if x:
            return 2
        ui.write(b'one')
        ui.write(b'two')
        return x
    """)
LONG = b"ui.write(_(b'a message that is so long that'), b'it does not fit here', repo, 1, 2, 3)"


def laid_out(data: bytes, *fresh: bytes) -> bytes:
    """The file with those units, told by how they start, laid out."""
    units = cut(data).units
    new = [any(unit.text.strip().startswith(one.strip()) for one in fresh) for unit in units]
    assert sum(new) == len(fresh)
    found = blacken.laid_out(units, new)
    texts = [found.get(index, unit.text) for index, unit in enumerate(units)]
    assert all(new[index] for index in found)
    return b"".join(unit.lead + text for unit, text in zip(units, texts))


def test_a_line_that_is_too_long_is_split_at_80_columns() -> None:
    data = CLEAN.replace(b"ui.write(b'one')", LONG)
    assert laid_out(data, b"ui.write(_") == CLEAN.replace(
        b"    ui.write(b'one')\n",
        b"    ui.write(\n        _(b'a message that is so long that'),\n"
        b"        b'it does not fit here',\n"
        b"        repo,\n        1,\n        2,\n        3,\n    )\n",
    )


def test_what_fits_is_joined_and_quotes_stay() -> None:
    data = CLEAN.replace(b"b'one'", b"\n        b'one'\n    ").replace(b"b'two'", b'\n b"two"')
    expected = CLEAN.replace(b"b'two'", b'b"two"')
    assert laid_out(data, b"ui.write(\n        b'one'", b"ui.write(\n b") == expected


def test_a_trailing_comma_keeps_it_split() -> None:
    split = CLEAN.replace(b"ui.write(b'one')", b"ui.write(\n        b'one',\n    )")
    assert laid_out(split, b"ui.write(\n        b'one'") == split


def test_what_is_not_fresh_stays_as_it_is() -> None:
    data = CLEAN.replace(b"x = 1", b"x  =  1").replace(b"b'one'", b"b'one' ")
    assert laid_out(data, b"ui.write(b'one' ") == CLEAN.replace(b"x = 1", b"x  =  1")


def test_a_block_that_is_not_blacks_is_left_alone() -> None:
    data = CLEAN.replace(b" = 1", b"=1").replace(b"(b'two')", b"( b'two')")
    data = data.replace(b"return x", b"return(x)").replace(b"b'one'", b"b'one' ")
    assert laid_out(data, b"ui.write(b'one' ") == data


@pytest.mark.parametrize(
    "line", [b"print 'x' ", b"if a <> b: pass ", b"x = ur'a' ", b"exec a in b "]
)
def test_what_black_cannot_read_is_left_alone(line: bytes) -> None:
    data = CLEAN.replace(b"x = 1", line)
    assert laid_out(data, line) == data


def test_bytes_that_are_no_utf8_are_left_alone() -> None:
    data = CLEAN.replace(b"x = 1", b"x = b'\xff' ")
    assert laid_out(data, b"x = ") == data


def test_a_block_after_an_unreadable_one_is_laid_out_still() -> None:
    data = b"def g():\n    print 'x'\n\n\n" + CLEAN.replace(b"b'one'", b"b'one' ")
    assert laid_out(data, b"ui.write(b'one' ").endswith(CLEAN)


@settings(max_examples=40, deadline=None)
@given(st.lists(EXPRESSIONS, min_size=1, max_size=3))
def test_layout_never_changes_what_is_said(arguments: list[bytes]) -> None:
    call = b"call(" + b" , ".join(arguments) + b" )"
    data = CLEAN.replace(b"ui.write(b'one')", call)
    units = cut(data).units
    new = [unit.text.strip() == call for unit in units]
    found = blacken.laid_out(units, new)
    for index, text in found.items():
        assert unit(text).key == units[index].key
