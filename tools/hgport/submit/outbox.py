"""The outbox: the mails of one submission, from before the first goes out until after the last.

It is a directory ``outbox/OF-THE-SERIES/current`` of the state (``places.state_dir``), where
nothing comes with a checkout: every mail as a file, the envelopes in ``outbox.json``, and
``journal``.  It is there whole or not at all.  Only the journal changes: it has a word of eight
bytes for each mail, which is replaced in place, so that no full disk keeps it from being told that
a mail has gone:

    waiting   it has not gone out
    sending   the last step was begun; how it ended was not told: it may have gone out
    sent      it has gone out
    skipped   it may have gone out, and a person said not to send it any more

What is done with is moved, in one step, to ``outbox/OF-THE-SERIES/sent/``.
"""

from __future__ import annotations

import contextlib
import enum
import fcntl
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hgport.errors import HgportError
from hgport.files import built_beside, disk_errors, remove_tree
from hgport.places import state_dir
from hgport.submit.message import Message

_HEAD, _JOURNAL = "outbox.json", "journal"
_WORD = 8


class State(enum.Enum):
    """What is known of a mail."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class About:
    """What an outbox is about.

    ``title`` is what people call it; ``digest`` is the same for the same submission.  ``kept`` is
    JSON that whoever made the outbox wants back.
    """

    title: str
    digest: str
    kept: Mapping[str, Any]


class Outbox:
    """The mails of a submission and what is known of each; ``Place`` makes and finds it."""

    def __init__(
        self, directory: Path, about: About, messages: Sequence[Message], states: list[State]
    ) -> None:
        self.directory = directory
        self.about = about
        self.messages = tuple(messages)
        self._states = states

    def those(self, *states: State) -> tuple[Message, ...]:
        """The mails of which one of these is known, in order."""
        return tuple(m for m, state in zip(self.messages, self._states) if state in states)

    @property
    def untouched(self) -> bool:
        """Whether nothing of it can have gone out."""
        return len(self.those(State.WAITING)) == len(self.messages)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to send, or to ask about."""
        return not self.those(State.WAITING, State.SENDING)

    def state(self, message: Message) -> State:
        """What is known of a mail."""
        return self._states[self.messages.index(message)]

    def mark(self, message: Message, state: State) -> None:
        """Note something in the journal; it is on the disk when this returns.

        Raises OutsideError if the disk refuses.
        """
        at = self.messages.index(message)
        path = self.directory / _JOURNAL
        with disk_errors(f"write {path}"):
            handle = os.open(path, os.O_WRONLY)
            try:
                os.pwrite(handle, _word(state), at * _WORD)
                os.fsync(handle)
            finally:
                os.close(handle)
        self._states[at] = state


