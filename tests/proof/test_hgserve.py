"""A release's own server serves a repository of its own, and what it holds can be told."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers_proof import catalogue, interpreter
from hgport.errors import HgportError
from hgport.proof import hgserve
from hgport.proof.scenarios import BUNDLE_PUSH, POSTARGS_PUSH, Operation
from hgport.proof.world import Ground, ground, room, write_config

RELEASE = next(one for one in catalogue().releases if one.version == "5.2.2")


@pytest.fixture(scope="module")
def base() -> Iterator[Ground]:
    with room() as place:
        yield ground(place, RELEASE, interpreter(RELEASE, "2.7"))


@pytest.mark.parametrize("operation", [BUNDLE_PUSH, POSTARGS_PUSH])
def test_it_serves_while_the_block_lasts(
    base: Ground, tmp_path: Path, operation: Operation
) -> None:
    client = base.repositories(operation).place / "client"
    with hgserve.serving(base, client, tmp_path / "home", operation, tls=False) as url:
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(f"{url}/?cmd=capabilities", timeout=10) as response:
            told = response.read().split()
        assert (b"httppostargs" in told) == operation.post_arguments
    with pytest.raises(OSError):
        urllib.request.urlopen(url, timeout=10)


def test_a_repository_is_known_by_a_bundle_of_it(base: Ground, tmp_path: Path) -> None:
    made = base.repositories(BUNDLE_PUSH)
    home = tmp_path / "home"
    write_config(home, BUNDLE_PUSH.kind)
    held = [hgserve.bundled(base, made.place / name, home) for name in ("client", "peer")]
    assert held == [made.wanted, ()]


def test_a_server_that_does_not_start_says_why(base: Ground, tmp_path: Path) -> None:
    serving = hgserve.serving(base, tmp_path / "none", tmp_path / "home", BUNDLE_PUSH, tls=False)
    with pytest.raises(HgportError, match="hg serve does not start: abort: .*none"), serving:
        pass
