from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hgport.errors import UsageError
from hgport.model import ranges
from hgport.model.catalogue import Catalogue
from hgport.model.ranges import select
from hgport.model.release import Release

VERSIONS = ["4.8", "4.9", "4.9.1", "5.0", "5.0.1", "5.2", "5.2.1", "5.2.2", "6.3.0", "6.3.1"]
CATALOGUE = Catalogue(
    "5.2.2", "4.9..5.2", tuple(Release(v, "x", "0" * 64, 1, ()) for v in VERSIONS), ()
)


def versions(text: str) -> list[str]:
    return [release.version for release in select(CATALOGUE, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("latest", "4.8 4.9.1 5.0.1 5.2.2 6.3.1"),
        ("affected", "4.9.1 5.0.1 5.2.2"),
        ("all", " ".join(VERSIONS)),
        ("5.2", "5.2.2"),
        ("5.2.0", "5.2"),
        ("5.2.1", "5.2.1"),
        ("6.3.0", "6.3.0"),
        ("5.2.*", "5.2 5.2.1 5.2.2"),
        ("4.9..5.2", "4.9.1 5.0.1 5.2.2"),
        ("5.0..5.0", "5.0.1"),
        ("..5.0", "4.8 4.9.1 5.0.1"),
        ("5.2..", "5.2.2 6.3.1"),
        ("..", "4.8 4.9.1 5.0.1 5.2.2 6.3.1"),
        ("4.9.1..5.2.0", "4.9.1 5.0 5.0.1 5.2"),
        ("4.9..5.0.0", "4.9 4.9.1 5.0"),
        ("5.2.1..6.3", "5.2.1 5.2.2 6.3.0 6.3.1"),
        ("..4.9.1", "4.8 4.9 4.9.1"),
        ("5.2.2..", "5.2.2 6.3.0 6.3.1"),
        ("6.3, 4.9,5.2.*,5.2.1", "4.9.1 5.2 5.2.1 5.2.2 6.3.1"),
    ],
)
def test_each_word_of_the_grammar(text: str, expected: str) -> None:
    assert versions(text) == expected.split()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "a range is empty", "commas join"),
        ("5.2,", "a range is empty", "commas join"),
        ("lates", "'lates'", "did you mean latest"),
        ("Affected", "'Affected'", "did you mean affected"),
        ("LATEST", "'LATEST'", "did you mean latest?"),
        ("5.22", "'5.22'", "5.2"),
        ("8.0", "no release or range '8.0'", "newest known is 6.3.1; hgport releases --update"),
        ("6.3.2", "no release '6.3.2'", "the newest known is 6.3.1; hgport releases --update"),
        ("5.2..6.4", "no line '6.4'", "the newest known is 6.3; hgport releases --update"),
        ("4.7", "no release or range '4.7'", "the oldest known is 4.8"),
        ("4.6.3", "no release '4.6.3'", "the oldest known is 4.8"),
        ("5.2.9", "no release '5.2.9'", "5.2.2"),
        ("5.7.*", "no line '5.7'", "5.2"),
        ("4.9..5.7", "no line '5.7'", "5.2"),
        ("4.9..5.x", "'5.x' in '4.9..5.x'", "a range is"),
        ("5.2...6.3", "'.6.3' in", "a range is"),
        ("5.2..4.9", "no release lies in '5.2..4.9'", "older end"),
        ("5.2.2..5.2.1", "no release lies in", "older end"),
        ("5.2-5.3", "'5.2-5.3'", ""),
        ("zzz", "no release or range 'zzz'", "a range is"),
    ],
)
def test_what_is_no_range_is_refused_with_a_hint(text: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        select(CATALOGUE, text)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@settings(deadline=None)
@given(st.text(alphabet="45236.,*lateds x", max_size=14))
def test_any_text_selects_ascending_releases_or_is_refused(text: str) -> None:
    try:
        keys = [release.key for release in select(CATALOGUE, text)]
    except UsageError:
        return
    assert keys
    assert keys == sorted(set(keys))


def test_one() -> None:
    assert ranges.one(CATALOGUE, "5.2").version == CATALOGUE.newest("5.2").version
    assert ranges.one(CATALOGUE, "5.2.0").version == "5.2"
    with pytest.raises(UsageError, match="is 2 releases, 5.0.1 to 5.2.2"):
        ranges.one(CATALOGUE, "5.0..5.2")
    with pytest.raises(UsageError, match="no "):
        ranges.one(CATALOGUE, "5.22")