class Place:
    """Where the outbox of a series is; of several, where they are mailed as one."""

    def __init__(self, *series: Path) -> None:
        # by whatever path one comes to it
        self._series = "\n".join(str(path.resolve()) for path in series)
        digest = hashlib.sha256(os.fsencode(self._series)).hexdigest()
        self.directory = state_dir() / "outbox" / digest
        self._current = self.directory / "current"
        self._past = self.directory / "sent"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep every other hgport from it.  Raises HgportError if one has it now."""
        with disk_errors(f"write below {self.directory}"):
            # blind copies are nobody else's business
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise HgportError(
                    f"another hgport is sending from {self.directory}", "wait until it is done"
                ) from None
            yield
        finally:
            os.close(handle)

    def current(self) -> Outbox | None:
        """The outbox that is not done with, if there is one.  Raises HgportError if it is damaged.

        It, and all that follows, is for whoever holds the place.
        """
        return _load(self._current) if self._current.is_dir() else None

    def put(self, about: About, messages: Sequence[Message]) -> Outbox:
        """Make the outbox of these mails, of which none has gone; there must be none.  Raises
        OutsideError if the disk refuses; then there is none."""
        with built_beside(self._current) as beside:
            head = {
                # for a person who looks whose it is
                "series": self._series,
                "title": about.title,
                "digest": about.digest,
                "kept": about.kept,
                "messages": [_envelope(one) for one in messages],
            }
            for message in messages:
                _write(beside / _file(message), message.data)
            _write(beside / _HEAD, json.dumps(head, indent=1).encode("ascii") + b"\n")
            _write(beside / _JOURNAL, _word(State.WAITING) * len(messages))
            _sync(beside)
        _sync(self.directory)
        return _load(self._current)

    def drop(self) -> None:
        """Remove the outbox, or what is there of it."""
        # by a name that nobody takes for an outbox: a removal may be cut short
        gone = self.directory / ".dropped"
        remove_tree(gone)
        with disk_errors(f"remove {self._current}"):
            self._current.rename(gone)
        remove_tree(gone)

    def archive(self) -> Path:
        """Put the outbox to those that are done with, damaged or not; its new directory."""
        with disk_errors(f"write {self._past}"):
            self._past.mkdir(exist_ok=True)
            number = 1
            while (self._past / str(number)).exists():
                number += 1
            self._current.rename(self._past / str(number))
            _sync(self._past)
        return self._past / str(number)

    def past(self, about: About) -> Outbox | None:
        """The last outbox of the same digest, or at least of the same title, that was done with."""
        directories = (one for one in self._past.glob("*") if one.name.isdecimal())
        for directory in sorted(directories, key=lambda one: int(one.name), reverse=True):
            with contextlib.suppress(HgportError):
                outbox = _load(directory)
                if about.digest == outbox.about.digest or about.title == outbox.about.title:
                    return outbox
        return None


# on the disk


def _word(state: State) -> bytes:
    return state.value.ljust(_WORD - 1).encode() + b"\n"


def _file(message: Message) -> str:
    return f"{message.number:04}.eml"


def _envelope(message: Message) -> dict[str, Any]:
    return {
        "number": message.number,
        "subject": message.subject,
        "message_id": message.message_id,
        "sender": message.sender,
        "recipients": list(message.recipients),
        "sha256": hashlib.sha256(message.data).hexdigest(),
    }


def _write(path: Path, data: bytes) -> None:
    with path.open("xb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())


def _sync(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _load(directory: Path) -> Outbox:
    """Read an outbox.  Raises HgportError if it is not just what was written."""
    try:
        head = json.loads((directory / _HEAD).read_bytes())
        about = About(str(head["title"]), str(head["digest"]), dict(head["kept"]))
        messages = [_message(directory, one) for one in head["messages"]]
        states = _states((directory / _JOURNAL).read_bytes())
        if len(states) != len(messages):
            raise ValueError("the journal is of other mails")
    except (OSError, ValueError, KeyError, TypeError) as err:
        raise damaged(directory, err) from err
    return Outbox(directory, about, messages, states)


def damaged(directory: Path, err: Exception) -> HgportError:
    """What is to be raised for an outbox that is not as it was written."""
    return HgportError(
        f"the outbox {directory} is damaged: {type(err).__name__}: {err}",
        "look into it; hgport email --discard puts it aside",
    )


def _message(directory: Path, told: Mapping[str, Any]) -> Message:
    message = Message(
        int(told["number"]),
        str(told["subject"]),
        str(told["message_id"]),
        str(told["sender"]),
        tuple(map(str, told["recipients"])),
        b"",
    )
    data = (directory / _file(message)).read_bytes()
    if hashlib.sha256(data).hexdigest() != told["sha256"]:
        raise ValueError(f"{_file(message)} was changed")
    return Message(**{**vars(message), "data": data})


def _states(journal: bytes) -> list[State]:
    words = re.findall(rb"[^\n]*\n", journal)
    if b"".join(words) != journal or any(len(word) != _WORD for word in words):
        raise ValueError("the journal is no journal")
    return [State(word.decode("ascii").strip()) for word in words]
