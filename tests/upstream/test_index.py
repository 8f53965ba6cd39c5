from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpers_upstream import Index, release_of, sdist_of, served
from hgport.errors import HgportError, OutsideError, UsageError
from hgport.model.catalogue import Catalogue
from hgport.upstream import index
from hgport.upstream.news import news

DATA = sdist_of("5.2", {"hg": b""})
NAMES = [
    "mercurial-10.0.tar.gz",
    "mercurial-5.2.2.tar.gz",
    "mercurial-5.2.tar.gz",
    "mercurial-4.4.2.tar.gz",
    "mercurial-5.3rc0.tar.gz",
    "mercurial-5.2-cp38-cp38-win_amd64.whl",
    "mercurial-5.2.zip",
    "mercurial-5.2.tar.gz.asc",
]


@pytest.fixture()
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    monkeypatch.delenv("HGPORT_OFFLINE", raising=False)
    index._published_once.cache_clear()
    with served(Index({name: DATA + name.encode() for name in NAMES})) as made:
        monkeypatch.setenv("HGPORT_INDEX_URL", made.url)
        yield made


def test_final_releases_are_listed_oldest_first(server: Index) -> None:
    server.yanked = {"mercurial-5.2.tar.gz": "bad\n\x1b[31m idea"}
    found = index.published()
    assert [one.version for one in found] == ["5.2", "5.2.2", "10.0"]
    assert [one.sdist for one in found] == [NAMES[2], NAMES[1], NAMES[0]]
    assert found[0].sha256 == server.told_hash(NAMES[2])
    assert [one.size for one in found] == [len(server.files[one.sdist]) for one in found]
    assert [one.yanked for one in found] == ["bad [31m idea", "", ""]


def test_an_index_of_html_pages_serves_as_well(server: Index) -> None:
    server.html = True
    found = index.published()
    assert [one.version for one in found] == ["5.2", "5.2.2", "10.0"]
    assert found[0].sha256 == server.told_hash(NAMES[2])
    assert found[0].size is None
    assert index.size_of(found[0]) == len(server.files[NAMES[2]])


def test_news_are_what_the_catalogue_lacks(server: Index) -> None:
    known = release_of("5.2.2", server.files["mercurial-5.2.2.tar.gz"])
    catalogue = Catalogue("5.2.2", "5.2..5.2", (known,), ())
    for html in (False, True):
        server.html = html
        found = news(catalogue)
        assert [one.version for one in found.added] == ["5.2", "10.0"]
        assert found.added[0].sha256 == server.told_hash("mercurial-5.2.tar.gz")
        assert found.added[0].size == len(server.files["mercurial-5.2.tar.gz"])
        assert found.yanked == []


def test_news_tell_what_is_yanked_since(server: Index) -> None:
    known = release_of("5.2.2", server.files["mercurial-5.2.2.tar.gz"])
    server.yanked = {known.sdist: "broken"}
    found = news(Catalogue("5.2.2", "5.2..5.2", (known,), ()))
    assert [(one.version, one.yanked) for one in found.yanked] == [("5.2.2", "broken")]


def test_other_releases_than_the_catalogues_are_no_news(server: Index) -> None:
    catalogue = Catalogue("5.1", "5.1..5.1", (release_of("5.1", DATA),), ())
    with pytest.raises(OutsideError, match="the index lists no release of Mercurial") as caught:
        news(catalogue)
    assert caught.value.hint
    # a catalogue that is only begun
    assert len(news(Catalogue("5.1", "5.1..5.1", (), ())).added) == 3
    server.files = {}
    with pytest.raises(OutsideError, match="the index lists no release of Mercurial"):
        news(Catalogue("5.1", "5.1..5.1", (), ()))


def test_another_hash_for_a_known_file_is_refused(server: Index) -> None:
    known = release_of("5.2.2", server.files["mercurial-5.2.2.tar.gz"])
    server.hashes = {known.sdist: "ab" * 32}
    with pytest.raises(HgportError, match="the index says sha256 abab.* for mercurial-5.2.2") as e:
        news(Catalogue("5.2.2", "5.2..5.2", (known,), ()))
    assert e.value.exit_code == 1


@pytest.mark.parametrize(
    ("page", "message"),
    [
        (b"{", "what is no index page"),
        (b"{}", "what is no index page"),
        (b'{"meta": {"api-version": "9.0"}}', "index"),
    ],
)
def test_a_page_that_is_none_is_one_line(server: Index, page: bytes, message: str) -> None:
    server.page = page
    with pytest.raises(OutsideError, match=message) as caught:
        index.published()
    assert "\n" not in caught.value.message


def test_nobody_at_the_address_is_said_without_the_libraries_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("HGPORT_OFFLINE", raising=False)
    monkeypatch.setenv("HGPORT_INDEX_URL", "http://127.0.0.1:1/simple")
    with pytest.raises(OutsideError, match="^cannot ask the index: .*refused") as caught:
        index.published()
    assert "Connection(" not in caught.value.message and "<" not in caught.value.message


@pytest.mark.parametrize(
    "prefix",
    ["<urllib3.connection.HTTPSConnection object at 0x7f>: ", "HTTPSConnection(host='x'): "],
)
def test_the_libraries_prefix_is_left_out(prefix: str) -> None:
    assert index._line(OSError(f"{prefix}Failed: [Errno 111]  Connection refused")) == (
        "Failed: [Errno 111] Connection refused"
    )


def test_an_index_without_the_project(server: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HGPORT_INDEX_URL", server.url.replace("simple", "elsewhere"))
    with pytest.raises(OutsideError, match="the index has no project mercurial"):
        index.published()


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/simple", "file:///simple", "http://"])
def test_an_address_that_is_none_is_a_wrong_command(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HGPORT_OFFLINE", raising=False)
    monkeypatch.setenv("HGPORT_INDEX_URL", url)
    with pytest.raises(UsageError, match="index"):
        index.published()


def test_offline_asks_nobody(server: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HGPORT_OFFLINE", "1")
    with pytest.raises(OutsideError, match="HGPORT_OFFLINE"):
        index.published()
    assert server.pages == 0


def test_the_address_is_the_persons_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.delenv("HGPORT_INDEX_URL", raising=False)
    settings = tmp_path / "pip.conf"
    settings.write_text("[global]\nindex-url = http://127.0.0.1:1/from-pip\ncert = /ca.pem\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("CURL_CA_BUNDLE", raising=False)
    index._pip_settings.cache_clear()
    try:
        assert index.address() == "http://127.0.0.1:1/from-pip"
        assert index._certificates() == "/ca.pem"
    finally:
        index._pip_settings.cache_clear()
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/pip")
    assert index.address() == "http://127.0.0.1:1/pip"
    monkeypatch.setenv("HGPORT_INDEX_URL", "http://127.0.0.1:1/ours")
    assert index.address() == "http://127.0.0.1:1/ours"
    monkeypatch.setenv("PIP_CERT", "/pip.pem")
    assert index._certificates() == "/pip.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/requests.pem")
    assert index._certificates() is True
