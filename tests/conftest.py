"""What every test gets: a home, a cache and an identity of its own, and none of the person's."""

from __future__ import annotations

import os

import pytest

from hgport import places

# The sdists that tests need are fetched once into this cache; tests that must see an empty or a
# damaged one make their own.
SHARED_CACHE = os.environ.get("HGPORT_TEST_CACHE") or str(places.cache_dir())


@pytest.fixture(autouse=True)
def isolated(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
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
    monkeypatch.setenv("HGPORT_CACHE", SHARED_CACHE)
