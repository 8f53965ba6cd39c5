"""The lines of hunks, and where they stand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from helpers_engine import file_diff
from hgport.submit.check.added import hunk_lines

# what reads like a header has to be told from one by the hunk's own count
WORDS = st.sampled_from(
    [b"a", b"b", b"--- x", b"+++ y", b"@@ -1 +1 @@", b"diff --git a/z b/z", b""]
)
TEXTS = st.builds(lambda lines, end: b"\n".join(lines) + end, st.lists(WORDS), st.just(b"\n"))


@given(TEXTS, TEXTS, st.booleans(), st.integers(0, 9))
def test_every_added_line_is_where_it_says(
    before: bytes, after: bytes, ends: bool, above: int
) -> None:
    after = after.rstrip(b"\n") if ends else after
    if before == after:
        return
    diff = file_diff("dir/f", before, after)
    second = file_diff("g", b"", b"new\n")
    patch = (b"x\n" * above + diff + second).split(b"\n")
    new = after.split(b"\n")
    found = list(hunk_lines(diff + second, above))
    added = [one for one in found if one.mark == b"+"]
    assert added[-1].path == "g" and added[-1].text == b"new\n"
    for one in found:
        assert patch[one.number - 1] == one.mark + one.text.rstrip(b"\n")
        if one.path == "dir/f" and one.mark != b"-":
            assert new[one.at - 1] == one.text.rstrip(b"\n")
    assert sum(one.path == "dir/f" for one in added) == diff_size(diff)


def diff_size(diff: bytes) -> int:
    """The lines that the headers of the hunks say are new, less those that are not."""
    import re

    size = 0
    for hunk in re.split(rb"^(?=@@ -)", diff, flags=re.M)[1:]:
        lines = hunk.split(b"\n")[1:]
        size += sum(line.startswith(b"+") for line in lines)
    return size
