"""Send mails by a program that takes them as sendmail does."""

from __future__ import annotations

from collections.abc import Callable

from hgport import process
from hgport.errors import OutsideError
from hgport.submit.message import Message
from hgport.submit.sendsettings import Program
from hgport.submit.transport import NotSent, Unsure

# sendmail says so of a mail that it could not send and may have put into its queue
_QUEUED = 75


class ProgramTransport:
    """Runs the program once a mail."""

    def __init__(self, program: Program, seconds: float = 600) -> None:
        self._program = program
        self._seconds = seconds

    def send(self, message: Message, last_step: Callable[[], None]) -> None:
        """As Transport.send."""
        last_step()
        words = (*self._program.words, "-f", message.sender, *message.recipients)
        try:
            ended = process.run(words, stdin=message.data, timeout=self._seconds, allowed=None)
        except OutsideError as err:
            raise NotSent(err.message) from err
        except OSError as err:
            # it ran, and has left something behind that is not ours to end
            raise Unsure(f"{self._program}: {err.strerror}") from err
        if ended.timed_out or ended.code < 0 or ended.code == _QUEUED:
            raise Unsure(process.ProgramFailed(ended).message)
        if ended.code:
            raise NotSent(process.ProgramFailed(ended).message)
