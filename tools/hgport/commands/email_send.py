"""``hgport email --send``, ``--resume`` and ``--discard``: what is composed goes out, once."""

from __future__ import annotations

import getpass
import sys
from dataclasses import dataclass

import click

from hgport.errors import UsageError
from hgport.model.catalogue import Catalogue
from hgport.model.stack import Stack
from hgport.output import printable, say, warn
from hgport.submit import submission
from hgport.submit.compose import Composed
from hgport.submit.message import Message
from hgport.submit.sendsettings import Smtp

# what may be done with a mail of which nobody knows whether it has gone out
_AGAIN, _SKIP = "again", "skip"
UNSURE = (_AGAIN, _SKIP)


def send(composed: Composed, *, yes: bool, resend: bool) -> int:
    """Send mails that the person has been shown, and return the exit code.

    Asks first, unless ``yes``.  Raises as ``submission.send``.
    """
    submission.send(composed, _AtTerminal(yes), resend=resend)
    return 0


def resume(
    stack: Stack, catalogue: Catalogue, *, unsure: str | None = None, yes: bool = False
) -> int:
    """Send what is left in the outbox, and return the exit code.

    A mail that may have gone out is sent ``again``, or not (``skip``); None asks.  What goes where
    is shown and asked about, unless ``yes``.  Raises as ``submission.resume``.
    """
    submission.resume(stack, catalogue, _AtTerminal(yes, unsure))
    return 0


def discard(stack: Stack, catalogue: Catalogue, *, yes: bool) -> int:
    """Give up what is left in the outbox, and return the exit code.  Asks first, unless ``yes``."""
    submission.discard(stack, catalogue, _AtTerminal(yes))
    return 0


@dataclass(frozen=True)
class _AtTerminal:
    """A person at a terminal, if there is one, and what they have said beforehand."""

    yes: bool
    unsure: str | None = None

    def present(self) -> bool:
        return sys.stdin.isatty() and sys.stdout.isatty()

    def tell(self, *lines: str) -> None:
        say(*lines)

    def warn(self, *lines: str) -> None:
        warn(*lines)

    def confirm(self, question: str, otherwise: str) -> None:
        if self.yes:
            # what they said yes to is for them to see all the same
            say(f"{question} yes")
        elif not self.present():
            reason = "this wants a yes, and there is no terminal"
            raise UsageError(f"{reason}: {otherwise}", "see --yes")
        elif not click.confirm(question):
            raise UsageError(otherwise)

    def again(self, message: Message) -> bool:
        say(
            f"may have gone out: {printable(message.subject)}", f"  {printable(message.message_id)}"
        )
        if self.unsure is not None:
            return self.unsure == _AGAIN
        if not self.present():
            raise UsageError(
                "a mail may have gone out already",
                "look whether it arrived; then --resume --unsure again, or --unsure skip",
            )
        say("If it arrived, skip it.  Sent again, it has the same Message-Id.")
        return bool(click.prompt("What with it", type=click.Choice(UNSURE)) == _AGAIN)

    def password(self, settings: Smtp) -> str:
        return getpass.getpass(f"Password of {settings.username} on {settings.host}: ")
