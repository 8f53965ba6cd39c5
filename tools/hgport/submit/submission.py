"""Send a submission, once: what may go, what is asked before, and what is known afterwards."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from hgport.engine import hg
from hgport.errors import HgportError, UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack
from hgport.output import counted, printable
from hgport.places import project_dir
from hgport.submit import kept, sendsettings, transport, versions
from hgport.submit.compose import Composed
from hgport.submit.cover import others_of
from hgport.submit.delivery import deliver, how_far
from hgport.submit.message import Message
from hgport.submit.outbox import About, Outbox, Place, State, damaged
from hgport.submit.sendsettings import Program, Smtp


class Person(Protocol):
    """Whoever sends: what they are told, and what they are asked."""

    def present(self) -> bool:
        """Whether they can be asked for what no option says."""

    def tell(self, *lines: str) -> None:
        """Say something to them."""

    def warn(self, *lines: str) -> None:
        """Say how far it went, as all else stops.  Raises nothing."""

    def confirm(self, question: str, otherwise: str) -> None:
        """Have them say yes; UsageError, which says what happens otherwise, if they do not."""

    def again(self, message: Message) -> bool:
        """Whether to send a mail once more that may have gone out.  Raises UsageError if they do
        not say."""

    def password(self, settings: Smtp) -> str:
        """The password for a server."""


def send(composed: Composed, person: Person, *, resend: bool) -> None:
    """Send mails that the person has been shown, after a question.

    ``resend`` lets mails go that went out before.  Raises UsageError if they may not be sent, and
    OutsideError, which says how far it went, if they cannot.
    """
    settings = _settings(person)
    transport.check(composed.messages)
    about = _about(composed)
    place = _of(composed.stack)
    with place.held():
        unfinished = place.current()
        if unfinished is not None:
            _refuse_other(unfinished, about, composed)
        _refuse_twice(place, about, resend)
        _confirm(person, composed.messages, settings, "nothing was sent")
        settings = _with_password(settings, person)
        if unfinished is not None:
            # the same, of which nothing has gone
            place.drop()
        outbox = place.put(about, composed.messages)
        _end(place, outbox, person, composed, settings)


def resume(stack: Stack, catalogue: Catalogue, person: Person) -> None:
    """Send what is left in the outbox, after a question.

    The person is asked about a mail that may have gone out; what they say counts when they have
    confirmed all of it, and is asked again until the mail has gone.  Raises as ``send``.
    """
    place = _place(stack)
    with place.held():
        outbox = _current(place)
        composed = _composed(outbox, stack, catalogue)
        person.tell(f"{_title(outbox)}: {how_far(outbox)}")
        doubtful = outbox.those(State.SENDING)
        again = tuple(message for message in doubtful if person.again(message))
        waiting = outbox.those(State.WAITING)
        going = [one for one in outbox.messages if one in waiting or one in again]
        settings = None
        if going:
            settings = _settings(person)
            transport.check(going)
            person.tell(*map(_shown, going))
            _confirm(person, going, settings, "nothing more was sent")
            settings = _with_password(settings, person)
        for message in doubtful:
            if message not in again:
                outbox.mark(message, State.SKIPPED)
        _end(place, outbox, person, composed, settings, again)


def discard(stack: Stack, catalogue: Catalogue, person: Person) -> None:
    """Give up what is left in the outbox, after a question.

    A version of which something may have gone out is remembered, since people may answer to it.
    """
    place = _place(stack)
    with place.held():
        try:
            outbox = place.current()
        except HgportError as err:
            person.confirm(f"{printable(err.message)}. Put it aside?", "nothing was changed")
            person.tell(f"put aside: {place.archive()}")
            return
        if outbox is None:
            raise _nothing_waits()
        person.tell(f"{_title(outbox)}: {how_far(outbox)}")
        person.confirm("Send nothing more of it?", "nothing was changed")
        if outbox.untouched:
            place.drop()
            person.tell("the outbox is removed")
            return
        try:
            where = versions.remember(_composed(outbox, stack, catalogue))
            person.tell(f"remembered in {where}")
        except HgportError as err:
            person.tell(f"not remembered: {printable(err.message)}")
        person.tell(f"what went out is noted in {place.archive()}")


# what may be done


def _about(composed: Composed) -> About:
    lowest, others = composed.stack.layers[0], others_of(composed.stack)
    series = lowest.top.path.name + (f" with {others}" if others else "")
    title = f"{series} v{composed.version} for {composed.release.version}"
    return About(title, composed.digest, kept.to_json(composed))


def _refuse_other(unfinished: Outbox, about: About, composed: Composed) -> None:
    """Refuse to send while an outbox waits, unless that is the same and nothing of it has gone."""
    whom = _recipients(unfinished.messages)
    same = unfinished.about.digest == about.digest
    if unfinished.untouched and same and set(whom) == set(_recipients(composed.messages)):
        return
    raise UsageError(
        f"{_title(unfinished)}, to {', '.join(whom)}, is not done with: {how_far(unfinished)}",
        f"{_command(composed.stack, '--resume')} ends it, --discard gives it up",
    )


def _refuse_twice(place: Place, about: About, resend: bool) -> None:
    past = place.past(about)
    if past is not None and not resend:
        raise UsageError(
            f"{_title(past)} was mailed before: {how_far(past)}", "--resend mails it again"
        )


def _of(stack: Stack) -> Place:
    return Place(*(layer.top.path for layer in stack.layers))


def _place(stack: Stack) -> Place:
    place = _of(stack)
    if not place.directory.is_dir():
        raise _nothing_waits()
    return place


def _current(place: Place) -> Outbox:
    outbox = place.current()
    if outbox is None:
        raise _nothing_waits()
    return outbox


def _nothing_waits() -> UsageError:
    return UsageError("nothing waits to be sent")


def _composed(outbox: Outbox, stack: Stack, catalogue: Catalogue) -> Composed:
    try:
        return kept.from_json(outbox.about.kept, stack, catalogue, outbox.messages)
    except ValueError as err:
        raise damaged(outbox.directory, err) from err


# what a person is told and asked


def _title(outbox: Outbox) -> str:
    return printable(outbox.about.title)


def _shown(message: Message) -> str:
    """What a mail is, from whom and to whom, as one line."""
    whom = ", ".join(message.recipients)
    return printable(f"to send: {message.subject} ({message.sender} to {whom})")


def _recipients(messages: Sequence[Message]) -> tuple[str, ...]:
    """Whom mails go to, each once."""
    return tuple(dict.fromkeys(one for message in messages for one in message.recipients))


def _confirm(
    person: Person, messages: Sequence[Message], settings: Smtp | Program, otherwise: str
) -> None:
    count = counted(len(messages), "mail", "mails")
    person.confirm(f"Send {count} to {', '.join(_recipients(messages))} by {settings}?", otherwise)


def _settings(person: Person) -> Smtp | Program:
    settings = sendsettings.read(hg.persons_config(*sendsettings.SECTIONS))
    if _wants_password(settings) and not person.present():
        raise UsageError(
            "the mail server wants a password, and there is no terminal to ask at",
            "say [smtp] password in your hgrc",
        )
    return settings


def _wants_password(settings: Smtp | Program) -> bool:
    return isinstance(settings, Smtp) and bool(settings.username) and settings.password is None


def _with_password(settings: Smtp | Program, person: Person) -> Smtp | Program:
    if isinstance(settings, Program) or not _wants_password(settings):
        return settings
    password = sendsettings.checked_password(person.password(settings))
    return dataclasses.replace(settings, password=password)


# what is done


def _end(
    place: Place,
    outbox: Outbox,
    person: Person,
    composed: Composed,
    settings: Smtp | Program | None,
    again: Sequence[Message] = (),
) -> None:
    """Send what waits, remember the version, and put the outbox away."""
    with _hinted(person, _command(composed.stack, "--resume"), outbox):
        if settings is not None:

            def went(message: Message) -> None:
                person.tell(f"sent: {printable(message.subject)}")

            deliver(outbox, settings, went, again)
        where = versions.remember(composed)
    place.archive()
    person.tell(f"{_title(outbox)}: {how_far(outbox)}", f"remembered in {where}")


@contextlib.contextmanager
def _hinted(person: Person, command: str, outbox: Outbox) -> Iterator[None]:
    """Have what stops the block say how far it went and how to go on."""
    try:
        yield
    except HgportError as err:
        hint = f"{command} {_rest(outbox)}"
        err.hint = f"{err.hint}; {hint}" if err.hint else hint
        if outbox.finished:
            err.message = f"{how_far(outbox)}; yet {err.message}"
        raise
    except BaseException:
        # ctrl-C, a signal, or a fault of hgport's own
        person.warn(how_far(outbox), f"{command} {_rest(outbox)}")
        raise


def _rest(outbox: Outbox) -> str:
    return "ends it" if outbox.finished else "sends the rest"


def _command(stack: Stack, option: str) -> str:
    """The command line that goes on with this stack's outbox."""
    lowest, *others = stack.layers
    words = ["hgport", "email", option]
    if not _is_default(lowest.top.path):
        words += ["--series", str(lowest.top.path)]
    for layer in others:
        beside = layer.top.directory.parent == lowest.top.directory
        words += ["--with", layer.top.directory.name if beside else str(layer.top.path)]
    return shlex.join(words)


def _is_default(series: Path) -> bool:
    """Whether a series file is the one that is meant where none is named."""
    with contextlib.suppress(UsageError):
        return series.resolve() == (project_dir() / "series").resolve()
    return False
