"""Series files in another order."""

from __future__ import annotations

import pytest

from hgport.engine.seriesfile import with_names

SERIES = b"# all of it\n\n# about a\na.patch\n\n# about b\n  b.patch -p1 # why\nc.patch\n# end\n"


def test_what_lists_them_already_is_kept() -> None:
    odd = b"a.patch\n#x\n  b.patch"
    assert with_names(odd, ["a.patch", "b.patch"]) == odd


@pytest.mark.parametrize(
    "names, after",
    [
        (
            "b a c",
            b"# all of it\n\n\n# about b\n  b.patch -p1 # why\n"
            b"# about a\na.patch\nc.patch\n# end\n",
        ),
        ("b c", b"# all of it\n\n# about a\n\n# about b\n  b.patch -p1 # why\nc.patch\n# end\n"),
        ("a b", SERIES.replace(b"c.patch\n", b"")),
        ("a n b c", SERIES.replace(b"a.patch\n", b"a.patch\nn.patch\n")),
        ("", b"# all of it\n\n# about a\n\n# about b\n# end\n"),
    ],
)
def test_comments_survive(names: str, after: bytes) -> None:
    assert with_names(SERIES, [f"{name}.patch" for name in names.split()]) == after


def test_line_ends_and_a_mark_at_the_start() -> None:
    data = b"\xef\xbb\xbfa.patch\r\nb.patch"
    assert with_names(data, ["b.patch", "a.patch", "c.patch"]) == (
        b"\xef\xbb\xbfb.patch\r\na.patch\r\nc.patch\r\n"
    )


def test_a_series_that_was_empty() -> None:
    assert with_names(b"# none yet\n", ["a.patch"]) == b"# none yet\na.patch\n"
