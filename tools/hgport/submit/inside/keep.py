"""In place of a sendmail program: keep a mail and its envelope as files.

    keep.py DIR -f SENDER RECIPIENT...

The mail is read from standard input.  It becomes ``DIR/NUMBER.eml``, and ``DIR/NUMBER.json`` the
sender and the list of recipients; numbers count from 0.
"""

from __future__ import annotations

import json
import os
import sys


def keep(directory: str, sender: str, recipients: list[str], mail: bytes) -> None:
    """Write the files of one mail."""
    number = sum(name.endswith(".eml") for name in os.listdir(directory))
    path = os.path.join(directory, str(number))
    with open(path + ".eml", "xb") as out:
        out.write(mail)
    with open(path + ".json", "x", encoding="ascii") as told:
        json.dump([sender, recipients], told)


if __name__ == "__main__":
    if len(sys.argv) < 5 or sys.argv[2] != "-f":
        sys.exit("usage: keep.py DIR -f SENDER RECIPIENT...")
    keep(sys.argv[1], sys.argv[3], sys.argv[4:], sys.stdin.buffer.read())
