"""giftless is found where it is said to be, and serves from a directory."""

from __future__ import annotations

import json
import sys
import urllib.request
from pathlib import Path

import pytest

from hgport.errors import OutsideError
from hgport.proof import giftless
from programs import missing

BLOB = "ab" * 32


@pytest.fixture
def python() -> Path:
    found = giftless.find()
    if found is None:
        missing(f"no giftless found ({giftless.ADVICE})")
    return found


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine where nobody has followed the advice."""
    (tmp_path / "patches").mkdir()
    (tmp_path / "patches" / "releases.toml").touch()
    monkeypatch.setenv("HGPORT_PROJECT", str(tmp_path))


def ask(url: str, method: str, body: bytes) -> bytes:
    about = {"Content-Type": "application/vnd.git-lfs+json", "X-Forwarded-Proto": "https"}
    request = urllib.request.Request(url, body, about, method=method)
    with urllib.request.urlopen(request, timeout=10) as response:
        content: bytes = response.read()
        return content


def test_it_stores_what_anybody_uploads(python: Path, tmp_path: Path) -> None:
    # a person's own settings, in a directory above
    (tmp_path / ".env").write_text("GIFTLESS_CONFIG_STR='AUTH_PROVIDERS: []'\n")
    storage = tmp_path / "storage"
    with giftless.serving(tmp_path / "home", storage) as url:
        assert url.startswith("http://127.0.0.1:")
        asked = {"operation": "upload", "objects": [{"oid": BLOB, "size": 4}]}
        batch = ask(f"{url}{giftless.PATH}/objects/batch", "POST", json.dumps(asked).encode())
        upload = json.loads(batch)["objects"][0]["actions"]["upload"]
        # the front's scheme
        assert upload["href"].startswith("https://")
        put = urllib.request.Request(
            upload["href"].replace("https", "http"), b"data", upload["header"], method="PUT"
        )
        with urllib.request.urlopen(put, timeout=10) as response:
            assert response.status == 200
    assert [path.read_bytes() for path in storage.rglob("*") if path.is_file()] == [b"data"]
    with pytest.raises(OSError):
        ask(url, "GET", b"")


def test_where_it_is_told(python: Path, nowhere: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for told in (python, python.parents[1]):
        monkeypatch.setenv("HGPORT_GIFTLESS", str(told))
        assert giftless.find() == python


def test_it_is_asked_once(python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "python"
    script.write_text(f'#!/bin/sh\necho >> {tmp_path}/runs\nexec {python} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("HGPORT_GIFTLESS", str(script))
    assert [giftless.find(), giftless.find()] == [script, script]
    assert (tmp_path / "runs").read_text() == "\n"


def test_a_wrong_place_is_not_made_up_for(
    python: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for told in (tmp_path / "none", tmp_path, Path("/bin/sh")):
        monkeypatch.setenv("HGPORT_GIFTLESS", str(told))
        assert giftless.find() is None


def test_without_giftless(nowhere: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # a Python that has nothing but itself
    monkeypatch.setattr(sys, "executable", "/bin/false")
    assert giftless.find() is None
    serving = giftless.serving(tmp_path / "home", tmp_path / "storage")
    with pytest.raises(OutsideError, match="no Python with giftless") as caught, serving:
        pass
    assert caught.value.hint == giftless.ADVICE
    assert "contrib/ci/giftless.txt" in giftless.ADVICE
