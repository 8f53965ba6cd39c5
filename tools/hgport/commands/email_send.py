"""``hgport email --send``, ``--resume`` and ``--discard``: what is composed goes out, once."""

from __future__ import annotations

import contextlib
import dataclasses
import getpass
import shlex
import sys
from collections.abc import Iterator

import click

from hgport.engine import hg
from hgport.errors import HgportError, UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack
from hgport.output import counted, say
from hgport.places import project_dir
from hgport.submit import kept, sendsettings, transport, versions
from hgport.submit.compose import Composed
from hgport.submit.delivery import deliver, how_far
from hgport.submit.message import Message
from hgport.submit.outbox import About, Outbox, Place, State
from hgport.submit.sendsettings import Program, Smtp

# what may be done with a mail of which nobody knows whether it has gone out
UNSURE = {"again": State.AGAIN, "skip": State.SKIPPED}


def send(composed: Composed, *, yes: bool, resend: bool) -> int:
    """Send mails that the person has been shown, and return the exit code.

    Asks first, unless ``yes``.  ``resend`` lets mails go that went out before.  Raises UsageError
    if they may not be sent, and OutsideError, which says how far it went, if they cannot.
    """
    settings = _settings()
    transport.check(composed.messages)
    about = _about(composed)
    place = Place(composed.stack.top.path)
    with place.held():
        _refuse_twice(place, about, composed.stack, resend)
        count = counted(len(composed.messages), "mail", "mails")
        _confirm(f"Send {count} by {settings}?", yes, "nothing was sent")
        settings = _with_password(settings)
        if place.current() is not None:
            # nothing of it has gone, and what is composed now is what the person wants
            place.drop()
        outbox = place.put(about, composed.messages)
        return _end(place, outbox, settings, composed)


def resume(
    stack: Stack, catalogue: Catalogue, *, unsure: str | None = None, yes: bool = False
) -> int:
    """Send what is left in the outbox, and return the exit code.

    A mail that may have gone out is sent ``again``, or not (``skip``); None asks.  What goes where
    is shown and asked about, unless ``yes``: an outbox may have come with somebody's repository.
    Raises as ``send``.
    """
    place = _place(stack)
    with place.held():
        outbox = _current(place)
        composed = kept.from_json(outbox.about.kept, stack, catalogue, outbox.messages)
        say(f"{outbox.about.title}: {how_far(outbox)}")
        for message in outbox.those(State.SENDING):
            outbox.mark(message, _settled(message, unsure))
        settings = None
        waiting = outbox.those(State.WAITING, State.AGAIN)
        if waiting:
            settings = _settings()
            transport.check(waiting)
            say(*map(_shown, waiting))
            count = counted(len(waiting), "mail", "mails")
            _confirm(f"Send {count} by {settings}?", yes, "nothing more was sent")
            settings = _with_password(settings)
        return _end(place, outbox, settings, composed)


def discard(stack: Stack, *, yes: bool) -> int:
    """Give up what is left in the outbox, and return the exit code.  Asks first, unless ``yes``."""
    place = _place(stack)
    with place.held():
        try:
            outbox = _current(place)
        except UsageError:
            raise
        except HgportError as err:
            _confirm(f"{err.message}. Put it aside?", yes, "nothing was changed")
            say(f"put aside: {place.archive()}")
            return 0
        say(f"{outbox.about.title}: {how_far(outbox)}")
        _confirm("Send nothing more of it?", yes, "nothing was changed")
        if outbox.untouched:
            place.drop()
            say("the outbox is removed")
        else:
            say(f"what went out is noted in {place.archive()}")
    return 0


# what may be done


def _about(composed: Composed) -> About:
    series = composed.stack.top.path.name
    title = f"{series} v{composed.version} for {composed.release.version}"
    return About(title, composed.digest, kept.to_json(composed))


