"""An honest server answers git-lfs and Mercurial, and what is malformed with a refusal."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from helpers_proof import batch, blob
from hgport.proof.services import Answer, Call, Services

URL = "http://localhost:1"
OID, DATA = blob(1)
SERVICES = Services(URL, {OID: DATA})


def call(
    command: str, headers: Mapping[str, str] | None = None, query: str = "", method: str = "GET"
) -> Call:
    return Call.of(method, f"/repository?cmd={command}{query}", headers or {})


def answer(command: str, query: str = "", services: Services = SERVICES) -> bytes:
    told = services.answer(call(command, query=query), b"")
    assert (told.status, told.kind) == (200, "application/mercurial-0.1")
    return told.body


# -- calls


@pytest.mark.parametrize("origin", ["", "http://localhost:8080"])
def test_a_call_of_mercurials(origin: str) -> None:
    headers = {"x-hgarg-1": "key=a%20b&na", "x-hgarg-2": "mespace=phases&empty=", "host": "x"}
    one = Call.of("GET", f"{origin}/repository?cmd=pushkey&old=1", headers)
    assert (one.path, one.command) == ("/repository", "pushkey")
    assert one.arguments == {"old": "1", "key": "a b", "namespace": "phases", "empty": ""}
    assert not one.is_transfer and one.preamble == 0


def test_arguments_in_more_than_nine_headers_keep_their_order() -> None:
    text = "nodes=" + "0123456789" * 3
    headers = {f"x-hgarg-{number + 1}": text[number : number + 1] for number in range(len(text))}
    assert call("known", headers).arguments == {"nodes": "0123456789" * 3}


@pytest.mark.parametrize("origin", ["", "https://localhost:8080"])
def test_a_call_of_lfs(origin: str) -> None:
    one = Call.of("PUT", f"{origin}/lfs/objects/{OID}?cmd=unbundle", {})
    assert (one.path, one.command) == (f"/lfs/objects/{OID}", None)
    assert one.is_transfer and one.object == OID


@pytest.mark.parametrize(
    ("method", "target", "is_transfer"),
    [
        ("PUT", "/lfs/objects/x", True),
        ("GET", "/lfs/objects/x", True),
        ("POST", "/lfs/objects/batch", False),
        ("PUT", "/elsewhere", False),
        ("POST", "/repository?cmd=unbundle", True),
        ("POST", "/repository?cmd=putlfile&sha=x", True),
        ("POST", "/repository?cmd=batch", False),
        ("GET", "/repository?cmd=getlfile&sha=x", False),
        ("GET", "/repository", False),
    ],
)
def test_what_carries_something_is_a_transfer(method: str, target: str, is_transfer: bool) -> None:
    assert Call.of(method, target, {}).is_transfer == is_transfer


def test_what_is_transferred_has_a_name() -> None:
    assert call("unbundle").object == "unbundle"
    assert call("putlfile", query="&sha=abc").object == "abc"
    assert call("putlfile", {"x-hgarg-1": "sha=abc"}).object == "abc"
    assert Call.of("GET", "/lfs/objects/abc", {}).object == "abc"


def test_what_is_no_url_is_not_there() -> None:
    assert SERVICES.answer(Call.of("GET", "http://[/repository?cmd=heads", {}), b"").status == 404


# -- git-lfs


@pytest.mark.parametrize("action", ["upload", "download"])
def test_a_batch_says_where_to(action: str) -> None:
    asked = json.loads(batch(OID, "other"))
    asked["operation"] = action
    told = SERVICES.answer(Call.of("POST", "/lfs/objects/batch", {}), json.dumps(asked).encode())
    assert (told.status, told.kind) == (200, "application/vnd.git-lfs+json")
    assert json.loads(told.body) == {
        "transfer": "basic",
        "objects": [
            {"oid": oid, "size": 1000, "actions": {action: {"href": f"{URL}/lfs/objects/{oid}"}}}
            for oid in (OID, "other")
        ],
    }


MALFORMED = [
    b"",
    b"no json",
    b"\xff\xfe\x00",
    b"{}",
    b"[]",
    b"null",
    b'{"operation": "upload"}',
    b'{"operation": "upload", "objects": [1]}',
    b'{"operation": "upload", "objects": [{}]}',
    b'{"operation": [], "objects": [{"oid": "x"}]}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", MALFORMED, ids=lambda body: repr(body[:40]))
def test_what_is_no_batch_is_unprocessable(body: bytes) -> None:
    told = SERVICES.answer(Call.of("POST", "/lfs/objects/batch", {}), body)
    assert told.status == 422 and "no batch request" in json.loads(told.body)["message"]


def test_blobs_go_up_and_come_down() -> None:
    assert SERVICES.answer(Call.of("PUT", "/lfs/objects/new", {}), b"") == Answer(200)
    down = SERVICES.answer(Call.of("GET", f"/lfs/objects/{OID}", {}), b"")
    assert hashlib.sha256(down.body).hexdigest() == OID
    for method, target in (("GET", "/lfs/objects/new"), ("PUT", "/new"), ("POST", "/lfs")):
        assert SERVICES.answer(Call.of(method, target, {}), b"").status == 404


# -- Mercurial


def test_capabilities() -> None:
    plain = answer("capabilities").split()
    assert {b"batch", b"unbundle=HG10UN", b"largefiles=serve"} <= set(plain)
    posting = answer("capabilities", services=Services(URL, {}, post_arguments=True)).split()
    assert [one for one in posting if one not in plain] == [b"httppostargs"]


@pytest.mark.parametrize(
    ("command", "query", "body"),
    [
        ("heads", "", b"0" * 40 + b"\n"),
        ("branchmap", "", b""),
        ("known", "&nodes=a+b+c", b"000"),
        ("known", "", b""),
        ("listkeys", "&namespace=phases", b"publishing\tTrue"),
        ("listkeys", "&namespace=bookmarks", b""),
        ("pushkey", "", b"1\n"),
        ("unbundle", "", b"1\n"),
        ("putlfile", "", b"0\n"),
        ("statlfile", "", b"2\n"),
    ],
)
def test_a_command_is_answered(command: str, query: str, body: bytes) -> None:
    assert answer(command, query) == body


def test_an_unknown_command_is_not_found() -> None:
    assert SERVICES.answer(call("getbundle"), b"").status == 404


def test_a_batch_of_commands_escapes_its_answers() -> None:
    told = answer("batch", "&cmds=heads+%3Bknown+nodes%3Da+b%3Bcapabilities+%3Bnone+")
    heads, known, capabilities, none = told.split(b";")
    assert (heads, known, none) == (b"0" * 40 + b"\n", b"00", b"")
    assert b"unbundle:eHG10UN" in capabilities and b"=" not in capabilities


def test_arguments_in_the_body() -> None:
    posted = b"nodes=a+b&more="
    one = call("known", {"x-hgargs-post": str(len(posted))}, method="POST")
    assert one.preamble == len(posted)
    assert SERVICES.answer(one, posted + b" c d e").body == b"00"


@pytest.mark.parametrize(
    ("command", "headers", "body"),
    [
        ("batch", {}, b""),
        ("batch", {"x-hgarg-1": "cmds=known nodes"}, b""),
        ("known", {"x-hgargs-post": "7"}, b"nodes=\xff"),
        ("known", {"x-hgargs-post": "many"}, b""),
        ("unbundle", {"x-hgargs-post": "-1"}, b""),
        ("unbundle", {"x-hgargs-post": "9" * 5000}, b""),
    ],
)
def test_a_malformed_command_is_refused(command: str, headers: dict[str, str], body: bytes) -> None:
    assert SERVICES.answer(call(command, headers, method="POST"), body).status == 400


# what a client may send: words of the protocols with anything between
COMMANDS = st.sampled_from(["batch", "capabilities", "known", "listkeys", "unbundle", "putlfile"])
TARGETS = st.one_of(
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1),
    st.builds("/repository?cmd={}&{}".format, COMMANDS, st.text(st.characters(max_codepoint=255))),
    st.just("/lfs/objects/batch"),
)
HEADERS = st.dictionaries(
    st.sampled_from(["x-hgarg-1", "x-hgarg-2", "x-hgargs-post", "authorization"]),
    st.one_of(
        st.integers(-1, 50).map(str),
        st.text(st.sampled_from("cmds=known;,%:&+ nodes0\xff"), max_size=40),
        st.text(st.characters(max_codepoint=255)),
    ),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["operation", "objects", "oid", "size"]), inner),
    max_leaves=10,
)
BODIES = st.one_of(st.binary(), JSON.map(lambda value: json.dumps(value).encode()))


@given(st.sampled_from(["GET", "POST", "PUT", "HEAD"]), TARGETS, HEADERS, BODIES)
@example("GET", "//[", {}, b"")
@example("POST", "/repository?cmd=batch", {"x-hgarg-1": "cmds=known a"}, b"")
@example("POST", "/repository?cmd=known", {"x-hgargs-post": "1"}, b"\xff")
def test_whatever_comes_is_answered(
    method: str, target: str, headers: dict[str, str], body: bytes
) -> None:
    one = Call.of(method, target, headers)
    told = SERVICES.answer(one, body)
    assert told.status in (200, 400, 404, 422)
    assert isinstance(told.body, bytes) and one.preamble >= 0 and isinstance(one.object, str)
