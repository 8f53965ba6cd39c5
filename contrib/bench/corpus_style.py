"""Write Python the way that Mercurial has written it since 5.2, knowing nothing of any merge.

Two steps, as upstream took them: every literal that is bytes gets its prefix, and black lays out
the lines, with 80 columns and the quotes as they are.
"""

from __future__ import annotations

import io
import tokenize
import warnings

# a literal that comes as this argument of this function stays native, as attributes' names are
_NATIVE_ARGUMENTS = {"getattr": 1, "setattr": 1, "hasattr": 1, "delattr": 1, "safehasattr": 1}
_NATIVE_ARGUMENTS.update({"encode": 0, "decode": 0})
_BEFORE, _QUOTES = (b" ", b"("), (b"'", b'"')


class Unstyled(ValueError):
    """Python that cannot be restyled, such as what Python 3 does not parse."""


def restyled(data: bytes, byteify: bool = True) -> bytes:
    """``data`` laid out by black, and byteified if it was not and ``byteify`` asks for it.

    Raises Unstyled.
    """
    return laid_out(byteified(data) if byteify and not is_byteified(data) else data)


def is_byteified(data: bytes) -> bool:
    """Whether most of a file's literals say that they are bytes."""
    prefixed = sum(data.count(before + b"b" + quote) for before in _BEFORE for quote in _QUOTES)
    return prefixed > sum(data.count(before + quote) for before in _BEFORE for quote in _QUOTES)


def laid_out(data: bytes) -> bytes:
    """``data`` as black lays it out.  Raises Unstyled."""
    import black

    mode = black.Mode(line_length=80, string_normalization=False, magic_trailing_comma=False)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return black.format_str(data.decode("utf-8"), mode=mode).encode("utf-8")
    except (black.InvalidInput, UnicodeDecodeError, RecursionError, ValueError) as err:
        raise Unstyled(str(err)) from err


def byteified(data: bytes) -> bytes:
    """``data`` with ``b`` before each literal but docstrings, those that have a prefix, and names
    of attributes.  Raises Unstyled."""
    try:
        tokens = list(tokenize.tokenize(io.BytesIO(data).readline))
    except (tokenize.TokenError, SyntaxError, UnicodeDecodeError) as err:
        raise Unstyled(str(err)) from err
    lines = data.decode("utf-8").splitlines(keepends=True)
    for row, column in sorted(_bare_literals(tokens), reverse=True):
        line = lines[row - 1]
        lines[row - 1] = line[:column] + "b" + line[column:]
    return "".join(lines).encode("utf-8")


def _bare_literals(tokens: list[tokenize.TokenInfo]) -> list[tuple[int, int]]:
    """Where the literals are that get a prefix."""
    found = []
    calls: list[tuple[str, int]] = []  # the functions around, and the argument that we are in
    first = True
    previous = ""
    for token in tokens:
        if token.type in (tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENCODING):
            first = True
            continue
        if token.type in (tokenize.NL, tokenize.COMMENT):
            continue
        if token.type == tokenize.STRING:
            native = calls and _NATIVE_ARGUMENTS.get(calls[-1][0]) == calls[-1][1]
            if token.string[0] in "'\"" and not first and not native:
                found.append(token.start)
        else:
            _follow(calls, token.string, previous)
            first = False
        previous = token.string
    return found


def _follow(calls: list[tuple[str, int]], word: str, previous: str) -> None:
    if word in ("(", "[", "{"):
        calls.append((previous if word == "(" else "", 0))
    elif word in (")", "]", "}") and calls:
        calls.pop()
    elif word == "," and calls:
        calls[-1] = (calls[-1][0], calls[-1][1] + 1)
