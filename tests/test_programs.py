"""A missing program is a skip for a person and a failure where CI runs."""

from __future__ import annotations

import pytest

from helpers_proof import catalogue, interpreter
from programs import needed


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip), ("true", pytest.fail)])
def test_what_is_missing(ci: str, outcome: type, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", ci)
    kind = outcome.Exception  # type: ignore[attr-defined]
    with pytest.raises(kind, match="no quite-unheard-of found"):
        needed("quite-unheard-of")
    with pytest.raises(kind, match="no Python 0.1 on this machine"):
        interpreter(catalogue().release("5.2.2"), "0.1")
