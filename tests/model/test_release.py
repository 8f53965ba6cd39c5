from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hgport.errors import UsageError
from hgport.model.release import Release, is_version, line_key, line_of, version_key

numbers = st.integers(0, 9999)


@given(numbers, numbers, numbers)
def test_a_full_version_is_read_as_its_numbers(feature: int, minor: int, fix: int) -> None:
    assert version_key(f"{feature}.{minor}.{fix}") == (feature, minor, fix)
    assert line_of(f"{feature}.{minor}.{fix}") == f"{feature}.{minor}"
    assert line_key(f"{feature}.{minor}") == (feature, minor)


def test_the_first_release_of_a_line_may_lack_its_zero() -> None:
    assert version_key("5.2") == version_key("5.2.0") == (5, 2, 0)


@pytest.mark.parametrize(
    "text", ["", "5", "5.", "5.2rc0", "5.2.2.1", "v5.2", " 5.2", "5.2\n", "05.2", "5.٢", "5.2.x"]
)
def test_what_is_no_version_is_refused(text: str) -> None:
    assert not is_version(text)
    with pytest.raises(UsageError, match="no version"):
        version_key(text)


def test_a_release_sorts_by_number_not_by_text() -> None:
    releases = [Release(v, "x", "0" * 64, 1, ()) for v in ("5.10", "5.9.3", "6.0", "5.9")]
    ordered = [release.version for release in sorted(releases, key=lambda one: one.key)]
    assert ordered == ["5.9", "5.9.3", "5.10", "6.0"]
    assert releases[1].line == "5.9"
