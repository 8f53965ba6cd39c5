"""One mail that is ready to go: its bytes, and who gets it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Message:
    """A mail of a submission.

    ``number`` is its place in the series, 0 for the introduction.  ``subject`` is decoded, for
    display.  ``message_id`` has its angle brackets.  ``sender`` and ``recipients`` are the bare
    addresses of the envelope, blind copies included.  ``data`` is the whole mail, headers and
    body, with LF line ends and nothing but 7-bit bytes.
    """

    number: int
    subject: str
    message_id: str
    sender: str
    recipients: tuple[str, ...]
    data: bytes = field(repr=False)
