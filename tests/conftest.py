"""What every test gets: a home, a state and an identity of its own, a cache that only this run of
the tests has, and none of the person's configuration.  Only sdists, which are checked by hash, are
those of the person's cache, so that they are downloaded once.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hgport import places

SDISTS = places.cache_dir() / "sdists"


@pytest.fixture(scope="session")
def run_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cache of this run, which all its workers have in common."""
    base = tmp_path_factory.getbasetemp()
    run = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    cache = run / "cache"
    cache.mkdir(exist_ok=True)
    SDISTS.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (cache / "sdists").symlink_to(SDISTS)
    return cache


@pytest.fixture(scope="session", autouse=True)
def run_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A state that is not the person's, also for what is made once a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HGPORT_STATE", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture(autouse=True)
def isolated(
    run_cache: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keep the person's HOME, hg and git configuration, proxies and identity out of every test."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith(
            ("HG", "GIT_AUTHOR", "GIT_COMMITTER", "QUILT", "PYTHON")
        ) or name.lower() in (
            "http_proxy",
            "https_proxy",
            "all_proxy",
            "no_proxy",
            "email",
            "visual",
            "editor",
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / ".config"))
    monkeypatch.setenv("HGRCPATH", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("HGPORT_CACHE", str(run_cache))
    monkeypatch.setenv("HGPORT_STATE", str(home / "state"))
