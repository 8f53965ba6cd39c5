"""hgport.report.email: what would go where."""

from __future__ import annotations

from pathlib import Path

from hgport.model import project
from hgport.report import email as report
from hgport.submit.compose import Composed
from hgport.submit.identity import Identity
from hgport.submit.mailsettings import Settings
from hgport.submit.message import Message


def made() -> Composed:
    stack, catalogue = project.load()
    origins = {"from": "the command line", "to": "/repo/patches/email.toml"}
    sender, to = Identity("Zoë", "zoe@example.org"), Identity("", "list@example.org")
    bcc = Identity("", "hidden@example.org")
    settings = Settings(sender, (to,), (), (bcc,), (), (), "<parent@example.org>", origins)
    message = Message(
        1, "[PATCH] topic: do", "<1@example.org>", "zoe@example.org", ("x@y.org",), b"x" * 1234
    )
    return Composed(
        stack=stack,
        release=catalogue.release("7.2.4"),
        settings=settings,
        version=1,
        digest="0" * 64,
        date=0,
        messages=(message,),
        patches=(("one.patch", b""),),
        diffstats={0: " f | 2 +-\n", 1: " f | 2 +-\n 1 files changed\n"},
        cover=Path("cover.md"),
    )


def test_as_text() -> None:
    composed = made()
    assert report.text(composed) == [
        f"{composed.stack.for_line('7.2').series.path} for 7.2.4, v1",
        "introduced by cover.md",
        "From:        Zoë <zoe@example.org>  (the command line)",
        "To:          list@example.org  (the repository says so: /repo/patches/email.toml)",
        "Bcc:         hidden@example.org",
        "In-Reply-To: <parent@example.org>",
        "",
        "[PATCH] topic: do  (1.2 kB)",
        "   f | 2 +-",
        "   1 files changed",
    ]


def test_as_plain_data() -> None:
    told = report.plain(made())
    assert (told["from"], told["to"], told["cc"]) == (
        "Zoë <zoe@example.org>",
        ["list@example.org"],
        [],
    )
    assert told["messages"][0]["bytes"] == 1234
    assert told["messages"][0]["recipients"] == ["x@y.org"]
