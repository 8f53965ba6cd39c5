"""Which remarks are new."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hgport.submit.check.remark import Remark, fresh

OLD = Remark("f", 3, "bad name", "x = 1")


def test_what_moves_is_not_new() -> None:
    assert fresh([OLD], [Remark("f", 30, "bad name", "x = 1")]) == []


def test_what_was_bad_and_is_another_bad_line_is_not_new() -> None:
    assert fresh([OLD], [Remark("f", 3, "bad name", "x = 2")]) == []


def test_one_more_is_new_and_it_is_the_other_one() -> None:
    other = Remark("f", 9, "bad name", "y = 1")
    assert fresh([OLD], [OLD, other]) == [other]
    assert fresh([OLD], [other, OLD]) == [other]


def test_another_file_or_message_is_new() -> None:
    for other in (Remark("g", 3, "bad name", "x = 1"), Remark("f", 3, "worse", "x = 1")):
        assert fresh([OLD], [OLD, other]) == [other]


def test_a_line_number_in_a_message_is_none_of_it() -> None:
    was = Remark("f", 3, "redefinition of 'x' from line 2")
    assert fresh([was], [Remark("f", 5, "redefinition of 'x' from line 4")]) == []


REMARKS = st.lists(
    st.builds(
        Remark,
        st.sampled_from(["f", "g", None]),
        st.integers(1, 4),
        st.sampled_from(["a", "b"]),
        st.sampled_from(["", "x", "y"]),
    )
)


@given(REMARKS, REMARKS)
def test_there_are_as_many_new_ones_as_there_are_more(
    before: list[Remark], after: list[Remark]
) -> None:
    found = fresh(before, after)
    assert all(one in after for one in found)
    for path, message in {(one.path, one.message) for one in [*before, *after]}:
        was, now, new = (
            sum((one.path, one.message) == (path, message) for one in some)
            for some in (before, after, found)
        )
        assert new == max(0, now - was)


@given(REMARKS)
def test_plain_and_back(some: list[Remark]) -> None:
    assert [Remark.from_plain(one.to_plain()) for one in some] == some
