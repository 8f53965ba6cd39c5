"""How a mail leaves the house: what every way has in common.

A way out says of each mail that it went (it returns), that it did not (NotSent), or that nobody can
know (Unsure), and it says so beforehand when the last step comes, from which on nobody can.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from hgport.errors import HgportError
from hgport.submit.message import Message
from hgport.submit.sendsettings import Program, Smtp

# RFC 5321, 4.5.3.1.6; its CRLF is not counted in
_LONGEST = 998
_ADDRESS = re.compile(r"[!-~]+@[!-~]+")


class NotSent(Exception):
    """A mail, and what was to follow it, did not go out; the text says why."""


class Unsure(Exception):
    """A mail may have gone out or not; the text says what happened."""


class Transport(Protocol):
    """A way out that is open."""

    def send(self, message: Message, last_step: Callable[[], None]) -> None:
        """Send one mail.

        ``last_step`` is called when all has been done but what makes it go.  Raises NotSent,
        Unsure, and whatever ``last_step`` does: then it has not gone.
        """


def check(messages: Sequence[Message]) -> None:
    """Refuse mails that would not arrive as they are: HgportError, which names the mail."""
    for message in messages:
        wrong = _wrong(message)
        if wrong:
            raise HgportError(f"mail {message.number} cannot be sent: {wrong}")


def _wrong(message: Message) -> str | None:
    for address in (message.sender, *message.recipients):
        # one that starts with a dash would be an option of the program that sends it
        if not _ADDRESS.fullmatch(address) or address[0] in "-<":
            return f"{address!r} is no mail address"
    if not message.recipients:
        return "nobody is to get it"
    if re.search(rb"[\0\r\x80-\xff]", message.data):
        return "it is not plain 7-bit text"
    if any(len(line) > _LONGEST for line in message.data.split(b"\n")):
        return f"a line is longer than {_LONGEST} bytes"
    return None


@contextlib.contextmanager
def opened(settings: Smtp | Program, messages: Sequence[Message]) -> Iterator[Transport]:
    """A way out for these mails, open for the block.  Raises NotSent if there is none."""
    if isinstance(settings, Program):
        from hgport.submit.program import ProgramTransport

        yield ProgramTransport(settings)
        return
    from hgport.submit.smtp import connected

    with connected(settings, messages) as transport:
        yield transport
