"""A row on a real server is another one with another version of that server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hgport.proof import giftless, nginx, plan, versions
from hgport.proof.scenarios import EMBEDDED, GIFTLESS, HG_SERVE, REAL, SCENARIOS
from programs import missing

FRONTED = next(row for row in REAL if row.server == HG_SERVE)


@pytest.fixture(autouse=True)
def _asked_anew() -> Iterator[None]:
    versions.of_server.cache_clear()
    yield
    versions.of_server.cache_clear()


def test_what_the_servers_say() -> None:
    if nginx.find() is None or giftless.find() is None:
        missing("no nginx, or no giftless")
    (front,) = versions.of_server(HG_SERVE)
    assert front.startswith("nginx version: nginx/")
    before, behind = versions.of_server(GIFTLESS)
    assert before == front
    assert [line.split()[0] for line in behind.splitlines()[1:]] == [
        "giftless",
        "flask",
        "werkzeug",
        "pyjwt",
    ]


def test_it_goes_into_the_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nginx"
    program.write_text("#!/bin/sh\necho nginx version: nginx/0.1 >&2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    old = plan._row_part(FRONTED)
    assert b"nginx/0.1" in old
    program.write_text("#!/bin/sh\necho nginx version: nginx/0.2 >&2\n")
    # in one process it is asked once
    assert plan._row_part(FRONTED) == old
    versions.of_server.cache_clear()
    assert plan._row_part(FRONTED) != old


def test_nobody_is_asked_for_the_embedded_server() -> None:
    for row in SCENARIOS:
        assert row.server == EMBEDDED
        plan._row_part(row)
    assert versions.of_server.cache_info().currsize == 0
