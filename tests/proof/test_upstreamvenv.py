from __future__ import annotations

import pytest

from helpers_proof import catalogue, interpreter
from hgport.proof.upstreamvenv import wanted
from hgport.upstream.contents import Contents

SCRIPT = "tests/run-tests.py"


@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("4.5.3", None),
        ("5.2.2", None),
        ("6.9.5", None),
        ("7.0.3", ".venv_cpython3.11"),
        ("7.1.2", ".venv_cpython3.11"),
        ("7.2.4", ".local-venv"),
    ],
)
def test_what_each_release_looks_for(version: str, name: str | None) -> None:
    release = catalogue().release(version)
    with Contents() as contents:
        data = contents.read(release, [SCRIPT])[SCRIPT]
    assert data is not None
    assert wanted(data.decode(), interpreter(catalogue().release("7.2.4"), "3.11")) == name
