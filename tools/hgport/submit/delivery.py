"""Send what is in an outbox, and say how far that went."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from hgport.errors import OutsideError
from hgport.submit.message import Message
from hgport.submit.outbox import Outbox, State
from hgport.submit.sendsettings import Program, Smtp
from hgport.submit.transport import NotSent, Transport, Unsure, opened


def deliver(
    outbox: Outbox,
    settings: Smtp | Program,
    went: Callable[[Message], None] | None = None,
    again: Sequence[Message] = (),
) -> None:
    """Send the mails that wait, in order, over one connection; and those of ``again``, which may
    have gone out before and stay so until they have.

    ``went`` hears of each that has gone; an OSError of it stops nothing.  At the first that does
    not go out for sure it stops: OutsideError, whose line says which did, which may have, and which
    did not.
    """
    waiting = outbox.those(State.WAITING)
    going = [message for message in outbox.messages if message in waiting or message in again]
    if not going:
        return
    try:
        with opened(settings, going) as transport:
            for message in going:
                _send(outbox, transport, message)
                if went is not None:
                    # who reads along may leave; the mails go on
                    with contextlib.suppress(OSError):
                        went(message)
    except (NotSent, Unsure) as err:
        raise OutsideError(f"{err}; {how_far(outbox)}") from err


def _send(outbox: Outbox, transport: Transport, message: Message) -> None:
    before = outbox.state(message)
    try:
        transport.send(message, lambda: outbox.mark(message, State.SENDING))
    except NotSent:
        if outbox.state(message) is not before:
            outbox.mark(message, before)
        raise
    try:
        outbox.mark(message, State.SENT)
    except OutsideError as err:
        name = _names([message], outbox)
        raise OutsideError(f"{name} went out, but that was not noted: {err.message}") from err


def how_far(outbox: Outbox) -> str:
    """Which mails went out, which may have, and which did not, as one clause."""
    parts = [
        f"{what}: {_names(outbox.those(*states), outbox)}"
        for what, states in (
            ("went out", (State.SENT,)),
            ("may have gone out", (State.SENDING, State.SKIPPED)),
            ("did not go out", (State.WAITING,)),
        )
        if outbox.those(*states)
    ]
    return "; ".join(parts)


def _names(messages: Sequence[Message], outbox: Outbox) -> str:
    """Mails as people call them: "the introduction, 2 of 3"."""
    if len(messages) == len(outbox.messages) > 1:
        return f"all {len(messages)} mails"
    patches = sum(1 for one in outbox.messages if one.number)
    return ", ".join(name(one, patches) for one in messages)


def name(message: Message, patches: int) -> str:
    """A mail as people call it, of so many patches."""
    return f"{message.number} of {patches}" if message.number else "the introduction"
