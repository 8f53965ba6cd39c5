"""hgport.report.email: what would go where."""

from __future__ import annotations

import dataclasses
from datetime import datetime, timezone
from pathlib import Path

from hgport.model import project
from hgport.report import email as report
from hgport.submit import sevenbit
from hgport.submit.compose import Composed
from hgport.submit.identity import Identity
from hgport.submit.mailsettings import FromRepository, Settings
from hgport.submit.message import Message
from hgport.submit.versions import Sent


def made() -> Composed:
    stack, catalogue = project.load()
    theirs = FromRepository("/repo/patches/email.toml")
    origins = {"from": "the command line", "to": theirs, "flag": theirs}
    sender, to = Identity("Zoë", "zoe@example.org"), Identity("", "list@example.org")
    bcc = Identity("", "hidden@example.org")
    settings = Settings(sender, (to,), (), (bcc,), (), ("stable",), "<parent@example.org>", origins)
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
        "",
        "[PATCH] topic: do  (1.2 kB)",
        "   f | 2 +-",
        "   1 files changed",
        "",
        "From:        Zoë <zoe@example.org>  (the command line)",
        "To:          list@example.org  (the repository says so: /repo/patches/email.toml)",
        "Bcc:         hidden@example.org",
        "Flag:        stable  (the repository says so: /repo/patches/email.toml)",
        "In-Reply-To: <parent@example.org>",
    ]


def introduced(text: str) -> Composed:
    """The same after an introduction of this text."""
    composed = made()
    mail = sevenbit.rewritten(b"Subject: x\n\n", text.encode())
    first = dataclasses.replace(composed.messages[0], number=0, subject="why", data=mail)
    return dataclasses.replace(composed, messages=(first, *composed.messages))


def test_an_introduction_is_shown_whole() -> None:
    composed = introduced("Why é.\n\n    password = hunter2\n")
    lines = report.text(composed)
    at = lines.index("[PATCH] topic: do  (1.2 kB)")
    assert lines[3].startswith("why  (0.")
    assert lines[4:at] == ["  Why é.", "", "      password = hunter2", ""]
    assert report.plain(composed)["introduction"] == "Why é.\n\n    password = hunter2\n"
    assert report.plain(made())["introduction"] is None


def test_nothing_of_a_repositorys_reaches_the_terminal_as_it_is() -> None:
    composed = introduced("\x1b[2J\x9b1A\u202eevil\rgone\n\tétab\n")
    composed = dataclasses.replace(
        composed, diffstats={0: "", 1: " f\x1b[8m\udce9 | 2 +-\n"}, cover=Path("a\x1bb")
    )
    lines = report.text(composed)
    assert all(line.isprintable() for line in lines)
    assert "  \\x1b[2J\\x9b1A\\u202eevil\\rgone" in lines
    assert "        étab" in lines
    assert "   f\\x1b[8m\\udce9 | 2 +-" in lines
    assert "introduced by a\\x1bb" in lines


def test_the_same_patches_once_more_are_said_to_be() -> None:
    composed = made()
    when = datetime(2026, 1, 2, tzinfo=timezone.utc)
    sent = Sent("7.2", 1, "7.2.4", when, Path("x"), ())
    again = dataclasses.replace(composed, version=2, same_as=sent)
    said = "v1 for 7.2.4, sent on 2026-01-02"
    assert report.text(again)[-1] == f"these are the same patches as in {said}"
    assert (report.plain(again)["same_as"], report.plain(composed)["same_as"]) == (said, None)


def test_as_plain_data() -> None:
    told = report.plain(made())
    assert (told["from"], told["to"], told["cc"]) == (
        "Zoë <zoe@example.org>",
        ["list@example.org"],
        [],
    )
    assert (told["flags"], told["from_repository"]) == (["stable"], ["flag", "to"])
    assert told["messages"][0]["bytes"] == 1234
    assert told["messages"][0]["recipients"] == ["x@y.org"]
