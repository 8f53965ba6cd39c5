"""Make a mail that every server and every mailbox hands on as it is: lines of 7-bit text.

A body that is such lines already stays; any other is written as quoted-printable, or as base64
where that is shorter.
"""

from __future__ import annotations

import base64
import binascii
import email
import email.policy
import re

_LONGEST = 998  # bytes of a line, by RFC 5322
_BASE64 = 57  # bytes that make a line of 76
# a mailbox starts a mail at "From ", and a line of one dot ends one
_AS_IT_IS = re.compile(rb"(?:(?!From |\.\n)[\t\x0c\x20-\x7e]{0,%d}\n)*" % _LONGEST)
_OURS = re.compile(rb"(?:content-type|content-transfer-encoding|mime-version):", re.I)


def rewritten(mail: bytes, body: bytes) -> bytes:
    """A mail with the headers of ``mail``, whose lines end in LF, and this body, in an encoding
    that survives."""
    head = mail.partition(b"\n\n")[0]
    # each with the lines that it is folded over
    headers = [line for line in re.split(rb"\n(?![ \t])", head) if not _OURS.match(line)]
    encoding, text = encoded(body)
    headers += [
        b"MIME-Version: 1.0",
        b'Content-Type: text/plain; charset="%s"' % _charset(body),
        b"Content-Transfer-Encoding: " + encoding,
    ]
    return b"\n".join(headers) + b"\n\n" + text


def encoded(body: bytes) -> tuple[bytes, bytes]:
    """The name of a transfer encoding, and a body in it."""
    if _AS_IT_IS.fullmatch(body):
        return b"7bit", body
    quoted, based = _quoted(body), _based(body)
    if len(quoted) <= len(based):
        return b"quoted-printable", quoted
    return b"base64", based


def body_of(mail: bytes) -> bytes:
    """The body of such a mail, decoded."""
    body = email.message_from_bytes(mail, policy=email.policy.compat32).get_payload(decode=True)
    assert isinstance(body, bytes)
    return body


def _charset(body: bytes) -> bytes:
    for name in ("us-ascii", "utf-8"):
        try:
            body.decode(name)
        except UnicodeDecodeError:
            continue
        return name.encode()
    # it has a character for every byte, so that readers show something
    return b"iso-8859-1"


def _based(body: bytes) -> bytes:
    pieces = (body[at : at + _BASE64] for at in range(0, len(body), _BASE64))
    return b"".join(base64.b64encode(piece) + b"\n" for piece in pieces)


def _quoted(body: bytes) -> bytes:
    # the bytes of a line alone: what ends one is no matter of this function's
    lines = [_quoted_line(line) for line in body.split(b"\n")]
    # a last line that nothing ends has to end all the same, and not in the text
    last = lines.pop()
    return b"".join(line + b"\n" for line in lines) + (last + b"=\n" if last else b"")


def _quoted_line(line: bytes) -> bytes:
    text = binascii.b2a_qp(line, istext=True, header=False).replace(b"\r", b"=0D")
    return re.sub(
        rb"^(?:From |\.$)", lambda found: b"=%02X" % found[0][0] + found[0][1:], text, flags=re.M
    )
