"""``hgport email``: the series as mails, in a file or on their way."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from hgport.commands import completion, email_send, options
from hgport.engine import hg
from hgport.errors import UsageError
from hgport.model import project, ranges
from hgport.model.catalogue import Catalogue
from hgport.model.release import Release
from hgport.model.stack import Stack
from hgport.output import say
from hgport.submit import cover, mailsettings, mbox, versions
from hgport.submit.compose import Composed, Request, compose
from hgport.submit.mailsettings import Asked


@dataclass(frozen=True)
class Options:
    """What the command line says, as it was typed; the fields are the options of that name."""

    release: str
    asked: Asked
    mbox: Path | None = None
    cover: Path | None = None
    since: str | None = None
    series: Path | None = None
    resend: bool = False
    remember: bool = False
    yes: bool = False

    def words(self) -> list[str]:
        """A command line that composes the same mails."""
        asked = self.asked
        pairs: list[tuple[str, Sequence[object]]] = [
            ("--flag", asked.flags),
            ("--from", [asked.sender] if asked.sender is not None else []),
            ("--to", asked.to),
            ("--cc", asked.cc),
            ("--bcc", asked.bcc),
            ("--in-reply-to", [asked.in_reply_to] if asked.in_reply_to is not None else []),
            ("--cover", [self.cover] if self.cover else []),
            ("--since", [self.since] if self.since else []),
            ("--series", [self.series] if self.series else []),
        ]
        words = ["hgport", "email", self.release]
        words += [str(word) for name, values in pairs for one in values for word in (name, one)]
        return words + (["--resend"] if self.resend else [])


@click.command("email")
@click.argument("release", metavar="RELEASE", required=False, shell_complete=completion.releases)
@click.option("--flag", "flags", multiple=True, metavar="FLAG", help="As stable, or v2 (repeat).")
@click.option("--to", multiple=True, metavar="ADDRESS", help="Who gets it (repeat).")
@click.option("--cc", multiple=True, metavar="ADDRESS", help="Who gets a copy (repeat).")
@click.option("--bcc", multiple=True, metavar="ADDRESS", help="Who does, unseen (repeat).")
@click.option("-u", "--from", "sender", metavar="IDENTITY", help="Who submits: 'NAME <MAIL>'.")
@click.option("--in-reply-to", metavar="ID", help="The Message-Id that the mails answer.")
@click.option(
    "--mbox",
    "box",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the mails to this file (TOPIC-RELEASE.mbox).",
)
@click.option("--send", is_flag=True, help="Send the mails, after a question.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--resend", is_flag=True, help="Mail a version that was sent already once more.")
@click.option("--resume", is_flag=True, help="Send the rest of what was interrupted.")
@click.option(
    "--unsure",
    type=click.Choice(list(email_send.UNSURE)),
    help="With --resume: what to do with a mail that may have gone out.",
)
@click.option("--discard", is_flag=True, help="Give up what was interrupted.")
@click.option("--remember", is_flag=True, help="Take this version as sent: you mail the file.")
@click.option(
    "--cover",
    "letter",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The cover letter (cover.md beside the patches).",
)
@click.option("--new-cover", is_flag=True, help="Write a cover letter to fill in, and end.")
@click.option("--since", metavar="WHICH", help="Range-diff since this: 7.2/v1, or none.")
@options.json_output
@options.series
def command(release: str | None, **said: Any) -> int:
    """Mail the series for a release, by way of hg email: to a file, or with --send to people.

    Without --send nothing goes out.  The mails are written to a file of the mailbox form, and shown
    with who would get them.  The introduction is made from patches/cover.md, or the port's own
    cover.md.  From, to, cc and bcc are taken from [email], [patchbomb] and [ui] of your hgrc where
    no option says them; to, cc and flag then from patches/email.toml.

    --flag v2 says that this is the second version of the series: its introduction shows what
    differs since the first.  What was sent is kept in patches/sent/LINE/vN.
    """
    if said["resume"] or said["discard"]:
        return _outbox(release, said)
    if said["unsure"]:
        raise UsageError("--unsure goes with --resume only")
    if release is None:
        raise UsageError("say which release", "hgport email RELEASE; see --help")
    _refuse_together(said)
    asked = Asked(
        said["sender"], said["to"], said["cc"], said["bcc"], said["flags"], said["in_reply_to"]
    )
    told = Options(
        release,
        asked,
        said["box"],
        said["letter"],
        said["since"],
        said["series"],
        said["resend"],
        said["remember"],
        said["yes"],
    )
    if said["new_cover"]:
        return new_cover(told)
    if said["send"]:
        return send(told)
    return write(told, as_json=said["as_json"])


def write(told: Options, *, as_json: bool = False) -> int:
    """Write the mails to a file, say what would go where, and return the exit code."""
    from hgport.report import email as report

    if told.mbox is not None:
        # before anything takes time
        mbox.refuse(told.mbox)
    composed = _composed(told)
    path = told.mbox or Path(mbox.default_name(composed))
    mbox.write(path, composed)
    if as_json:
        import json

        say(json.dumps({**report.plain(composed), "mbox": str(path)}, indent=2))
    else:
        say(*report.text(composed), "", f"written to {path}; nothing was sent")
    if told.remember:
        where = versions.remember(composed)
        if not as_json:
            say(f"taken as sent: {where}")
    elif not as_json:
        say(f"to send: {shlex.join([*told.words(), '--send'])}")
    return 0


def send(told: Options) -> int:
    """Say what goes where, send it, and return the exit code."""
    from hgport.report import email as report

    if told.mbox is not None:
        mbox.refuse(told.mbox)
    composed = _composed(told)
    say(*report.text(composed), "")
    strangers = composed.settings.repositorys
    if told.yes and strangers:
        raise UsageError(
            f"only the repository names {', '.join(map(str, strangers))}; nothing was sent",
            "name them with --to or --cc, or leave out --yes and look",
        )
    if told.mbox is not None:
        mbox.write(told.mbox, composed)
        say(f"written to {told.mbox}")
    return email_send.send(composed, yes=told.yes, resend=told.resend)


def new_cover(told: Options) -> int:
    """Write a cover letter to fill in, say where, and return the exit code."""
    stack, _catalogue, release = _work(told)
    port = stack.for_line(release.line)
    path = told.cover or cover.of_port(port)
    version = mailsettings.version_of(told.asked.flags)
    cover.new(path, [patch.subject for patch in port.series.patches], version)
    say(f"written: {path}; fill it in")
    return 0


def _composed(told: Options) -> Composed:
    from hgport.report import downloads

    stack, catalogue, release = _work(told)
    persons = hg.persons_config(*mailsettings.SECTIONS)
    settings = mailsettings.settle(told.asked, persons, stack.top.directory / mailsettings.NAME)
    request = Request(stack, catalogue, release, settings, told.cover, told.since, told.resend)
    with downloads.shown() as progress:
        return compose(request, progress)


def _work(told: Options) -> tuple[Stack, Catalogue, Release]:
    stack, catalogue = project.load(told.series)
    return stack, catalogue, ranges.one(catalogue, told.release)


def _outbox(release: str | None, said: dict[str, Any]) -> int:
    """What is to become of what was interrupted."""
    ours = ("resume", "discard", "unsure", "series", "yes")
    other = [name for name, value in said.items() if value and name not in ours]
    if release is not None or other or said["resume"] == said["discard"]:
        raise UsageError(
            "--resume and --discard are about what was interrupted, and go alone",
            "with --series, --yes and --unsure at most",
        )
    stack, catalogue = project.load(said["series"])
    if said["discard"]:
        return email_send.discard(stack, yes=said["yes"])
    return email_send.resume(stack, catalogue, unsure=said["unsure"], yes=said["yes"])


def _refuse_together(said: dict[str, Any]) -> None:
    """Raise UsageError for options of which each is for another thing."""
    sends = ("remember", "as_json", "new_cover")
    if said["send"] and any(said[name] for name in sends):
        raise UsageError("--send does not go with --remember, --json and --new-cover")
    if said["yes"] and not said["send"]:
        raise UsageError("--yes goes with --send and --discard only")
