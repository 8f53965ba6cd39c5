"""``hgport email``: the series as mails, in a file or on their way."""

from __future__ import annotations

import os
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
    over: tuple[str, ...] = ()
    resend: bool = False
    remember: bool = False
    yes: bool = False

    def words(self) -> list[str]:
        """A command line that composes the same mails.

        What is done with them is not in it: a person who is shown it is to say that themselves.
        """
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
            ("--with", self.over),
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
@click.option("--remember", is_flag=True, help="Take the mails in the file as sent: you mail it.")
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
@options.over
def command(release: str | None, **said: Any) -> int:
    """Mail the series for a release, by way of hg email: to a file, or with --send to people.

    Without --send nothing goes out.  The mails are written to a file of the mailbox form, and shown
    with who would get them.  The introduction is made from patches/cover.md, or the port's own
    cover.md; where --with makes one series of several stacks, from cover-with-STACK.md.  From, to,
    cc and bcc are taken from [email], [patchbomb] and [ui] of your hgrc where no option says them;
    to, cc and flag then from patches/email.toml.

    --flag v2 says that this is the second version of the series: its introduction shows what
    differs since the first.  What was sent is kept in patches/sent.
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
    typed = Options(
        release=release,
        asked=asked,
        mbox=said["box"],
        cover=said["letter"],
        since=said["since"],
        series=said["series"],
        over=said["over"],
        resend=said["resend"],
        remember=said["remember"],
        yes=said["yes"],
    )
    if said["new_cover"]:
        return new_cover(typed)
    if said["send"]:
        return send(typed)
    if said["remember"]:
        return remember(typed, as_json=said["as_json"])
    return write(typed, as_json=said["as_json"])


def write(typed: Options, *, as_json: bool = False) -> int:
    """Write the mails to a file, say what would go where, and return the exit code."""
    if typed.mbox is not None:
        # before anything takes time
        mbox.refuse(typed.mbox)
    composed = _composed(typed)
    path = typed.mbox or Path(mbox.default_name(composed))
    mbox.write(path, composed)
    if as_json:
        _say_json(composed, mbox=path)
    else:
        from hgport.report import email as report

        say(*report.text(composed), "", f"written to {path}; nothing was sent")
        say(f"to send: {shlex.join([*typed.words(), '--send'])}")
    return 0


def remember(typed: Options, *, as_json: bool = False) -> int:
    """Take the mails of a file as sent, and return the exit code.

    They have to be what would be mailed now.  Where there is no such file it is written.
    """
    composed, path = _composed_as_written(typed)
    there = os.path.lexists(path)
    if there:
        mbox.refuse_others(path, composed)
    else:
        mbox.write(path, composed)
    where = versions.remember(composed)
    if as_json:
        _say_json(composed, mbox=path, remembered=where)
    else:
        from hgport.report import email as report

        did = "these are the mails of" if there else "written to"
        say(*report.text(composed), "", f"{did} {path}", f"taken as sent: {where}")
    return 0


def send(typed: Options) -> int:
    """Say what goes where, send it, and return the exit code."""
    from hgport.report import email as report

    if typed.mbox is not None:
        mbox.refuse(typed.mbox)
    composed = _composed(typed)
    say(*report.text(composed), "")
    strangers = composed.settings.repositorys
    if typed.yes and strangers:
        raise UsageError(
            f"only the repository names {', '.join(map(str, strangers))}; nothing was sent",
            "name them with --to or --cc, or leave out --yes and look",
        )
    if typed.mbox is not None:
        mbox.write(typed.mbox, composed)
        say(f"written to {typed.mbox}")
    return email_send.send(composed, yes=typed.yes, resend=typed.resend)


def new_cover(typed: Options) -> int:
    """Write a cover letter to fill in, say where, and return the exit code."""
    stack, _catalogue, release = _work(typed)
    path = typed.cover or cover.of_line(stack, release.line)
    version = mailsettings.version_of(typed.asked.flags)
    cover.new(path, [patch.subject for patch in stack.patches_for(release.line)], version)
    say(f"written: {path}; fill it in")
    return 0


def _composed_as_written(typed: Options) -> tuple[Composed, Path]:
    """The mails, dated as those of the file that they are in if it is there, and the file."""
    path = typed.mbox
    if path is not None:
        if os.path.lexists(path):
            return _composed(typed, mbox.date(path)), path
        mbox.refuse(path)
    composed = _composed(typed)
    if path is None:
        # what the file is called is known by the mails alone, and their date by the file alone
        path = Path(mbox.default_name(composed))
        if os.path.lexists(path):
            composed = _composed(typed, mbox.date(path))
    return composed, path


def _say_json(composed: Composed, **paths: Path) -> None:
    import json

    from hgport.report import email as report

    told = {**report.plain(composed), **{name: str(path) for name, path in paths.items()}}
    say(json.dumps(told, indent=2))


def _composed(typed: Options, date: int | None = None) -> Composed:
    """The mails; ``date`` is that of the first, None is now."""
    from hgport.report import downloads

    stack, catalogue, release = _work(typed)
    persons = hg.persons_config(*mailsettings.SECTIONS)
    settings = mailsettings.settle(typed.asked, persons, mailsettings.of_stack(stack))
    request = Request(
        stack=stack,
        catalogue=catalogue,
        release=release,
        settings=settings,
        cover=typed.cover,
        since=typed.since,
        resend=typed.resend,
        date=date,
    )
    with downloads.shown() as progress:
        return compose(request, progress)


def _work(typed: Options) -> tuple[Stack, Catalogue, Release]:
    stack, catalogue = project.load(typed.series, typed.over)
    return stack, catalogue, ranges.one(catalogue, typed.release)


def _outbox(release: str | None, said: dict[str, Any]) -> int:
    """What is to become of what was interrupted."""
    ours = ("resume", "discard", "unsure", "series", "over", "yes")
    other = [name for name, value in said.items() if value and name not in ours]
    if release is not None or other or said["resume"] == said["discard"]:
        raise UsageError(
            "--resume and --discard are about what was interrupted, and go alone",
            "with --series, --with, --yes and --unsure at most",
        )
    stack, catalogue = project.load(said["series"], said["over"])
    if said["discard"]:
        return email_send.discard(stack, catalogue, yes=said["yes"])
    return email_send.resume(stack, catalogue, unsure=said["unsure"], yes=said["yes"])


def _refuse_together(said: dict[str, Any]) -> None:
    """Raise UsageError for options of which each is for another thing."""
    sends = ("remember", "as_json", "new_cover")
    if said["send"] and any(said[name] for name in sends):
        raise UsageError("--send does not go with --remember, --json and --new-cover")
    if said["yes"] and not said["send"]:
        raise UsageError("--yes goes with --send and --discard only")