def _refuse_twice(place: Place, about: About, stack: Stack, resend: bool) -> None:
    """Refuse what was sent before, and what would come into the way of an unfinished outbox."""
    unfinished = place.current()
    if unfinished is not None and not unfinished.untouched:
        raise UsageError(
            f"{unfinished.about.title} is not done with: {how_far(unfinished)}",
            f"{_command(stack, '--resume')} ends it, --discard gives it up",
        )
    past = place.past(about)
    if past is not None and not resend:
        raise UsageError(
            f"{past.about.title} was mailed before: {how_far(past)}", "--resend mails it again"
        )


def _place(stack: Stack) -> Place:
    place = Place(stack.top.path)
    if not place.directory.is_dir():
        raise UsageError("nothing waits to be sent")
    return place


def _current(place: Place) -> Outbox:
    outbox = place.current()
    if outbox is None:
        raise UsageError("nothing waits to be sent")
    return outbox


def _command(stack: Stack, option: str) -> str:
    """The command line that goes on with this stack's outbox."""
    words = ["hgport", "email", option]
    with contextlib.suppress(UsageError):
        if stack.top.path.resolve() == (project_dir() / "series").resolve():
            return shlex.join(words)
    return shlex.join([*words, "--series", str(stack.top.path)])


# what a person is asked


def _shown(message: Message) -> str:
    """What a mail is, from whom and to whom, as one line."""
    return f"to send: {message.subject} ({message.sender} to {', '.join(message.recipients)})"


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _confirm(question: str, yes: bool, otherwise: str) -> None:
    """Have the person say yes; UsageError, which says what happens otherwise, if they do not."""
    if yes:
        return
    if not _on_terminal():
        raise UsageError(f"this wants a yes, and there is no terminal: {otherwise}", "see --yes")
    if not click.confirm(question):
        raise UsageError(otherwise)


def _settled(message: Message, unsure: str | None) -> State:
    """What is to become of a mail that may have gone out."""
    if unsure is not None:
        return UNSURE[unsure]
    say(f"may have gone out: {message.subject}", f"  {message.message_id}")
    if not _on_terminal():
        raise UsageError(
            "a mail may have gone out already",
            "look whether it arrived; then --resume --unsure again, or --unsure skip",
        )
    say("If it arrived, skip it.  Sent again, it has the same Message-Id.")
    return UNSURE[click.prompt("What with it", type=click.Choice(list(UNSURE)))]


def _settings() -> Smtp | Program:
    settings = sendsettings.read(hg.persons_config(*sendsettings.SECTIONS))
    if _wants_password(settings) and not _on_terminal():
        raise UsageError(
            "the mail server wants a password, and there is no terminal to ask at",
            "say [smtp] password in your hgrc",
        )
    return settings


def _wants_password(settings: Smtp | Program) -> bool:
    return isinstance(settings, Smtp) and bool(settings.username) and settings.password is None


def _with_password(settings: Smtp | Program) -> Smtp | Program:
    if isinstance(settings, Program) or not _wants_password(settings):
        return settings
    told = getpass.getpass(f"Password of {settings.username} on {settings.host}: ")
    return dataclasses.replace(settings, password=sendsettings.checked_password(told))


# what is done


def _end(place: Place, outbox: Outbox, settings: Smtp | Program | None, composed: Composed) -> int:
    """Send what waits, remember the version, and put the outbox away."""
    with _hinted(_command(composed.stack, "--resume"), outbox):
        if settings is not None:
            deliver(outbox, settings, lambda message: say(f"sent: {message.subject}"))
        where = versions.remember(composed)
    place.archive()
    say(f"{outbox.about.title}: {how_far(outbox)}", f"remembered in {where}")
    return 0


@contextlib.contextmanager
def _hinted(command: str, outbox: Outbox) -> Iterator[None]:
    """Have what stops the block say how to go on."""
    try:
        yield
    except HgportError as err:
        if outbox.finished:
            raise type(err)(
                f"{how_far(outbox)}; yet {err.message}", err.hint or f"{command} ends it"
            ) from err
        err.hint = f"{command} sends the rest"
        raise
    except KeyboardInterrupt:
        say(how_far(outbox), f"{command} sends the rest")
        raise
