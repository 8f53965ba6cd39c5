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
# it did not understand, or did not even start; any other code may be about one recipient only
_FOR_NOBODY = (64, 126, 127)


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
        if ended.timed_out or ended.code:
            failed = NotSent if _went_to_nobody(ended, message) else Unsure
            raise failed(process.ProgramFailed(ended).message)


def _went_to_nobody(ended: process.Finished, message: Message) -> bool:
    """Whether a failure is one of the whole mail, for sure."""
    if ended.timed_out or ended.code < 0 or ended.code == _QUEUED:
        return False
    return len(message.recipients) == 1 or ended.code in _FOR_NOBODY
