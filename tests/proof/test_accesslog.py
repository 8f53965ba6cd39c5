"""nginx's log is read as what it means."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from hgport.proof import accesslog

OID = "ab" * 32
NAMES = [name for name, _variable in accesslog._FIELDS]


def line(**about: object) -> str:
    """A line of the log, about a PUT of ten bytes on connection 7 unless told otherwise."""
    fields = {
        **dict.fromkeys(NAMES, ""),
        "connection": 7,
        "number": 1,
        "method": "PUT",
        "uri": f"/objects/{OID}",
        "status": 200,
        "backend": 200,
        "length": 150 + len(OID),
        "announced": 10,
        **about,
    }
    return json.dumps({name: str(value) for name, value in fields.items()}) + "\n"


def read(tmp_path: Path, *lines: str) -> accesslog.Record:
    (tmp_path / "log").write_text("".join(lines))
    return accesslog.read(tmp_path / "log")


def body(tmp_path: Path, data: bytes) -> Path:
    (tmp_path / "body").write_bytes(data)
    return tmp_path / "body"


def test_a_whole_request(tmp_path: Path) -> None:
    (one,) = read(tmp_path, line(body=body(tmp_path, b"0123456789"))).requests
    assert (one.connection, one.number, one.method, one.object) == (1, 1, "PUT", OID)
    assert (one.announced, one.received, one.status, one.outcome) == (10, 10, 200, "answered")
    assert one.sha256 == hashlib.sha256(b"0123456789").hexdigest()


def test_what_the_server_behind_refuses_has_come_whole(tmp_path: Path) -> None:
    for status in (400, 408):
        (one,) = read(
            tmp_path, line(body=body(tmp_path, b"x" * 10), status=status, backend=status)
        ).requests
        assert (one.outcome, one.status) == ("answered", status)


def test_connections_are_counted_from_one(tmp_path: Path) -> None:
    record = read(tmp_path, line(connection=9), line(connection=4, number=2), line(connection=4))
    assert [(r.connection, r.number) for r in record.requests] == [(1, 1), (1, 2), (2, 1)]


def test_a_silent_client_has_stalled(tmp_path: Path) -> None:
    whole = line(body=body(tmp_path, b"0123456789"))
    silent = line(connection=8, status=408, backend="", length=150 + len(OID) - 6)
    record = read(tmp_path, whole, silent)
    assert record.stalled
    # the headers are as long as those of the request that came whole
    assert [(r.outcome, r.received, r.status) for r in record.requests] == [
        ("answered", 10, 200),
        ("stalled", 4, None),
    ]


def test_a_client_that_leaves(tmp_path: Path) -> None:
    record = read(tmp_path, line(status=400, backend=""), line(status=499, backend=""))
    assert [(r.outcome, r.received) for r in record.requests] == [("cut", 0), ("cut", 0)]
    assert not record.stalled


def test_what_is_no_request(tmp_path: Path) -> None:
    (one,) = read(tmp_path, line(method="", uri="", announced="", status=400, backend="")).requests
    assert (one.outcome, one.object, one.announced) == ("garbage", "", None)


def test_mercurials_commands(tmp_path: Path) -> None:
    data = body(tmp_path, b"cmds=x&bundle")
    record = read(
        tmp_path,
        line(method="GET", uri="/?cmd=batch", announced=""),
        line(method="POST", uri="/?cmd=unbundle", body=data, announced=13, preamble=7),
        line(method="POST", uri="/?cmd=putlfile", **{"x-hgarg-1": "sha=12", "x-hgarg-2": "34"}),
    )
    assert [r.object for r in record.requests] == ["", "unbundle", "1234"]
    assert {r.path for r in record.requests} == {"/"}
    # only what is to be stored is hashed
    assert record.requests[1].sha256 == hashlib.sha256(b"bundle").hexdigest()


def test_a_line_that_is_not_whole_is_left_out(tmp_path: Path) -> None:
    assert len(read(tmp_path, line(), line()[:40]).requests) == 1
    assert accesslog.read(tmp_path / "none").requests == ()
